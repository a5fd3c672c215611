"""XML3 against itself and the visit: beds, consultations, operations, supplies, what may not go together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from adapter.rules.checks.common import listed
from adapter.rules.checks.costs.services import SUPPLIES, TECHNICAL, base
from adapter.rules.registry import Answer, Hit, info, row_rule, rows, rule
from adapter.rules.values import ZERO, day, days_between, hours, integer, number
from adapter.rules.view import BEDS, Row, View, add

_OUTPATIENT = frozenset({"01", "02", "05", "07", "08"})
_NOT_CHECKED_STENT = frozenset({"CC", "TE", "QN", "CA", "CY"})
_CONSULTATIONS = frozenset({"13"})
_OPERATIONS = frozenset({"8"})
_STENT = "N06.02.020"
_ONE = Decimal(1)


def _more_than_one(r: Row) -> bool:
    return (number(r["SO_LUONG"]) or ZERO) > 1


rows(
    "XML3",
    {
        "X3-CROSS-001": lambda _, r: "MA_BAC_SI" in r and r["MA_BAC_SI"] == r["NGUOI_THUC_HIEN"] and "NGUOI_THUC_HIEN",
    },
    groups="123",
)
rows(
    "XML3",
    {
        "X3-CROSS-002": lambda _, r: _more_than_one(r) and "SO_LUONG",
        "X3-CROSS-005": lambda _, r: (
            r["MA_DICH_VU"][:1] == "K"
            and r["MA_DICH_VU"][3:4] == "."
            and "MA_KHOA" in r
            and r["MA_DICH_VU"][:3] != r["MA_KHOA"][:3]
            and "MA_DICH_VU"
        ),
    },
    groups=BEDS,
)
rows("XML3", {"X3-CROSS-004": lambda _, r: _more_than_one(r) and "SO_LUONG"}, groups="8")


@rule("X3-CROSS-003")
def _beds_of_a_day(v: View) -> Iterator[Hit]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in v.beds:
        on, quantity = day(row["NGAY_YL"]), number(row["SO_LUONG"])
        if not on or quantity is None or v.fired(row, "X3-CROSS-002"):
            continue
        if sums[on] <= 1 < sums[on] + quantity:
            yield Hit("SO_LUONG", row=row.number)
        sums[on] += quantity


def _consultations(v: View) -> list[Row]:
    return v.rows("XML3").of_groups(_CONSULTATIONS)


@rule("X3-CROSS-006")
def _inpatient_consultations(v: View) -> Iterator[Hit]:
    found = _consultations(v)
    if v.inpatient and len(found) >= 2:
        yield Hit("MA_NHOM", row=found[1].number)


@rule("X3-CROSS-007")
def _consultation_twice(v: View) -> Iterator[Hit]:
    if v.kind not in _OUTPATIENT:
        return
    seen: set[str] = set()
    for row in _consultations(v):
        code = row["MA_DICH_VU"]
        if code and code in seen:
            yield Hit("MA_DICH_VU", row=row.number)
        seen.add(code)


@rule("X3-CROSS-008")
def _further_consultations(v: View) -> Iterator[Hit]:
    in_time = sorted(_consultations(v), key=lambda r: (r["NGAY_YL"], r.number))
    for place, row in enumerate(in_time[1:], 2):
        allowed = 30 if place <= 4 else 10 if place == 5 else 0
        rate = integer(row["TYLE_TT_DV"])
        if rate is not None and rate > allowed:
            yield Hit("TYLE_TT_DV", expected=str(allowed), row=row.number)


@rule("X3-CROSS-009")
def _consultation_sum(v: View) -> Iterator[Hit]:
    found = _consultations(v)
    total = add(number(r["THANH_TIEN_BH"]) for r in found)
    prices = [p for p in (number(r["DON_GIA_BH"]) for r in found) if p is not None]
    if total is not None and prices and total > 2 * max(prices):
        yield Hit("THANH_TIEN_BH", expected=2 * max(prices), row=found[0].number)


@rule("X3-CROSS-010")
def _second_operation(v: View) -> Iterator[Hit]:
    whole: set[str] = set()
    for row in v.rows("XML3").of_groups(_OPERATIONS):
        on = day(row["NGAY_YL"])
        if not on or row["TYLE_TT_DV"] != "100":
            continue
        if on in whole:
            yield Hit("TYLE_TT_DV", row=row.number)
        whole.add(on)


def _service_key(code: str) -> str:
    """What ties a supply to its procedure: the code without suffix; for .0000 its first two groups."""
    plain = code.partition("_")[0]
    return ".".join(plain.split(".")[:2]) if plain.endswith(".0000") else plain


def _procedures(v: View) -> dict[str, set[str]]:
    """Code → order days of the rows that are no supplies, by the full code and by its first two groups."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in v.rows("XML3"):
        if row["MA_NHOM"] not in SUPPLIES and "MA_DICH_VU" in row:
            plain = base(row)
            for key in {plain, ".".join(plain.split(".")[:2])}:
                found[key].add(day(row["NGAY_YL"]))
    return found


