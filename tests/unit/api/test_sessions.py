"""Sessions in a browser: cookies no script reads, forms no other site can forge, headers that keep to this service."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from adapter.access import passwords
from tests.support.api_world import BY, OTHER, ApiWorld, quick_hashes

PASSWORD = "bốn con trâu xanh"


@pytest.fixture(scope="module", autouse=True)
def _user(world: ApiWorld) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", quick_hashes())
        world.accounts.add_user(
            "lan", display_name="Lan", roles=["operator"], facilities=None, password=PASSWORD, by=BY
        )
        yield


def test_signing_in_gives_a_cookie_no_script_reads_and_signing_out_ends_it(world: ApiWorld) -> None:
    client = world.client()
    answer = client.post("/v1/session", json={"login": "lan", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/v1/session").json()["name"] == "lan"
    token = answer.json()["csrf_token"]
    assert client.delete("/v1/session", headers={"X-CSRF-Token": token}).status_code == 204
    assert client.get("/v1/session").status_code == 401


def test_a_wrong_password_tells_nothing_and_too_many_wait(world: ApiWorld) -> None:
    client = world.client()
    answers = [client.post("/v1/session", json={"login": "ai-do", "password": "sai"}) for _ in range(7)]
    assert [one.status_code for one in answers] == [401] * 5 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert "ai-do" not in answers[0].text


def test_a_change_without_the_sessions_own_token_is_refused(world: ApiWorld) -> None:
    client = world.signed_in("operator")
    path = f"/v1/dossiers/{world.id_of('LKbad')}/hold"
    token = client.headers.pop("X-CSRF-Token")
    for headers in ({}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": token[:-1]}):
        answer = client.post(path, json={"reason": "x"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "ACCESS-CSRF")
    assert client.get(f"/v1/dossiers/{world.id_of('LKbad')}").json()["held"] is False


def test_another_sites_page_changes_nothing_even_with_a_key(world: ApiWorld) -> None:
    for site in ("cross-site", "same-site"):
        answer = world.with_key().post("/v1/session", json={}, headers={"Sec-Fetch-Site": site})
        assert (answer.status_code, answer.json()["code"]) == (403, "ACCESS-SITE")


def test_a_link_signs_in_once_and_leads_to_the_start(world: ApiWorld) -> None:
    token, _ = world.access.make_link(world.store.people.users.get("lan"), actor="cli:x")
    client = world.client()
    answer = client.get(f"/enter/{token}", follow_redirects=False)
    assert (answer.status_code, urlsplit(answer.headers["location"]).path) == (303, "/")
    assert client.get("/v1/session").json()["name"] == "lan"
    second = world.client()
    assert second.get(f"/enter/{token}", follow_redirects=False).headers["location"].startswith("/login")
    assert second.get("/v1/session").status_code == 401


def test_over_tls_the_cookie_is_bound_to_this_host_and_browsers_stay_with_tls() -> None:
    from starlette.requests import Request
    from starlette.responses import Response

    from adapter.access.access import Signed
    from adapter.access.principal import Principal
    from adapter.api.identity import start_session
    from adapter.clock import system_clock

    scope = {"type": "http", "scheme": "https", "server": ("h", 443), "path": "/", "headers": [], "query_string": b""}
    answer = Response()
    someone = Principal(1, "lan", frozenset(), None, "session")
    start_session(Request(scope), answer, Signed("t", someone, system_clock()))
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-bhyt=t;")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


@pytest.mark.parametrize("path", ["/livez", "/v1/session", "/", "/login", "/v1/nothing"])
def test_every_answer_keeps_the_browser_to_this_service(world: ApiWorld, path: str) -> None:
    headers = world.client().get(path, follow_redirects=False).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"


def test_a_session_bound_to_a_facility_asks_the_desk_for_that_one_only(world: ApiWorld) -> None:
    clerk = world.signed_in("clerk", (OTHER,))
    asked = {"number": "XX4010000000001", "name": "A", "birth_date": "1980", "facility": "01999"}
    answer = clerk.post("/v1/cards/lookup", json=asked)
    assert answer.status_code == 422
    assert "01999" not in answer.json()["message_en"]


def test_a_user_changes_the_own_password_by_the_old_one_and_other_sessions_end(world: ApiWorld) -> None:
    world.accounts.add_user("mai", display_name="", roles=["viewer"], facilities=None, password=PASSWORD, by=BY)
    one, two = world.client(), world.client()
    for client in (one, two):
        token = client.post("/v1/session", json={"login": "mai", "password": PASSWORD}).json()["csrf_token"]
        client.headers["X-CSRF-Token"] = token
    wrong = one.post("/v1/session/password", json={"old": "sai", "new": PASSWORD + " mới"})
    assert wrong.status_code == 401
    weak = one.post("/v1/session/password", json={"old": PASSWORD, "new": "ngắn"})
    assert (weak.status_code, weak.json()["code"]) == (422, "PASSWORD")
    assert one.post("/v1/session/password", json={"old": PASSWORD, "new": PASSWORD + " mới"}).status_code == 204
    assert one.get("/v1/session").status_code == 200
    assert two.get("/v1/session").status_code == 401
    key = world.with_key().post("/v1/session/password", json={"old": "a", "new": PASSWORD})
    assert key.status_code == 401, "a key has no password"


def test_asking_for_what_one_has_no_right_to_is_recorded_by_the_routes_pattern(world: ApiWorld) -> None:
    world.signed_in("clerk").get(f"/v1/dossiers/{world.id_of('LKok')}")
    line = world.store.audit.list(action="access.denied", limit=1)[0]
    assert (line["object"], line["outcome"]) == ("/v1/dossiers/{dossier_id}", "denied")
    assert line["detail"] == {"permission": "dossiers.read"}


def test_a_fault_of_our_own_tells_nothing_of_it(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Trần Văn Bí Mật")

    monkeypatch.setattr(world.store.queries, "show", broken)
    answer = world.with_key().get("/v1/dossiers/1")
    assert (answer.status_code, answer.json()["code"]) == (500, "UNEXPECTED")
    assert "Bí Mật" not in answer.text
