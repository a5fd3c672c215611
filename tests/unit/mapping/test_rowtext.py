"""Rows by the generated function are the rows of the makers: same texts, same notes, same errors."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.errors import MappingError
from adapter.mapping import Plan
from adapter.mapping.language import binding, remembered, values
from adapter.text.charset import encode
from tests.support.mapping import plan, translate

TABLES = """
lookups:
  route: {1: "1.01", 2: "2.10"}
  dated: {rows: [{key: 1, value: a, to: 20260630}, {key: 1, value: b, from: 20260701}]}
let:
  head: {expr: "upper(NAME)"}
with:
  use: {first: uses}
tables:
  XML1:
    MA_LK: ID
    HO_TEN: {from: NAME, charset: auto}
    T_THUOC: {sum: XML2.THANH_TIEN_BV}
    T_BHTT: {sum: XML2.THANH_TIEN_BV, where: SO_LUONG > 1 and MA_THUOC is not None}
    CAN_NANG: {decimal: use.KG, places: 2}
  XML2:
    each: items
    when: KIND in (1, 3) and QTY is not None
    let:
      share: {expr: "100 if RATE is None else round(decimal(RATE) * 100)"}
      way: {lookup: route, from: ROUTE, on_missing: keep}
    rows:
      MA_THUOC: CODE
      TEN_THUOC: {from: TEXT, charset: auto}
      MA_NHOM: {choose: [{when: KIND == 1, then: {const: "4"}}, {else: KIND}]}
      DON_VI_TINH: [UNIT, encounter.NAME]
      HAM_LUONG: {text: TEXT}
      DUONG_DUNG: {lookup: route, from: ROUTE, default: ""}
      DANG_BAO_CHE: {lookup: dated, from: ROUTE, on_missing: report}
      SO_DANG_KY: {from: CODE, when: RATE is None, else: {const: X}}
      TT_THAU: {join: [CODE, UNIT, KIND], separator: ";", distinct: true}
      LIEU_DUNG: head
      TYLE_TT_BH: share
      SO_LUONG: {decimal: QTY, places: 3}
      DON_GIA: {expr: "round(decimal(PRICE) * (1 + decimal(coalesce(RATE, 0))), 3)"}
      THANH_TIEN_BV: {expr: "round(field('SO_LUONG') * field('DON_GIA'), 2)"}
      THANH_TIEN_BH: {expr: "round(field('THANH_TIEN_BV') * share / 100, 2)"}
      T_BNTT: {decimal: PRICE, places: 2, default: "0"}
      T_BHTT: {field: THANH_TIEN_BH}
      MUC_HUONG: {integer: RATE, scale: 100, round: true}
      T_BNCCT: {expr: "1 if KIND == 1 else decimal(way)"}
      T_NGUONKHAC: {expr: "len(str(PRICE)) + decimal(coalesce(QTY, 0))"}
      T_NGUONKHAC_CL: {expr: "max(decimal(PRICE), field('SO_LUONG')) / 3 if encounter['NAME'] is None else 1"}
      MA_BAC_SI: use.DOCTOR
      NGAY_YL: {date: AT}
      NGAY_TH_YL: AT
