"""Workers that die and one that loses the database: nothing lost, nothing doubled. The large run: ``make cluster``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.cluster import passed, storm
from tests.support.postgres import postgres_server

__all__ = ["postgres_server"]


@pytest.mark.slow
@pytest.mark.needs("postgres")
def test_three_workers_two_killed_one_cut_off_accept_everything_once(tmp_path: Path, postgres_server: str) -> None:
    lines: list[str] = []
    report = storm(tmp_path / "work", postgres_server, dossiers=60, rounds=1, say=lines.append)
    assert len(report["happened"]) == 3
    assert passed(report), report
    assert report["states"]["accepted"] > 40
