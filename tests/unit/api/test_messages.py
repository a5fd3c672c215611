"""/v1/messages and ``bhyt messages``: what is not used and why; a look is recorded; taking a message up again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapter.cli.main import build
from adapter.engine.opening import open_store
from adapter.engine.plans import files_of
from adapter.resources import shipped
from adapter.settings import load_settings
from adapter.source import Message
from adapter.store.people.audit import Entry
from adapter.store.store import Store
from tests.support.api_world import FACILITY, KEY, OTHER, ApiWorld
from tests.support.hl7_tools import adt, workdir

WHY = {"reason": "thử nghiệm"}


def _message(number: str, *, aside: str, text: str) -> Message:
    return Message(
        sender="HIS|01999", number=number, kind="ADT^A01", content=number, raw=text.encode(), charset="utf-8",
        visit="", links=(), touches=(), aside=aside,
    )  # fmt: skip


_numbers = itertools.count()


def _aside(store: Store, facility: str = FACILITY) -> int:
    """Two messages set aside by rules that were wrong (the first) and right (the second); the first one's id."""
    texts = [adt(1, visit="V1"), adt(2, visit="")]
    arrived = [_message(f"{next(_numbers)}", aside="another rule", text=text) for text in texts]
    store.messages.keep(facility, "hl7v2", arrived, store.clock())
    return sorted(one.id for one in store.messages.listing(facilities=facility))[-2]


@pytest.fixture
def hl7(world: ApiWorld) -> Iterator[ApiWorld]:
    """The world while a saved version of the shipped HL7 mapping is at work."""
    entry, now = Entry("mapping.save", "test", kind="mapping"), world.store.clock()
    files = files_of(shipped("mappings") / "hl7v2" / "mapping.yaml")
    saved = world.store.mappings.save(FACILITY, files, plan_hash="0" * 64, note="n", now=now, entry=entry)
    world.store.mappings.activate(FACILITY, saved, reason="r", now=now, entry=entry)
    yield world
    world.store.mappings.retire(FACILITY, now=now, reason="r", entry=entry)


def test_messages_are_listed_by_page_with_their_reasons_and_without_their_texts(world: ApiWorld) -> None:
    _aside(world.store)
    client = world.signed_in("operator")
    first = client.get("/v1/messages?limit=1")
    assert first.status_code == 200
    page = first.json()
    assert [one["reason"] for one in page["messages"]] == ["another rule"]
    assert page["counts"]["aside"] >= 2
    second = client.get("/v1/messages", params={"limit": 1, "before": page["next"]}).json()
    assert second["messages"][0]["id"] == page["messages"][0]["id"] - 1
    shown = client.get(f"/v1/messages/{page['messages'][0]['id']}")
    assert shown.json() == page["messages"][0]
    for text in (first.text, shown.text):
        assert "Nguyễn" not in text
        assert "BN1" not in text
    assert client.get("/v1/messages?state=collected").json()["messages"] == []


def test_seeing_a_message_is_an_act_with_a_reason_and_not_for_everybody(world: ApiWorld) -> None:
    known = _aside(world.store)
    operator = world.signed_in("operator")
    assert "Nguyễn^An^Văn" in operator.post(f"/v1/messages/{known}/reveal", json=WHY).json()["text"]
    line = world.store.audit.list(action="personal.reveal")[0]
    assert (line["kind"], line["object"], line["facility"]) == ("message", str(known), FACILITY)
    assert operator.post(f"/v1/messages/{known}/reveal", json={}).status_code == 422
    for role in ("viewer", "integrator", "administrator"):
        assert world.signed_in(role).post(f"/v1/messages/{known}/reveal", json=WHY).status_code == 403
    assert world.signed_in("clerk").get("/v1/messages").status_code == 403


