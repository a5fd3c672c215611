from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.clock import VIETNAM
from adapter.errors import ConfigError
from adapter.simulator.faults import Fault, FaultEngine, FaultPlan, FaultRule
from tests.support.gateway_files import checkin_xml, default_tables, dossier_xml, sign1
from tests.support.practice_gateway import CHECKIN, DOSSIER, RawClient

Start = Callable[..., RawClient]
NOW = datetime(2026, 11, 22, 8, tzinfo=VIETNAM)


def plan(fault: str, **more: Any) -> FaultPlan:
    return FaultPlan.model_validate({"rules": [{"fault": fault, "service": "dossier*", **more}]})


@pytest.fixture
def begin(client: RawClient) -> Callable[..., RawClient]:
    def ready(fault: str, **more: Any) -> RawClient:
        body = plan(fault, **more).model_dump(mode="json")
        assert client.http.post("/_sim/faults", json=body).status_code == 200
        return client

    return ready


def accepted(client: RawClient) -> list[dict[str, Any]]:
    return [row for row in client.http.get("/_sim/received").json() if row["accepted"]]


def calls(client: RawClient) -> dict[str, int]:
    return client.http.get("/_sim/state").json()["calls"]


DOCUMENT = sign1(dossier_xml())


def test_latency_delays_the_answer_and_nothing_else(begin: Callable[..., RawClient]) -> None:
    client = begin("latency", seconds=0.4)
    started = time.perf_counter()
    assert client.send(DOCUMENT).json()["maKetQua"] == "200"
    assert time.perf_counter() - started >= 0.4


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("fault", ["timeout", "reset"])
def test_a_lost_answer_may_or_may_not_have_stored_the_file(
    begin: Callable[..., RawClient], fault: str, when: str, stored: int
) -> None:
    client = begin(fault, when=when, seconds=0.2, count=1)
    with pytest.raises(httpx.RemoteProtocolError if fault == "timeout" else httpx.ReadError):
        client.send(DOCUMENT)
    rows = accepted(client)
    assert len(rows) == stored
    assert all(row["fault"] == fault and row["answer"]["maKetQua"] == "200" for row in rows)
    assert client.send(DOCUMENT).json()["maKetQua"] == "200"


def test_a_client_that_gives_up_first_leaves_the_gateway_well(begin: Callable[..., RawClient]) -> None:
    client = begin("timeout", when="after", seconds=60, count=1)
    client.http.timeout = httpx.Timeout(0.5)
    with pytest.raises(httpx.ReadTimeout):
        client.send(DOCUMENT)
    client.http.timeout = httpx.Timeout(20)
    assert client.send(DOCUMENT).json()["maKetQua"] == "200"
    assert len(accepted(client)) == 2


def test_a_sender_that_dies_while_sending_leaves_nothing_behind(
    client: RawClient, caplog: pytest.LogCaptureFixture
) -> None:
    address = client.http.base_url
    with socket.create_connection((address.host, address.port or 80)) as raw:
        raw.sendall(f"POST {DOSSIER} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nusername=".encode())
        time.sleep(0.1)
    for _ in range(50):
        if calls(client).get("dossier-3176"):
            break
        time.sleep(0.05)
    assert calls(client)["dossier-3176"] == 1
    assert client.http.get("/_sim/received").json() == []
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert client.send(DOCUMENT).json()["maKetQua"] == "200"


@pytest.mark.parametrize(
    ("fault", "status", "headers"),
    [("http_error", 502, {}), ("throttled", 429, {"retry-after": "7"}), ("maintenance", 503, {})],
)
def test_pages_of_things_in_between_are_html_and_nothing_is_stored(
    begin: Callable[..., RawClient], fault: str, status: int, headers: dict[str, str]
) -> None:
    client = begin(fault, seconds=7)
    answer = client.send(DOCUMENT)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert headers.items() <= dict(answer.headers).items()
    assert accepted(client) == []


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_may_come_after_the_file_was_stored(begin: Callable[..., RawClient], status: int) -> None:
    client = begin("http_error", when="after", status=status)
    assert client.send(DOCUMENT).status_code == status
    assert len(accepted(client)) == 1


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
def test_html_with_200(begin: Callable[..., RawClient], when: str, stored: int) -> None:
    client = begin("html", when=when)
    answer = client.send(DOCUMENT)
    assert (answer.status_code, "<html" in answer.text) == (200, True)
    assert len(accepted(client)) == stored


def test_a_truncated_answer_is_not_json_and_the_file_is_stored(begin: Callable[..., RawClient]) -> None:
    client = begin("truncated_json")
    answer = client.send(DOCUMENT)
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert len(accepted(client)) == 1


def test_wrong_casing_changes_the_keys_only(begin: Callable[..., RawClient]) -> None:
    client = begin("wrong_casing")
    answer = client.send(DOCUMENT).json()
    assert answer["MaKetQua"] == "200"
    assert answer["MaGiaoDich"] == accepted(client)[0]["ma_giao_dich"]
    assert "maKetQua" not in answer


def test_200_with_another_message_is_stored(begin: Callable[..., RawClient]) -> None:
    client = begin("other_message", message="Hồ sơ chờ xử lý")
    answer = client.send(DOCUMENT).json()
    assert (answer["maKetQua"], answer["thongDiep"]) == ("200", "Hồ sơ chờ xử lý")
    assert accepted(client)[0]["ma_giao_dich"] == answer["maGiaoDich"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [("gateway_error", "500"), ("certificate_expired", "125"), ("certificate_unknown", "125"), ("oversize", "1001")],
)
def test_refusals_on_demand_are_kept_but_not_accepted(begin: Callable[..., RawClient], fault: str, code: str) -> None:
    client = begin(fault, count=1)
    assert client.send(DOCUMENT).json()["maKetQua"] == code
    (row,) = client.http.get("/_sim/received").json()
    assert (row["accepted"], row["ma_lk"], row["fault"]) == (False, "SYN-1", fault)
    assert client.send(DOCUMENT).json()["maKetQua"] == "200"


