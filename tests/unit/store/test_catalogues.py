"""Lists in the store: all or nothing, by facility and day, one index until something changes. On both stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from adapter.catalogue.lists import spec_of
from adapter.catalogue.reader import Entry
from adapter.errors import ConfigError
from adapter.store import Store
from adapter.store.catalogues.catalogues import NATIONAL, Source
from adapter.store.catalogues.importing import compare, import_file
from adapter.store.catalogues.schema import catalogue_rows
from tests.support.pipeline_world import Time, vault

_JAN, _JULY = date(2026, 1, 1), date(2026, 7, 1)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url, vault(), Time()) as opened:
        yield opened


def _take(store: Store, name: str, owner: str, *entries: Entry, since: date = _JAN) -> None:
    store.catalogues.take(
        spec_of(name),
        owner,
        entries,
        source=Source.of("f.csv", b"f"),
        since=since,
        whole=False,
        now=Time()(),
        actor="test",
    )


def test_a_facility_sees_its_own_lists_and_the_national_ones(store: Store) -> None:
    assert store.catalogues.index("01001") is None
    _take(store, "icd10", NATIONAL, Entry("J18.9", {"name": "Viêm phổi"}, None, None))
    _take(store, "departments", "01001", Entry("K01", {}, None, None))
    one, other = store.catalogues.index("01001"), store.catalogues.index("01002")
    assert one is not None
    assert other is not None
    assert one.find("icd10", "J18.9", _JULY)
    assert one.has("departments", _JULY)
    assert not other.has("departments", _JULY)


def test_the_index_is_kept_until_a_file_comes(store: Store) -> None:
    _take(store, "departments", "01001", Entry("K01", {"name": "Cũ"}, None, None))
    first = store.catalogues.index("01001")
    assert store.catalogues.index("01001") is first
    _take(store, "departments", "01001", Entry("K01", {"name": "Mới"}, None, None), since=_JULY)
    second = store.catalogues.index("01001")
    assert second is not first
    assert second is not None
    assert [second.find("departments", "K01", d)[0]["name"] for d in (date(2026, 6, 30), _JULY)] == ["Cũ", "Mới"]


def test_lists_about_people_are_sealed(store: Store) -> None:
    _take(store, "staff", "01001", Entry("0001/BV-CCHN", {"insurance_number": "0123456789"}, None, None))
    with store.database.read() as connection:
        bodies = [bytes(b) for b in connection.execute(select(catalogue_rows.c.body)).scalars()]
    assert bodies
    assert all(b"0001/BV" not in b and b"0123456789" not in b for b in bodies)
    assert [e.code for e in store.catalogues.rows("staff", "01001")] == ["0001/BV-CCHN"]


def _import(store: Store, path: Path, **more: object) -> object:
    given = {"name": None, "facility": None, "known": ["01001"], "since": _JAN, "whole": False, **more}
    return import_file(store.catalogues, path, now=Time()(), actor="test", **given)  # type: ignore[arg-type]


def test_a_file_with_one_faulty_row_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "dv.csv"
    path.write_text("MA_DICH_VU,TEN_DICH_VU,DON_GIA\n18.1,Siêu âm,100\n18.2,X quang,abc\n", encoding="utf-8")
    done = _import(store, path)
    assert done.changes is None  # type: ignore[attr-defined]
    assert store.catalogues.lists(_JAN) == []
    path.write_text("MA_DICH_VU,TEN_DICH_VU,DON_GIA\n18.1,Siêu âm,100\n18.2,X quang,200\n", encoding="utf-8")
    assert not _import(store, path, trial=True).kept  # type: ignore[attr-defined]
    assert store.catalogues.version("01001") == 0
    assert _import(store, path).changes.counts()["opened"] == 2  # type: ignore[attr-defined]
    path.write_text("MA_DICH_VU,TEN_DICH_VU,DON_GIA\n18.1,Siêu âm,150\n", encoding="utf-8")
    _import(store, path, since=_JULY, whole=True)
    found = compare(store.catalogues, "services", "01001", _JAN, _JULY)
    assert [r["code"] for r in found["removed"]] == ["18.2"]
    assert found["changed"][0]["columns"] == {"price": ["100", "150"]}


def test_a_facility_must_be_said_where_there_are_several(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "khoa.csv"
    path.write_text("MA_KHOA,TEN_KHOA\nK01,Khám\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="01002"):
        _import(store, path, known=["01001", "01002"])
