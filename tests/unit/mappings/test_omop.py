"""A database nobody here designed: nearly every visit passes, the others name a rule, all in this year."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapter.clock import VIETNAM
from adapter.demo.omop import lay_out
from adapter.dossier.model import Purpose
from adapter.mapping import load_mapping
from adapter.settings import SourceSettings
from connectors.base import open_source
from tests.support.demo_world import check_encounter, read_all

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=VIETNAM)


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict[str, str], set[str]]]:
    """XML1 and the broken error rules of each claim."""
    workdir = tmp_path_factory.mktemp("omop")
    lay_out(workdir, now=NOW)
    plan = load_mapping(workdir / "omop" / "mapping.yaml")
    source = open_source(plan.source, SourceSettings(url=f"duckdb:///{workdir / 'omop.duckdb'}", batch_size=500))
    found = []
    for encounter in read_all(source, now=NOW):
        for checked in check_encounter(plan, encounter, now=NOW):
            if checked.dossier.purpose is Purpose.CLAIM:
                found.append((dict(checked.dossier.header), checked.rules("error") | checked.rules("warning")))
            else:
                assert checked.rules() == set()
    source.close()
    return found


def test_at_least_95_of_100_visits_break_no_rule_and_the_rest_lack_a_diagnosis_in_the_source(
    visits: list[tuple[dict[str, str], set[str]]],
) -> None:
    assert len(visits) == 1037
    broken = Counter(rule for _, rules in visits for rule in rules)
    assert set(broken) == {"X1-REQ-016"}
    assert sum(1 for _, rules in visits if not rules) >= 0.95 * 1037


def test_every_visit_ends_in_the_running_year_before_now(visits: list[tuple[dict[str, str], set[str]]]) -> None:
    last = NOW.strftime("%Y%m%d%H%M")
    earliest = (NOW - timedelta(days=10)).strftime("%Y%m%d")
    assert all(earliest <= header["NGAY_RA"] <= last for header, _ in visits)
    assert {header["NGAY_RA"][:4] for header, _ in visits} == {"2026"}


def test_people_are_made_by_rule_in_ranges_nobody_has(visits: list[tuple[dict[str, str], set[str]]]) -> None:
    by_person: dict[str, set[tuple[str, str]]] = {}
    for header, _ in visits:
        assert header["SO_CCCD"].startswith("000")
        assert header["MA_THE_BHYT"][5:7] == "00"
        by_person.setdefault(header["MA_BN"], set()).add((header["HO_TEN"], header["MA_THE_BHYT"][5:]))
    assert all(len(names) == 1 for names in by_person.values())


@pytest.mark.parametrize("now", ["2027-01-01T00:05", "2027-01-04T08:00", "2028-02-29T09:00"])
def test_the_days_visits_end_on_follow_the_clock(tmp_path: Path, now: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=VIETNAM)
    lay_out(tmp_path, now=at)
    lines = (tmp_path / "omop" / "codes" / "shift.csv").read_text(encoding="utf-8").splitlines()
    anchor, spread = lines[1].split(",")[1], int(lines[2].split(",")[1])
    assert anchor <= at.strftime("%Y%m%d")
    first = datetime.strptime(anchor, "%Y%m%d") - timedelta(days=spread - 1)  # noqa: DTZ007 -- a day
    assert first.year == at.year
