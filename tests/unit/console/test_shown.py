"""Values as people read them, and what of them may be read before somebody asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapter.access import clear
from adapter.clock import fixed_clock
from adapter.console.core import masking, shown
from adapter.console.core.kept import Kept
from adapter.console.pages.login import _inside
from adapter.console.reads.scan import Scanned, read_scan
from adapter.standard.spec import written_as


@pytest.mark.parametrize(
    ("value", "text"),
    [("1234567", "1.234.567"), ("1234.5", "1.234,5"), (0, "0"), (None, ""), ("", ""), ("abc", "abc"), ("NaN", "NaN")],
)
def test_numbers_have_dots_between_thousands(value: object, text: str) -> None:
    assert shown.number(value) == text


def test_instants_are_shown_in_vietnam() -> None:
    assert shown.when("2026-11-24T16:59:59+00:00") == "23:59 24/11/2026"
    assert shown.when(datetime(2026, 1, 1, tzinfo=UTC)) == "07:00 01/01/2026"
    assert shown.when(None) == ""


@pytest.mark.parametrize(
    ("delta", "vi", "en"),
    [
        (timedelta(seconds=5), "5 giây", "5 s"),
        (timedelta(minutes=61), "1 giờ 1 phút", "1 h 1 min"),
        (timedelta(days=1, hours=17, minutes=30), "1 ngày 17 giờ", "1 d 17 h"),
        (timedelta(days=1, minutes=30), "1 ngày", "1 d"),
        (timedelta(days=29, hours=5), "29 ngày", "29 d"),
        (timedelta(seconds=-90), "1 phút", "1 min"),
    ],
)
def test_lengths_of_time_in_their_largest_units(delta: timedelta, vi: str, en: str) -> None:
    assert (shown.span(delta, "vi"), shown.span(delta, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("text", "kind", "seen"),
    [
        ("202611150726", "datetime12", "07:26 15/11/2026"),
        ("20261115", "date8", "15/11/2026"),
        ("154245.00", "decimal2", "154.245,00"),
        ("2026", "integer", "2026"),
        ("2026111507", "datetime12", "2026111507"),
        ("01", "string", "01"),
    ],
)
def test_a_dossiers_values_are_readable_and_never_changed_in_meaning(text: str, kind: str, seen: str) -> None:
    assert shown.wire_value(text, kind) == seen


def test_who_a_person_is_and_how_ill_is_masked_in_every_table() -> None:
    telling = {
        "HO_TEN", "SO_CCCD", "NGAY_SINH", "MA_THE_BHYT", "DIA_CHI", "DIEN_THOAI", "MA_BN", "CHAN_DOAN_VAO",
        "CHAN_DOAN_RV", "MA_BENH_CHINH", "MA_BENH_KT", "HO_TEN_CHA", "HO_TEN_ME", "NGUOI_GIAM_HO", "DON_VI", "KET_LUAN",
        "GIA_TRI", "MO_TA", "DIEN_BIEN_LS", "PP_DIEUTRI", "GHI_CHU", "MA_BHXH", "MA_BENH", "TOMTAT_KQ", "QT_BENHLY",
    }  # fmt: skip
    for table in written_as("3176").tables.values():
        for name in telling & set(table.names):
            assert not clear.is_clear(table.name, name), (table.name, name)
    assert not clear.is_clear("XML6", "MA_LK")
    assert not clear.is_clear("XML1", "A_FIELD_OF_TOMORROW")
    assert clear.is_clear("XML1", "T_BHTT")


def test_what_is_listed_as_clear_exists() -> None:
    known = {name for table in written_as("3176").tables.values() for name in table.names}
    assert clear._document()["clear"] - known == frozenset()


def test_an_opened_dossier_closes_by_itself_and_for_others_it_never_opened() -> None:
    now = [datetime(2026, 11, 22, 8, tzinfo=UTC)]
    revealed = masking.Revealed(lambda: now[0])
    revealed.open("user:lan", 5)
    assert revealed.is_open("user:lan", 5)
    assert not revealed.is_open("user:minh", 5)
    assert not revealed.is_open("user:lan", 6)
    now[0] += timedelta(minutes=10)
    assert not revealed.is_open("user:lan", 5)
    revealed.open("user:lan", 5)
    revealed.close("user:lan", 5)
    assert not revealed.is_open("user:lan", 5)


def test_a_clock_that_stands_still_keeps_it_open() -> None:
    revealed = masking.Revealed(fixed_clock(datetime(2026, 11, 22, 8, tzinfo=UTC)))
    revealed.open("a", 1)
    assert revealed.is_open("a", 1)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("DN4010123456789", Scanned("DN4010123456789")),
        ("  001099000001 ", Scanned("001099000001")),
        (
            "001099000001|012345678|Nguyễn Văn Thử|01021999|Nam|Hà Nội|01012024",
            Scanned("001099000001", "Nguyễn Văn Thử", "01/02/1999"),
        ),
        (
            f"DN4010123456789|{'Nguyễn Thử'.encode().hex()}|01/02/1999|1|…",
            Scanned("DN4010123456789", "Nguyễn Thử", "01/02/1999"),
        ),
        ("DN4010123456789|Nguyễn Thử|01/02/1999", Scanned("DN4010123456789", "Nguyễn Thử", "01/02/1999")),
        ("DN4010123456789|ffff|1999", Scanned("DN4010123456789", "ffff", "1999")),
        ("", Scanned("")),
    ],
)
def test_one_field_takes_typed_numbers_and_both_qr_codes(text: str, seen: Scanned) -> None:
    assert read_scan(text) == seen


@pytest.mark.parametrize(
    ("target", "to"),
    [
        ("/dossiers?q=1", "/dossiers?q=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/login?next=/login", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_on_this_console(target: str, to: str) -> None:
    assert _inside(target) == to


def test_dear_numbers_are_counted_once_while_they_are_fresh() -> None:
    now, made = [0.0], []
    kept = Kept(lambda: now[0])

    def make() -> int:
        now[0] += 2.0  # counting takes two seconds
        made.append(1)
        return len(made)

    assert [kept.get("a", make), kept.get("a", make)] == [1, 1]
    now[0] += 29
    assert kept.get("a", make) == 1
    now[0] += 2
    assert kept.get("a", make) == 2
    kept.forget()
    assert kept.get("a", make) == 3
    assert kept.get("b", lambda: "x") == "x"


def test_a_number_that_cannot_be_counted_is_tried_again(tmp_path: Path) -> None:
    kept = Kept(lambda: 0.0)
    with pytest.raises(OSError, match="there"):
        kept.get("a", lambda: (tmp_path / "there").read_text("utf-8"))
    assert kept.get("a", lambda: 7) == 7


def test_a_day_is_named_and_a_hospitals_own_stamp_is_readable() -> None:
    assert shown.weekday("2026-11-22T17:30:00+00:00", "vi") == "thứ Hai 23/11/2026"
    assert shown.weekday("2026-11-22T16:30:00+00:00", "en") == "Sunday 22/11/2026"
    assert shown.stamped("20261118045100") == "04:51:00 18/11/2026"
    assert [shown.stamped(text) for text in ("", "2026", "99991118045100", "2026111804510x")] == ["", "", "", ""]
