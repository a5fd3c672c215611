"""XML4, results of tests and images, and XML5, the progress notes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from adapter.rules.checks.common import known_staff, listed
from adapter.rules.registry import Answer, Answers, Hit, form, required, row_rule, rows, rule, table_rule, warn
from adapter.rules.values import instant, norm, number
from adapter.rules.view import Row, Rows, View

_TESTS_AND_IMAGES = frozenset({"1", "2"})
_SAID = ("GIA_TRI", "MO_TA", "KET_LUAN")
_LONGEST_VALUE = 50
_READER = re.compile(r"[^.;\s]+(\.(TX|CG)\.[0-9A-Z]{5})?\Z")


def _services(v: View) -> dict[str, list[Row]]:
    """XML3 rows by MA_DICH_VU."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in v.rows("XML3"):
        if "MA_DICH_VU" in row and "MA_VAT_TU" not in row:
            found[row["MA_DICH_VU"]].append(row)
    return found


def _indicator_name(v: View, r: Row) -> Answer:
    if "TEN_CHI_SO" in r:
        return None
    return (v.layout != "3176" or "GIA_TRI" in r or "MA_CHI_SO" in r) and "TEN_CHI_SO"


def _indicator(v: View, r: Row) -> Answer:
    if "GIA_TRI" not in r and "DON_VI_DO" not in r:
        return None
    lacking = [f for f in ("MA_CHI_SO", "TEN_CHI_SO") if f not in r]
    # An error about the missing name is told by X4-REQ-002.
    return [Hit(f) for f in lacking if f != "TEN_CHI_SO" or not v.fired(r, "X4-REQ-002")]


required("X4-REQ-001", "XML4", "MA_DICH_VU")
form("X4-FMT-001", "XML4", "MA_BS_DOC_KQ", _READER.match)
form("X4-FMT-002", "XML4", "MA_CHI_SO", lambda text: not any(map(str.isspace, text)))
form("X4-FMT-003", "XML4", ("GIA_TRI", "DON_VI_DO"), lambda text: len(text) <= _LONGEST_VALUE)
rows("XML4", {"X4-REQ-002": _indicator_name}, lacking="TEN_CHI_SO")
rows(
    "XML4",
    {
        "X4-REQ-003": lambda _, r: "GIA_TRI" in r and "NGAY_KQ" not in r and "NGAY_KQ",
        # With a value the missing time is X4-REQ-003's.
        "X4-REQ-004": lambda _, r: (
            ("MO_TA" in r or "KET_LUAN" in r) and "GIA_TRI" not in r and "NGAY_KQ" not in r and "NGAY_KQ"
        ),
    },
    lacking="NGAY_KQ",
)
rows(
    "XML4",
    {"X4-REQ-005": lambda _, r: any(f in r for f in _SAID) and "MA_BS_DOC_KQ" not in r and "MA_BS_DOC_KQ"},
    lacking="MA_BS_DOC_KQ",
)
rows("XML4", {"X4-REQ-006": lambda _, r: not any(f in r for f in _SAID) and "GIA_TRI"}, lacking="GIA_TRI")
rows("XML4", {"X4-FMT-004": lambda _, r: "GIA_TRI" in r and "KET_LUAN" in r and "KET_LUAN"}, filled="KET_LUAN")
rows(
    "XML4",
    {
        "X4-CODE-001": lambda v, r: (
            "MA_BS_DOC_KQ" in r and not known_staff(v, r["MA_BS_DOC_KQ"], r["NGAY_KQ"]) and "MA_BS_DOC_KQ"
        ),
        "X4-CODE-002": lambda v, r: (
            "MA_DICH_VU" in r
            and not listed(v, "services", r["MA_DICH_VU"].partition("_")[0], instant(r["NGAY_KQ"]))
            and "MA_DICH_VU"
        ),
    },
)


@table_rule(("X4-REQ-007", "XML4"))
def _indicators(v: View, t: Rows) -> Answers:
    if not (t.lacks("MA_CHI_SO") or t.lacks("TEN_CHI_SO")):
        return ()
    return [(row, _indicator(v, row)) for row in t]


@table_rule(("X4-TIME-001", "XML4"))
def _result_in_stay(v: View, t: Rows) -> Answers:
    if not (v.vao and v.ra):
        return ()
    return [(row, "NGAY_KQ") for row in t.holding("NGAY_KQ", lambda at: not v.vao <= at <= v.ra and instant(at))]


@rule("X4-REQ-008")
def _image_words(v: View) -> Iterator[Hit]:
    services = v.once(_services)
    for row in v.rows("XML4"):
        if any(s["MA_NHOM"] == "2" for s in services.get(row["MA_DICH_VU"], ())):
            for field in ("MO_TA", "KET_LUAN"):
                if field not in row:
                    yield Hit(field, row=row.number)


@rule("X4-CROSS-001")
def _result_without_service(v: View) -> Iterator[Hit]:
    services = v.once(_services)
    if v.rows("XML3"):
        for row in v.rows("XML4"):
            if "MA_DICH_VU" in row and row["MA_DICH_VU"] not in services:
                yield Hit("MA_DICH_VU", row=row.number)


