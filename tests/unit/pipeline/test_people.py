"""What people do with dossiers, and what time does with bodies. On both stores."""

from __future__ import annotations

import pytest

from adapter.errors import Terminal
from adapter.gateway.outcome import Outcome, OutcomeKind
from tests.support.pipeline_world import World, accepted, unknown


def test_what_a_person_finds_on_the_portal_settles_a_lost_answer(world: World) -> None:
    world.settings["gateway"] = {"unknown_policy": "hold"}
    world.source.put("1")
    world.gateway.answer = lambda *_: unknown(stored=True)
    world.run()
    shown = world.dossier("LK1")
    assert shown["held_code"] == "ask-portal"
    world.store.queue.found(shown["id"], ma_giao_dich="PORTAL-7", reason="list of today", actor="kt1")
    after = world.dossier("LK1")
    assert (after["state"], after["held"]) == ("accepted", False)
    assert [(r["maGiaoDich"], r["how"]) for r in after["revisions"][0]["receipts"]] == [("PORTAL-7", "portal")]
    assert [e["actor"] for e in after["events"] if "list of today" in e["detail"]] == ["kt1", "kt1"]
    world.time.pass_(hours=1)
    world.run()
    assert world.gateway.calls == 1
    with pytest.raises(Terminal):
        world.store.queue.found(shown["id"], ma_giao_dich="X", reason="again", actor="kt1")


def test_an_override_passes_only_what_the_rules_allow_and_names_who_did_it(world: World) -> None:
    world.source.put("1", rule="R-1")
    world.run()
    queue, dossier = world.store.queue, world.dossier("LK1")["id"]
    with pytest.raises(Terminal, match="R-1"):
        queue.override(dossier, reason="known", actor="bs1", allowed=frozenset({"R-2"}))
    with pytest.raises(Terminal, match="reason"):
        queue.override(dossier, reason="  ", actor="bs1", allowed=frozenset({"R-1"}))
    queue.override(dossier, reason="known", actor="bs1", allowed=frozenset({"R-1"}))
    world.run("sign", "send")
    shown = world.dossier("LK1")
    assert shown["state"] == "accepted"
    assert any(e["actor"] == "bs1" and "override R-1: known" in e["detail"] for e in shown["events"])


def test_a_refused_dossier_tried_again_sends_the_same_bytes(world: World) -> None:
    world.source.put("1")
    sent: list[bytes] = []

    def answer(call: int, _service: str, document: bytes) -> Outcome:
        sent.append(document)
        return Outcome(OutcomeKind.REFUSED_FIXABLE, 200, "205") if call == 1 else accepted()

    world.gateway.answer = answer
    world.run()
    world.store.queue.retry(world.dossier("LK1")["id"], reason="the gateway was wrong", actor="it1")
    world.run()
    assert world.dossier("LK1")["state"] == "accepted"
    assert len(sent) == 2
    assert len(set(sent)) == 1


def test_a_held_dossier_goes_on_from_where_it_stood(world: World) -> None:
    world.source.put("1")
    world.run("pull", "translate", "check")
    dossier = world.dossier("LK1")["id"]
    world.store.queue.hold(dossier, reason="ask the ward", actor="kt1")
    world.run()
    assert world.dossier("LK1")["state"] == "ready"
    assert world.summary()["dossiers"]["held"] == 1
    with pytest.raises(Terminal):
        world.store.queue.retry(dossier, reason="now", actor="kt1")
    world.store.queue.release(dossier, reason="answered", actor="kt1")
    world.run()
    assert world.dossier("LK1")["state"] == "accepted"


def test_bodies_end_after_their_time_and_facts_stay(world: World) -> None:
    world.source.put("1")
    world.source.put("2", rule="R-1")
    world.run()
    world.time.pass_(days=91)
    purged = world.store.purge()
    assert (purged.source, purged.dossier, purged.signed) == (1, 1, 0), "what is blocked keeps its bodies"
    first = world.dossier("LK1")["revisions"][0]
    assert world.store.queries.dossier(first["id"]) is None
    assert world.store.outbox.signed_bytes(first["id"]) is not None
    assert first["receipts"]
    world.source.put("1", amount="9.00")
    world.source.put("2", rule="")
    world.run()
    assert world.dossier("LK1")["revisions"][1]["reason"] == "HIS changed: the earlier content is not kept"
    assert world.summary()["dossiers"]["accepted"] == 2
    world.time.pass_(days=3700)
    assert world.store.purge().signed == 3
    assert world.dossier("LK1")["revisions"][0]["sha256"]
