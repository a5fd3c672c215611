"""The five stages together: what goes in comes out once, and what does not says why. On both stores."""

from __future__ import annotations

import pytest

from adapter.errors import CertificateError
from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.store import Store
from tests.support.pipeline_world import FakePlan, World, accepted, unknown, unreachable, vault

CLEAN = {"accepted": 0, "refused": 0, "unknown": 0, "blocked": 0, "waiting": 0, "held": 0, "skipped": 0}


def test_every_due_dossier_is_accepted_once_and_a_second_run_sends_nothing(world: World) -> None:
    for n in range(5):
        world.source.put(str(n), due="checkin:first_cost claim")
    results = world.run()
    assert all(r.ok for r in results.values())
    assert results["pull"].done >= 5
    assert len(world.gateway.received) == 10
    again = world.run()
    assert len(world.gateway.received) == 10
    assert again["send"].done == 0
    summary = world.summary()
    assert summary["encounters_read"] == 5
    assert summary["dossiers"] == {**CLEAN, "accepted": 5}
    assert summary["checkins"] == {**CLEAN, "accepted": 5}
    assert summary["verdicts"] == {"pending": 5, "good": 0, "faulty": 0, "replaced": 0}
    assert summary["conserved"]


def test_check_ins_leave_before_claims(world: World) -> None:
    for n in range(3):
        world.source.put(str(n), due="claim checkin:first_cost", ended="202601011000")
    world.settings["gateway"] = {"max_in_flight": 1}
    world.run()
    assert [service.split("-")[0] for service, _, _ in world.gateway.received] == ["checkin"] * 3 + ["dossier"] * 3


def test_the_earliest_deadline_leaves_first(world: World) -> None:
    for n, ended in enumerate(["202607281000", "202607101000", "202607151000"]):
        world.source.put(str(n), ended=ended)
    world.settings["gateway"] = {"max_in_flight": 1}
    world.run()
    assert [ma_lk for _, ma_lk, _ in world.gateway.received] == ["LK1", "LK2", "LK0"]


def test_an_encounter_that_is_not_ready_is_skipped_and_looked_at_when_it_changes(world: World) -> None:
    world.source.put("1", due="")
    first = world.run()
    assert first["pull"].counts["skipped"] == 1
    assert world.summary()["dossiers"] == CLEAN
    world.source.put("1", due="claim")
    second = world.run()
    assert second["pull"].counts["new"] == 1
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1}
    assert world.summary()["conserved"]


def test_a_touched_but_equal_encounter_changes_nothing(world: World) -> None:
    world.source.put("1")
    world.run()
    world.source.touch("1")
    assert world.run()["pull"].counts["unchanged"] >= 1
    assert len(world.dossier("LK1")["revisions"]) == 1


def test_a_change_that_alters_no_sent_content_makes_no_revision(world: World) -> None:
    world.source.put("1")
    world.run()
    world.source.put("1", internal_note="moved to another ward")
    assert world.run()["translate"].counts["unchanged"] == 1
    assert len(world.dossier("LK1")["revisions"]) == 1
    assert len(world.gateway.received) == 1


def test_a_change_after_a_receipt_makes_one_revision_that_replaces_the_first(world: World) -> None:
    world.source.put("1")
    world.run()
    world.source.put("1", amount="250.00")
    world.run()
    shown = world.dossier("LK1")
    first, second = shown["revisions"]
    assert (first["state"], first["replaced_by"], first["verdict"]) == ("accepted", 2, "replaced")
    assert (second["state"], second["replaced_by"], second["verdict"]) == ("accepted", None, "pending")
    assert second["reason"] == "HIS changed: XML1.T_BHTT"
    assert first["receipts"][0]["maGiaoDich"] == "GD1"
    assert shown["amount_insurance"] == "250"
    assert len(world.gateway.received) == 2
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1}


@pytest.mark.parametrize("by_payment", [False, True])
def test_a_change_after_a_receipt_waits_for_a_person_where_that_is_asked(world: World, *, by_payment: bool) -> None:
    world.source.put("1")
    world.run()
    if by_payment:
        world.store.queue.payment_requested(world.dossier("LK1")["id"], actor="kt1")
    else:
        world.settings["resend"] = {"after_receipt": "hold"}
    world.source.put("1", amount="250.00")
    world.run()
    shown = world.dossier("LK1")
    assert shown["held"]
    assert shown["held_code"] == "after-receipt"
    assert len(world.gateway.received) == 1
    assert world.summary()["dossiers"] == {**CLEAN, "held": 1}
    world.store.queue.release(shown["id"], reason="09/BH agreed", actor="kt1")
    world.run()
    assert len(world.gateway.received) == 2


def test_a_change_before_sending_supersedes_what_was_waiting(world: World) -> None:
    world.source.put("1")
    world.run("pull", "translate", "check", "sign")
    world.source.put("1", amount="250.00")
    world.run()
    first, second = world.dossier("LK1")["revisions"]
    assert (first["state"], second["state"]) == ("superseded", "accepted")
    assert len(world.gateway.received) == 1


