"""Pushed Bundles: told item by item what was taken, and nothing stops what follows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest

from adapter.api.app import create_app
from adapter.api.fhir import Door, fhir_routes
from adapter.errors import StoreBusy
from adapter.source import SourceEncounter
from adapter.store.store import Store
from connectors.fhir.bundle import Received, read_bundle
from connectors.fhir.feed import FeedOptions
from connectors.fhir.gather import Gatherer
from connectors.fhir.spec import read_spec
from tests.support.pipeline_world import vault
from tests.support.web import key_holder, serve
from tests.unit.connectors.fhir.test_fhir_rows import SPEC, charge, encounter, patient

KEY = "bhyt_test-key"


def gatherer() -> Gatherer:
    return Gatherer(read_spec(SPEC), {})


def bundle(*resources: Any, kind: str = "collection", **more: Any) -> bytes:
    entries = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries, **more}, default=str).encode()


def read(data: bytes, limit: int = 10_000) -> Received:
    return read_bundle(data, gatherer(), max_entries=limit)


def errors(received: Received) -> list[str]:
    return [f"{one.code} {one.at}" for one in received.issues if one.severity == "error"]


@pytest.mark.parametrize("kind", ["transaction", "collection", "message", "document", "batch"])
def test_every_kind_of_bundle_gives_its_encounters(kind: str) -> None:
    received = read(bundle(patient(), encounter(), charge("c"), kind=kind))
    assert [one.key for one in received.encounters] == ["e"]
    assert errors(received) == []
    assert not received.refused


def test_a_transactions_new_resources_find_each_other_by_their_urns() -> None:
    new_patient, new_encounter = patient(), encounter(subject={"reference": "urn:uuid:1111"})
    del new_patient["id"], new_encounter["id"]
    entries = [
        {"fullUrl": "urn:uuid:1111", "resource": new_patient, "request": {"method": "POST", "url": "Patient"}},
        {"fullUrl": "urn:uuid:2222", "resource": new_encounter, "request": {"method": "POST", "url": "Encounter"}},
        {"request": {"method": "DELETE", "url": "Encounter/9"}},
    ]
    received = read(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode())
    assert [(one.key, one.row["NAME"]) for one in received.encounters] == [("2222", "Nguyễn Thị Mẫu")]
    assert [(i.severity, i.code) for i in received.issues if i.code == "not-supported"] == [
        ("warning", "not-supported")
    ]


def test_missing_references_are_named_and_only_the_encounter_they_break_is_refused() -> None:
    other = encounter(id="f", subject={"reference": "Patient/nobody"})
    orphan = charge("orphan", context={"reference": "Encounter/elsewhere"})
    loose = encounter(participant=[{"individual": {"reference": "Practitioner/gone"}}])
    received = read(bundle(patient(), loose, other, orphan))
    good = [one.key for one in received.encounters if one.problem is None]
    assert good == ["e"]
    assert [one.key for one in received.encounters if one.problem] == ["f"]
    assert any("orphan" in one for one in errors(received))
    assert any("'f'" in one for one in errors(received))
    assert any(i.severity == "warning" and "participant" in i.at for i in received.issues)


@pytest.mark.parametrize(
    "data",
    [
        bundle(kind="searchset"),
        bundle(kind="collection", entry="x"),
        b'{"resourceType": "Patient"}',
        b"[]",
        bundle(),
        bundle({"resourceType": "Nonsense", "id": "1"}),
        bundle(None, 7, "x", []),
    ],
)
def test_what_holds_no_encounter_is_refused_with_a_reason(data: bytes) -> None:
    received = read(data)
    assert received.refused
    assert errors(received)
    assert received.outcome()["issue"]


def test_wrong_types_are_told_one_by_one_and_the_rest_is_taken() -> None:
    received = read(bundle(patient(), encounter(), {"resourceType": "Observation", "id": 7, "status": []}, "x", None))
    assert [one.key for one in received.encounters if one.problem is None] == ["e"]
    told = " ".join(errors(received))
    for place in ("entry[2]", "entry[3]", "entry[4]"):
        assert place in told


def test_whatever_stands_where_is_told_and_breaks_nothing() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = {"a": [deep]}
    entries = [
        {"resource": {"resourceType": "Evidence", "id": "deep", "status": deep}},  # a type that is not validated
        {"fullUrl": {"a": 1}, "resource": {"resourceType": ["Encounter"], "id": {"a": 1}}},
        {"resource": {"resourceType": "Encounter", "id": {"a": 1}}},
        {"resource": {"resourceType": "Encounter", "id": "\ud800"}},
        {"resource": {"resourceType": "Encounter", "id": "a,b"}},
        {"resource": {"resourceType": "Encounter", "id": "under_score"}},
        {"request": {"method": ["GET"]}},
        {"request": "GET"},
        {"resource": 7},
        7,
    ]
    received = read(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode())
    assert [one.key for one in received.encounters] == ["under_score"], "what can be kept is kept, blocked, to be seen"
    assert received.encounters[0].problem is not None
    told = {issue.at for issue in received.issues if issue.severity == "error"}
    assert told >= {f"Bundle.entry[{n}].resource" for n in (1, 2, 3, 4, 5, 8)} | {
        f"Bundle.entry[{n}]" for n in (6, 7, 9)
    }
    json.dumps(received.outcome(), ensure_ascii=False).encode("utf-8")


def test_ten_thousand_entries_are_taken_and_one_more_than_the_limit_is_not() -> None:
    people = [patient(id=f"p{n}") for n in range(100)]
    visits = [encounter(id=f"e{n}", subject={"reference": f"Patient/p{n}"}) for n in range(100)]
    lines = [
        charge(f"c{n}", subject={"reference": f"Patient/p{n % 100}"}, context={"reference": f"Encounter/e{n % 100}"})
        for n in range(9_800)
    ]
    received = read(bundle(*people, *visits, *lines))
    assert len(received.encounters) == 100
    assert sum(len(one.collections["bill"]) for one in received.encounters) == 9_800
    assert errors(received) == []
    over = read(bundle(*people), limit=99)
    assert over.refused
    assert errors(over) == ["too-long Bundle.entry"]


class Kept:
    """An inbox that remembers, and refuses while it is busy."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.busy = False

    def put(self, encounters: Sequence[SourceEncounter]) -> None:
        if self.busy:
            raise StoreBusy("bận", "busy")
        self.keys += [one.key for one in encounters]


