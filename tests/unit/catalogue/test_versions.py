"""Old row closed, new row opened; the index answers by code and day."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from adapter.catalogue.index import CatalogueIndex
from adapter.catalogue.lists import spec_of
from adapter.catalogue.reader import Entry
from adapter.catalogue.versions import Changes, Kept, plan_changes

_SPEC = spec_of("departments")
_SERVICES = spec_of("services")
_NEW_YEAR, _JULY = date(2026, 1, 1), date(2026, 7, 1)


def _entry(code: str, name: str = "n", since: date | None = None, until: date | None = None, **more: str) -> Entry:
    return Entry(code, {"name": name, **more}, since, until)


def _apply(kept: list[Kept], changes: Changes) -> list[Kept]:
    from dataclasses import replace

    rows = [
        Kept(k.id, replace(k.entry, until=changes.closed.get(k.id, k.entry.until)))
        for k in kept
        if k.id not in changes.retired
    ]
    last = max((k.id for k in kept), default=0)
    return rows + [Kept(last + n, e) for n, e in enumerate(changes.opened, 1)]


def test_a_changed_row_closes_the_old_one_the_day_before() -> None:
    kept = [Kept(1, _entry("K01", "Cũ", _NEW_YEAR))]
    changes = plan_changes(_SPEC, kept, [_entry("K01", "Mới")], since=_JULY)
    assert changes.closed == {1: date(2026, 6, 30)}
    assert [(e.values["name"], e.since) for e in changes.opened] == [("Mới", _JULY)]


def test_the_same_file_again_changes_nothing() -> None:
    kept = [Kept(1, _entry("K01", since=_NEW_YEAR))]
    changes = plan_changes(_SPEC, kept, [_entry("K01")], since=_JULY)
    assert (changes.opened, changes.closed, changes.retired, changes.unchanged) == ([], {}, [], 1)


def test_a_row_sent_again_with_its_last_day_is_closed_and_its_successor_opened() -> None:
    kept = [Kept(1, _entry("18.1", "Siêu âm", _NEW_YEAR, price="100"))]
    june = date(2026, 6, 30)
    file = [
        _entry("18.1", "Siêu âm", _NEW_YEAR, june, price="100"),
        _entry("18.1", "Siêu âm", _JULY, price="120"),
    ]
    changes = plan_changes(_SERVICES, kept, file, since=_JULY)
    assert changes.closed == {1: june}
    assert [(e.values["price"], e.since) for e in changes.opened] == [("120", _JULY)]


def test_a_correction_from_the_first_day_stands_in_the_place_of_the_old_row() -> None:
    kept = [Kept(1, _entry("K01", "Sai", _NEW_YEAR))]
    changes = plan_changes(_SPEC, kept, [_entry("K01", "Đúng", _NEW_YEAR)], since=_JULY)
    assert changes.retired == [1]
    assert changes.closed == {}


def test_rows_the_file_does_not_name_stay_unless_it_is_the_whole_list() -> None:
    kept = [Kept(1, _entry("K01", since=_NEW_YEAR)), Kept(2, _entry("K02", since=_NEW_YEAR))]
    assert plan_changes(_SPEC, kept, [_entry("K01")], since=_JULY).closed == {}
    assert plan_changes(_SPEC, kept, [_entry("K01")], since=_JULY, whole=True).closed == {2: date(2026, 6, 30)}


_DAYS = st.dates(_NEW_YEAR, date(2026, 12, 31))


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("xyz"), st.none() | _DAYS), max_size=4), max_size=5
    )
)
def test_after_any_imports_one_entry_has_at_most_one_row_a_day(files: list[list[tuple[str, str, date | None]]]) -> None:
    kept: list[Kept] = []
    for n, file in enumerate(files):
        latest = {code: _entry(code, name, since) for code, name, since in file}
        changes = plan_changes(_SPEC, kept, list(latest.values()), since=_NEW_YEAR + timedelta(days=40 * n))
        kept = _apply(kept, changes)
        for code, entry in latest.items():
            day = entry.since or _NEW_YEAR + timedelta(days=40 * n)
            on_day = [
                k.entry
                for k in kept
                if k.entry.code == code and (k.entry.since or date.min) <= day <= (k.entry.until or date.max)
            ]
            assert [e.values["name"] for e in on_day] == [entry.values["name"]]


def test_the_index_answers_by_day_and_under_every_number_of_a_person() -> None:
    index = CatalogueIndex()
    staff = Entry("0001/BV", {"insurance_number": "0123456789"}, _NEW_YEAR, date(2026, 6, 30))
    index.add(spec_of("staff"), [staff])
    assert index.find("staff", "0123456789", _NEW_YEAR)[0]["code"] == "0001/BV"
    assert index.find("staff", "0001/BV", _JULY) == []
    assert index.has("staff", date(2026, 6, 30))
    assert not index.has("staff", _JULY)
    assert not index.has("drugs", _NEW_YEAR)
    assert index.find("drugs", "x", _NEW_YEAR) == ()
