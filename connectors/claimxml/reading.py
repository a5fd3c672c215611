"""One file into source encounters: a dossier each, or the reason why it cannot be one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapter.dossier.model import Dossier, Purpose
from adapter.dossier.package import FileKind, Package, Problem, ProblemKind
from adapter.dossier.reader import ReadLimits, read
from adapter.errors import DocumentError
from adapter.source import READY_MADE, SourceEncounter
from connectors.claimxml.options import ClaimXmlOptions

_TAG = re.compile(r"[A-Za-z][A-Za-z_]{0,60}\d{0,2}")
_HARMLESS = frozenset(
    {
        ProblemKind.COUNT_MISMATCH,  # SOLUONGHOSO is written anew
        ProblemKind.MISSING_ELEMENT,  # written anew as empty; the rules say whether it may be
        ProblemKind.OLD_NAME,  # written anew under today's name
        ProblemKind.EMPTY_PART,
        ProblemKind.FACILITY_MISSING,  # said by the dossier's own facility check
    }
)
"""Departures that lose nothing when the file is written anew. All others mean that something was not understood."""


@dataclass(frozen=True, slots=True)
class Item:
    """One dossier of a file: what names it, and what is wrong with it (Vietnamese, English)."""

    ma_lk: str
    purpose: str
    occasion: str
    facility: str
    encounter: SourceEncounter

    @property
    def problem(self) -> tuple[str, str] | None:
        return self.encounter.problem


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds. ``lost`` (Vietnamese, English): parts of it that gave no dossier at all."""

    items: tuple[Item, ...]
    lost: tuple[str, str] | None = None


def read_contents(data: bytes, options: ClaimXmlOptions) -> Contents:
    """The dossiers of a file. DocumentError when the file itself is none, or holds nothing."""
    package = read(data, limits=ReadLimits(max_bytes=options.max_bytes), uninsured=options.uninsured_categories)
    if package.kind is FileKind.ASSESSMENT:
        raise DocumentError(
            "Tệp XML12 không gửi qua API: hội đồng giám định nhập trên Cổng",
            "XML12 is not sent through the API: the assessment board enters it on the portal",
            code="DOCUMENT-XML12",
        )
    unread = _unread(package)
    if not package.dossiers:
        told = _told(package.problems)
        raise DocumentError(
            f"Không đọc được hồ sơ nào trong tệp: {told}",
            f"No dossier of the file can be read: {told}",
            code="DOCUMENT-CONTENT",
        )
    told = _told(unread)
    lost = (f"Có phần của tệp không đọc được: {told}", f"Parts of the file cannot be read: {told}") if unread else None
    alone = len(package.dossiers) == 1 and package.hoso_count <= 1 and not unread
    kept = data if options.keep_signature and package.signed and alone else None
    return Contents(tuple(_item(package, index, kept) for index in range(len(package.dossiers))), lost)


def _unread(package: Package) -> Sequence[Problem]:
    """Problems of the whole file, and of HOSO that gave no dossier."""
    return [
        p for p in package.problems
        if p.kind not in _HARMLESS and (p.hoso is None or p.hoso not in package.positions)
    ]  # fmt: skip


def _item(package: Package, index: int, document: bytes | None) -> Item:
    dossier = package.dossiers[index]
    if dossier.purpose is Purpose.CHECKIN:
        inside = dossier.header.get("NGAY_VAO_NOI_TRU", "")
        dossier = replace(dossier, occasion="treating_department" if inside else "first_cost")
    key = f"{dossier.purpose.value}:{dossier.occasion}:{dossier.ma_lk}"
    wrong = [p for p in package.of_dossier(index) if p.kind not in _HARMLESS]
    if not dossier.ma_lk:
        wrong.append(Problem(ProblemKind.MISSING_ELEMENT, part="XML1", field="MA_LK"))
    if wrong:
        told = _told(wrong)
        encounter = SourceEncounter.unreadable(
            key,
            "",
            f"Hồ sơ trong tệp không đọc được trọn vẹn: {told}",
            f"The file's dossier cannot be read completely: {told}",
        )
    else:
        encounter = SourceEncounter(key, "", _row(replace(dossier, document=document)))
    return Item(dossier.ma_lk, dossier.purpose.value, dossier.occasion, dossier.facility, encounter)


def _row(dossier: Dossier) -> dict[str, str]:
    return {
        "MA_LK": dossier.ma_lk,
        "PURPOSE": dossier.purpose.value,
        "OCCASION": dossier.occasion,
        READY_MADE: dossier.to_bytes().decode("utf-8"),
    }


def _told(problems: Sequence[Problem]) -> str:
    places = [
        " ".join(
            part
            for part in (p.kind.value, _name(p.part), _name(p.field), f"#{p.row}" if p.row else "", p.detail)
            if part
        )
        for p in problems[:8]
    ]
    more = f"; +{len(problems) - 8}" if len(problems) > 8 else ""
    return "; ".join(places) + more


def _name(text: str) -> str:
    """A tag or a kind of part as it may be told: what stands in its place in a broken file may be anything."""
    return text if _TAG.fullmatch(text) else "…" if text else ""
