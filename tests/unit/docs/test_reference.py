"""Documentation that cannot rot: every setting, command, metric and alert condition has its entry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.write_reference import FOLDER, PAGES, conditions_named, watch_settings

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("page", sorted(PAGES))
def test_the_reference_is_what_the_program_says(page: str) -> None:
    kept = (FOLDER / page).read_text(encoding="utf-8")
    assert kept == PAGES[page](), "run: python -m tests.support.write_reference"


@pytest.mark.parametrize("page", ["operations.md", "vi/operations.md"])
def test_every_alert_condition_and_threshold_is_explained_in_both_languages(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    named = conditions_named()
    assert len(named) > 10
    assert [name for name in named if f"`{name}`" not in text] == []
    assert [name for name in watch_settings() if f"`{name}`" not in text] == []
