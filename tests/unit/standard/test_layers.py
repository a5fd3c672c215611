"""The layers give, on every day, exactly what the decisions of that day say."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest

from adapter.errors import ConfigError
from adapter.standard import spec
from adapter.standard.layers import SELECTORS
from adapter.standard.model import Standard
from adapter.standard.spec import effective_on

TODAY = date(2026, 11, 22)


def _digest(rows: list[tuple[str, ...]]) -> str:
    return hashlib.sha256("\n".join("|".join(row) for row in rows).encode()).hexdigest()


def _length(value: int | None) -> str:
    return "" if value is None else str(value)


def _shape(standard: Standard) -> list[tuple[str, ...]]:
    """Names, order, official type and length: what the annexes fix."""
    return [
        (f.table, str(f.pos), f.name, f.kind, _length(f.max_len)) for t in standard.tables.values() for f in t.fields
    ]


def _full(standard: Standard) -> list[tuple[str, ...]]:
    return [
        (
            f.table, str(f.pos), f.name, f.xml_type, f.kind, _length(f.max_len),
            f.required, f.separator, f.code_list, f.since,
        )
        for t in standard.tables.values() for f in t.fields
    ]  # fmt: skip


# Fingerprints were computed from the consolidated field list itself, not from these layers.
def test_the_layout_in_force_since_july_2026_is_the_consolidated_list_field_by_field() -> None:
    rows = _full(effective_on(date(2026, 7, 1)))
    assert len(rows) == 479
    assert _digest(rows) == "c541f5406f34ccbc7e0c3f4e9a44409b7ff4f1e7a8fc2d3c26924c900193b580"


@pytest.mark.parametrize(
    ("layout", "total", "digest"),
    [
        ("130", 370, "d7b3ece8fcecc2446227c7130cc9efe60241806acc4601f19709f45ed0723c87"),
        ("4750", 481, "d2d6663ff662b64139af36c25cca2c35b315daaf41ed108387d58fcb43bf6cc4"),
        ("3176", 479, "c48c1ab499cb9b59c93954c09bf19c65135dc603caa5457fe2daaabb00e668dd"),
    ],
)
def test_each_layout_is_rebuilt_with_its_names_order_types_and_lengths(layout: str, total: int, digest: str) -> None:
    rows = _shape(effective_on(date(2025, 2, 1), layout))
    assert len(rows) == total
    assert _digest(rows) == digest


@pytest.mark.parametrize(
    ("layout", "counts"),
    [
        ("130", (18, 65, 38, 47, 12, 9, 31, 25, 22, 34, 12, 22, 35)),
        ("4750", (26, 66, 39, 47, 12, 9, 47, 26, 22, 35, 13, 23, 35, 39, 22, 20)),
        ("3176", (26, 66, 39, 47, 12, 9, 47, 26, 22, 35, 13, 23, 35, 37, 22, 20)),
    ],
)
def test_tables_come_in_order_with_their_field_counts(layout: str, counts: tuple[int, ...]) -> None:
    tables = effective_on(TODAY, layout).tables
    assert tuple(tables) == tuple(f"XML{i}" for i in range(len(counts)))
    assert tuple(len(t.fields) for t in tables.values()) == counts
    for table in tables.values():
        assert [f.pos for f in table.fields] == list(range(1, len(table.fields) + 1))
        assert set(table.by_name) == set(table.names)


@pytest.mark.parametrize(
    ("last_day", "before", "after"),
    [(date(2024, 6, 30), "130", "4750"), (date(2024, 12, 31), "4750", "3176"), (date(2026, 6, 30), "3176", "3176")],
)
def test_a_layout_changes_overnight_and_3176_keeps_its_name(last_day: date, before: str, after: str) -> None:
    assert effective_on(last_day).layout == before
    assert effective_on(last_day + timedelta(days=1)).layout == after


def test_the_day_before_july_2026_differs_in_the_width_of_muc_huong_only() -> None:
    before, after = effective_on(date(2026, 6, 30)), effective_on(date(2026, 7, 1))
    changed = {
        (f.table, f.name): (f.max_len, after.tables[f.table].by_name[f.name].max_len)
        for t in before.tables.values()
        for f in t.fields
        if f != after.tables[f.table].by_name[f.name]
    }
    assert changed == {("XML2", "MUC_HUONG"): (3, 4), ("XML3", "MUC_HUONG"): (3, 4)}


def test_a_pinned_layout_holds_on_any_day_while_codes_follow_the_day() -> None:
    early = effective_on(date(2023, 6, 1), "3176")
    assert early.layout == "3176"
    assert early.tables["XML2"].by_name["MUC_HUONG"].max_len == 3
    late = effective_on(TODAY, "4750")
    assert late.tables["XML2"].by_name["MUC_HUONG"].max_len == 3
    assert "MA_NOI_DI" in late.tables["XML13"].by_name
    assert "16" in late.codes("MA_LOAI_KCB")
    assert "16" not in early.codes("MA_LOAI_KCB")


def test_an_unknown_pin_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="4210") as caught:
        effective_on(TODAY, "4210")
    assert "130, 4750, 3176" in caught.value.hint_vi


def test_a_day_before_every_decision_is_read_by_the_first() -> None:
    assert effective_on(date(1999, 1, 1)).layout == "130"


def test_the_history_of_a_field_is_told() -> None:
    field = effective_on(TODAY).tables["XML13"].by_name["MA_CSKCB_DI"]
    assert (field.since, field.changed_by) == ("QD3176", "QD3176: renamed from MA_NOI_DI; S5>S100")
    field = effective_on(TODAY).tables["XML1"].by_name["SO_CCCD"]
    assert field.changed_by == "QD4750: N15>S15 | QD3176: S15>Sn"
    assert spec.renamed_fields("XML13")["MA_NOI_DI"] == "MA_CSKCB_DI"


def test_every_closed_set_a_field_names_is_in_force_today() -> None:
    standard = effective_on(TODAY)
    outside = ("ext:", "open:", "none-issued")
    for table in standard.tables.values():
        for field in table.fields:
            if field.code_list and not field.code_list.startswith(outside):
                found = standard.code_set(field.code_list)
                assert found is not None, field
                assert found.codes, field


def test_code_sets_are_closed_open_or_prefixes_and_only_closed_ones_list_codes() -> None:
    standard = effective_on(TODAY)
    assert standard.codes("GIOI_TINH") == {"1": "Nam", "2": "Nữ", "3": "Chưa xác định"}
    for name in ("MA_KHOA", "MA_TAI_NAN", "MA_GIUONG_PREFIX", "NHOM_DOI_TUONG"):
        found = standard.code_set(name)
        assert found is not None
        assert found.codes
        assert not standard.codes(name)
    assert standard.codes("KHONG_CO") == {}
    assert standard.code_set("KHONG_CO") is None


def test_codes_are_compared_whole_with_their_leading_zeros() -> None:
    found = effective_on(TODAY).code_set("MA_LOAI_KCB")
    assert found is not None
    assert found.accepts("01") == "valid"
    assert found.accepts("1") is None
    categories = effective_on(TODAY).codes("MA_DOITUONG_KCB")
    assert "1.11" in categories
    assert "1.10" not in categories


def test_every_layer_of_the_product_says_what_selects_it_and_how_sure_it_is() -> None:
    for layer in spec.layers():
        assert layer.head.selected_by in SELECTORS
        assert layer.head.certainty in ("high", "medium", "low")
        assert layer.head.title_vi
        assert layer.head.title_en
        assert Path(layer.folder).name == layer.folder


def test_parts_are_the_tables_a_dossier_file_may_hold() -> None:
    assert effective_on(TODAY).parts == tuple(f"XML{i}" for i in (*range(1, 12), 13, 14, 15))
    assert effective_on(date(2023, 5, 1)).parts == tuple(f"XML{i}" for i in range(1, 12))


def test_asking_again_costs_nothing_and_gives_the_same_object() -> None:
    assert effective_on(date(2026, 9, 1)) is effective_on(date(2026, 9, 17))
