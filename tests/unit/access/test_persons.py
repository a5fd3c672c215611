"""One person's data: handed over whole, erased within the law, recorded either way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from adapter.dossier.model import Dossier
from adapter.store.store import Store
from adapter.store.tables.schema import dossier_bodies, signed_bodies, source_bodies
from tests.support.pipeline_world import FakePlan, FakeSource, Time, World, vault

CARD, OTHER = "XX4010000000001", "XX4010000000002"
WHY: dict[str, Any] = {"reason": "đơn của người bệnh", "actor": "cli:officer"}


class Plan(FakePlan):
    """Every dossier carries the card its row names."""

    def translate(self, encounter: Any, due: Any, **options: Any) -> Dossier:
        dossier = super().translate(encounter, due, **options)
        header = {**dossier.header, "MA_THE_BHYT": encounter.row["card"]}
        return replace(dossier, tables={"XML1": [header]})


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    time, source = Time(), FakeSource()
    source.put("done", card=CARD, name="Nguyễn Thị Xong")
    source.put("stuck", card=CARD, name="Nguyễn Thị Xong", rule="X1-FMT-007")
    source.put("other", card=OTHER, name="Lê Văn Khác")
    with Store.open(store_url, vault(), time) as store:
        made = World(store, time, source, Plan())
        made.run()
        yield made


def _bodies(store: Store, table: Any) -> int:
    with store.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_everything_about_a_person_is_handed_over_and_nothing_of_another(world: World) -> None:
    found = world.store.people.persons.export(CARD, **WHY)
    assert sorted(one["ma_lk"] for one in found) == ["LKdone", "LKstuck"]
    assert found[0]["tables"][1]["XML1"][0]["HO_TEN"] == "Nguyễn Thị Xong"
    assert "Khác" not in json.dumps(found, ensure_ascii=False)
    lines = world.store.audit.list(action="person.export")
    assert [line["reason"] for line in lines] == [WHY["reason"]] * 2
    assert CARD not in json.dumps(lines)


def test_what_is_over_is_erased_and_what_is_under_way_stays_whole(world: World) -> None:
    store = world.store
    before = {table.name: _bodies(store, table) for table in (source_bodies, dossier_bodies, signed_bodies)}
    done, stuck = sorted(store.people.persons.erase(CARD, **WHY), key=lambda one: one.kept)
    assert (done.kept, done.source, done.content, done.signed) == ("", 1, 1, 0)
    assert done.signed_until, "the signed document is a record the law keeps"
    assert (stuck.kept, stuck.source, stuck.content) == ("state blocked", 0, 0)
    assert _bodies(store, source_bodies) == before["source_bodies"] - 1
    assert _bodies(store, dossier_bodies) == before["dossier_bodies"] - 1
    assert _bodies(store, signed_bodies) == before["signed_bodies"]
    kept = world.dossier("LKdone")
    assert kept["revisions"][0]["receipts"], "receipts stay"
    assert store.balance.summary()["conserved"]
    assert {row["ma_lk"] for row in store.queries.list(text="Nguyễn Thị Xong")} == {"LKstuck"}
    lines = store.audit.list(action="person.erase")
    assert {line["detail"]["kept"] for line in lines} == {"", "state blocked"}


def test_a_signed_document_goes_once_its_retention_is_over(world: World) -> None:
    world.time.at += timedelta(days=3700)
    done = next(one for one in world.store.people.persons.erase(CARD, **WHY) if not one.kept)
    assert (done.signed, done.signed_until) == (1, None)


def test_erasing_twice_does_nothing_more_and_the_engine_goes_on(world: World) -> None:
    world.store.people.persons.erase(CARD, **WHY)
    again = next(one for one in world.store.people.persons.erase(CARD, **WHY) if not one.kept)
    assert (again.source, again.content, again.facts) == (0, 0, 0)
    world.source.put("stuck", rule="")
    world.run()
    assert world.dossier("LKstuck")["state"] == "accepted"
    assert world.dossier("LKdone")["state"] == "accepted"


def test_a_facility_reaches_its_own_patients_only_and_an_unknown_number_is_recorded_too(world: World) -> None:
    persons = world.store.people.persons
    assert persons.export(CARD, **WHY, facilities=frozenset({"01998"})) == []
    assert persons.erase("000000000000", **WHY) == []
    assert [line["outcome"] for line in world.store.audit.list(action="person.")] == ["nothing", "nothing"]
    with world.store.database.read() as connection:
        kept = "".join(repr(tuple(row)) for row in connection.execute(text("SELECT * FROM audit")))
    assert CARD not in kept
