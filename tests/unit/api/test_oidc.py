"""Signing in at an identity provider: only for whom it vouches, only known users, only one's own answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapter.api.app import create_app
from adapter.api.oidc import oidc_routes
from adapter.settings import AccessSettings, OidcSettings
from tests.support.api_world import BY, ApiWorld
from tests.support.web import serve

CLIENT = "bhyt-console"


class Provider:
    """An identity provider that says what a test tells it to."""

    def __init__(self, stack: ExitStack) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=False)
        self.claims: dict[str, Any] = {}
        self.signer, self.algorithm = self.key, "RS256"
        self.asked: dict[str, str] = {}
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def configuration() -> dict[str, str]:
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }

        @app.get("/keys")
        def keys() -> dict[str, Any]:
            return {"keys": [self.key.as_dict(private=False)]}

        @app.post("/token")
        async def token(request: Request) -> dict[str, Any]:
            self.asked = {name: str(value) for name, value in (await request.form()).items()}
            now = int(time.time())
            claims = {"iss": self.url, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 300, **self.claims}
            signed = jwt.encode({"alg": self.algorithm, "kid": "one"}, claims, self.signer)
            return {"access_token": "x", "token_type": "Bearer", "id_token": signed}

        self.url = stack.enter_context(serve(app))


class Browser:
    """One person at the sign-in."""

    def __init__(self, url: str, provider: Provider) -> None:
        self.client = httpx.Client(base_url=url)
        self.provider = provider

    def begin(self) -> dict[str, str]:
        answer = self.client.get("/login/oidc", follow_redirects=False)
        assert answer.status_code == 303
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def finish(self, state: str) -> httpx.Response:
        return self.client.get("/login/oidc/back", params={"state": state, "code": "c"}, follow_redirects=False)

    def sign_in(self, **claims: Any) -> int:
        sent = self.begin()
        self.provider.claims = {"nonce": sent["nonce"], **claims}
        return self.finish(sent["state"]).status_code


@pytest.fixture
def provider() -> Iterator[Provider]:
    with ExitStack() as stack:
        yield Provider(stack)


@pytest.fixture
def browser(world: ApiWorld, provider: Provider, tmp_path: Path) -> Iterator[Browser]:
    oidc = OidcSettings(issuer=provider.url, client_id=CLIENT, redirect_uri="http://127.0.0.1/login/oidc/back")
    settings = world.settings.model_copy(update={"access": AccessSettings(oidc=oidc)})
    app = create_app(
        access=world.access,
        status=lambda _caller: {},
        ready=lambda: None,
        routers=[oidc_routes(settings, world.store)],
    )
    with serve(app) as url:
        made = Browser(url, provider)
        yield made
        made.client.close()


def _user(world: ApiWorld, login: str) -> None:
    if world.store.people.users.find(login) is None:
        world.accounts.add_user(login, display_name="", roles=["viewer"], facilities=None, password=None, by=BY)


def test_a_known_user_is_bound_once_and_then_known_by_the_subject_alone(world: ApiWorld, browser: Browser) -> None:
    _user(world, "lan.oidc")
    assert browser.sign_in(preferred_username="lan.oidc", sub="lan-1") == 303
    assert browser.client.get("/v1/session").json()["name"] == "lan.oidc"
    assert "code_verifier" in browser.provider.asked
    browser.client.cookies.clear()
    assert browser.sign_in(preferred_username="renamed", sub="lan-1") == 303
    assert browser.client.get("/v1/session").json()["name"] == "lan.oidc"
    browser.client.cookies.clear()
    assert browser.sign_in(preferred_username="lan.oidc", sub="somebody-else") == 401, "the name is taken"
    actions = [line["action"] for line in world.store.audit.list(about=None, limit=5)]
    assert "session.refused" in actions


def test_nobody_is_made_a_user_by_signing_in_and_a_disabled_one_stays_out(world: ApiWorld, browser: Browser) -> None:
    assert browser.sign_in(preferred_username="khong-co-ai", sub="x-9") == 401
    assert browser.sign_in(sub="x-9") == 401
    _user(world, "het.han")
    assert browser.sign_in(preferred_username="het.han", sub="h-1") == 303
    world.accounts.set_disabled("het.han", disabled=True, by=BY)
    assert browser.sign_in(preferred_username="het.han", sub="h-1") == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"aud": "another-client"},
        {"iss": "https://another.example"},
        {"exp": int(time.time()) - 3600},
        {"aud": [CLIENT, "two"], "azp": "two"},
    ],
)
def test_a_token_that_is_not_the_answer_to_this_question_opens_nothing(
    world: ApiWorld, browser: Browser, claims: dict[str, Any]
) -> None:
    _user(world, "binh.oidc")
    assert browser.sign_in(**{"preferred_username": "binh.oidc", "sub": "b-1", **claims}) == 401
    assert browser.client.get("/v1/session").status_code == 401


def test_a_token_signed_by_another_key_opens_nothing(world: ApiWorld, browser: Browser) -> None:
    _user(world, "cuc.oidc")
    browser.provider.signer = RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=False)
    assert browser.sign_in(preferred_username="cuc.oidc", sub="c-1") == 401


def test_an_answer_without_its_question_opens_nothing(world: ApiWorld, browser: Browser) -> None:
    _user(world, "dao.oidc")
    sent = browser.begin()
    browser.provider.claims = {"nonce": sent["nonce"], "preferred_username": "dao.oidc", "sub": "d-1"}
    assert browser.finish("another-state").status_code == 401
    browser.client.cookies.clear()
    assert browser.finish(sent["state"]).status_code == 401, "a link sent by somebody else"


def test_without_a_provider_there_is_no_such_way_in(world: ApiWorld) -> None:
    assert (
        world.client().get("/login/oidc", follow_redirects=False).headers.get("location", "/login").startswith("/login")
    )
    assert world.client().get("/v1/session").status_code == 401
