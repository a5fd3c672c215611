"""Towards the server: pages, pauses, logins, and answers that are none."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from adapter.errors import BhytError, SourceSchemaError, SourceUnreachable, SourceValueError
from adapter.settings import SourceSettings
from connectors.fhir import client as module
from connectors.fhir.client import FhirClient
from connectors.fhir.options import read_options
from connectors.fhir.source import FhirSource
from connectors.fhir.spec import read_spec
from tests.support.fhir_small import SPEC, charge, encounter, patient

BASE = "https://his.vn/fhir"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(module.time, "sleep", found.append)
    return found


@pytest.fixture
def web() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def client(secret: Path | None = None, **options: Any) -> FhirClient:
    settings = SourceSettings(url=BASE, password_file=secret, options=options)
    return FhirClient(settings, read_options(settings))


def bundle(*ids: str, following: str | None = None) -> dict[str, Any]:
    links = [{"relation": "next", "url": following}] if following else []
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": links,
        "entry": [{"resource": {"resourceType": "Encounter", "id": one}} for one in ids],
    }


def test_pages_are_followed_to_the_end(web: respx.MockRouter) -> None:
    web.get(f"{BASE}/Encounter", params={"_count": "2"}).respond(json=bundle("1", "2", following=f"{BASE}?page=2"))
    web.get(BASE, params={"page": "2"}).respond(json=bundle("3"))
    pages = list(client().search("Encounter", {"_count": "2"}))
    assert [[one["id"] for one in page] for page in pages] == [["1", "2"], ["3"]]


def test_a_next_page_on_another_host_is_refused_before_it_is_asked(web: respx.MockRouter) -> None:
    web.get(f"{BASE}/Encounter").respond(json=bundle("1", following="https://evil.example/fhir?page=2"))
    other = web.get("https://evil.example/fhir").respond(json=bundle())
    with pytest.raises(SourceSchemaError, match="another host"):
        list(client().search("Encounter", {}))
    assert not other.called


def test_a_server_that_gives_the_same_page_for_ever_is_noticed(web: respx.MockRouter) -> None:
    web.get(f"{BASE}/Encounter").respond(json=bundle("1", following=f"{BASE}?page=2"))
    web.get(BASE).respond(json=bundle("2", following=f"{BASE}?page=2"))
    with pytest.raises(SourceSchemaError, match="same page"):
        list(client().search("Encounter", {}))


def test_pages_that_go_round_in_a_circle_are_noticed_whatever_their_addresses(web: respx.MockRouter) -> None:
    for start, first in (
        ("a", bundle("1", following=f"{BASE}?page=b")),
        ("b", bundle("2", following=f"{BASE}?page=a")),
    ):
        web.get(BASE, params={"page": start}).respond(json=first)
    with pytest.raises(SourceSchemaError, match="same page"):
        list(client().pages(bundle("0", following=f"{BASE}?page=a")))
    numbers = itertools.count()
    web.get(f"{BASE}/Ever").mock(
        side_effect=lambda _: httpx.Response(200, json=bundle("1", "2", following=f"{BASE}/Ever?token={next(numbers)}"))
    )
    with pytest.raises(SourceSchemaError, match="same page"):
        list(client().search("Ever", {}))
    web.get(f"{BASE}/Void").mock(
        side_effect=lambda _: httpx.Response(200, json=bundle(following=f"{BASE}/Void?token={next(numbers)}"))
    )
    with pytest.raises(SourceSchemaError, match="same page"):
        list(client().search("Void", {}))


@pytest.mark.parametrize(
    "link", ["next", ["next"], [{"relation": "next"}], [{"relation": "next", "url": 5}], {"url": "x"}]
)
def test_links_that_are_none_end_the_walk(web: respx.MockRouter, link: object) -> None:
    web.get(f"{BASE}/Encounter").respond(json={**bundle("1"), "link": link, "entry": {"resource": {}}})
    assert list(client().search("Encounter", {})) == [[]]


@pytest.mark.parametrize("pause", ["²", "9" * 400, "-1", "tomorrow"])
def test_a_pause_nobody_can_read_breaks_nothing(web: respx.MockRouter, waits: list[float], pause: str) -> None:
    headers = [(b"Retry-After", pause.encode("latin-1"))]
    web.get(f"{BASE}/Encounter").mock(return_value=httpx.Response(429, headers=headers))
    with pytest.raises(SourceUnreachable, match="429"):
        client().get("Encounter")
    assert sum(waits) < 600


def test_retry_after_is_waited_out(web: respx.MockRouter, waits: list[float]) -> None:
    web.get(f"{BASE}/metadata").mock(
        side_effect=[
            httpx.Response(429, headers={"Retry-After": "7"}),
            httpx.Response(503),
            httpx.Response(200, json={}),
        ]
    )
    assert client().get("metadata") == {}
    assert waits == [7.0, 2.0]


def test_a_pause_longer_than_we_wait_leaves_it_to_the_next_run(web: respx.MockRouter, waits: list[float]) -> None:
    web.get(f"{BASE}/metadata").respond(429, headers={"Retry-After": "600"})
    with pytest.raises(SourceUnreachable, match="429"):
        client().get("metadata")
    assert waits == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(401), SourceSchemaError),
        (httpx.Response(403), SourceSchemaError),
        (httpx.Response(404), SourceSchemaError),
        (httpx.Response(400), SourceSchemaError),
        (httpx.Response(302, headers={"Location": "https://evil.example"}), SourceSchemaError),
        (httpx.Response(200, text="<html>Welcome</html>"), SourceSchemaError),
        (httpx.Response(200, json=[1]), SourceSchemaError),
        (httpx.Response(200, content=b"x" * 2000), SourceValueError),
        (httpx.Response(500), SourceUnreachable),
        (httpx.ConnectTimeout("slow"), SourceUnreachable),
        (httpx.ConnectError("tls: certificate verify failed"), SourceUnreachable),
    ],
)
def test_what_is_no_answer_is_told_by_kind(
    web: respx.MockRouter, waits: list[float], answer: Any, error: type[BhytError]
) -> None:
    web.get(f"{BASE}/metadata").mock(side_effect=[answer] * 3)
    with pytest.raises(error):
        client(max_answer_bytes=1000, tries=2).get("metadata")


def test_basic_login_and_numbers_stay_exact(web: respx.MockRouter, tmp_path: Path) -> None:
    secret = tmp_path / "pass"
    secret.write_text("s3cret\n", encoding="utf-8")
    route = web.get(f"{BASE}/metadata").respond(text='{"a": 1.10}')
    found = client(secret, login={"kind": "basic", "user": "bhyt"}).get("metadata")
    assert str(found["a"]) == "1.10"
    assert route.calls[0].request.headers["authorization"].startswith("Basic ")


def test_a_token_is_asked_once_used_again_and_renewed_when_withdrawn(web: respx.MockRouter, tmp_path: Path) -> None:
    secret = tmp_path / "pass"
    secret.write_text("s3cret", encoding="utf-8")
    tokens = web.post("https://his.vn/token").mock(
        side_effect=[httpx.Response(200, json={"access_token": t, "expires_in": 3600}) for t in ("one", "two")]
    )
    asked = web.get(f"{BASE}/metadata").mock(
        side_effect=[httpx.Response(200, json={}), httpx.Response(401), httpx.Response(200, json={})]
    )
    one = client(
        secret,
        login={
            "kind": "client_credentials",
            "user": "id",
            "token_url": "https://his.vn/token",
            "scope": "system/*.read",
        },
    )
    one.get("metadata")
    one.get("metadata")
    assert [c.request.headers["authorization"] for c in asked.calls] == ["Bearer one", "Bearer one", "Bearer two"]
    assert b"grant_type=client_credentials" in tokens.calls[0].request.content
    assert b"s3cret" not in tokens.calls[0].request.content


@pytest.mark.parametrize(
    "answer", [httpx.Response(401, json={"error": "invalid_client"}), httpx.Response(200, text="?")]
)
def test_a_refused_login_is_a_matter_of_rights(web: respx.MockRouter, tmp_path: Path, answer: httpx.Response) -> None:
    secret = tmp_path / "pass"
    secret.write_text("s3cret", encoding="utf-8")
    web.post("https://his.vn/token").mock(return_value=answer)
    login = {"kind": "client_credentials", "user": "id", "token_url": "https://his.vn/token"}
    with pytest.raises(SourceSchemaError) as told:
        client(secret, login=login).get("metadata")
    assert told.value.code == "SOURCE-RIGHT"
    assert "s3cret" not in str(told.value)


def test_everything_about_an_encounter_in_one_question_when_the_server_offers_it(web: respx.MockRouter) -> None:
    resources = [patient(), encounter(), charge("c")]
    found = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}
    text = json.dumps(found, default=float)
    asked = web.get(f"{BASE}/Encounter/e/$everything").respond(text=text)
    web.get(f"{BASE}/Encounter").respond(text=text)
    children = web.get(f"{BASE}/ChargeItem").respond(json=bundle())
    web.get(f"{BASE}/AllergyIntolerance").respond(json=bundle())
    settings = SourceSettings(url=BASE, options={"everything": True})
    source = FhirSource(read_spec(SPEC), settings, read_options(settings))
    (only,) = source.fetch(["e"])
    assert [row["ID"] for row in only.collections["bill"]] == ["c"]
    assert asked.called
    assert not children.called