def test_another_facilitys_messages_are_told_like_none(world: ApiWorld) -> None:
    known = _aside(world.store)
    client = world.signed_in("operator", facilities=(OTHER,))
    assert client.get("/v1/messages").json() == {
        "messages": [], "counts": {"waiting": 0, "collected": 0, "aside": 0, "refused": 0}, "next": None,
    }  # fmt: skip
    for method, path in (("GET", ""), ("POST", "/reveal"), ("POST", "/again")):
        answers = [
            client.request(method, f"/v1/messages/{one}{path}", json=WHY if method == "POST" else None)
            for one in (known, 999_999)
        ]
        assert [one.status_code for one in answers] == [404, 404]
        assert answers[0].text == answers[1].text


def test_a_message_is_read_again_by_the_mapping_at_work(hl7: ApiWorld) -> None:
    known = _aside(hl7.store)
    client = hl7.signed_in("operator")
    headers = {"Idempotency-Key": "again-once"}
    for _ in range(2):
        done = client.post(f"/v1/messages/{known}/again", json=WHY, headers=headers)
        assert done.json() == {"id": known, "used": True, "reason": ""}
    taken = hl7.store.messages.show(known)
    assert taken is not None
    assert taken.state == "waiting"
    assert hl7.store.messages.waiting(FACILITY, 10)[0] == ["V1"]
    assert client.post(f"/v1/messages/{known}/again", json=WHY).status_code == 409
    stays = client.post(f"/v1/messages/{known + 1}/again", json=WHY).json()
    assert (stays["used"], stays["reason"]) == (False, "no visit number (PV1-19.1)")
    assert [line["object"] for line in hl7.store.audit.list(action="message.again")] == [str(known + 1), str(known)]
    assert hl7.signed_in("viewer").post(f"/v1/messages/{known}/again", json=WHY).status_code == 403


def test_a_mapping_that_takes_no_messages_says_so_and_the_message_stays(world: ApiWorld) -> None:
    known = _aside(world.store)
    answer = world.with_key(KEY).post(f"/v1/messages/{known}/again", json=WHY)
    assert answer.status_code == 409
    assert "takes no messages" in answer.json()["message_en"]
    stays = world.store.messages.show(known)
    assert stays is not None
    assert stays.state == "aside"


# ---- the command -----------------------------------------------------------------------------------


def _bhyt(work: Path, *typed: str) -> Result:
    return CliRunner().invoke(build(["messages"]), ["messages", *typed, "--workdir", str(work)])


def _json(work: Path, *typed: str, code: int = 0) -> Any:
    done = _bhyt(work, *typed, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_the_command_lists_shows_and_takes_up_again(tmp_path: Path) -> None:
    work = workdir(tmp_path / "work", 1)
    with open_store(load_settings(workdir=work)) as store:
        known = _aside(store)
    listed = _json(work, "list")
    assert [(one["id"], one["state"]) for one in listed["messages"]] == [(known + 1, "aside"), (known, "aside")]
    assert listed["counts"]["aside"] == 2
    assert "another rule" in _bhyt(work, "list").output
    assert "Nguyễn" not in _bhyt(work, "list").output
    assert "PID|1||BN1" in _json(work, "show", str(known))["text"]
    assert _json(work, "retry", str(known)) == {"id": known, "used": True, "reason": ""}
    assert _json(work, "retry", str(known + 1), code=1)["reason"] == "no visit number (PV1-19.1)"
    assert _json(work, "list", "--state", "waiting")["messages"][0]["id"] == known
    with open_store(load_settings(workdir=work)) as store:
        assert [line["action"] for line in store.audit.list()][:3] == [
            "message.again",
            "message.again",
            "personal.reveal",
        ]


@pytest.mark.parametrize("typed", [("show", "99"), ("retry", "99"), ("list", "--state", "lost")])
def test_the_command_names_what_it_cannot_find(tmp_path: Path, typed: tuple[str, ...]) -> None:
    work = workdir(tmp_path / "work", 1)
    done = _bhyt(work, *typed)
    assert done.exception is not None
    assert typed[-1] in str(done.exception)