def test_a_change_taken_back_before_it_was_sent_sends_nothing(world: World) -> None:
    world.source.put("1")
    world.run()
    world.source.put("1", amount="250.00")
    world.run("pull", "translate")
    world.source.put("1", amount="100.00")
    world.run()
    shown = world.dossier("LK1")
    assert [r["state"] for r in shown["revisions"]] == ["accepted", "superseded"]
    assert shown["state"] == "accepted"
    assert shown["revision"] == 1
    assert len(world.gateway.received) == 1


def test_a_rule_blocks_its_dossier_until_the_his_is_corrected(world: World) -> None:
    world.source.put("1", rule="PKG-016")
    world.source.put("2")
    world.run()
    shown = world.dossier("LK1")
    assert shown["state"] == "blocked"
    assert [f["rule"] for f in shown["revisions"][0]["findings"]] == ["PKG-016"]
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1, "blocked": 1}
    assert world.store.queries.blocked_rules() == {"PKG-016": 1}
    world.source.put("1", rule="")
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 2}


@pytest.mark.parametrize("fault", ["broken", "explodes"])
def test_a_mapping_error_blocks_one_encounter_and_never_the_others(world: World, fault: str) -> None:
    world.source.put("1", **{fault: True})
    world.source.put("2")
    results = world.run()
    assert results["translate"].ok
    shown = world.dossier("LK1")
    assert shown["state"] == "blocked"
    (finding,) = shown["revisions"][0]["findings"]
    assert finding["rule"] == "MAP-ERROR"
    assert "fake" in finding["message_vi"]
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1, "blocked": 1}
    world.run()
    assert len(world.dossier("LK1")["revisions"]) == 1


def test_a_repaired_mapping_looks_again_at_what_the_old_one_blocked(world: World) -> None:
    world.source.put("1", broken=True)
    world.source.put("2", unreadable=True)
    world.source.put("3")
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1, "blocked": 2}
    assert world.summary()["conserved"]
    world.plan = FakePlan("v2", repaired=True)
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 3}
    assert world.summary()["conserved"]
    assert len(world.gateway.received) == 3
    assert world.dossier("LK2")["revisions"][0]["state"] == "superseded"


def test_two_encounters_with_one_ma_lk_never_overwrite_each_other(world: World) -> None:
    world.source.put("1", ma_lk="SAME")
    world.source.put("2", ma_lk="SAME", amount="7.00")
    for _ in range(3):
        world.run()
    assert len(world.gateway.received) == 1
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1, "blocked": 1}
    assert world.summary()["conserved"]
    assert world.store.queries.blocked_rules() == {"MA-LK-TWICE": 1}
    world.source.put("2", ma_lk="OTHER")
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 2}
    assert world.summary()["conserved"]


def test_exempt_check_ins_and_medical_assessments_are_skipped_with_their_reason(world: World) -> None:
    world.source.put("1", due="!checkin:first_cost claim", assessment=True)
    world.run()
    summary = world.summary()
    assert summary["checkins"] == {**CLEAN, "skipped": 1}
    assert summary["dossiers"] == {**CLEAN, "accepted": 1, "skipped": 1}
    assert summary["conserved"]
    assert world.dossier("LK1", occasion="xml12")["state_reason"] == "enter on the portal"
    assert world.dossier("LK1", "checkin", "first_cost")["state_reason"] == "cấp cứu"
    assert len(world.gateway.received) == 1


def test_what_ended_before_start_at_is_left_to_the_former_software(world: World) -> None:
    world.facility["start_at"] = "2026-09-01T00:00:00+07:00"
    world.source.put("1", ended="202608312359")
    world.source.put("2", ended="202609010001")
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1, "skipped": 1}


def test_a_reopened_encounter_waits_and_goes_on_when_it_is_settled_again(world: World) -> None:
    world.source.put("1")
    world.run("pull", "translate", "check", "sign")
    world.source.put("1", due="")
    world.run()
    shown = world.dossier("LK1")
    assert (shown["held"], shown["held_code"]) == (True, "reopened")
    assert world.gateway.received == []
    assert world.summary()["conserved"]
    world.source.put("1", due="claim")
    world.run()
    assert len(world.gateway.received) == 1
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1}


# ---- failures around us ----------------------------------------------------------------------------


def test_a_source_that_is_away_is_one_clear_failure_and_loses_nothing(world: World) -> None:
    world.source.put("1")
    world.source.down = True
    result = world.run("pull")["pull"]
    assert [e.code for e in result.failures] == ["SOURCE-DOWN"]
    world.source.down = False
    world.run()
    assert len(world.gateway.received) == 1


