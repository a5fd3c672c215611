"""What is measured is real work: every sown stay is another one, passes the rules, and the reference does the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

from adapter.dossier.model import Dossier
from adapter.pipeline.context import Context
from adapter.pipeline.stages.check import check
from adapter.pipeline.stages.pull import pull
from adapter.pipeline.stages.sign import sign
from adapter.pipeline.stages.translate import translate
from adapter.rules.context import Context as RulesContext
from adapter.rules.engine import check as check_rules
from adapter.rules.package import standard_for
from adapter.source import SourceEncounter
from benchmarks.encounters import FACILITY, LONG_LINES, NOW, plan, sow
from benchmarks.line import reference
from benchmarks.line.parts import CLAIM, Parts
from benchmarks.line.work import Work


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    """Two stays, sown."""
    with Work.open(tmp_path_factory.mktemp("line") / "work", encounters=2, batch_size=2) as opened:
        yield opened


def _rows(path: Path, columns: str, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as his:
        return his.execute(f"SELECT {columns} FROM {table} ORDER BY ID").fetchall()


def test_slices_of_one_hospital_do_not_overlap_and_repeat_exactly(tmp_path: Path) -> None:
    one, next_, again = (tmp_path / f"{name}.db" for name in ("one", "next", "again"))
    sow(one, encounters=5, distinct=2)
    sow(next_, encounters=5, distinct=2, first=6)
    sow(again, encounters=5, distinct=2)
    numbers = [int(str(code)) for path in (one, next_) for (code,) in _rows(path, "EPISODE_CODE", "EPISODE")]
    assert numbers == list(range(1, 11))
    people = "PATIENT_CODE, CCCD_NUMBER, SOCIAL_INSURANCE_NUMBER"
    assert len(set(_rows(one, people, "PATIENT") + _rows(next_, people, "PATIENT"))) == 10
    assert _rows(one, "*", "SERVED_ITEM") == _rows(again, "*", "SERVED_ITEM")
    with closing(sqlite3.connect(next_)) as his:
        assert his.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_stay_of_3000_lines_passes_the_rules(tmp_path: Path) -> None:
    with Work.open(tmp_path / "long", encounters=1, lines=LONG_LINES, batch_size=1) as long:
        (encounter,) = long.source.pull(None, now=NOW).encounters
        dossier = long.plan.translate(encounter, CLAIM, facility=FACILITY, now=NOW)
    assert sum(len(dossier.rows(table)) for table in ("XML2", "XML3")) == LONG_LINES
    context = RulesContext(at=NOW)
    report = check_rules(dossier, standard=standard_for(dossier, context), context=context)
    assert [f.rule for f in report.findings if f.severity != "info"] == []


def test_ours_and_the_reference_write_one_content_that_both_verifiers_believe(work: Work) -> None:
    parts = Parts.of(work, 2)
    assert len(parts.signed) == len(parts.plain_signed) == 2
    assert set(parts.signed).isdisjoint(parts.plain_signed)


def test_field_by_field_the_mapping_gives_the_same_dossiers(work: Work) -> None:
    encounters = work.source.pull(None, now=NOW).encounters
    exact = plan()
    with reference.field_by_field():
        plainly = [exact.translate(e, CLAIM, facility=FACILITY, now=NOW) for e in encounters]
    assert plainly == [work.plan.translate(e, CLAIM, facility=FACILITY, now=NOW) for e in encounters]


def test_what_json_keeps_is_what_our_codecs_keep(work: Work) -> None:
    encounters = work.source.pull(None, now=NOW).encounters
    dossiers = [work.plan.translate(e, CLAIM, facility=FACILITY, now=NOW) for e in encounters]
    kept, dossiers_kept = [e.canonical() for e in encounters], [d.canonical() for d in dossiers]
    with reference.kept_by_json():
        assert [e.canonical() for e in encounters] == kept
        assert [SourceEncounter.from_bytes(body) for body, _ in kept] == list(encounters)
        assert [d.content_hash() for d in dossiers] == [content_hash for _, content_hash in dossiers_kept]
        assert [Dossier.from_bytes(body) for body, _ in dossiers_kept] == dossiers
        plain = [d.to_bytes() for d in dossiers]
    assert [Dossier.from_bytes(body) for body in plain] == dossiers


@pytest.mark.parametrize(("plain", "kept"), [(False, nullcontext), (True, nullcontext), (True, reference.kept_by_json)])
def test_every_way_brings_every_stay_into_the_outbox(tmp_path: Path, plain: bool, kept: Any) -> None:
    with Work.open(tmp_path / "whole", encounters=3, batch_size=3) as opened:
        parts = reference.parts(opened) if plain else {}
        context: Context = opened.context(**parts)
        with kept():
            for stage in (pull, translate, check, sign):
                result = stage(context)
                assert result.failures == []
                assert result.counts.get("blocked", 0) == 0
        assert result.counts == {"signed": 3}


def test_checkins_are_there_when_they_are_asked_for(work: Work) -> None:
    (encounter, _) = work.source.pull(None, now=NOW).encounters
    assert [str(due.purpose) for due in plan().readiness(encounter).due] == ["claim"]
    assert [str(due.purpose) for due in plan(checkins=True).readiness(encounter).due] == ["checkin", "checkin", "claim"]
    assert isinstance(work.plan.translate(encounter, CLAIM, facility=FACILITY, now=NOW), Dossier)
