"""Every link between our documents leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
_LINK = re.compile(r"\]\(([^)\s\[\]{}|]+)\)")
PAGES = sorted(
    page
    for folder in (ROOT, ROOT / "docs", ROOT / "benchmarks", ROOT / "config", ROOT / "mappings", ROOT / "connectors")
    for page in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = [
        link
        for link in _LINK.findall(text)
        if not link.startswith(("http://", "https://", "mailto:", "#"))
        and not (page.parent / link.partition("#")[0]).exists()
    ]
    assert not broken