def test_a_key_that_cannot_be_used_leaves_every_dossier_ready(world: World) -> None:
    world.source.put("1")
    world.source.put("2")
    world.bench.key_error = CertificateError("hết hạn", "expired")
    assert [e.code for e in world.run()["sign"].failures] == ["CERTIFICATE"]
    assert world.dossier("LK1")["state"] == "ready"
    assert world.summary()["dossiers"] == {**CLEAN, "waiting": 2}
    world.bench.key_error = None
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 2}


def test_a_gateway_that_is_away_is_one_failure_and_spends_no_budget(world: World) -> None:
    for n in range(3):
        world.source.put(str(n))
    world.gateway.answer = lambda *_: unreachable()
    result = world.run()["send"]
    assert [e.code for e in result.failures] == ["GATEWAY-DOWN"]
    assert world.dossier("LK0")["attempts"] == 0
    world.gateway.answer = None
    world.time.pass_(hours=1)
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 3}


def test_a_refused_login_stops_the_facility_and_spends_no_attempt(world: World) -> None:
    for n in range(6):
        world.source.put(str(n))
    world.gateway.answer = lambda *_: Outcome(OutcomeKind.AUTH, case="local/login-refused", meaning_en="locked")
    result = world.run()["send"]
    assert [e.code for e in result.failures] == ["GATEWAY-LOGIN"]
    calls = world.gateway.calls
    assert calls <= 2, "a locked account must not be tried for every dossier"
    world.run()
    assert world.gateway.calls == calls
    assert all(d["attempts"] == 0 for d in world.store.queries.list())
    world.gateway.answer = None
    world.time.pass_(minutes=16)
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 6}


# ---- lost answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [False, True])
def test_after_a_lost_answer_the_same_bytes_go_again_after_ten_minutes(world: World, *, stored: bool) -> None:
    world.source.put("1")
    world.gateway.answer = lambda call, *_: unknown(stored=stored) if call == 1 else accepted()
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "unknown": 1}
    world.time.pass_(minutes=9)
    world.run()
    assert world.gateway.calls == 1
    world.time.pass_(minutes=2)
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1}
    assert len({document for _, _, document in world.gateway.received}) == 1


def test_four_lost_answers_end_in_asking_the_portal(world: World) -> None:
    world.source.put("1")
    world.gateway.answer = lambda *_: unknown(stored=False)
    for _ in range(10):
        world.run()
        world.time.pass_(minutes=20)
    assert world.gateway.calls == 4
    shown = world.dossier("LK1")
    assert (shown["state"], shown["held_code"]) == ("unknown", "ask-portal")
    assert world.summary()["dossiers"] == {**CLEAN, "held": 1}
    world.gateway.answer = None
    world.store.queue.release(shown["id"], reason="the portal does not have it", actor="it1")
    world.run()
    assert world.summary()["dossiers"] == {**CLEAN, "accepted": 1}


def test_a_successor_waits_while_its_predecessor_is_unknown(world: World) -> None:
    world.source.put("1")
    world.gateway.answer = lambda call, *_: unknown(stored=True) if call == 1 else accepted()
    world.run()
    world.source.put("1", amount="250.00")
    world.run()
    assert world.gateway.calls == 1
    assert [r["state"] for r in world.dossier("LK1")["revisions"]] == ["unknown", "signed"]
    assert world.summary()["dossiers"] == {**CLEAN, "waiting": 1}
    world.time.pass_(minutes=11)
    world.run()
    states = [(r["state"], r["replaced_by"]) for r in world.dossier("LK1")["revisions"]]
    assert states == [("accepted", 2), ("accepted", None)]
    amounts = [b"250.00" in document for _, _, document in world.gateway.received]
    assert amounts == [False, False, True]


class _Killed(BaseException):
    """What kill -9 looks like from inside: nothing after it runs."""


def test_a_worker_that_dies_while_sending_leaves_unknown_and_no_second_content(world: World) -> None:
    world.source.put("1")
    world.settings["gateway"] = {"connect_timeout": 1, "read_timeout": 1}

    def die(*_: object) -> Outcome:
        raise _Killed

    world.gateway.answer = die
    with pytest.raises(_Killed):
        world.run()
    assert world.dossier("LK1")["state"] == "sending"
    world.gateway.answer = None
    world.run()
    assert world.gateway.calls == 1, "the lease still runs"
    world.time.pass_(minutes=1)
    assert world.run()["send"].counts["lost"] == 1
    assert world.dossier("LK1")["state"] == "unknown"
    world.time.pass_(minutes=11)
    world.run()
    assert world.dossier("LK1")["state"] == "accepted"
    assert len(world.gateway.received) == 1


def test_a_foreign_vault_key_is_refused_before_anything_is_read(world: World, store_url: str) -> None:
    from adapter.errors import VaultError
    from adapter.vault import Vault

    with pytest.raises(VaultError, match=r"vault\.key_file"):
        Store.open(store_url, Vault((b"x" * 32,), b"y" * 32))
    Store.open(store_url, vault()).close()
