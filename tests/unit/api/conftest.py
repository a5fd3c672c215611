from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.api_world import ApiWorld, api_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    """One application for a file's tests, with two dossiers of one patient."""
    with api_world(Path(tmp_path_factory.mktemp("api"))) as made:
        made.fill()
        yield made
