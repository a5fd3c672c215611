"""What a file turned out to hold: dossiers as text, and every departure from the standard as a fact."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from adapter.dossier.model import Dossier


class FileKind(StrEnum):
    """Which of the three files of the standard this is."""

    DOSSIERS = "dossiers"
    CHECKIN = "checkin"
    ASSESSMENT = "assessment"


class ProblemKind(StrEnum):
    """A departure from the standard the reader could read past. The rule it feeds stands beside it."""

    NOT_UTF8 = "not_utf8"  # PKG-001: another encoding, or one that is not the declared one
    FACILITY_MISSING = "facility_missing"  # PKG-002
    COUNT_MISMATCH = "count_mismatch"  # PKG-004: detail "declared/real"
    NO_DOSSIER = "no_dossier"  # PKG-005
    NO_PART = "no_part"  # PKG-005: a HOSO without FILEHOSO
    UNKNOWN_PART = "unknown_part"  # PKG-007: LOAIHOSO outside the list, XML0 and XML12 too
    BAD_BASE64 = "bad_base64"  # PKG-008
    BAD_XML = "bad_xml"  # PKG-008: the part is not well-formed, or refused as dangerous
    BAD_ROOT = "bad_root"  # PKG-008: root, list or record element of another name
    XML1_COUNT = "xml1_count"  # PKG-009: detail is the number found
    DUPLICATE_PART = "duplicate_part"  # PKG-010: XML7 too, a rule decides about twins
    MISSING_ELEMENT = "missing_element"  # PKG-013
    UNKNOWN_ELEMENT = "unknown_element"  # PKG-014
    REPEATED_ELEMENT = "repeated_element"  # the same field twice in one record; the first was taken
    OLD_NAME = "old_name"  # a name of an earlier layout, read as today's
    EMPTY_PART = "empty_part"  # a part without a record
    INLINE_CONTENT = "inline_content"  # NOIDUNGFILE holds XML, not base64: a copy for people
    MISPLACED_ELEMENT = "misplaced_element"  # an envelope element that does not belong there
    TRUNCATED = "truncated"  # more problems were found than are kept


@dataclass(frozen=True, slots=True)
class Problem:
    """One departure. ``hoso`` and ``row`` count from 1, None when it concerns the whole file or part.

    ``detail`` names counts, tags or encodings, never a patient's value.
    """

    kind: ProblemKind
    hoso: int | None = None
    part: str = ""
    row: int | None = None
    field: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A file as read. ``dossiers`` has one entry per HOSO that held a readable table.

    ``positions[i]`` is the HOSO number of ``dossiers[i]``. ``created_on`` and
    ``declared_count`` are NGAYLAP and SOLUONGHOSO as they stand (empty in check-in and
    XML12 files); ``facility`` is MACSKCB, or the first row's MA_CSKCB in a check-in file.
    ``signed`` says that CHUKYDONVI is not empty, nothing about the signature's worth.
    ``hoso_count`` is the number of HOSO found, readable or not.
    """

    kind: FileKind
    facility: str
    created_on: str
    declared_count: str
    hoso_count: int
    dossiers: tuple[Dossier, ...]
    positions: tuple[int, ...]
    signed: bool
    problems: tuple[Problem, ...]

    def of_dossier(self, index: int) -> tuple[Problem, ...]:
        """The problems inside the HOSO of ``dossiers[index]``."""
        return tuple(p for p in self.problems if p.hoso == self.positions[index])
