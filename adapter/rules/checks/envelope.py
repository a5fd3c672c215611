"""PKG rules a dossier alone can answer, with the clock, the history and the facility's profile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache

from adapter.rules.context import Options
from adapter.rules.facts import CLAIM_KEY
from adapter.rules.registry import Hit, built_in, form, rule
from adapter.rules.values import as_date, integer, number
from adapter.rules.view import View

built_in("reader", "PKG-001", "PKG-002", "PKG-004", "PKG-005", "PKG-006", "PKG-007", "PKG-008", "PKG-013")

_ONE_RECORD = ("XML8", "XML10", "XML11", "XML13", "XML14")
_LATER_END = frozenset({"02", "05", "07"})


@rule("PKG-003")
def _envelope_facility(v: View) -> Iterator[Hit]:
    own = v.x1["MA_CSKCB"]
    if own and v.dossier.facility and own != v.dossier.facility:
        yield Hit("MA_CSKCB", table="XML1", expected=v.dossier.facility)


@rule("PKG-009")
def _one_xml1(v: View) -> Iterator[Hit]:
    if len(v.rows("XML1")) != 1 and "XML1" not in v.unreadable:
        yield Hit("LOAIHOSO", value="XML1")


@rule("PKG-010")
def _one_part_of_a_kind(v: View) -> Iterator[Hit]:
    # Twins: one discharge letter per child is legal, but a facility may forbid it.
    tables = _ONE_RECORD if v.options.second_discharge_letter else ("XML7", *_ONE_RECORD)
    for table in tables:
        if len(v.rows(table)) > 1:
            yield Hit("LOAIHOSO", value=table)


@rule("PKG-011")
def _same_key(v: View) -> Iterator[Hit]:
    key = v.x1["MA_LK"]
    for table, rows in v.tables.items():
        if table in {"XML0", "XML1", "XML12"}:
            continue
        if key and rows.different("MA_LK") == {key}:
            continue
        for row in rows:
            if not row["MA_LK"] or (key and row["MA_LK"] != key):
                yield Hit("MA_LK", table=table, row=row.number)


@rule("PKG-012")
def _signed(v: View) -> Iterator[Hit]:
    if v.context.signed is False and v.options.signature_required:
        yield Hit("CHUKYDONVI", value="")


form("PKG-019", "XML2", "STT", integer)
form("PKG-019", "XML3", "STT", integer)
form("PKG-019", "XML4", "STT", integer)
form("PKG-019", "XML5", "STT", integer)
form("PKG-019", "XML15", "STT", integer)


@rule("PKG-020")
def _sequence_twice(v: View) -> Iterator[Hit]:
    for table in ("XML2", "XML3", "XML4", "XML5"):
        seen: set[str] = set()
        rows = v.rows(table)
        if len(rows.different("STT")) == len(rows):
            continue
        for row in rows:
            stt = row["STT"]
            if stt and stt in seen:
                yield Hit("STT", table=table, row=row.number)
            seen.add(stt)


def _deadline(v: View, end: str) -> tuple[str, str]:
    """Last day in working days, and the 5th of the next month, for a visit that ended on ``end``."""
    return _last_days(v.options, end[:8])


@lru_cache(maxsize=1024)
def _last_days(options: Options, end: str) -> tuple[str, str]:
    day = as_date(end)
    left = options.deadline_working_days
    while left:
        day += timedelta(days=1)
        if day.weekday() < 5 and f"{day:%Y%m%d}" not in options.non_working_days:
            left -= 1
    following = as_date(end).replace(day=1) + timedelta(days=32)
    return f"{day:%Y%m%d}", f"{following.replace(day=options.deadline_day_of_month):%Y%m%d}"


@rule("PKG-021")
def _too_late(v: View) -> Iterator[Hit]:
    if v.ra and v.now and v.ra <= v.now:
        working, monthly = _deadline(v, v.ra)
        last = min(working, monthly)
        if v.now[:8] > last:
            yield Hit("NGAY_RA", table="XML1", expected=last)


@rule("PKG-022")
def _not_over(v: View) -> Iterator[Hit]:
    if v.ra and v.ra > v.now and v.kind and v.kind not in _LATER_END:
        yield Hit("NGAY_RA", table="XML1")


@rule("PKG-023")
def _sent_before(v: View) -> Iterator[Hit]:
    history = v.context.history
    if history and v.x1["MA_LK"] and not v.context.replacement and history.accepted(v.x1["MA_LK"]):
        yield Hit("MA_LK", table="XML1")


@rule("PKG-024")
def _same_claim_elsewhere(v: View) -> Iterator[Hit]:
    history = v.context.history
    total, paid = number(v.x1["T_TONGCHI_BV"]), number(v.x1["T_BHTT"])
    if not history or total is None or paid is None or not all(v.x1[f] for f in CLAIM_KEY):
        return
    key = {f: v.x1[f] for f in CLAIM_KEY}
    for _, other_total, other_paid in history.same_claim(key, but_not=v.x1["MA_LK"]):
        if abs(total - other_total) <= 2 and abs(paid - other_paid) <= 2:
            yield Hit("MA_LK", table="XML1")
            return


@rule("PKG-025")
def _other_year(v: View) -> Iterator[Hit]:
    if not (v.ra and v.now) or v.ra[:4] == v.now[:4] or int(v.ra[:4]) in v.options.reopened_years:
        return
    # December's visits are still in time in January: the year counts as open until the sending deadline.
    if v.ra[:4] < v.now[:4] and v.now[:8] <= max(_deadline(v, v.ra)):
        return
    if v.ra > v.now and v.kind in _LATER_END:
        return
    yield Hit("NGAY_RA", table="XML1")


@rule("PKG-026")
def _outside_contract(v: View) -> Iterator[Hit]:
    profile = v.context.facility
    if profile is None or not v.vao:
        return
    if profile.contract_until and v.vao[:8] > profile.contract_until:
        yield Hit("NGAY_VAO", table="XML1")
    elif profile.inpatient_allowed is False and v.inpatient:
        yield Hit("MA_LOAI_KCB", table="XML1")
