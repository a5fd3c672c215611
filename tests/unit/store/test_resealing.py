"""After a new data key: what earlier ones sealed is sealed anew, beside a service at work, and says the same."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, select

from adapter.errors import VaultError
from adapter.store import Store
from adapter.store.people.audit import Entry
from adapter.store.resealing import Resealing, _places
from adapter.store.tables.schema import metadata
from adapter.vault import Vault
from adapter.vault.keyfile import key_id
from tests.support.pipeline_world import FACILITY, Time, World

OLD, NEW, INDEX = b"o" * 32, b"n" * 32, b"i" * 32
_HASHED = ("_blind", "_hash", "mac", "previous", "whom", "value")


def before() -> Vault:
    return Vault((OLD,), INDEX)


def after() -> Vault:
    return Vault((NEW, OLD), INDEX)


@pytest.fixture
def url(store_url: str) -> str:
    """A store with dossiers on every way, filled under the old key."""
    with Store.open(store_url, before(), Time()) as store:
        world = World(store, store.clock)  # type: ignore[arg-type]
        for number in range(12):
            world.source.put(str(number), **({"rule": "X1-REQ-001"} if number % 5 == 0 else {}))
        for _ in range(3):
            world.run()
        store.audit.record(Entry("test.note", "cli:x", reason="vì Trần Văn Kín"))
        from adapter.readiness import attest

        attest(store, world.context().facility, 5, person="Trần Văn Giám Đốc", note="QĐ 12", actor="cli:x")
    return store_url


def sealed_by(store: Store, key: bytes) -> dict[str, int]:
    """Every value of the whole store that this key sealed, found by looking at all of them."""
    found: dict[str, int] = {}
    with store.database.read() as connection:
        for table in metadata.sorted_tables:
            for column in table.c:
                if isinstance(column.type, LargeBinary):
                    values = connection.execute(select(column).where(column.is_not(None))).scalars()
                    count = sum(bytes(value).startswith(b"\x01" + key_id(key)) for value in values)
                    if count:
                        found[f"{table.name}.{column.name}"] = count
    return found


def told(store: Store) -> list[Any]:
    """What people and the gateway are shown of it."""
    shown = [store.queries.show(row["id"]) for row in store.queries.list(limit=50)]
    return [shown, store.balance.summary(), store.attestations.standing(FACILITY)]


def test_every_column_that_is_sealed_is_known() -> None:
    known = {place.name for place in _places()}
    sealed = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, LargeBinary) and not column.name.endswith(_HASHED)
    }
    assert sealed - known == {"audit.reason_sealed"}, "the log's lines are never rewritten"
    assert known <= sealed


def test_old_bodies_are_sealed_anew_and_say_the_same(url: str) -> None:
    with Store.open(url, after(), Time()) as store:
        first = told(store)
        found = sealed_by(store, OLD)
        assert len(found) > 8
        work = Resealing(store.database, store.vault)
        assert work.left() == {name: count for name, count in found.items() if name != "audit.reason_sealed"}
        done = work.run(batch=3)
        assert done == {name: count for name, count in found.items() if name != "audit.reason_sealed"}
        assert work.left() == {}
        assert set(sealed_by(store, OLD)) == {"audit.reason_sealed"}
        assert told(store) == first
        assert store.audit.verify().problem == ""
    with Store.open(url, Vault((NEW,), INDEX), Time()) as store:
        assert store.balance.summary() == first[1]
        assert [row["ma_lk"] for row in store.queries.list(limit=50)], "the old key is no longer needed for dossiers"


def test_it_stops_after_so_many_and_goes_on_where_it_stood(url: str) -> None:
    with Store.open(url, after(), Time()) as store:
        work = Resealing(store.database, store.vault)
        all_of_it = sum(work.left().values())
        part = sum(work.run(batch=4, most=10).values())
        assert 10 <= part < 14
        assert sum(work.left().values()) == all_of_it - part
        rest = work.run(batch=5, stopping=iter([False, False, True]).__next__)
        assert sum(rest.values()) <= 15
        work.run()
        assert work.left() == {}


def test_a_service_at_work_meanwhile_loses_nothing(url: str) -> None:
    with Store.open(url, after(), Time()) as store:
        world = World(store, store.clock)  # type: ignore[arg-type]
        world.source._ticks = 100  # later than all that was read
        for number in range(12):
            world.source.put(str(number), amount=f"{number + 5}.00")
        work = Resealing(store.database, store.vault)
        thread = threading.Thread(target=work.run, kwargs={"batch": 2})
        thread.start()
        for _ in range(3):
            world.run()
        thread.join()
        work.run()
        assert work.left() == {}
        summary = store.balance.summary()
        assert summary["conserved"]
        assert summary["dossiers"]["accepted"] == 12


def test_a_value_no_key_opens_stops_it_and_is_named(url: str) -> None:
    with Store.open(url, Vault((NEW,), INDEX), Time()) as store, pytest.raises(VaultError, match=key_id(OLD).hex()):
        Resealing(store.database, store.vault).run()


def test_a_process_that_read_the_keys_before_a_rotation_opens_what_the_new_one_seals(tmp_path: Path) -> None:
    from adapter.vault import keyfile

    file = tmp_path / "vault.key"
    running = Vault.open(file, create=True)
    keys = keyfile.read(file, None)
    keyfile.write(file, keys.with_new_key(), None)
    sealed = Vault.open(file).seal(b"anew", "x")
    assert running.open_(sealed, "x") == b"anew"
    assert running.knows(Vault.open(file).key_id)
    with pytest.raises(VaultError):
        running.open_(after().seal(b"foreign", "x"), "x")