@contextmanager
def _api(inbox: Kept, **options: Any) -> Iterator[httpx.Client]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        store = stack.enter_context(Store.open(f"sqlite:///{folder / 'state.db'}", vault()))
        door = Door(inbox, gatherer(), FeedOptions(push=True, **options))
        app = create_app(
            access=key_holder(store, KEY),
            status=lambda _caller: {},
            ready=lambda: None,
            routers=[fhir_routes(lambda: {"01999": door})],
        )
        url = stack.enter_context(serve(app))
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/fhir+json"}
        yield stack.enter_context(httpx.Client(base_url=url, headers=headers))


def test_the_api_answers_per_item_after_the_encounters_are_kept_and_bad_bundles_stop_nothing() -> None:
    inbox = Kept()
    with _api(inbox, max_bytes=20_000) as http:
        assert http.post("/v1/fhir/Bundle", content=b"{").status_code == 400
        assert http.post("/v1/fhir/Bundle", content=bundle(kind="searchset")).status_code == 422
        assert http.post("/v1/fhir/Bundle", content=b" " * 30_000).status_code == 413
        assert http.post("/v1/fhir/Bundle?facility=99999", content=bundle()).status_code == 404
        assert http.post("/v1/fhir/Bundle", content=bundle(), headers={"Authorization": "no"}).status_code == 401
        assert inbox.keys == []
        good = http.post("/v1/fhir/Bundle?facility=01999", content=bundle(patient(), encounter()))
        assert good.status_code == 200
        assert good.headers["content-type"] == "application/fhir+json"
        assert good.json()["resourceType"] == "OperationOutcome"
        assert inbox.keys == ["e"]


def test_what_could_not_be_kept_is_never_acknowledged() -> None:
    inbox = Kept()
    inbox.busy = True
    with _api(inbox) as http:
        answer = http.post("/v1/fhir/Bundle", content=bundle(patient(), encounter()))
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["code"] == "transient"
