"""The worked examples of the money formulas pass, each figure by each figure; one đồng more does not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.rule_cases import run

# name, table, row fields; BV, BH, T_BHTT, T_BNCCT, T_BNTT, N
_EXAMPLES: list[tuple[str, str, dict[str, str], tuple[str, str, str, str, str, str]]] = [
    ("1 drug 80", "XML2", {"q": "20", "p": "350", "m": "80"}, ("7000", "7000", "5600", "1400", "0", "0")),
    (
        "2 share 50",
        "XML2",
        {"q": "3", "p": "125333.333", "t": "50", "m": "80"},
        ("376000", "188000", "150400", "37600", "188000", "0"),
    ),
    ("3 half up", "XML2", {"q": "0.5", "p": "10.01", "m": "80"}, ("5.01", "5.01", "4.01", "1.00", "0", "0")),
    (
        "4a support below own part",
        "XML2",
        {"q": "10", "p": "1000000", "t": "50", "m": "80"},
        ("10000000", "5000000", "4000000", "1000000", "2000000", "3000000"),
    ),
    (
        "4b beyond own part",
        "XML2",
        {"q": "10", "p": "1000000", "t": "50", "m": "80"},
        ("10000000", "5000000", "4000000", "500000", "0", "5500000"),
    ),
    (
        "4c beyond co-payment",
        "XML2",
        {"q": "10", "p": "1000000", "t": "50", "m": "80"},
        ("10000000", "5000000", "3500000", "0", "0", "6500000"),
    ),
    (
        "5 support to facility",
        "XML2",
        {"q": "8", "p": "1000000", "t": "60", "m": "95"},
        ("8000000", "3600000", "3420000", "180000", "2400000", "2000000"),
    ),
    (
        "6 co-payment taken over",
        "XML2",
        {"q": "1", "p": "400000", "m": "80"},
        ("400000", "400000", "320000", "0", "0", "80000"),
    ),
    (
        "7c category 3.1",
        "XML2",
        {"q": "1", "p": "300000", "m": "32"},
        ("300000", "300000", "96000", "204000", "0", "0"),
    ),
    (
        "8a second consultation",
        "XML3",
        {"q": "1", "pv": "50600", "ph": "50600", "d": "30", "m": "80"},
        ("15180", "15180", "12144", "3036", "0", "0"),
    ),
    (
        "8b own price, form 1",
        "XML3",
        {"q": "1", "pv": "150000", "ph": "50600", "d": "30", "m": "80"},
        ("45000", "15180", "12144", "3036", "29820", "0"),
    ),
    (
        "8c own price, form 2",
        "XML3",
        {"q": "1", "pv": "150000", "ph": "50600", "d": "30", "m": "80"},
        ("114580", "15180", "12144", "3036", "99400", "0"),
    ),
    (
        "9a same team",
        "XML3",
        {"q": "1", "pv": "2500000", "ph": "2500000", "d": "50", "m": "95"},
        ("1250000", "1250000", "1187500", "62500", "0", "0"),
    ),
    (
        "9b other team",
        "XML3",
        {"q": "1", "pv": "2500000", "ph": "2500000", "d": "80", "m": "95"},
        ("2000000", "2000000", "1900000", "100000", "0", "0"),
    ),
    (
        "10 half rate",
        "XML2",
        {"q": "1", "p": "1234567", "m": "47.5"},
        ("1234567", "1234567", "586419.33", "648147.67", "0", "0"),
    ),
    (
        "11a bed by two",
        "XML3",
        {"q": "1", "pv": "257100", "ph": "257100", "d": "50", "m": "80"},
        ("128550", "128550", "102840", "25710", "0", "0"),
    ),
    (
        "11b bed by three",
        "XML3",
        {"q": "1", "pv": "257100", "ph": "257100", "d": "33", "m": "80"},
        ("84843", "84843", "67874.40", "16968.60", "0", "0"),
    ),
    (
        "11c cheaper bed",
        "XML3",
        {"q": "0.5", "pv": "212600", "ph": "212600", "m": "80"},
        ("106300", "106300", "85040", "21260", "0", "0"),
    ),
    (
        "11d change and shared",
        "XML3",
        {"q": "0.5", "pv": "257100", "ph": "257100", "d": "33", "m": "80"},
        ("42421.50", "42421.50", "33937.20", "8484.30", "0", "0"),
    ),
    (
        "12 above the level",
        "XML3",
        {"q": "1", "pv": "12500000", "ph": "10000000", "m": "80", "level": "10000000"},
        ("12500000", "10000000", "8000000", "2000000", "2500000", "0"),
    ),
    (
        "13b second card",
        "XML2",
        {"q": "1", "p": "400000", "m": "95"},
        ("400000", "400000", "380000", "20000", "0", "0"),
    ),
    (
        "14 outside scope",
        "XML2",
        {"q": "2", "p": "85000", "t": "0", "m": "80", "scope": "2"},
        ("170000", "0", "0", "0", "170000", "0"),
    ),
]
_FIGURES = ("THANH_TIEN_BV", "THANH_TIEN_BH", "T_BHTT", "T_BNCCT", "T_BNTT", "T_NGUONKHAC")
_INPUTS = {
    "q": "SO_LUONG",
    "p": "DON_GIA",
    "pv": "DON_GIA_BV",
    "ph": "DON_GIA_BH",
    "d": "TYLE_TT_DV",
    "t": "TYLE_TT_BH",
    "m": "MUC_HUONG",
    "level": "T_TRANTT",
    "scope": "PHAM_VI",
}


def _money(table: str, given: dict[str, str], figures: dict[str, str]) -> list[tuple[str, str]]:
    row = {_INPUTS[k]: v for k, v in given.items()} | figures
    row["T_NGUONKHAC_CL"] = row["T_NGUONKHAC"]
    patch = {f"{table}.1.{field}": value for field, value in row.items()}
    report = run({"@base": "outpatient", **patch})
    return [(f.rule, f.severity) for f in report.findings if f.table == table and f.row == 1 and "-MONEY-" in f.rule]


@pytest.mark.parametrize(("name", "table", "given", "figures"), _EXAMPLES, ids=[e[0] for e in _EXAMPLES])
def test_a_worked_example_passes(name: str, table: str, given: dict[str, str], figures: tuple[str, ...]) -> None:
    assert _money(table, given, dict(zip(_FIGURES, figures, strict=True))) == []


@pytest.mark.parametrize(("name", "table", "given", "figures"), _EXAMPLES, ids=[e[0] for e in _EXAMPLES])
def test_two_dong_more_in_the_amount_is_an_error(
    name: str, table: str, given: dict[str, str], figures: tuple[str, ...]
) -> None:
    wrong = dict(zip(_FIGURES, figures, strict=True))
    wrong["THANH_TIEN_BV"] = str(Decimal(wrong["THANH_TIEN_BV"]) + 2)
    assert (f"X{table[3:]}-MONEY-001", "error") in _money(table, given, wrong)


_STAYS = [
    # kind, in, admitted, out, layout, right day counts
    ("03", "202609012250", "202609012250", "202609020700", "3176", {"2"}),
    ("09", "202609011000", "202609011000", "202609011230", "3176", {"0"}),
    ("02", "202609010800", "", "202609102359", "4750", {"10"}),
    ("03", "202609170800", "202609180800", "202609241000", "4750", {"8"}),
    ("03", "202609170800", "202609180800", "202609241000", "3176", {"7", "8"}),
]


@pytest.mark.parametrize("stay", _STAYS)
def test_treatment_days_are_counted_as_in_the_examples(stay: tuple[str, str, str, str, str, set[str]]) -> None:
    kind, start, admitted, end, layout, right = stay
    for days in map(str, range(12)):
        header = {"MA_LOAI_KCB": kind, "NGAY_VAO": start, "NGAY_VAO_NOI_TRU": admitted, "NGAY_RA": end}
        patch = {f"XML1.1.{k}": v for k, v in {**header, "SO_NGAY_DTRI": days}.items()}
        rules = {f.rule for f in run({"@base": "inpatient", "@layout": layout, **patch}).findings}
        assert bool(rules & {"X1-DAY-001", "X1-DAY-002"}) is (days not in right), days


_BEDS = [
    # in, out, outcome, discharge, bed days that pass
    ("202609012000", "202609020830", "5", "1", "1"),
    ("202609010800", "202609061700", "1", "1", "5"),
    ("202609010800", "202609061700", "1", "2", "6"),
    ("202609010800", "202609011200", "1", "1", "1"),
]


@pytest.mark.parametrize(("start", "end", "outcome", "discharge", "days"), _BEDS)
def test_bed_days_are_counted_as_in_the_examples(start: str, end: str, outcome: str, discharge: str, days: str) -> None:
    header = {"NGAY_VAO": start, "NGAY_VAO_NOI_TRU": start, "NGAY_RA": end, "KET_QUA_DTRI": outcome}
    patch = {f"XML1.1.{k}": v for k, v in {**header, "MA_LOAI_RV": discharge}.items()}
    beds = {"-XML3.8": None, "-XML3.7": None, "XML3.6.SO_LUONG": days}
    found = run({"@base": "inpatient", **patch, **beds}).findings
    assert [f.rule for f in found if f.rule.startswith("X1X3-BED")] == []
    more = run({"@base": "inpatient", **patch, **beds, "XML3.6.SO_LUONG": str(int(days) + 1)}).findings
    assert {f.rule for f in more} & {"X1X3-BED-003", "X1X3-BED-004"}
