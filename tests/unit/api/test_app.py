"""The web application: who may ask, and what it answers when something is wrong."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from adapter.api.app import create_app
from adapter.api.auth import first_key
from adapter.errors import StoreBusy, VaultError
from adapter.store.store import Store
from tests.support.pipeline_world import vault
from tests.support.web import key_holder, serve

KEY = "bhyt_test-key"


@contextmanager
def _client(ready: Exception | None = None) -> Iterator[httpx.Client]:
    def check() -> None:
        if ready is not None:
            raise ready

    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        store = stack.enter_context(Store.open(f"sqlite:///{folder / 'state.db'}", vault()))
        app = create_app(access=key_holder(store, KEY), status=lambda _caller: {"conserved": True}, ready=check)
        url = stack.enter_context(serve(app))
        yield stack.enter_context(httpx.Client(base_url=url))


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {KEY}"}, {"X-API-Key": KEY}])
def test_status_answers_to_the_key(headers: dict[str, str]) -> None:
    with _client() as client:
        assert client.get("/v1/status", headers=headers).json() == {"conserved": True}


@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": ""}, {"Authorization": f"Basic {KEY}"}, {"X-API-Key": KEY + "x"}]
)
def test_without_the_key_nothing_is_learnt(headers: dict[str, str]) -> None:
    with _client() as client:
        answer = client.get("/v1/status", headers=headers)
    assert answer.status_code == 401
    assert "conserved" not in answer.text


def test_the_process_is_alive_without_a_key() -> None:
    with _client() as client:
        assert client.get("/livez").json()["status"] == "alive"
        assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("error", "code"), [(StoreBusy("bận", "busy"), 503), (VaultError("sai khóa", "wrong key"), 500)]
)
def test_not_ready_says_why_in_both_languages(error: Exception, code: int) -> None:
    with _client(error) as client:
        answer = client.get("/readyz")
    assert answer.status_code == code
    assert {"code", "message_vi", "message_en"} <= answer.json().keys()


def test_the_first_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "api.key"
    key = first_key(path)
    assert len(key) > 40
    assert first_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
