"""Every step of the language gives what the reference promises."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import MappingError
from adapter.expr import ValueProblem, to_datetime
from adapter.mapping.language.converting import digits_reader
from tests.support.mapping import encounter, field, plan, translate

CASES: list[tuple[str, str, dict[str, Any], str]] = [
    # target, value, row, wire text
    ("XML1.GHI_CHU", "A", {"A": " x "}, "x"),
    ("XML1.GHI_CHU", "A", {"A": None}, ""),
    ("XML1.GHI_CHU", "A", {"A": 5}, "5"),
    ("XML1.GHI_CHU", "A", {"A": Decimal("1.50")}, "1.50"),
    ("XML1.GHI_CHU", "null", {}, ""),
    ("XML1.GHI_CHU", "[A, B]", {"A": "  ", "B": "b"}, "b"),
    ("XML1.GHI_CHU", "facility", {}, "01999"),
    ("XML1.GHI_CHU", "encounter.A", {"A": "x"}, "x"),
    ("XML1.GHI_CHU", "{const: 01}", {}, "01"),
    ("XML1.GHI_CHU", "{const: 1.50}", {}, "1.50"),
    ("XML1.GHI_CHU", "{const: no}", {}, "no"),
    ("XML1.GHI_CHU", "{from: A, when: B == 1}", {"A": "x", "B": 0}, ""),
    ("XML1.GHI_CHU", "{from: A, when: B == 1, else: C}", {"A": "x", "B": 0, "C": "c"}, "c"),
    ("XML1.GHI_CHU", "{from: A, when: B == 1, default: d}", {"A": "x", "B": 0}, "d"),
    ("XML1.GHI_CHU", "{from: A, default: d}", {"A": " "}, "d"),
    ("XML1.GHI_CHU", "{from: A, chars: 1-15}", {"A": "GD479012345678901234"}, "GD4790123456789"),
    ("XML1.GHI_CHU", "{from: A, chars: 16-20}", {"A": "GD479012345678901234"}, "01234"),
    ("XML1.GHI_CHU", "{from: A, chars: 16-}", {"A": "GD4790123456789"}, ""),
    ("XML1.GHI_CHU", "{from: A, digits_only: true}", {"A": "0912.345 678"}, "0912345678"),
    ("XML1.GHI_CHU", "{from: A, replace: {/: '-'}}", {"A": "26.001/NT"}, "26.001-NT"),
    ("XML1.GHI_CHU", "{from: A, case: upper}", {"A": "đỗ"}, "ĐỖ"),
    ("XML1.GHI_CHU", "{from: A, pad: {width: 3, fill: '0'}}", {"A": 7}, "007"),
    ("XML1.GHI_CHU", "{from: A, lines: one}", {"A": "a\n b"}, "a b"),
    ("XML1.HO_TEN", "{from: A, charset: auto}", {"A": "NguyÔn V¨n An"}, "Nguyễn Văn An"),
    ("XML1.HO_TEN", "{from: A, charset: tcvn3}", {"A": bytes([0x48, 0xB5])}, "Hà"),
    ("XML1.HO_TEN", "A", {"A": "Nguye\u0302\u0303n"}, "Nguyễn"),
    ("XML1.GHI_CHU", "{expr: \"'a' if A is None else 'b'\"}", {"A": None}, "a"),
    ("XML1.GHI_CHU", "{join: [A, B, C]}", {"A": "a", "B": None, "C": "c"}, "a;c"),
    ("XML1.GHI_CHU", "{join: [A, B], separator: ' - ', distinct: true}", {"A": "a", "B": "a"}, "a"),
    ("XML1.MA_BENH_KT", "{split: A, distinct: true}", {"A": ";I10, E11.9,J45;I10"}, "I10;E11.9;J45"),
    ("XML1.GHI_CHU", "{split: A, by: /, take: 2}", {"A": "a/b/c"}, "b"),
    ("XML1.GHI_CHU", "{split: A, by: /, take: -1}", {"A": "a/b/c"}, "c"),
    ("XML1.GHI_CHU", "{split: A, by: /, take: 9}", {"A": "a/b/c"}, ""),
    ("XML1.GHI_CHU", "{split: A, join: ' + '}", {"A": "a;b"}, "a + b"),
    ("XML1.GHI_CHU", "{json: A, path: x.1.y}", {"A": '{"x": [0, {"y": 1.10}]}'}, "1.10"),
    ("XML1.GHI_CHU", "{json: A, path: z}", {"A": "{}"}, ""),
    (
        "XML1.GHI_CHU",
        "{choose: [{when: A == 1, then: {const: one}}, {when: A == 2, then: B}]}",
        {"A": 2, "B": "b"},
        "b",
    ),
    ("XML1.GHI_CHU", "{choose: [{when: A == 1, then: B}, {else: {const: z}}]}", {"A": 2, "B": "b"}, "z"),
    ("XML1.GHI_CHU", "{html: A}", {"A": "<p>a</p>b"}, "a\nb"),
    ("XML1.GHI_CHU", "{rtf: A}", {"A": r"{\rtf1 a\par b}"}, "a\nb"),
    ("XML1.GHI_CHU", "{plain: A}", {"A": "a < b"}, "a < b"),
    ("XML1.GHI_CHU", "{text: A}", {"A": "a \n\n\n\nb"}, "a\n\nb"),
    ("XML1.GHI_CHU", "{field: MA_LK}", {}, "K1"),
    ("XML1.GHI_CHU", "{expr: \"field('XML1.MA_LK') + 'x'\"}", {}, "K1x"),
    # numbers: once, by the field's own type, halves away from zero
    ("XML1.T_BHTT", "A", {"A": Decimal("1.005")}, "1.01"),
    ("XML1.T_BHTT", "A", {"A": Decimal("-1.005")}, "-1.01"),
    ("XML1.T_BHTT", "A", {"A": "0.00"}, "0"),
    ("XML1.T_BHTT", "{decimal: A, places: 0}", {"A": "2.5"}, "3.00"),
    ("XML1.T_BHTT", "{decimal: A, comma: decimal}", {"A": "1.234,5"}, "1234.50"),
    ("XML1.T_BHTT", "{decimal: A, comma: decimal}", {"A": "80,00"}, "80.00"),
    ("XML1.T_BHTT", "{decimal: A, comma: decimal}", {"A": "12.5"}, "12.50"),
    ("XML1.T_BHTT", "{decimal: A, comma: thousands}", {"A": "1,234.5"}, "1234.50"),
    ("XML1.T_BHTT", "{decimal: A, percent: true}", {"A": "50%"}, "50.00"),
    ("XML1.T_BHTT", "{decimal: A, scale: 100}", {"A": "0.8"}, "80.00"),
    ("XML1.SO_NGAY_DTRI", "{integer: A}", {"A": Decimal("3.0000")}, "3"),
    ("XML1.SO_NGAY_DTRI", "{integer: A, round: true}", {"A": "2.5"}, "3"),
    ("XML1.CAN_NANG", "{decimal: A}", {"A": Decimal("50.50")}, "50.5"),
    ("XML1.THANG_QT", "{expr: month(A)}", {"A": 20260105}, "01"),
    # dates: by the field's own type, never a day off
    ("XML1.NGAY_VAO", "{date: A}", {"A": 20260105083000}, "202601050830"),
    ("XML1.NGAY_VAO", "A", {"A": 20260105083000}, "202601050830"),
    ("XML1.NGAY_VAO", "A", {"A": "2026-01-05 08:30:59.997"}, "202601050830"),
    ("XML1.NGAY_VAO", "A", {"A": datetime(2026, 1, 5, 23, 59)}, "202601052359"),  # noqa: DTZ001 -- as a driver gives it
    ("XML1.NGAY_VAO", "A", {"A": datetime(2026, 1, 5, 17, 30, tzinfo=UTC)}, "202601060030"),
    ("XML1.NGAY_VAO", "A", {"A": date(2026, 1, 5)}, "202601050000"),
    ("XML1.NGAY_VAO", "A", {"A": "20260105"}, "202601050000"),
    ("XML1.NGAY_VAO", "{date: A, format: '%d/%m/%Y %H:%M'}", {"A": "05/01/2026 08:30"}, "202601050830"),
    ("XML1.NGAY_VAO", "{date: A, format: ['%d/%m/%Y', '%d-%m-%Y']}", {"A": "05-01-2026"}, "202601050000"),
    ("XML1.GT_THE_TU", "{date: A}", {"A": 20260105000000}, "20260105"),
    ("XML1.NAM_NAM_LIEN_TUC", "A", {"A": 20260105235900}, "20260105"),
    ("XML1.NGAY_MIEN_CCT", "{date: A, as: date8}", {"A": 20260105235900}, "20260105"),
    ("XML1.NGAY_SINH", "{date: A, precision: {year_only_when: B == 1}}", {"A": 19850101000000, "B": 1}, "198500000000"),
    (
        "XML1.NGAY_SINH",
        "{date: A, precision: {month_only_when: B == 1}}",
        {"A": 19850301000000, "B": 1},
        "198503000000",
    ),
    ("XML1.NGAY_SINH", "{date: A, precision: {day_only_when: B == 1}}", {"A": 19850301101500, "B": 1}, "198503010000"),
    (
        "XML1.NGAY_SINH",
        "{date: A, precision: {year_only_when: B == 1}}",
        {"A": 20260105083000, "B": None},
        "202601050830",
    ),
    ("XML1.NGAY_SINH", "{date: A, birth: true}", {"A": 1985}, "198500000000"),
    ("XML1.NGAY_SINH", "{date: A, birth: true}", {"A": "198503"}, "198503000000"),
    ("XML1.NGAY_SINH", "{date: A, birth: true}", {"A": "19850000"}, "198500000000"),
    ("XML1.NGAY_SINH", "A", {"A": "198500000000"}, "198500000000"),
    ("XML8.NGAY_CT", "{field: XML1.MA_LK, when: A == 2}", {"A": 1}, ""),
]


@pytest.mark.parametrize(("target", "value", "row", "text"), CASES)
def test_a_value_becomes_its_wire_text(target: str, value: str, row: dict[str, Any], text: str) -> None:
    assert field(value, row, target) == text


BAD: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("XML1.T_BHTT", "A", {"A": 1.5}, "MAP-VALUE", "binary float"),
    ("XML1.GHI_CHU", "A", {"A": 1.5}, "MAP-VALUE", "binary float"),
    ("XML1.GHI_CHU", "A", {"A": True}, "MAP-VALUE", "boolean"),
    ("XML1.GHI_CHU", "A", {"A": b"x"}, "MAP-VALUE", "bytes"),
    ("XML1.T_BHTT", "A", {"A": "1,5"}, "MAP-VALUE", "plain decimal"),
    ("XML1.T_BHTT", "{decimal: A}", {"A": 1.5}, "MAP-VALUE", "float"),
    ("XML1.T_BHTT", "A", {"A": 10**30}, "MAP-VALUE", "does not fit"),
    ("XML1.SO_NGAY_DTRI", "{integer: A}", {"A": "2.5"}, "MAP-VALUE", "fraction"),
    ("XML1.NGAY_VAO", "{date: A}", {"A": "20260230"}, "MAP-VALUE", "real date"),
    ("XML1.NGAY_VAO", "A", {"A": "05/01/2026"}, "MAP-VALUE", "real date"),
    ("XML1.NGAY_SINH", "{date: A, birth: true}", {"A": "19851300"}, "MAP-VALUE", "real year or month"),
    ("XML1.NGAY_VAO", "{date: A, format: '%d/%m/%Y'}", {"A": "2026-01-05"}, "MAP-VALUE", "not of form"),
    ("XML1.GHI_CHU", "B", {"A": "x"}, "MAP-COLUMN", "no column 'B'"),
    ("XML1.GHI_CHU", "{expr: A + 1}", {"A": None}, "MAP-EXPR-RUN", "empty value"),
    ("XML1.GHI_CHU", "{json: A, path: x}", {"A": "{"}, "MAP-JSON", "not valid JSON"),
    ("XML1.HO_TEN", "{from: A, too_long: error}", {"A": "y" * 999}, "MAP-VALUE", "the field holds"),
]


@pytest.mark.parametrize(("target", "value", "row", "code", "part"), BAD)
def test_a_value_that_cannot_be_used_is_named_with_its_field_and_masked(
    target: str, value: str, row: dict[str, Any], code: str, part: str
) -> None:
    with pytest.raises(MappingError) as caught:
        field(value, row, target)
    error, where = caught.value, caught.value.where
    assert error.code == code
    assert part in error.message_en
    assert where is not None
    assert (where.file, where.table, where.field) == ("mapping.yaml", *target.split("."))
    assert where.line is not None
    assert "yyy" not in str(error)
    assert "2026" not in str(error)


def test_collections_are_joined_filtered_ordered_and_summed() -> None:
    mapped = plan(
        """
        with:
          newest: {last: items, order_by: AT}
          mine: {all: uses, on: {ITEM: ID}, order_by: -N}
        let:
          code: {from: newest.CODE}
        tables:
          XML1:
            MA_LK: ID
            GHI_CHU: {join: items, value: CODE, where: N > 1, order_by: [-N, CODE]}
            MA_BENH_KT: {join: items, value: CODE, distinct: true}
            LY_DO_VV: {first: items, value: CODE, order_by: AT}
            LY_DO_VNT: {last: items, value: EMPTY}
            T_BHTT: {sum: items, value: {decimal: N}}
            T_BNTT: {sum: items, value: N, where: CODE == 'b'}
            SO_NGAY_DTRI: {count: items, where: N > 1}
            NAM_QT: {count: items, value: CODE, distinct: true}
            NGAY_VAO: {min: items, value: AT}
            NGAY_RA: {max: [AT, LATE]}
            PP_DIEU_TRI: code
            CHAN_DOAN_VAO: {join: mine, value: TEXT}
            CHAN_DOAN_RV: newest.CODE
        """
    )
    items = [
        {"CODE": "b", "N": 2, "AT": 20260103000000, "EMPTY": None},
        {"CODE": "a", "N": 2, "AT": 20260101000000, "EMPTY": "x"},
        {"CODE": "b", "N": Decimal("1.5"), "AT": 20260102000000, "EMPTY": ""},
    ]
    uses = [{"ITEM": "7", "TEXT": "p", "N": 1}, {"ITEM": 7, "TEXT": "q", "N": 2}, {"ITEM": None, "TEXT": "z", "N": 3}]
    row = {"ID": Decimal("7"), "AT": 20260101000000, "LATE": 20260201120000}
    header = translate(mapped, row, items=items, uses=uses).dossier.rows("XML1")[0]
    assert {k: v for k, v in header.items() if v} == {
        "MA_LK": "7",
        "STT": "1",
        "GHI_CHU": "a;b;b",
        "MA_BENH_KT": "b;a",
        "LY_DO_VV": "a",
        "LY_DO_VNT": "x",
        "T_BHTT": "5.50",
        "T_BNTT": "3.50",
        "SO_NGAY_DTRI": "3",
        "NAM_QT": "2",
        "NGAY_VAO": "202601010000",
        "NGAY_RA": "202602011200",
        "PP_DIEU_TRI": "b",
        "CHAN_DOAN_VAO": "q;p",
        "CHAN_DOAN_RV": "b",
        "MA_CSKCB": "01999",
    }


def test_named_rows_that_are_not_there_are_empty_and_pivots_and_json_forgive_absent_names() -> None:
    mapped = plan(
        """
        with:
          none: {first: uses}
          facts: {pivot: items, key: K, value: V, where: KIND == 'HIV'}
          doc: {first: items, where: KIND == 'J', json: V}
          lines: {all: items, where: KIND == 'L', json: V}
        tables:
          XML1:
            MA_LK: ID
            HO_TEN: none.ANYTHING
            GHI_CHU: [facts.absent, facts.B]
            LY_DO_VV: doc.a.b
            T_BHTT: doc.n
            MA_BENH_KT: {join: lines, value: c}
        """
    )
    items = [
        {"KIND": "HIV", "K": "A", "V": "1"},
        {"KIND": "HIV", "K": "B", "V": None},
        {"KIND": "HIV", "K": "B", "V": "2"},
        {"KIND": "J", "K": "", "V": '{"a": {"b": "deep"}, "n": 0.1}'},
        {"KIND": "L", "K": "", "V": '[{"c": "x"}, {"d": 1}, {"c": "y"}]'},
    ]
    header = translate(mapped, {"ID": "K1"}, items=items).dossier.rows("XML1")[0]
    assert (header["HO_TEN"], header["GHI_CHU"], header["LY_DO_VV"]) == ("", "2", "deep")
    assert (header["T_BHTT"], header["MA_BENH_KT"]) == ("0.10", "x;y")


def test_notes_tell_what_was_lost_on_the_way() -> None:
    mapped = plan(
        """
        lookups:
          sex: {1: "2"}
        tables:
          XML1:
            MA_LK: ID
            HO_TEN: {from: NAME, charset: auto}
            LY_DO_VV: {from: TEXT, too_long: cut}
            MA_DANTOC: {from: NAME, too_long: cut}
            GHI_CHU: {lookup: sex, from: SEX, on_missing: report}
        """
    )
    found = translate(mapped, {"ID": "K1", "NAME": "Nguy?n V\u0103n An", "TEXT": "a\x0bb", "SEX": "9"})
    codes = {(note.code, note.field) for note in found.notes}
    assert codes == {
        ("MAP-LETTERS-LOST", "HO_TEN"),
        ("MAP-ILLEGAL-CHARACTERS", "LY_DO_VV"),
        ("MAP-CUT", "MA_DANTOC"),
        ("MAP-LOOKUP-MISSING", "GHI_CHU"),
    }
    assert found.dossier.header["LY_DO_VV"] == "ab"
    assert found.dossier.header["GHI_CHU"] == "9"
    assert not any("Nguy" in note.message_vi for note in found.notes)


def test_one_bad_encounter_leaves_the_plan_as_it_was() -> None:
    mapped = plan("tables:\n  XML1:\n    MA_LK: ID\n    T_BHTT: {decimal: N}\n")
    with pytest.raises(MappingError):
        translate(mapped, {"ID": "K1", "N": "x"})
    assert translate(mapped, {"ID": "K2", "N": "1"}).dossier.header["T_BHTT"] == "1.00"
    assert mapped.readiness(encounter({"ID": "K2", "N": "x"})).ma_lk == "K2"


@given(st.from_regex(r"(19|20)?[0-9]{2}[01][0-9][0-3][0-9][0-2][0-9][0-6][0-9][0-6][0-9]", fullmatch=True) | st.text())
def test_digits_taken_as_they_stand_are_those_of_the_instant(text: str) -> None:
    def outcome(read: Any) -> object:
        try:
            return read()
        except ValueProblem as problem:
            return problem.en

    def through_the_calendar() -> str | None:
        at = to_datetime(text)
        return None if at is None else f"{at.year:04}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}"

    assert outcome(lambda: digits_reader(day_only=False)(text)) == outcome(through_the_calendar)
    day = outcome(lambda: digits_reader(day_only=True)(text))
    assert day == (full[:8] if isinstance(full := outcome(through_the_calendar), str) and full.isdigit() else full)


def test_a_join_writes_alike_what_it_wrote_before() -> None:
    mapped = plan("tables: {XML1: {MA_LK: ID, GHI_CHU: {join: [A, B], separator: '-'}}}")
    for a, b in ((1, "x"), (True, "x"), (Decimal(1), "x"), ("1", "x"), (Decimal("1.0"), "x"), (1, "x")):
        try:
            found = translate(mapped, {"ID": "K", "A": a, "B": b}).dossier.tables["XML1"][0]["GHI_CHU"]
        except MappingError:
            assert a is True  # no code
        else:
            assert found == ("1.0-x" if str(a) == "1.0" else "1-x")
