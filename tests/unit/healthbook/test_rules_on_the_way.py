"""Each privacy rule on the whole way: an insured claim goes as it is, and nobody without the right learns anything."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.settings import WatchSettings
from adapter.watch.digest import digest
from adapter.watch.look import look
from adapter.watch.metrics import exposition
from adapter.watch.tell import Message
from tests.support.api_world import ApiWorld, api_world
from tests.support.privacy_cases import CASES

_FORMS = ("json", "html", "fhir")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    """One insured visit for each rule, taken as far as the gateway."""
    with api_world(Path(tmp_path_factory.mktemp("rules"))) as made:
        made.fill()
        for rule, (visit, _) in CASES.items():
            header, *_rest = (dict(row) for row in visit.dossier.rows("XML1"))
            tables = {
                name: [{**row, "MA_LK": f"LK{rule}"} for row in rows]
                for name, rows in visit.dossier.tables.items()
                if name != "XML1"
            }
            header["MA_LK"] = f"LK{rule}"
            made.pipeline.source.put(rule, header=header, tables=tables, book=dict(visit.extra))
        made.pipeline.run()
        yield made


def secrets(rule: str) -> list[str]:
    return [secret for secret in CASES[rule][1] if len(secret) > 3]


@pytest.mark.parametrize("rule", CASES)
def test_no_answer_to_a_reader_without_the_right_holds_what_is_withheld(
    world: ApiWorld, rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader = world.scoped("book.read", "dossiers.read", "findings.read", "status.read")
    identity = world.id_of(f"LK{rule}")
    with caplog.at_level(logging.DEBUG):
        answers = [reader.post("/v1/book/show", json={"ma_lk": f"LK{rule}", "form": form}) for form in _FORMS]
        assert {answer.status_code for answer in answers} == {200}
        number = next(iter(CASES[rule][0].dossier.rows("XML1")))["SO_CCCD"]
        answers += [reader.post("/v1/book/timeline", json={"number": number})]
        answers += [reader.get(f"/v1/dossiers/{identity}{part}") for part in ("", "/revisions", "/events", "/findings")]
        answers += [reader.get(f"/v1/dossiers/{identity}/{part}") for part in ("tables", "receipts", "verdicts")]
        answers += [reader.get(path) for path in ("/v1/dossiers", "/v1/statistics", "/v1/status", "/v1/book/gaps")]
    answers += [reader.get("/v1/book/overdue")]
    for answer in answers:
        for secret in secrets(rule):
            assert secret not in answer.text, answer.request.url.path
    for secret in secrets(rule):
        assert secret not in caplog.text


def test_no_alert_digest_or_metric_holds_it(world: ApiWorld) -> None:
    heard: list[Message] = []

    def tell(what: Message) -> bool:
        heard.append(what)
        return True

    settings = world.settings.model_copy(update={"watch": WatchSettings(settle_minutes=0, disk_free_gb=10**6)})
    look(world.store, settings, tell)
    told = [digest(world.store, settings).text, exposition(world.store, settings).decode()]
    told += [message.title + message.text for message in heard]
    assert len(heard) == 1
    for rule in CASES:
        assert not any(secret in text for secret in secrets(rule) for text in told), rule


@pytest.mark.parametrize("rule", CASES)
def test_an_insured_claim_is_sent_with_every_row_or_waits_for_a_person(world: ApiWorld, rule: str) -> None:
    row = world.store.queries.list(ma_lk=f"LK{rule}")[0]
    sent = [document for _, ma_lk, document in world.pipeline.gateway.received if ma_lk == f"LK{rule}"]
    if row["held"]:
        assert (row["held_code"], sent) == ("privacy", [])
        return
    assert row["state"] == "accepted"
    (document,) = sent
    text = document.decode("utf-8")
    for rows in CASES[rule][0].dossier.tables.values():
        for values in rows:
            for name, value in values.items():
                if name not in {"MA_LK", "STT"} and value:
                    assert value in text.replace('\\"', '"'), f"{rule}: {name}"
