"""What an answer of the gateway, or the lack of one, means for the dossier.

The judgement is a table (``data/outcomes.csv``), not code: what the gateway said in its own JSON first, then HTTP's
status, then what happened on the wire. The guiding rule: nothing handed over whole is ``transient``; once the whole
file was written, anything but the gateway's own words or a status that denies handling is ``unknown``.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from adapter.clock import from_datetime12


class OutcomeKind(StrEnum):
    """How a sending ended; the pipeline's decision table is indexed by these."""

    ACCEPTED = "accepted"
    REFUSED_FIXABLE = "refused_fixable"
    REFUSED_FINAL = "refused_final"
    AUTH = "auth"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sending, judged. ``raw`` is the answer's body, at most 64 KiB of it.

    ``received_at`` is the gateway's ``thoiGianTiepNhan``, or our clock when it gave none; None without an answer.
    ``message`` is the gateway's own ``thongDiep``, ``meaning_*`` ours. ``remark`` marks a 200 whose message is not
    the sentence of success, or that lacks its ``maGiaoDich``. ``case`` names the row of the table that decided
    (``qd130/200``, ``http/5xx``, ``wire/no-answer``). ``retry_after`` is in seconds, when the answer named one.
    """

    kind: OutcomeKind
    http_status: int | None = None
    ma_ket_qua: str | None = None
    ma_giao_dich: str | None = None
    received_at: datetime | None = None
    message: str = ""
    remark: bool = False
    milliseconds: int = 0
    raw: bytes = b""
    case: str = ""
    meaning_vi: str = ""
    meaning_en: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One row of the table."""

    case: str
    kind: OutcomeKind
    meaning_vi: str
    meaning_en: str
    certainty: str


@cache
def table() -> Mapping[tuple[str, str], Judgement]:
    """(answers, code) → judgement; ``*`` and ``5xx`` stand for the rest of their group."""
    text = files("adapter.gateway").joinpath("data/outcomes.csv").read_text(encoding="utf-8")
    return {
        (row["answers"], row["code"]): Judgement(
            f"{row['answers']}/{row['code']}",
            OutcomeKind(row["kind"]),
            row["meaning_vi"],
            row["meaning_en"],
            row["certainty"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def judge_wire(case: str) -> Judgement:
    """No usable answer came; ``case`` is one of the table's ``wire`` rows."""
    return table()["wire", case]


def judge_answer(answers: str, status: int, code: str | None) -> Judgement:
    """An answer came: the gateway's own code if it gave one that fits its HTTP status, else the status alone."""
    if status == 401:
        return table()["http", "401"]
    if code is not None:
        judgement = table().get((answers, code)) or table()[answers, "*"]
        if judgement.kind is OutcomeKind.ACCEPTED and not 200 <= status < 300:
            return judge_wire("contradiction")
        return judgement
    return table().get(("http", str(status))) or table()["http", f"{status // 100}xx"]


def field(document: Mapping[str, Any], *names: str) -> str | None:
    """A field of the answer as text; its name in any casing (siblings write maKetQua, MaKetQua, MaGD)."""
    wanted = {name.casefold() for name in names}
    for name, value in document.items():
        if name.casefold() in wanted and value is not None and not isinstance(value, dict | list):
            return str(value).strip() if not isinstance(value, bool) else str(value).lower()
    return None


def received_at(document: Mapping[str, Any], now: datetime) -> datetime:
    """``thoiGianTiepNhan`` (14 digits, local time); ``now`` when absent or unreadable."""
    text = field(document, "thoiGianTiepNhan")
    try:
        return from_datetime12(text) if text else now
    except ValueError:
        return now


def is_success(message: str, expected: str) -> bool:
    """Whether ``thongDiep`` is the sentence of success, or empty: it carries the error text when there is one."""
    return plain(message) in ("", plain(expected))


def plain(text: str) -> str:
    """Text for comparison: NFC, case and blanks apart, no full stop at the end."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).rstrip(".! ")
