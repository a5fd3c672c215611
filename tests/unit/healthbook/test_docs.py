"""Pages whose tables come from the data are up to date, and every picture and setting is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapter.cli.dossiers.book_cmd import app
from adapter.healthbook.reference import fields_table, privacy_table, put_into
from adapter.settings import BookSettings

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.mark.parametrize(("page", "table"), [("model", fields_table()), ("privacy", privacy_table())])
def test_generated_tables_are_up_to_date(page: str, table: str) -> None:
    text = (DOCS / "healthbook" / f"{page}.md").read_text(encoding="utf-8")
    assert text == put_into(text, table)


@pytest.mark.parametrize(
    "page", ["healthbook/README.md", "healthbook/model.md", "healthbook/privacy.md", "vi/healthbook.md"]
)
def test_links_lead_somewhere(page: str) -> None:
    path = DOCS / page
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_every_setting_and_command_is_told() -> None:
    text = (DOCS / "healthbook" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in BookSettings.model_fields)
    assert all(f"bhyt book {command.name}" in text for command in app.registered_commands)
