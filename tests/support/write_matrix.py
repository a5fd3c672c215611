"""``python -m tests.support.write_matrix``: the page docs/security/matrix.md from the application."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from adapter.api.matrix import matrix
from tests.support.api_world import api_world

PAGE = Path(__file__).parents[2] / "docs" / "security" / "matrix.md"


def made() -> str:
    """The page as it must be."""
    with TemporaryDirectory() as folder, api_world(Path(folder)) as world:
        return matrix(world.app)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(made(), encoding="utf-8")
