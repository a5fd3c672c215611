"""What translation noted stays with the dossier: letters lost and texts cut are findings, and stop nothing."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.mapping import Note
from adapter.pipeline.notes import findings_of
from adapter.rules.finding import Finding
from tests.support.pipeline_world import World

LOST = ["MAP-LETTERS-LOST", "XML1", 1, "HO_TEN", "mất 2 chữ", "2 letters lost"]


def stored(world: World) -> list[Finding]:
    return list(world.store.queries.findings(world.dossier("LK1")["revisions"][-1]["id"]))


@pytest.mark.parametrize("rule", ["", "X1-TEST"])
def test_notes_are_kept_beside_what_the_check_finds(world: World, rule: str) -> None:
    world.source.put("1", notes=[LOST], rule=rule)
    world.run()
    found = stored(world)
    assert [(f.rule, f.severity) for f in found] == [
        ("MAP-LETTERS-LOST", "warning"),
        *([(rule, "error")] if rule else []),
    ]
    assert (found[0].table, found[0].row, found[0].field, found[0].message_vi) == ("XML1", 1, "HO_TEN", "mất 2 chữ")
    assert world.dossier("LK1")["state"] == ("blocked" if rule else "accepted")


def test_a_note_of_table_12_goes_with_the_table_typed_into_the_portal(world: World) -> None:
    world.source.put("1", notes=[["MAP-CUT", "XML12", 1, "DE_NGHI", "cắt", "cut"]], assessment=True)
    world.run()
    assert stored(world) == []
    assert world.dossier("LK1")["state"] == "accepted"


def test_the_facility_s_pinned_layout_reaches_the_mapping(world: World) -> None:
    asked: list[Any] = []
    exact = world.plan.translate

    def spy(*args: Any, **options: Any) -> Any:
        asked.append(options["standard"])
        return exact(*args, **options)

    world.plan.translate = spy  # type: ignore[method-assign]
    world.facility["standard"] = "4750"
    world.source.put("1")
    world.run()
    assert asked == ["4750"]


def test_a_thousand_equal_notes_become_twenty_and_a_number() -> None:
    notes = [Note("MAP-CUT", "XML2", row, "LIEU_DUNG", "cắt", "cut") for row in range(1, 1001)]
    notes += [Note("MAP-ILLEGAL-CHARACTERS", "XML3", 1, "GHI_CHU", "bỏ", "removed")] * 2
    found = findings_of(notes, ["XML2", "XML3"])
    assert len(found) == 21
    assert found[19].message_en == "cut (and 980 more rows)"
    assert (found[20].rule, found[20].severity) == ("MAP-ILLEGAL-CHARACTERS", "info")
    assert findings_of(notes, ["XML1"]) == ()
