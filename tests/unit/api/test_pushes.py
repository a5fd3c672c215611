"""Dossiers handed in as XML: kept whole before the answer, once, or refused whole in the one error shape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.errors import StoreBusy
from adapter.settings import FeedSettings
from tests.support.api_world import FACILITY, OTHER, ApiWorld, api_world
from tests.support.gateway_files import checkin_xml, default_tables, dossier_xml, first_cost

NAME = "NGƯỜI BỆNH MẪU"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    feed = FeedSettings(connector="claimxml", options={"push": True})
    with api_world(tmp_path_factory.mktemp("push"), mapping="claimxml", feeds=(feed,), source=None) as made:
        yield made


def claim(ma_lk: str) -> bytes:
    return dossier_xml(default_tables(ma_lk))


def push(client: httpx.Client, document: bytes, *, facility: str = FACILITY, key: str | None = None) -> httpx.Response:
    headers = {"Content-Type": "application/xml", **({"Idempotency-Key": key} if key else {})}
    return client.post(f"/v1/xml/dossiers?facility={facility}", content=document, headers=headers)


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """The one error shape, naming nobody."""
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    assert told["message_vi"]
    assert told["message_en"]
    assert NAME not in answer.text
    return told


def read(world: ApiWorld) -> int:
    return int(world.store.balance.summary()["encounters_read"])


def test_a_document_is_kept_before_the_answer_and_goes_its_way(world: ApiWorld) -> None:
    before = read(world)
    answer = push(world.with_key(), claim("PUSH-1"))
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert told["dossiers"] == [{"ma_lk": "PUSH-1", "purpose": "claim", "occasion": ""}]
    assert len(told["sha256"]) == 64
    assert read(world) == before + 1
    assert push(world.with_key(), checkin_xml([first_cost("PUSH-2")])).json()["dossiers"][0]["purpose"] == "checkin"
    assert NAME not in answer.text
    assert world.store.balance.summary()["conserved"]


def test_the_same_document_again_changes_nothing_and_the_same_key_is_answered_alike(world: ApiWorld) -> None:
    client = world.with_key()
    first = push(client, claim("PUSH-3"), key="his-0000-3")
    before = read(world)
    assert push(client, claim("PUSH-3")).status_code == 202
    again = push(client, claim("PUSH-3"), key="his-0000-3")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert read(world) == before
    other = push(client, claim("PUSH-4"), key="his-0000-3")
    assert problem(other, 422)["code"] == "IDEMPOTENCY"
    assert read(world) == before


def test_a_document_that_could_not_be_kept_leaves_its_key_free(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreBusy("kho bận", "the store is busy")

    before = read(world)
    with monkeypatch.context() as patch:
        patch.setattr(type(world.store.intake), "save_batch", busy)
        assert problem(push(world.with_key(), claim("PUSH-5"), key="his-0000-5"), 503)
    assert read(world) == before
    assert push(world.with_key(), claim("PUSH-5"), key="his-0000-5").status_code == 202
    assert read(world) == before + 1


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><GIAMDINHHS>&b;</GIAMDINHHS>'


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        (b"", 422, ""),
        (b"<x", 422, "DOCUMENT"),
        (b"<x/>", 422, "DOCUMENT"),
        (b"\xff\xfe\x00", 422, "DOCUMENT"),
        (b"<GIAMDINHHS/>", 422, "DOCUMENT"),
        (BOMB, 422, "DOCUMENT"),
        (claim("PUSH-9").replace(b"<MACSKCB>01999", b"<MACSKCB>01998"), 422, "DOCUMENT-FACILITY"),
        (claim("PUSH-9").replace(b"</HOSO>", b"</HOSO><HOSO><FILEHOSO/></HOSO>"), 422, "DOCUMENT-CONTENT"),
    ],
)
def test_what_cannot_be_kept_whole_is_refused_whole(world: ApiWorld, document: bytes, status: int, code: str) -> None:
    before = read(world)
    assert problem(push(world.with_key(), document), status)["code"].startswith(code)
    assert read(world) == before


def test_an_entity_reads_no_file_of_this_machine(world: ApiWorld, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("bí mật của máy chủ")
    text = claim("PUSH-8").decode()
    head = f'<!DOCTYPE GIAMDINHHS [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    inside = text.replace("<GIAMDINHHS", head + "<GIAMDINHHS", 1).replace("<MACSKCB>01999", "<MACSKCB>&e;", 1)
    answer = push(world.with_key(), inside.encode())
    assert "bí mật" not in answer.text
    problem(answer, 422)


def test_only_who_may_push_for_a_facility_does(world: ApiWorld) -> None:
    before = read(world)
    document = claim("PUSH-6")
    assert problem(push(world.client(), document), 401)
    assert problem(push(world.scoped("dossiers.read"), document), 403)
    bound = world.scoped("sources.push", facilities=(OTHER,))
    assert problem(push(bound, document), 404)["code"] == "FACILITY"
    assert problem(push(world.with_key(), document, facility="99999"), 404)["code"] == "FACILITY"
    headers = {"Content-Type": "application/xml"}
    unnamed = world.with_key().post("/v1/xml/dossiers", content=document, headers=headers)
    assert problem(unnamed, 404), "two facilities take documents: one must be named"
    assert read(world) == before


def test_a_document_over_the_feeds_limit_is_refused(tmp_path: Path) -> None:
    feed = FeedSettings(connector="claimxml", options={"push": True, "max_bytes": 100})
    with api_world(tmp_path, mapping="claimxml", feeds=(feed,), source=None) as small:
        assert problem(push(small.with_key(), dossier_xml()), 413)["code"] == "DOCUMENT-SIZE"


def test_a_feed_that_only_watches_a_folder_takes_none(tmp_path: Path) -> None:
    feed = FeedSettings(connector="claimxml", options={"folder": "claims"})
    with api_world(tmp_path, mapping="claimxml", feeds=(feed,), source=None) as watching:
        assert problem(push(watching.with_key(), dossier_xml()), 404)["code"] == "FACILITY"


def test_the_open_api_document_shows_the_answer_by_example(world: ApiWorld) -> None:
    document = world.with_key().get("/v1/openapi.json").json()
    operation = document["paths"]["/v1/xml/dossiers"]["post"]
    assert operation["x-permission"] == "sources.push"
    assert "application/xml" in operation["requestBody"]["content"]
    assert "Idempotency-Key" in {one["name"] for one in operation["parameters"]}
    assert {"202", "401", "403", "404", "413", "422", "503"} <= operation["responses"].keys()
    assert document["components"]["schemas"]["Pushed"]["example"]["dossiers"]
