from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from adapter.clock import VIETNAM
from adapter.simulator.config import md5_upper
from tests.support.gateway_files import ACCOUNT, FACILITY, PASSWORD, dossier_xml, sign1
from tests.support.practice_gateway import RawClient

Start = Callable[..., RawClient]


def test_a_login_gives_a_pair_that_lives_ten_minutes_told_as_utc_text(start: Start) -> None:
    answer = start().login()
    assert answer["maKetQua"] == "200"
    key = answer["APIKey"]
    assert set(key) == {"access_token", "id_token", "token_type", "username", "expires_in"}
    assert key["token_type"] == "Bearer"
    assert key["expires_in"].endswith("Z")
    left = datetime.fromisoformat(key["expires_in"]) - datetime.now(UTC)
    assert timedelta(minutes=9, seconds=50) < left <= timedelta(minutes=10)


@pytest.mark.parametrize("kind", ["data", "json"])
@pytest.mark.parametrize("digest", [md5_upper(PASSWORD), md5_upper(PASSWORD).lower()])
def test_form_and_json_and_both_cases_of_the_hash_are_taken(start: Start, kind: str, digest: str) -> None:
    body = {"username": ACCOUNT, "password": digest}
    assert start().http.post("/api/token/take", **{kind: body}).json()["maKetQua"] == "200"


def test_refused_logins_have_their_codes_in_the_body_of_http_200(start: Start) -> None:
    client = start()
    good = md5_upper(PASSWORD)
    cases = [
        ({"username": "nobody", "password": good}, "401"),
        ({"username": ACCOUNT, "password": md5_upper("khác")}, "401"),
        ({"username": ACCOUNT, "password": PASSWORD}, "401"),
        ({"username": ACCOUNT, "password": good, "maCSKCB": "01998"}, "402"),
        ({}, "401"),
    ]
    for body, code in cases:
        answer = client.http.post("/api/token/take", data=body)
        assert (answer.status_code, answer.json()["maKetQua"]) == (200, code)
    locked = {"code": FACILITY, "account": ACCOUNT, "password": PASSWORD, "locked": True}
    client.http.post("/_sim/facilities", json=locked)
    assert client.login()["maKetQua"] == "403"


def test_refused_logins_can_come_with_http_401(start: Start) -> None:
    answer = start(login_error_http=401).http.post("/api/token/take", data={"username": "x", "password": "y"})
    assert (answer.status_code, answer.json()["maKetQua"]) == (401, "401")


def test_a_token_dies_when_its_time_is_over(start: Start) -> None:
    now = [datetime(2026, 11, 22, 8, tzinfo=VIETNAM)]
    client = start(clock=lambda: now[0], require_signature=False)
    client.login()
    assert client.key["expires_in"] == "2026-11-22T01:10:00Z"
    document = dossier_xml()
    now[0] += timedelta(minutes=9, seconds=59)
    assert client.send(document).json()["maKetQua"] == "200"
    now[0] += timedelta(seconds=1)
    assert client.send(document).json()["maKetQua"] == "401"
    client.login()
    assert client.send(document).json()["maKetQua"] == "200"


def test_a_token_works_only_from_the_address_that_took_it(start: Start) -> None:
    client = start(trust_forwarded=True)
    client.http.headers["X-Forwarded-For"] = "192.0.2.1"
    client.login()
    document = sign1(dossier_xml())
    assert client.send(document).json()["maKetQua"] == "200"
    client.http.headers["X-Forwarded-For"] = "192.0.2.2"
    assert client.send(document).json()["maKetQua"] == "401"
    client.login()
    assert client.send(document).json()["maKetQua"] == "200"


def test_binding_to_the_address_can_be_switched_off(start: Start) -> None:
    client = start(trust_forwarded=True, bind_address=False)
    client.http.headers["X-Forwarded-For"] = "192.0.2.1"
    client.login()
    client.http.headers["X-Forwarded-For"] = "192.0.2.2"
    assert client.send(sign1(dossier_xml())).json()["maKetQua"] == "200"


def test_a_forwarded_address_is_not_believed_unless_told_to(start: Start) -> None:
    client = start()
    client.http.headers["X-Forwarded-For"] = "192.0.2.1"
    client.login()
    client.http.headers["X-Forwarded-For"] = "192.0.2.2"
    assert client.send(sign1(dossier_xml())).json()["maKetQua"] == "200"


def test_an_unregistered_address_gets_no_token(start: Start) -> None:
    client = start()
    registration = {"code": FACILITY, "account": ACCOUNT, "password": PASSWORD, "addresses": ["192.0.2.9"]}
    client.http.post("/_sim/facilities", json=registration)
    assert client.login()["maKetQua"] == "401"


def test_without_the_header_trio_nothing_is_taken_or_kept(start: Start) -> None:
    client = start()
    client.login()
    whole = client.headers()
    for name in whole:
        rest = {key: value for key, value in whole.items() if key != name}
        answer = client.http.post("/api/qd130/guiHoSoXmlQD3176", data={"username": ACCOUNT}, headers=rest)
        assert (answer.status_code, answer.json()["maKetQua"]) == (200, "401")
    wrong = {**whole, "passwordHash": md5_upper("khác")}
    answer = client.http.post("/api/qd130/guiHoSoXmlQD3176", data={"username": ACCOUNT}, headers=wrong)
    assert answer.json()["maKetQua"] == "401"
    assert client.http.get("/_sim/received").json() == []
    assert client.http.get("/_sim/state").json()["calls"]["dossier-3176"] == 4


def test_a_refused_token_can_come_with_http_401(start: Start) -> None:
    answer = start(auth_error_http=401).http.post("/api/qd130/checkInKcbQd3176", data={"username": ACCOUNT})
    assert (answer.status_code, answer.json()["maKetQua"]) == (401, "401")


def test_registrations_and_tokens_outlive_a_restart(start: Start) -> None:
    client = start()
    client.login()
    again = start(facilities=())
    again.key = client.key
    assert again.send(sign1(dossier_xml())).json()["maKetQua"] == "200"


def test_registrations_never_show_password_hashes(start: Start) -> None:
    (row,) = start().http.get("/_sim/facilities").json()
    assert row["account"] == ACCOUNT
    assert md5_upper(PASSWORD) not in str(row)


def test_an_unreadable_certificate_is_refused_at_registration(start: Start) -> None:
    body = {"code": FACILITY, "account": ACCOUNT, "password": PASSWORD, "certificates": ["not PEM"]}
    answer = start().http.post("/_sim/facilities", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "CERTIFICATE")
