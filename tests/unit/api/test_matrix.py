"""Who may call what: every address names its permission, and every role is held to it."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from adapter.access.roles import roles
from adapter.api.matrix import ANYBODY, OPEN, Address, addresses, matrix, may
from tests.support.api_world import KEY, OTHER, PATIENT, ApiWorld
from tests.support.web import serve
from tests.support.write_matrix import PAGE

_WRITES = {"POST", "PUT", "PATCH", "DELETE"}


def _ask(client: httpx.Client, address: Address, dossier: int) -> Any:
    path = re.sub(r"\{(dossier_id|identity|id)\}", str(dossier), address.path)
    path = re.sub(r"\{[^}]*\}", "x", path)
    if address.path.startswith("/v1"):
        return client.request(address.method, path, json={} if address.method in _WRITES else None)
    data = {"csrf_token": client.headers.get("X-CSRF-Token", "")} if address.method in _WRITES else None
    return client.request(address.method, path, data=data, follow_redirects=False)


def test_every_address_names_its_permission(world: ApiWorld) -> None:
    nameless = [f"{one.method} {one.path}" for one in addresses(world.app) if one.permission is None]
    assert nameless == [], 'write Depends(require("…")), signed_in or open_to_all; see adapter/api/identity.py'


def test_the_page_of_who_may_call_what_is_up_to_date(world: ApiWorld) -> None:
    assert PAGE.read_text(encoding="utf-8") == matrix(world.app), "run python -m tests.support.write_matrix"


def test_without_a_session_or_key_only_open_addresses_answer(world: ApiWorld) -> None:
    client = world.client()
    for address in addresses(world.app):
        if address.permission == OPEN:
            continue
        answer = _ask(client, address, world.id_of("LKok"))
        signed_out = answer.status_code == 401 or answer.headers.get("location", "").startswith("/login")
        assert signed_out, f"{address}: {answer.status_code}"
        assert PATIENT not in answer.text
        assert "LKok" not in answer.text


@pytest.mark.parametrize("role", list(roles()))
def test_a_role_is_let_in_where_the_matrix_says_and_nowhere_else(world: ApiWorld, role: str) -> None:
    client = world.signed_in(role)
    for address in addresses(world.app):
        if address.permission in (OPEN, ANYBODY):
            continue
        answer = _ask(client, address, world.id_of("LKok"))
        allowed = may(role, address.permission)
        if allowed:
            refused = answer.status_code == 401 or "ACCESS-RIGHT" in answer.text
            # A route may ask for more inside (an override, the withheld part of a book), never for less.
            assert not refused or address.method in _WRITES, f"{role} {address}: {answer.status_code}"
        else:
            assert answer.status_code == 403, f"{role} {address}: {answer.status_code}"
            assert PATIENT not in answer.text
            assert "LKok" not in answer.text


def test_a_refusal_is_word_for_word_the_same_whether_the_dossier_exists_or_not(world: ApiWorld) -> None:
    elsewhere = world.signed_in("operator", (OTHER,))
    clerk = world.signed_in("clerk")
    for path in ("", "/revisions", "/events", "/findings", "/tables", "/receipts", "/verdicts"):
        for client in (elsewhere, clerk):
            real = client.get(f"/v1/dossiers/{world.id_of('LKok')}{path}")
            invented = client.get(f"/v1/dossiers/999999{path}")
            assert (real.status_code, real.json()) == (invented.status_code, invented.json())
            assert real.status_code == (404 if client is elsewhere else 403)
            told, untold = dict(real.headers), dict(invented.headers)
            assert {**told, "date": ""} == {**untold, "date": ""}


def test_acts_on_another_facilitys_dossier_are_told_like_acts_on_none(world: ApiWorld) -> None:
    elsewhere = world.signed_in("operator", (OTHER,))
    for act, asked in {
        "retry": {"reason": "thử"},
        "hold": {"reason": "thử"},
        "release": {"reason": "thử"},
        "found": {"reason": "thử", "maGiaoDich": "GD9"},
        "override": {"reason": "thử", "rules": ["X1-FMT-007"]},
        "reveal": {"reason": "thử"},
        "sent": {"reason": "thử"},
    }.items():
        real = elsewhere.post(f"/v1/dossiers/{world.id_of('LKok')}/{act}", json=asked)
        invented = elsewhere.post(f"/v1/dossiers/999999/{act}", json=asked)
        assert (real.status_code, real.json()) == (404, invented.json()), act


def test_lists_searches_counts_and_status_of_one_facility_know_nothing_of_another(world: ApiWorld) -> None:
    elsewhere = world.signed_in("operator", (OTHER,))
    assert elsewhere.get("/v1/dossiers").json()["dossiers"] == []
    assert elsewhere.get("/v1/dossiers?facility=01999").json()["dossiers"] == []
    assert elsewhere.post("/v1/dossiers/search", json={"text": PATIENT}).json()["dossiers"] == []
    assert elsewhere.post("/v1/dossiers/search", json={"text": "LKok"}).json()["dossiers"] == []
    status = elsewhere.get("/v1/status").json()
    assert status["encounters_read"] == 0
    assert [one["code"] for one in status["facilities"]] == [OTHER]
    statistics = elsewhere.get("/v1/statistics").json()
    assert statistics["days"] == []
    assert statistics["blocked_rules"] == {}
    assert set(statistics["today"].values()) == {0}
    assert "01999" not in elsewhere.get("/v1/catalogues").text


def test_a_caller_bound_to_a_facility_manages_no_accounts_and_reads_its_own_audit_lines_only(world: ApiWorld) -> None:
    bound = world.scoped("users.manage", "audit.read", facilities=(OTHER,))
    assert bound.get("/v1/users").status_code == 403
    assert bound.post("/v1/keys", json={"name": "x", "permissions": ["audit.read"]}).status_code == 403
    assert bound.get("/v1/audit/verify").status_code == 403
    assert all(line["facility"] == OTHER for line in bound.get("/v1/audit").json()["lines"])


def test_a_route_that_names_no_permission_is_open_to_the_first_key_only(world: ApiWorld) -> None:
    from fastapi import APIRouter

    from adapter.api.app import create_app

    router = APIRouter()

    @router.get("/v1/forgotten")
    def forgotten() -> str:
        return PATIENT

    app = create_app(access=world.access, status=lambda _caller: {}, ready=lambda: None, routers=[router])
    with serve(app) as url, httpx.Client(base_url=url) as client:
        assert client.get("/v1/forgotten").status_code == 401
        assert client.get("/v1/forgotten", headers={"X-API-Key": KEY}).json() == PATIENT
        key = world.accounts.add_key(
            "nearly", permissions=["dossiers.read", "users.manage"], facilities=None, days=None, by=_by()
        )
        assert client.get("/v1/forgotten", headers={"X-API-Key": key}).status_code == 403


def _by() -> Any:
    from adapter.access.accounts import By

    return By("cli:test")