@rule("X4-CROSS-002")
def _service_without_result(v: View) -> Iterator[Hit]:
    if not v.rows("XML4"):
        return
    reported = v.rows("XML4").different("MA_DICH_VU")
    for row in v.rows("XML3").of_groups(_TESTS_AND_IMAGES):
        due = bool(number(row["TYLE_TT_BH"])) and "NGAY_KQ" in row
        if due and row["MA_DICH_VU"] and row["MA_DICH_VU"] not in reported:
            yield Hit("MA_DICH_VU", table="XML3", row=row.number)


@rule("X4-CROSS-003")
def _no_results_at_all(v: View) -> Iterator[Hit]:
    if v.absent("XML4") and not v.rows("XML3").different("MA_NHOM").isdisjoint({"1", "2", "3"}):
        yield Hit("", table="XML4")


@rule("X4-CROSS-004")
def _result_times_agree(v: View) -> Iterator[Hit]:
    services = v.once(_services)
    length = 12 if v.options.strict_result_times else 8
    for row in v.rows("XML4"):
        own = instant(row["NGAY_KQ"])
        theirs = {instant(s["NGAY_KQ"])[:length] for s in services.get(row["MA_DICH_VU"], ())}
        if own and theirs and "" not in theirs and own[:length] not in theirs:
            yield Hit("NGAY_KQ", row=row.number)


@rule("X4-TIME-002")
def _result_before_order(v: View) -> Iterator[Hit]:
    services = v.once(_services)
    for row in v.rows("XML4"):
        own = instant(row["NGAY_KQ"])
        ordered = [instant(s["NGAY_YL"]) for s in services.get(row["MA_DICH_VU"], ())]
        if own and ordered and all(ordered) and own < min(ordered):
            yield Hit("NGAY_KQ", row=row.number)


@rule("X4-DUP-001")
def _result_twice(v: View) -> Iterator[Hit]:
    seen: set[tuple[str, ...]] = set()
    results = v.rows("XML4")
    keys = list(results.texts("MA_DICH_VU", "MA_CHI_SO", "NGAY_KQ", "GIA_TRI"))
    if len(set(keys)) == len(keys):
        return
    for row, key in zip(results, keys, strict=True):
        if row["MA_CHI_SO"] and key in seen:
            yield Hit("MA_CHI_SO", row=row.number)
        seen.add(key)


# --- XML5 -----------------------------------------------------------------------------------------

required("X5-REQ-002", "XML5", "THOI_DIEM_DBLS")
required("X5-REQ-003", "XML5", "NGUOI_THUC_HIEN")


@row_rule(("X5-REQ-001", "XML5"))
def _note_text(v: View, r: Row) -> Answer:
    if "DIEN_BIEN_LS" in r:
        return None
    other = any(f in r for f in ("GIAI_DOAN_BENH", "HOI_CHAN", "PHAU_THUAT"))
    return warn("DIEN_BIEN_LS") if v.layout == "3176" and other else "DIEN_BIEN_LS"


@row_rule(("X5-FMT-001", "XML5"))
def _author(v: View, r: Row) -> Answer:
    text = r["NGUOI_THUC_HIEN"]
    several = v.layout in {"130", "4750"} and ";" in text
    return (any(c.isspace() for c in text) or several) and "NGUOI_THUC_HIEN"


rows(
    "XML5",
    {
        "X5-CODE-001": lambda v, r: (
            "NGUOI_THUC_HIEN" in r
            and not known_staff(v, r["NGUOI_THUC_HIEN"], r["THOI_DIEM_DBLS"])
            and "NGUOI_THUC_HIEN"
        ),
        "X5-TIME-001": lambda v, r: (
            bool(instant(r["THOI_DIEM_DBLS"]) and v.vao and v.ra)
            and not v.vao <= r["THOI_DIEM_DBLS"] <= v.ra
            and "THOI_DIEM_DBLS"
        ),
        "X5-TIME-002": lambda v, r: (
            bool(instant(r["THOI_DIEM_DBLS"]))
            and (r["THOI_DIEM_DBLS"] > v.now or r["THOI_DIEM_DBLS"] < "2000")
            and "THOI_DIEM_DBLS"
        ),
    },
)


@rule("X5-DUP-001")
def _copied_note(v: View) -> Iterator[Hit]:
    seen: dict[str, str] = {}
    for row in v.rows("XML5"):
        text, at = norm(row["DIEN_BIEN_LS"]), row["THOI_DIEM_DBLS"]
        if len(text) >= 20 and at and seen.setdefault(text, at) != at:
            yield Hit("DIEN_BIEN_LS", row=row.number)


@rule("X5-CROSS-001")
def _notes_due(v: View) -> Iterator[Hit]:
    if v.kind in v.options.progress_kinds and v.absent("XML5"):
        yield Hit("", table="XML5")


@rule("X5-CROSS-002")
def _notes_of_a_consultation(v: View) -> Iterator[Hit]:
    if v.kind == "01" and v.rows("XML5"):
        yield Hit("", table="XML5", row=1)
