"""The daily comparison: what the cursor missed is read, what the source no longer gives does not leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from adapter.clock import VIETNAM
from adapter.errors import SourceSchemaError
from adapter.pipeline.stages.reconcile import reconcile
from adapter.source import SourceEncounter
from adapter.watch.conditions import conditions
from adapter.watch.look import facts
from tests.support.pipeline_world import FACILITY, FakeSource, World


class AskedSource(FakeSource):
    """Every row is of one source day; ``hidden`` rows are never pulled, ``lost`` ones not even fetched."""

    def __init__(self, day: date) -> None:
        super().__init__()
        self.day = day
        self.hidden: dict[str, dict[str, Any]] = {}
        self.lost: set[str] = set()
        self.no_day = False

    def keys_on(self, day: date) -> frozenset[str]:
        if self.no_day:
            raise SourceSchemaError("thiếu day", "no day")
        return frozenset({*self.rows, *self.hidden, *self.lost}) if day == self.day else frozenset()

    def present(self, keys: Sequence[str]) -> frozenset[str]:
        return frozenset(keys) & {*self.rows, *self.hidden}

    def fetch(self, keys: Sequence[str]) -> Sequence[SourceEncounter]:
        hidden = [SourceEncounter(k, "1", self.hidden[k]) for k in keys if k in self.hidden]
        return [*super().fetch(keys), *hidden]


@pytest.fixture
def source(world: World) -> AskedSource:
    world.source = AskedSource(world.time().astimezone(VIETNAM).date() - timedelta(days=1))
    return world.source


def test_what_the_cursor_never_saw_is_read_and_goes_its_way_once(world: World, source: AskedSource) -> None:
    source.put("1")
    world.run()
    source.hidden["2"] = {"ma_lk": "LK2", "due": "claim"}
    result = world.run("reconcile")["reconcile"]
    assert result.ok
    assert (result.counts["at_source"], result.counts["reread"], result.counts["missing"]) == (2, 1, 0)
    world.run()
    assert world.dossier("LK2")["state"] == "accepted"
    again = world.run("reconcile")["reconcile"]
    assert (again.counts["reread"], again.counts["missing"]) == (0, 0)
    assert world.summary()["dossiers"]["accepted"] == 2
    assert world.store.balance.equations()["conserved"] is True


def test_what_still_cannot_be_read_is_told_until_it_is(world: World, source: AskedSource) -> None:
    source.lost.add("9")
    assert world.run("reconcile")["reconcile"].counts["missing"] == 1
    seen = facts(world.store, world.context().settings, free_bytes=10**12)
    assert seen.missing_at_source == {FACILITY: 1}
    assert "source-missing" in {one.condition for one in conditions(seen, world.context().settings.watch)}
    source.lost.clear()
    world.run("reconcile")
    assert facts(world.store, world.context().settings, free_bytes=10**12).missing_at_source == {}


def test_a_deleted_encounter_does_not_leave_and_goes_on_when_it_is_there_again(
    world: World, source: AskedSource
) -> None:
    source.put("1")
    source.put("2")
    world.run("pull", "translate", "check")
    kept = source.rows.pop("1")
    result = world.run("reconcile")["reconcile"]
    assert (result.counts["gone"], result.counts["held"]) == (1, 1)
    world.run("sign", "send")
    assert world.dossier("LK1")["held"] is True
    assert world.dossier("LK2")["state"] == "accepted"
    assert world.run("reconcile")["reconcile"].counts.get("gone", 0) == 0
    assert world.store.reconciliation.gone(FACILITY) == (1, 0)
    source.rows["1"] = kept
    assert world.run("reconcile")["reconcile"].counts["back"] == 1
    world.run("sign", "send")
    assert world.dossier("LK1")["state"] == "accepted"
    assert world.store.reconciliation.gone(FACILITY) == (0, 0)


def test_a_hold_of_a_person_is_not_taken_away_when_an_encounter_comes_back(world: World, source: AskedSource) -> None:
    source.put("1")
    world.run("pull", "translate", "check")
    world.store.queue.hold(world.dossier("LK1")["id"], reason="hỏi lại khoa", actor="an")
    kept = source.rows.pop("1")
    world.run("reconcile")
    source.rows["1"] = kept
    world.run("reconcile")
    assert world.dossier("LK1")["held"] is True


def test_an_accepted_encounter_that_is_deleted_keeps_its_receipt_and_is_counted(
    world: World, source: AskedSource
) -> None:
    source.put("1")
    world.run()
    source.rows.clear()
    assert world.run("reconcile")["reconcile"].counts["gone_sent"] == 1
    assert world.dossier("LK1")["state"] == "accepted"
    assert world.store.reconciliation.gone(FACILITY) == (1, 1)


def test_a_source_that_gives_nothing_at_all_any_more_is_a_failure_and_holds_nothing(
    world: World, source: AskedSource
) -> None:
    for n in range(25):
        source.put(str(n))
    world.run("pull", "translate", "check")
    source.rows.clear()
    assert not world.run("reconcile")["reconcile"].ok
    assert world.summary()["dossiers"]["held"] == 0


def test_sources_that_cannot_be_asked_say_so(world: World, source: AskedSource) -> None:
    source.no_day = True
    result = world.run("reconcile")["reconcile"]
    assert result.ok
    assert result.counts == {"no_day": 1}
    world.source = FakeSource()
    assert world.run("reconcile")["reconcile"].counts == {"cannot": 1}


def test_chosen_days_are_compared_and_kept_with_their_figures(world: World, source: AskedSource) -> None:
    source.put("1")
    world.run("pull")
    assert reconcile(world.context(), [source.day]).counts["days"] == 1
    (day,) = world.store.reconciliation.days(FACILITY)
    assert (day.day, day.at_source, day.known, day.reread, day.missing) == (source.day, 1, 1, 0, 0)