"""

TEXTS = st.sampled_from(
    [
        None,
        "",
        " a ",
        "Đau  đầu",
        "de\u0301p",
        "x\x0by",
        "dòng 1\r\ndòng 2",
        encode("nguyễn văn đức", "tcvn3")[0].decode("latin-1"),
    ]
)
NUMBERS = st.sampled_from(
    [
        None,
        1,
        "2.5",
        " 3 ",
        Decimal("2.5"),
        Decimal("2.50"),
        Decimal(1),
        Decimal("1.0"),
        Decimal("1.005"),
        Decimal("-0.0005"),
        "",
        "1e3",
        "không",
        0.5,
        True,
        10**30,
    ]
)
ROWS = st.fixed_dictionaries(
    {
        "KIND": st.sampled_from([1, 2, 3, Decimal(1), None]),
        "QTY": NUMBERS,
        "PRICE": NUMBERS,
        "RATE": st.sampled_from([None, "0.8", Decimal("0.05"), 1]),
        "CODE": TEXTS,
        "TEXT": TEXTS,
        "UNIT": TEXTS,
        "ROUTE": st.sampled_from([None, 1, "1", "01", 2, 9]),
        "AT": st.sampled_from([None, 20260101083059, "202601010830", "20260101", "20260230", "  "]),
    }
)


_SCOPED = ("TEN_THUOC", "DANG_BAO_CHE", "way", "T_BNCCT", "MA_BAC_SI", "LIEU_DUNG")
BARE = "".join(line for line in TABLES.splitlines(keepends=True) if not line.strip().startswith(_SCOPED))
"""Without what wants a scope: letters in an unknown code, notes, rows and names from elsewhere."""
ONE_OF_EACH = BARE.replace("    each: items\n", "    each: items\n    distinct_by: [CODE, UNIT]\n")


def bound(tables: str = TABLES) -> Plan:
    """A plan whose layout is bound already."""
    mapped = plan(tables)
    translate(mapped, {"ID": "1", "NAME": "x"}, items=[], uses=[])
    return mapped


@pytest.fixture(scope="module", params=[TABLES, BARE, ONE_OF_EACH], ids=["scoped", "bare", "one-of-each"])
def tables(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def quick(tables: str) -> Plan:
    return bound(tables)


@pytest.fixture(scope="module")
def exact(tables: str) -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(binding, "row_function", lambda *_: None)
        patch.setattr(values, "_rows_test", lambda *_: None)
        return bound(tables)


def outcome(mapped: Plan, row: dict[str, Any], items: list[dict[str, Any]], uses: list[dict[str, Any]]) -> object:
    try:
        found = translate(mapped, row, items=items, uses=uses)
    except MappingError as error:
        return error.code, error.text("vi"), error.text("en"), error.where
    notes = sorted((n.code, n.table, n.row or 0, n.field, n.message_en) for n in found.notes)
    return {table: [dict(row) for row in rows] for table, rows in found.dossier.tables.items()}, notes


@settings(max_examples=200, deadline=None)
@given(st.lists(ROWS, max_size=3), TEXTS, st.sampled_from([[], [{"KG": "3.456", "DOCTOR": "BS A"}], [{"KG": "x"}]]))
def test_generated_rows_are_the_exact_rows(
    quick: Plan, exact: Plan, items: list[dict[str, Any]], name: str | None, uses: list[dict[str, Any]]
) -> None:
    row = {"ID": "K1", "NAME": name}
    right = outcome(exact, row, items, uses)
    assert outcome(quick, row, items, uses) == right
    assert outcome(quick, row, items, uses) == right  # from what was remembered


def generated(mapped: Plan) -> list[str]:
    (layout,) = mapped._layouts.values()
    quick = [block.quick for _, blocks in layout._tables.values() for block in blocks]
    return ["bare" if one.bare else "scoped" if one.scoped else "" for one in quick]


def test_what_is_compared_is_generated_here_and_not_there(tables: str, quick: Plan, exact: Plan) -> None:
    assert generated(quick) == ["scoped", "scoped" if tables == TABLES else "bare"]
    assert generated(exact) == ["", ""]


def test_a_missing_column_names_the_line_and_the_nearest_column(quick: Plan) -> None:
    row = {"KIND": 1, "QTTY": 1}
    with pytest.raises(MappingError) as caught:
        translate(quick, {"ID": "K1", "NAME": "x"}, items=[row])
    assert "QTY" in caught.value.text("en")
    assert caught.value.where is not None
    assert caught.value.where.line is not None


def test_remembered_words_have_an_end_and_stay_right(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[object, str] = {None: ""}
    monkeypatch.setattr(remembered, "_words", known)
    monkeypatch.setattr(remembered, "_WORDS", 10)
    for number in range(100):
        assert remembered.new_word(f" de\u0301p {number} ") == f"d\u00e9p {number}"
        assert len(known) <= 12
        assert known[None] == ""
    assert remembered.new_word("a" * 200) == "a" * 200
    assert remembered.new_word("ạ" * 200) == ""  # looked at closer, and not remembered
    assert remembered.new_word("x\x0by") == ""
    assert remembered.new_word(7) == ""
    assert all(value is None or len(str(value)) <= 80 for value in known)
