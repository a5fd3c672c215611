"""A dossier's way as a picture: what is behind it, where it stands, and who waits for whom."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.console.reads.way import way_of
from adapter.store.states import State


def _line(state: str, **more: Any) -> dict[str, Any]:
    return {"state": state, "verdict": None, "held": False, "purpose": "claim", **more}


@pytest.mark.parametrize(
    ("line", "done", "at"),
    [
        (_line("translated"), 1, ("checked", "busy")),
        (_line("blocked"), 1, ("checked", "bad")),
        (_line("signed"), 3, ("sent", "busy")),
        (_line("unknown"), 4, ("receipt", "warn")),
        (_line("refused"), 4, ("receipt", "bad")),
        (_line("accepted", verdict="pending"), 5, ("verdict", "busy")),
        (_line("accepted", verdict="faulty"), 5, ("verdict", "bad")),
        (_line("accepted", verdict="good"), 6, None),
        (_line("accepted", purpose="checkin"), 5, None),
        (_line("ready", held=True), 2, ("signed", "warn")),
        (_line("blocked", verdict="faulty"), 1, ("checked", "bad")),
    ],
)
def test_each_state_stands_at_its_station(line: dict[str, Any], done: int, at: tuple[str, str] | None) -> None:
    way = way_of(line)
    assert [mark for _, mark in way].count("done") == done
    assert [one for one in way if one[1] not in {"done", ""}] == ([at] if at else [])


def test_every_state_has_a_station() -> None:
    for state in State:
        assert way_of(_line(state))[0] == ("read", "done")
