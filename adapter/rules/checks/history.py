"""Rules across dossiers: what this middleware sent before, for one person, one executor, one number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from adapter.rules.context import SentVisit
from adapter.rules.facts import IMAGING, PROCEDURE_KEY, PROCEDURES, SHARED_BED, TECHNICAL
from adapter.rules.registry import Answer, Hit, row_rule, rule
from adapter.rules.values import instant, parts
from adapter.rules.view import INPATIENT, Row, View

_OUTPATIENT = frozenset({"01", "02", "05", "07", "08"})


def _others(v: View) -> list[SentVisit]:
    """Visits of the same person sent before."""
    person = {p for p in (v.x1["SO_CCCD"], *v.cards) if p}
    history = v.context.history
    return list(history.visits(person, but_not=v.x1["MA_LK"])) if history and person else []


def _overlap(start: str, end: str, other_start: str, other_end: str) -> bool:
    return start < other_end and other_start < end


@rule("DUP-001")
def _two_stays(v: View) -> Iterator[Hit]:
    if v.inpatient and v.vao and v.ra:
        for other in _others(v):
            if other.kind in INPATIENT and _overlap(v.vao, v.ra, other.ngay_vao, other.ngay_ra):
                yield Hit("NGAY_VAO", value=v.vao)
                return


@rule("DUP-002")
def _two_visits_a_day(v: View) -> Iterator[Hit]:
    if v.kind in _OUTPATIENT and v.vao:
        for other in _others(v):
            same = other.ngay_vao[:8] == v.vao[:8] and other.ma_khoa == v.x1["MA_KHOA"]
            if other.kind in _OUTPATIENT and same:
                yield Hit("NGAY_VAO", value=v.vao)
                return


@rule("DUP-003")
def _visit_inside_stay(v: View) -> Iterator[Hit]:
    for other in _others(v):
        if not v.vao:
            return
        inside = v.kind in _OUTPATIENT and other.kind in INPATIENT and other.ngay_vao < v.vao < other.ngay_ra
        around = v.inpatient and other.kind in _OUTPATIENT and bool(v.ra) and v.vao < other.ngay_vao < v.ra
        if inside or around:
            yield Hit("NGAY_VAO", value=v.vao)
            return


@rule("DUP-004")
def _two_patient_codes(v: View) -> Iterator[Hit]:
    history, number_ = v.context.history, v.x1["SO_CCCD"]
    if not (history and number_ and v.x1["MA_BN"]):
        return
    if any(o.ma_bn != v.x1["MA_BN"] for o in history.visits({number_}, but_not=v.x1["MA_LK"])):
        yield Hit("SO_CCCD")


def _span(r: Row) -> tuple[str, str] | None:
    start, end = instant(r["NGAY_TH_YL"]), instant(r["NGAY_KQ"])
    return (start, end) if start and end and start < end else None


def _busy_elsewhere(v: View, field: str, code: str, span: tuple[str, str]) -> bool:
    history = v.context.history
    return bool(history and history.busy(field, code, *span, but_not=v.x1["MA_LK"]))


@rule("X3-TIME-009")
def _one_person_twice(v: View) -> Iterator[Hit]:
    taken: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in v.rows("XML3").of_groups(TECHNICAL):
        span = _span(row)
        if not span:
            continue
        people = [p.strip() for p in parts(row["NGUOI_THUC_HIEN"]) if p.strip()]
        here = any(_overlap(*span, *other) for p in people for other in taken[p])
        if here or any(_busy_elsewhere(v, "NGUOI_THUC_HIEN", p, span) for p in people):
            yield Hit("NGUOI_THUC_HIEN", row=row.number)
        for p in people:
            taken[p].append(span)


@row_rule(("X3-TIME-010", "XML3"), groups=IMAGING)
def _one_machine_twice(v: View, r: Row) -> Answer:
    span = _span(r)
    if "MA_MAY" not in r or not span:
        return None
    return _busy_elsewhere(v, "MA_MAY", r["MA_MAY"], span) and "MA_MAY"


@rule("X3-TIME-011")
def _one_bed_twice(v: View) -> Iterator[Hit]:
    taken: list[tuple[str, str, str]] = []
    if v.rows("XML3").different("MA_GIUONG") <= {""}:
        return
    for row in v.rows("XML3"):
        if "MA_GIUONG" not in row or "MA_KHOA" not in row or row["TYLE_TT_DV"] in SHARED_BED:
            continue
        span = _span(row)
        if not span:
            continue
        beds = [f"{row['MA_KHOA']}/{b.strip()}" for b in parts(row["MA_GIUONG"]) if b.strip()]
        here = any(b == q and _overlap(*span, x, y) for b in beds for q, x, y in taken)
        if here or any(_busy_elsewhere(v, "MA_GIUONG", b, span) for b in beds):
            yield Hit("MA_GIUONG", row=row.number)
        taken += [(b, *span) for b in beds]


@rule("X3-DUP-002")
def _same_procedure_times(v: View) -> Iterator[Hit]:
    history, seen = v.context.history, set[tuple[str, ...]]()
    for row in v.rows("XML3").of_groups(PROCEDURES):
        key = tuple(row[f] for f in PROCEDURE_KEY)
        if not all(key):
            continue
        values = {f: row[f] for f in PROCEDURE_KEY}
        elsewhere = history is not None and history.used("XML3", values, but_not=v.x1["MA_LK"])
        if key in seen or elsewhere:
            yield Hit("NGAY_TH_YL", row=row.number)
        seen.add(key)


def _used(v: View, r: Row, *fields: str) -> bool:
    """Whether another dossier's row of this table has just these values."""
    history = v.context.history
    values = {f: r[f] for f in fields}
    return bool(history and all(values.values()) and history.used(r.table, values, but_not=v.x1["MA_LK"]))


@row_rule(("X7-DUP-001", "XML7"))
def _archive_number(v: View, r: Row) -> Answer:
    return _used(v, r, "SO_LUU_TRU") and "SO_LUU_TRU"


@row_rule(("X9-DUP-001", "XML9"))
def _certificate_number(v: View, r: Row) -> Answer:
    return _used(v, r, "SO", "QUYEN_SO") and "SO"


@row_rule(("X11-DUP-001", "XML10"), ("X11-DUP-001", "XML11"))
def _serial(v: View, r: Row) -> Answer:
    return [Hit(f) for f in ("SO_SERI", "SO_CT") if _used(v, r, f)]