def test_a_receipt_number_may_be_given_twice(begin: Callable[..., RawClient]) -> None:
    client = begin("duplicate_receipt", nth=2)
    first = client.send(DOCUMENT).json()["maGiaoDich"]
    second = client.send(sign1(dossier_xml(default_tables("SYN-2")))).json()["maGiaoDich"]
    assert first == second
    assert [row["ma_lk"] for row in accepted(client)] == ["SYN-1", "SYN-2"]


def test_a_revoked_token_needs_one_new_login(begin: Callable[..., RawClient]) -> None:
    client = begin("token_revoked", nth=1)
    assert client.send(DOCUMENT).json()["maKetQua"] == "401"
    assert client.send(DOCUMENT).json()["maKetQua"] == "401"
    client.login()
    assert client.send(DOCUMENT).json()["maKetQua"] == "200"
    assert client.http.get("/_sim/state").json()["logins"] == 2


def test_an_empty_401(begin: Callable[..., RawClient]) -> None:
    answer = begin("empty_401").send(DOCUMENT)
    assert (answer.status_code, answer.content) == (401, b"")


def test_maintenance_lasts_from_start_until_end(start: Start) -> None:
    now = [NOW]
    until = (NOW + timedelta(hours=1)).isoformat()
    client = start(
        faults=plan("maintenance", start=NOW.isoformat(), until=until), clock=lambda: now[0], require_signature=False
    )
    client.login()
    assert client.send(dossier_xml()).status_code == 503
    now[0] += timedelta(hours=1)
    client.login()
    assert client.send(dossier_xml()).json()["maKetQua"] == "200"


def test_faults_reach_only_the_services_they_name(begin: Callable[..., RawClient]) -> None:
    client = begin("http_error")
    assert client.send(DOCUMENT).status_code == 502
    assert client.send(sign1(checkin_xml()), CHECKIN).json()["maKetQua"] == "200"


def test_every_call_is_logged_with_what_befell_it(begin: Callable[..., RawClient]) -> None:
    client = begin("reset", count=1)
    with pytest.raises(httpx.ReadError):
        client.send(DOCUMENT)
    client.send(DOCUMENT)
    assert calls(client) == {"dossier-3176": 2, "token": 1}
    counts = client.http.get("/_sim/faults").json()["counts"]
    assert counts == [{"fault": "reset", "service": "dossier*", "seen": 2, "fired": 1}]


def test_a_plan_can_be_put_in_force_and_taken_away_while_running(client: RawClient) -> None:
    body = {"seed": 3, "rules": [{"fault": "http_error", "service": "dossier-3176", "status": 500}]}
    assert client.http.post("/_sim/faults", json=body).json() == {"rules": 1}
    assert client.send(DOCUMENT).status_code == 500
    assert client.http.get("/_sim/faults").json()["plan"]["rules"][0]["fault"] == "http_error"
    client.http.delete("/_sim/faults")
    assert client.send(DOCUMENT).json()["maKetQua"] == "200"
    assert client.http.post("/_sim/faults", json={"rules": [{"fault": "không có"}]}).status_code == 422


def test_the_same_seed_fires_at_the_same_calls_and_another_does_not() -> None:
    def fired(seed: int) -> list[bool]:
        rule = FaultRule(fault=Fault.RESET, probability=0.3)
        engine = FaultEngine(FaultPlan(seed=seed, rules=(rule,)))
        return [bool(engine.choose("dossier-3176", NOW)) for _ in range(200)]

    assert fired(1) == fired(1)
    assert fired(1) != fired(2)
    assert 40 <= sum(fired(1)) <= 80


def test_nth_every_and_count_choose_calls() -> None:
    def fired(**more: Any) -> list[int]:
        engine = FaultEngine(FaultPlan(rules=(FaultRule(fault=Fault.RESET, **more),)))
        return [number for number in range(1, 9) if engine.choose("token", NOW)]

    assert fired(nth=3) == [3]
    assert fired(every=3) == [3, 6]
    assert fired(count=2) == [1, 2]


def test_latency_adds_to_another_fault_and_the_first_other_wins() -> None:
    rules = (
        FaultRule(fault=Fault.LATENCY),
        FaultRule(fault=Fault.RESET, service="token"),
        FaultRule(fault=Fault.HTML),
    )
    engine = FaultEngine(FaultPlan(rules=rules))
    assert [rule.fault for rule in engine.choose("token", NOW)] == [Fault.LATENCY, Fault.RESET]
    assert [rule.fault for rule in engine.choose("card", NOW)] == [Fault.LATENCY, Fault.HTML]


def test_a_plan_is_read_from_yaml_and_json_and_a_wrong_one_names_its_place(tmp_path: Path) -> None:
    good = tmp_path / "faults.yaml"
    good.write_text("seed: 5\nrules:\n  - {fault: reset, service: 'dossier*', when: after}\n", encoding="utf-8")
    assert FaultPlan.load(good).rules[0].stores
    as_list = tmp_path / "faults.json"
    as_list.write_text('[{"fault": "html"}]', encoding="utf-8")
    assert FaultPlan.load(as_list).rules[0].fault is Fault.HTML
    good.write_text("rules: [{fault: resett}]", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"rules\.0\.fault"):
        FaultPlan.load(good)
    with pytest.raises(ConfigError):
        FaultPlan.load(tmp_path / "absent.yaml")