def _supplies(v: View) -> list[Row]:
    """Supplies tied to a procedure."""
    return [row for row in v.rows("XML3").of_groups(SUPPLIES) if "MA_DICH_VU" in row]


@rule("X3-CROSS-011")
def _supply_without_procedure(v: View) -> Iterator[Hit]:
    supplies = v.once(_supplies)
    procedures = v.once(_procedures) if supplies else {}
    for row in supplies:
        if _service_key(row["MA_DICH_VU"]) not in procedures:
            yield Hit("MA_DICH_VU", row=row.number)


@rule("X3-CROSS-012")
def _supply_on_another_day(v: View) -> Iterator[Hit]:
    supplies = v.once(_supplies)
    procedures = v.once(_procedures) if supplies else {}
    for row in supplies:
        on = day(row["NGAY_YL"])
        days = procedures.get(_service_key(row["MA_DICH_VU"])) if on else None
        if days and "" not in days and on not in days:
            yield Hit("NGAY_YL", row=row.number)


@row_rule(("X3-CROSS-013", "XML3"), groups=("12",))
def _transport(v: View, r: Row) -> Answer:
    if v.uninsured or (number(r["T_BHTT"]) or ZERO) <= 0 or not v.cards:
        return None
    return not any(listed(v, "transport_cards", c[:2]) for c in v.cards) and "MA_NHOM"


@rule("X3-CROSS-014")
def _drugs_only_setting(v: View) -> Iterator[Hit]:
    if v.kind == "05" and v.rows("XML3").of_groups(TECHNICAL):
        yield Hit("MA_LOAI_KCB", table="XML1", value="05")


@rule("X3-CROSS-015")
def _consultation_only(v: View) -> Iterator[Hit]:
    only = v.rows("XML3").different("MA_NHOM") == {"13"}
    if v.kind in {"02", "05", "08"} and only and not v.rows("XML2"):
        yield Hit("MA_NHOM", row=1)


@row_rule(("X3-CLIN-001", "XML3"))
def _fits_person(v: View, r: Row) -> Answer:
    for line in listed(v, "services", base(r)):
        sex, youngest, oldest = line.get("sex", ""), number(line.get("age_from", "")), number(line.get("age_to", ""))
        if sex and v.x1["GIOI_TINH"] in {"1", "2"} and sex != v.x1["GIOI_TINH"]:
            return "MA_DICH_VU"
        too_young = youngest is not None and v.age is not None and v.age < youngest
        too_old = oldest is not None and v.age is not None and v.age > oldest
        if too_young or too_old:
            return "MA_DICH_VU"
    return None


@rule("X3-CLIN-002")
def _not_together(v: View) -> Iterator[Hit]:
    by_day: dict[str, dict[str, int]] = defaultdict(dict)
    for row in v.rows("XML3"):
        on = day(row["NGAY_YL"])
        if "MA_DICH_VU" in row and on and row["MA_NHOM"] not in SUPPLIES:
            by_day[on].setdefault(base(row), row.number)
    for codes in by_day.values():
        for code, number_ in codes.items():
            for line in listed(v, "exclusions", code):
                other = codes.get(line.get("other", ""))
                if other is not None and other != number_:
                    yield Hit("MA_DICH_VU", row=max(number_, other))


@rule("X3-CLIN-003")
def _second_stent(v: View) -> Iterator[Hit]:
    services = v.rows("XML3")
    if not any(code.startswith(_STENT) for code in services.different("MA_VAT_TU")):
        return
    found = [r for r in services if r["MA_VAT_TU"].startswith(_STENT)]
    total = add(number(r["SO_LUONG"]) for r in found)
    if found and total is not None and total > 1 and not v.prefix_in(_NOT_CHECKED_STENT):
        yield Hit("SO_LUONG", row=found[-1].number)


