"""Blocks: which rows a table gets, in which order, and what they share."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.dossier.model import Purpose
from adapter.errors import MappingError
from adapter.mapping import Due
from adapter.standard.spec import effective_on
from tests.support.mapping import HEAD, NOW, encounter, plan, plan_of, translate

LINES = [
    {"ID": 1, "DRUG": "A", "QTY": Decimal("2"), "PRICE": Decimal("10.005"), "KIND": 1},
    {"ID": 2, "DRUG": "B", "QTY": Decimal("1"), "PRICE": Decimal("5"), "KIND": 1},
    {"ID": 3, "DRUG": "A", "QTY": Decimal("-2"), "PRICE": Decimal("10.005"), "KIND": 1},
    {"ID": 4, "DRUG": "C", "QTY": Decimal("1"), "PRICE": Decimal("7"), "KIND": 2},
]


def rows(tables: str, table: str = "XML2", **collections: object) -> list[dict[str, str]]:
    mapped = plan("tables:\n  XML1: {MA_LK: ID}\n" + tables)
    found = translate(mapped, {"ID": "K1", "WARD": "K01"}, **({"items": LINES} | collections)).dossier.rows(table)
    return [{k: v for k, v in row.items() if v and k != "MA_LK"} for row in found]


def test_each_gives_a_row_for_each_line_and_numbers_them() -> None:
    found = rows(
        "  XML2: {each: items, when: KIND == 1, order_by: -ID, rows: {MA_THUOC: DRUG, MA_KHOA: encounter.WARD}}\n"
    )
    assert found == [
        {"STT": "1", "MA_THUOC": "A", "MA_KHOA": "K01"},
        {"STT": "2", "MA_THUOC": "B", "MA_KHOA": "K01"},
        {"STT": "3", "MA_THUOC": "A", "MA_KHOA": "K01"},
    ]


def test_every_field_of_the_layout_is_there_in_its_order_and_the_key_is_filled_in() -> None:
    mapped = plan("tables:\n  XML1: {MA_LK: ID}\n  XML2: {each: items, MA_THUOC: DRUG}\n")
    dossier = translate(mapped, {"ID": "K1"}, items=LINES).dossier
    for table in ("XML1", "XML2"):
        spec = effective_on(NOW.date(), "3176").tables[table]
        assert all(tuple(row) == spec.names for row in dossier.rows(table))
        assert all(row["MA_LK"] == "K1" for row in dossier.rows(table))
    assert dossier.header["MA_CSKCB"] == "01999"


def test_returned_drugs_are_grouped_summed_and_zero_lines_dropped() -> None:
    found = rows(
        "  XML2:\n    each: items\n    group_by: [DRUG, PRICE]\n    having: sum(group, QTY) != 0\n"
        "    rows:\n      MA_THUOC: DRUG\n      SO_LUONG: {sum: group, value: QTY}\n"
    )
    assert found == [
        {"STT": "1", "MA_THUOC": "B", "SO_LUONG": "1.000"},
        {"STT": "2", "MA_THUOC": "C", "SO_LUONG": "1.000"},
    ]


def test_distinct_keeps_the_first_of_equal_rows_and_keep_drops_finished_rows() -> None:
    assert [r["MA_THUOC"] for r in rows("  XML2: {each: items, distinct_by: DRUG, MA_THUOC: DRUG}\n")] == [
        "A",
        "B",
        "C",
    ]
    kept = rows("  XML2: {each: items, keep: SO_LUONG > 0, rows: {MA_THUOC: DRUG, SO_LUONG: QTY}}\n")
    assert [(r["STT"], r["MA_THUOC"]) for r in kept] == [("1", "A"), ("2", "B"), ("3", "C")]


def test_blocks_of_one_table_follow_each_other() -> None:
    found = rows(
        "  XML2:\n    - {each: items, when: KIND == 2, MA_THUOC: DRUG}\n    - {each: uses, MA_THUOC: CODE}\n",
        uses=[{"CODE": "U"}],
    )
    assert [(r["STT"], r["MA_THUOC"]) for r in found] == [("1", "C"), ("2", "U")]


def test_inner_rows_stand_for_each_line_of_each_line_and_inherit_the_outer_fields() -> None:
    found = rows(
        "  XML2:\n    each: items\n    let: {code: {expr: \"DRUG + '!'\"}}\n"
        "    rows: {MA_THUOC: code, MA_KHOA: {field: MA_THUOC}}\n"
        "    inner:\n      each: uses\n      on: {ITEM: ID}\n      rows: {LIEU_DUNG: TEXT, TEN_THUOC: parent.DRUG}\n",
        uses=[{"ITEM": 2, "TEXT": "x"}, {"ITEM": 1, "TEXT": "y"}, {"ITEM": 1, "TEXT": "z"}],
    )
    assert [(r["STT"], r["MA_THUOC"], r["MA_KHOA"], r["TEN_THUOC"], r["LIEU_DUNG"]) for r in found] == [
        ("1", "A!", "A!", "A", "y"),
        ("2", "A!", "A!", "A", "z"),
        ("3", "B!", "B!", "B", "x"),
    ]


def test_named_rows_of_a_block_are_joined_to_each_line() -> None:
    found = rows(
        "  XML2:\n    each: items\n    with: {use: {first: uses, on: {ITEM: ID}}}\n"
        "    rows: {MA_THUOC: DRUG, LIEU_DUNG: use.TEXT, CACH_DUNG: {expr: 'use[\"TEXT\"]'}}\n",
        uses=[{"ITEM": "2", "TEXT": "x"}],
    )
    assert [r.get("LIEU_DUNG", "") for r in found] == ["", "x", "", ""]
    assert [r.get("CACH_DUNG", "") for r in found] == ["", "x", "", ""]


def test_headers_sum_mapped_rows_whatever_order_the_file_has() -> None:
    mapped = plan(
        """
        tables:
          XML1:
            T_TONGCHI_BV: {sum: [XML2.THANH_TIEN_BV, XML3.THANH_TIEN_BV]}
            T_THUOC: {sum: XML2.THANH_TIEN_BV}
            T_VTYT: {sum: XML3.THANH_TIEN_BV, where: MA_NHOM == 10}
            T_BNTT: {expr: "field('T_TONGCHI_BV') - field('T_THUOC')"}
            SO_NGAY_DTRI: {count: XML2, where: SO_LUONG > 1}
            MA_LK: ID
          XML3: {each: uses, rows: {MA_NHOM: G, THANH_TIEN_BV: M}}
          XML2:
            each: items
            rows:
              THANH_TIEN_BV: {expr: "round(field('SO_LUONG') * field('DON_GIA'), 2)"}
              SO_LUONG: QTY
              DON_GIA: PRICE
        """
    )
    uses = [{"G": 10, "M": "1.10"}, {"G": "8", "M": "2"}]
    header = translate(mapped, {"ID": "K1"}, items=LINES, uses=uses).dossier.header
    assert header["T_THUOC"] == "12.00"
    assert header["T_TONGCHI_BV"] == "15.10"
    assert header["T_VTYT"] == "1.10"
    assert header["T_BNTT"] == "3.10"
    assert header["SO_NGAY_DTRI"] == "1"


amounts = st.decimals(0, 10**4, places=4)
MONEY = plan(
    """
    tables:
      XML1: {MA_LK: ID, T_THUOC: {sum: XML2.THANH_TIEN_BV}}
      XML2: {each: items, rows: {THANH_TIEN_BV: {expr: "round(QTY * PRICE, 2)"}}}
    """
)
DATES = plan(
    "tables: {XML1: {MA_LK: ID, NGAY_SINH: A, NGAY_VAO: {date: B}, NAM_NAM_LIEN_TUC: {date: C}}}\n", head="mapping: m\n"
)


@given(st.lists(st.tuples(amounts, amounts), max_size=20))
def test_money_is_the_exact_sum_of_rounded_lines(lines: list[tuple[Decimal, Decimal]]) -> None:
    items = [{"QTY": q, "PRICE": p} for q, p in lines]
    total = sum(((q * p).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP") for q, p in lines), Decimal(0))
    assert Decimal(translate(MONEY, {"ID": "K1"}, items=items).dossier.header["T_THUOC"]) == total


@given(st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001 -- as a HIS keeps them
def test_no_date_ever_shifts_a_day(at: datetime) -> None:
    digits = at.strftime("%Y%m%d%H%M%S").zfill(14)
    header = translate(DATES, {"ID": "K", "A": at, "B": int(digits), "C": at.isoformat()}).dossier.header
    assert (header["NGAY_SINH"], header["NGAY_VAO"], header["NAM_NAM_LIEN_TUC"]) == (
        digits[:12],
        digits[:12],
        digits[:8],
    )


READY = (
    HEAD.replace("changed_at: ID}", "changed_at: ID, insured: CARD is not None, READY}").replace(
        "READY}",
        "ready: {checkin: {first_cost: count(items) > 0, treating_department: WARD_IN is not None}, claim: PAID == 1, "
        "book: ENDED == 1}, exempt: {checkin: [{when: URGENT == 1, reason: cấp cứu}]}}",
    )
    + "tables:\n  XML0: {HO_TEN: NAME, DU_PHONG: occasion}\n  XML1: {MA_LK: ID}\n"
    + "  XML8: {HO_TEN_CHA: NAME}\n  XML2: {each: items, MA_THUOC: X}\n"
)
ROW = {"ID": "K1", "NAME": "x", "CARD": "C", "WARD_IN": None, "PAID": None, "ENDED": None, "URGENT": None}


@pytest.mark.parametrize(
    ("change", "items", "due"),
    [
        ({}, [], []),
        ({}, [{"X": "a"}], [Due(Purpose.CHECKIN, "first_cost")]),
        ({"URGENT": 1}, [{"X": "a"}], [Due(Purpose.CHECKIN, "first_cost", "cấp cứu")]),
        (
            {"WARD_IN": 1},
            [{"X": "a"}],
            [Due(Purpose.CHECKIN, "first_cost"), Due(Purpose.CHECKIN, "treating_department")],
        ),
        ({"PAID": 1, "ENDED": 1}, [], [Due(Purpose.CLAIM)]),
        ({"PAID": 1, "ENDED": 1, "CARD": None}, [{"X": "a"}], [Due(Purpose.BOOK)]),
    ],
)
def test_what_is_due_follows_the_encounter(
    change: dict[str, object], items: list[dict[str, str]], due: list[Due]
) -> None:
    found = plan_of(READY).readiness(encounter(ROW | change, items=items))
    assert list(found.due) == due
    assert found.ma_lk == "K1"
    assert bool(found.reason) is (not due)


def test_each_purpose_takes_its_own_tables() -> None:
    mapped = plan_of(READY)
    taken = {
        p: set(translate(mapped, ROW, purpose=p, occasion="o", items=[{"X": "a"}]).dossier.tables) for p in Purpose
    }
    assert taken == {Purpose.CHECKIN: {"XML0"}, Purpose.CLAIM: {"XML1", "XML2", "XML8"}, Purpose.BOOK: {"XML1", "XML8"}}
    checkin = translate(mapped, ROW, purpose=Purpose.CHECKIN, occasion="first_cost").dossier
    assert (checkin.header["MA_LK"], checkin.header["DU_PHONG"], checkin.occasion) == ("K1", "first_cost", "first_cost")


def test_the_connector_gets_its_block_without_the_mapping_s_own_keys() -> None:
    mapped = plan_of(READY)
    assert mapped.source["encounters"] == {"query": "SELECT", "key": "ID", "changed_at": "ID"}
    assert mapped.reads["items"] == {"X"}
    assert {"ID", "NAME", "CARD", "PAID"} <= mapped.reads[""]


def test_an_encounter_without_a_key_is_refused() -> None:
    with pytest.raises(MappingError) as caught:
        plan_of(READY).readiness(encounter(ROW | {"ID": " "}))
    assert caught.value.code == "MAP-NO-KEY"


def test_the_layout_follows_the_visit_s_date_unless_pinned() -> None:
    tables = "tables:\n  XML1: {MA_LK: ID, NGAY_RA: OUT}\n"
    free = plan(tables, head="mapping: m\n")
    assert translate(free, {"ID": "K", "OUT": 20230901080000}).dossier.standard == "130"
    assert translate(free, {"ID": "K", "OUT": 20240801080000}).dossier.standard == "4750"
    assert translate(free, {"ID": "K", "OUT": 20261101080000}).dossier.standard == "3176"
    assert translate(plan(tables), {"ID": "K", "OUT": 20230901080000}).dossier.standard == "3176"
    chosen = plan("visit_date: IN\n" + tables, head="mapping: m\n")
    assert translate(chosen, {"ID": "K", "OUT": 20261101080000, "IN": 20230901080000}).dossier.standard == "130"


LOOKUPS = """
lookups:
  group: {rows: [{key: 5, value: "5", to: 20251231}, {key: 5, value: "19", from: 20260101}]}
