"""What was sent before: found by keyed values, counted once it is on its way, filled in for older stores. On both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from adapter.dossier.model import Dossier
from adapter.pipeline.workbench import InlineBench
from adapter.source import SourceEncounter
from adapter.store import Stage, Store
from adapter.store.history.history import Texts, json_text
from adapter.store.history.schema import history_keys, history_visits
from adapter.store.tables.schema import meta
from tests.support.pipeline_world import FACILITY, FakeDue, FakePlan, Time, World, vault
from tests.support.rule_cases import build


class _Plan(FakePlan):
    """Dossiers of the rules' own base, changed as the row's patch says."""

    def translate(self, encounter: SourceEncounter, due: FakeDue, **_: Any) -> Dossier:
        row = encounter.row
        patch: Mapping[str, Any] = {"@base": row.get("base", "outpatient"), **row["patch"]}
        made = build(patch)
        tables = {table: [{**r, "MA_LK": row["ma_lk"]} for r in rows] for table, rows in made.tables.items()}
        tables["XML1"][0]["MA_CSKCB"] = FACILITY
        return replace(made, facility=FACILITY, ma_lk=row["ma_lk"], tables=tables)


@pytest.fixture
def world(store_url: str) -> Iterator[World]:
    time = Time()
    with Store.open(store_url, vault(), time) as store:
        yield World(store, time, plan=_Plan())


def _check(world: World) -> None:
    from adapter.pipeline import STAGES

    context = world.context()
    bench = InlineBench(context.settings, context.facility)
    world.run("pull", "translate")
    assert STAGES["check"](replace(context, bench=bench)).ok


def _rules(world: World, ma_lk: str) -> set[str]:
    return {f["rule"] for f in world.dossier(ma_lk)["revisions"][-1]["findings"]}


_TEXTS = st.recursive(st.text(), lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=12)


@given(_TEXTS)
def test_keys_are_made_of_the_characters_that_stores_were_filled_with(what: Texts) -> None:
    assert json_text(what) == json.dumps(what, ensure_ascii=False)


_ANOTHER = {"XML1.1.MA_BN": "KHAC"}


def test_of_two_visits_that_clash_the_later_one_is_told(world: World) -> None:
    world.source.put("1", patch={})
    world.source.put("2", patch={"XML1.1.T_TONGCHI_BV": "1"})
    _check(world)
    assert "DUP-002" not in _rules(world, "LK1")
    assert "DUP-002" in _rules(world, "LK2")


def test_the_same_claim_under_another_key_is_an_error(world: World) -> None:
    world.source.put("1", patch={})
    _check(world)
    world.source.put("2", patch={})
    _check(world)
    assert "PKG-024" in _rules(world, "LK2")
    assert world.dossier("LK2")["state"] == "blocked"


def test_another_person_the_same_day_meets_nothing(world: World) -> None:
    world.source.put("1", patch={})
    other = {"XML1.1.MA_THE_BHYT": "DN4019999999999", "XML1.1.SO_CCCD": "001190999999"}
    world.source.put("2", patch=other)
    _check(world)
    assert not {"DUP-001", "DUP-002", "DUP-003", "DUP-004", "PKG-024"} & _rules(world, "LK2")


def test_a_corrected_dossier_does_not_meet_itself(world: World) -> None:
    world.source.put("1", patch={})
    _check(world)
    world.source.put("1", patch=_ANOTHER)
    _check(world)
    assert not {"DUP-002", "DUP-004", "PKG-024", "PKG-023"} & _rules(world, "LK1")


def test_nothing_readable_is_kept(world: World) -> None:
    world.source.put("1", patch={})
    _check(world)
    header = build({"@base": "outpatient"}).header
    with world.store.database.read() as connection:
        rows = connection.execute(select(history_keys)).all()
        bodies = connection.execute(select(history_visits.c.body)).scalars().all()
    assert rows
    secrets = [header[n].encode() for n in ("MA_THE_BHYT", "HO_TEN", "MA_BN")] + [b"LK1"]
    stored = [bytes(r.value) for r in rows] + [bytes(b) for b in bodies]
    assert not any(secret in value for secret in secrets for value in stored)


def test_a_store_from_before_is_filled_in_once(world: World) -> None:
    world.source.put("1", patch={})
    _check(world)
    with world.store.database.write() as connection:
        connection.execute(delete(history_keys))
        connection.execute(delete(history_visits))
        connection.execute(delete(meta).where(meta.c.key == "history-filled"))
    assert world.store.history.fill() == 1
    assert world.store.history.fill() == 0
    world.source.put("2", patch={})
    _check(world)
    assert "PKG-024" in _rules(world, "LK2")


_OTHER_PERSON = {"XML1.1.MA_THE_BHYT": "DN4019999999999", "XML1.1.SO_CCCD": "001190999999"}


def _times(start: str, end: str) -> dict[str, str]:
    """The laboratory line of the base (08:30 to 09:30 on 1 September) at another time."""
    return {"XML3.2.NGAY_TH_YL": start, "XML3.2.NGAY_KQ": end}


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        (("202609010830", "202609010930"), ("202609010900", "202609011000"), True),
        (("202609010830", "202609010930"), ("202609010930", "202609011000"), False),
        (("202608312200", "202609010845"), ("202609010830", "202609010930"), True),  # over midnight, before
        (("202609010830", "202609010930"), ("202608312200", "202609010845"), True),
        (("202608312200", "202609010100"), ("202609010830", "202609010930"), False),
        (("202608302200", "202609020800"), ("202608312200", "202609010845"), True),
        (("202608310830", "202608310930"), ("202609010830", "202609010930"), False),
    ],
)
def test_whoever_was_busy_elsewhere_is_found_also_over_midnight(
    world: World, first: tuple[str, str], second: tuple[str, str], meet: bool
) -> None:
    world.source.put("1", patch=_times(*first))
    world.source.put("2", patch={**_OTHER_PERSON, **_times(*second)})
    world.source.put("3", patch={**_OTHER_PERSON, **_times("202601010830", "202601010930")})
    world.run("pull", "translate")
    claimed = world.store.outbox.claim(
        Stage.CHECK, FACILITY, owner="w", limit=9, now=world.time(), lease=timedelta(minutes=5)
    )
    pasts = world.store.history.pasts(claimed, lambda one: Dossier.from_bytes(one.body))
    (later,) = [pasts[one.revision_id] for one in claimed if one.dossier_id == world.dossier("LK2")["id"]]
    assert bool(later.busy("NGUOI_THUC_HIEN", "000002/XX-GPHN", *second, but_not="LK2")) is meet


def test_times_long_past_are_forgotten(world: World) -> None:
    world.source.put("1", patch={})
    _check(world)
    world.time.pass_(minutes=400 * 24 * 60)
    world.store.purge()
    with world.store.database.read() as connection:
        kinds = set(connection.execute(select(history_keys.c.kind)).scalars())
    assert "busy" not in kinds
    assert "person" in kinds