@rule("X3-DUP-001")
def _row_twice(v: View) -> Iterator[Hit]:
    seen: set[tuple[str, ...]] = set()
    services = v.rows("XML3")
    keys = list(services.texts("MA_DICH_VU", "MA_VAT_TU", "NGAY_YL", "NGAY_TH_YL", "MA_BAC_SI"))
    if len(set(keys)) == len(keys):
        return
    for row, key in zip(services, keys, strict=True):
        if (key[0] or key[1]) and key in seen:
            yield Hit("MA_VAT_TU" if key[1] else "MA_DICH_VU", row=row.number)
        seen.add(key)


# --- bed days ---------------------------------------------------------


def _bed_sum(v: View) -> Decimal | None:
    return add(number(r["SO_LUONG"]) for r in v.beds)


def _stay(v: View) -> float | None:
    return hours(v.vao, v.ra) if v.inpatient and v.vao and v.ra and v.ra >= v.vao else None


def _payable_days(v: View) -> int:
    """Days between admission and end, and one more for worse, death or transfer."""
    special = (
        v.x1["KET_QUA_DTRI"] in v.options.extra_bed_day_outcomes
        or v.x1["MA_LOAI_RV"] in v.options.extra_bed_day_discharges
    )
    return days_between(v.admitted, v.ra) + (1 if special else 0)


def _due_days(v: View) -> int:
    """Days that may be claimed without doubt: under a day of ward one, also over midnight and in special cases."""
    ward = hours(v.admitted, v.ra)
    return 0 if ward < 4 else 1 if ward < 24 else _payable_days(v)


@row_rule(("X1X3-BED-001", "XML3"), groups=BEDS)
def _bed_outside_ward(v: View, r: Row) -> Answer:
    if v.kind not in _OUTPATIENT:
        return None
    claimed = (number(r["T_BHTT"]) or ZERO) > 0
    return "SO_LUONG" if claimed and r["MA_NHOM"] != "16" else info("SO_LUONG")


@rule("X1X3-BED-002")
def _bed_under_four_hours(v: View) -> Iterator[Hit]:
    stay, total = _stay(v), _bed_sum(v)
    if stay is not None and stay < 4 and total:
        yield Hit("SO_LUONG", expected="0", row=v.beds[0].number)


@rule("X1X3-BED-003")
def _bed_under_a_day(v: View) -> Iterator[Hit]:
    stay, total = _stay(v), _bed_sum(v)
    if stay is not None and 4 <= stay < 24 and total is not None and total >= 2:
        yield Hit("SO_LUONG", expected="1", row=v.beds[0].number)


@rule("X1X3-BED-004")
def _too_many_beds(v: View) -> Iterator[Hit]:
    stay, total = _stay(v), _bed_sum(v)
    if stay is not None and stay >= 24 and total is not None and total > _payable_days(v):
        yield Hit("SO_LUONG", expected=str(_payable_days(v)), row=v.beds[0].number)


@rule("X1X3-BED-005")
def _too_few_beds(v: View) -> Iterator[Hit]:
    total = _bed_sum(v)
    if v.kind != "03" or _stay(v) is None or total is None or not v.rows("XML3"):
        return
    payable = _due_days(v)
    if payable >= 1 and total < payable - Decimal("0.5") and not _only_the_extra_day(v, total):
        yield Hit("SO_LUONG", expected=str(payable), row=v.beds[0].number if v.beds else None)


def _only_the_extra_day(v: View, total: Decimal) -> bool:
    """Whether just the extra day of a special case was left out, which X1X3-BED-006 tells."""
    plain = days_between(v.admitted, v.ra)
    return _due_days(v) == plain + 1 and total == plain and plain >= 1


@rule("X1X3-BED-006")
def _extra_day_unused(v: View) -> Iterator[Hit]:
    total = _bed_sum(v)
    long_enough = _stay(v) is not None and hours(v.admitted, v.ra) >= 24
    if long_enough and v.beds and total is not None and _only_the_extra_day(v, total):
        yield Hit("SO_LUONG", expected=f"{(total + _ONE).normalize():f}", row=v.beds[0].number)