tables:
  XML1:
    MA_LK: ID
    NGAY_RA: OUT
    GHI_CHU: {lookup: group, from: G}
    LY_DO_VV: {lookup: group, from: G, at: IN}
    LY_DO_VNT: {expr: "lookup('group', G, '20250101')"}
"""


def test_codes_change_on_their_day_and_the_file_says_which_day_counts() -> None:
    mapped = plan(LOOKUPS)
    row = {"ID": "K", "G": Decimal("5.0000"), "IN": 20251230080000, "OUT": 20260102080000}
    header = translate(mapped, row).dossier.header
    assert (header["GHI_CHU"], header["LY_DO_VV"], header["LY_DO_VNT"]) == ("19", "5", "5")


def test_a_plan_s_hash_follows_its_content_and_its_lookup_files(tmp_path: Path) -> None:
    folder = tmp_path
    text = "lookups: {sex: sex.csv}\ntables: {XML1: {MA_LK: ID, GIOI_TINH: {lookup: sex, from: S}}}\n"
    (folder / "sex.csv").write_bytes("\ufeffkey;value\n1;2\n".encode())
    first = plan(text, folder=folder)
    assert translate(first, {"ID": "K", "S": 1}).dossier.header["GIOI_TINH"] == "2"
    assert plan(text + "# a remark\n", folder=folder).hash == first.hash
    assert plan(text.replace("S}", "T}"), folder=folder).hash != first.hash
    (folder / "sex.csv").write_text("key;value\n1;1\n")
    assert plan(text, folder=folder).hash != first.hash


def test_a_facility_s_own_pin_is_the_strongest() -> None:
    mapped = plan("tables:\n  XML1: {MA_LK: ID, NGAY_RA: OUT}\n")
    seen = encounter({"ID": "K", "OUT": 20261101080000})
    found = mapped.translate(seen, Due(Purpose.CLAIM), facility="01999", now=NOW, standard="4750")
    assert found.standard == "4750"
