"""What a translation used is freed when it ends, and does not wait for Python's cycle collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapter.mapping.language.scope import Run, Scope
from adapter.mapping.tools.preview import preview
from adapter.settings import SourceSettings
from adapter.source import SourceEncounter
from benchmarks.encounters import FACILITY, NOW, plan, sow
from connectors.base import open_source


@contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def left() -> list[object]:
    return [one for one in gc.get_objects() if isinstance(one, Run | Scope)]


def test_nothing_of_an_encounter_is_left_once_it_is_translated(tmp_path: Path) -> None:
    sow(tmp_path / "his.db", encounters=1, distinct=1)
    mapping = plan(checkins=True)
    source = open_source(mapping.source, SourceSettings(url=f"sqlite:///{tmp_path}/his.db"))
    (encounter,) = source.pull(None, now=NOW).encounters
    with collector_off():
        before = len(left())
        ready = mapping.readiness(encounter)
        for due in ready.due:
            assert mapping.translate_noted(encounter, due, facility=FACILITY, now=NOW).dossier.tables
        assert mapping.healthbook_noted(encounter, facility=FACILITY, now=NOW).sections
        assert len(left()) == before


def test_nothing_is_left_of_an_encounter_that_cannot_be_translated(tmp_path: Path) -> None:
    sow(tmp_path / "his.db", encounters=1, distinct=1)
    mapping = plan()
    source = open_source(mapping.source, SourceSettings(url=f"sqlite:///{tmp_path}/his.db"))
    (encounter,) = source.pull(None, now=NOW).encounters
    broken = SourceEncounter(encounter.key, encounter.stamp, encounter.row, {})
    with collector_off():
        before = len(left())
        shown = preview(mapping, broken, facility=FACILITY, now=NOW)
        assert shown["errors"]
        del shown
        assert len(left()) == before
