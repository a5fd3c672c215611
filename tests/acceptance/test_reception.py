"""The reception desk over real HTTP: our web application on one side, the practice gateway on the other."""

from __future__ import annotations

import logging
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from adapter.api.app import create_app
from adapter.api.reception import reception_routes
from adapter.clock import system_clock
from adapter.demo.workdir import prepare
from adapter.reception.desk import Desk
from adapter.settings import Facility, GatewaySettings, ReceptionSettings, Settings, SourceSettings
from adapter.simulator import FaultPlan, FaultRule, running
from adapter.simulator.cards import SimCard, Visit
from adapter.simulator.faults import Fault
from adapter.store import Store
from tests.support.cli import gateway_of, wait_for
from tests.support.gateway_files import ACCOUNT, FACILITY, PASSWORD
from tests.support.pipeline_world import vault
from tests.support.practice_gateway import practice_config
from tests.support.web import key_holder, serve

KEY = "bhyt_test-key"
CARD = SimCard(
    number="XX4010000000001",
    name="NGƯỜI BỆNH MẪU",
    birth="02/09/1980",
    citizen="000000000012",
    insurance="0000000010",
    registered_at="01999",
    valid_from="01/01/2026",
    valid_to="31/12/2099",
    visits=(Visit(facility="01999", start="202609010800", end="202609010930", disease="Nhiễm siêu vi"),),
)
EXPIRED = SimCard(number="XX4010000000002", name="NGƯỜI BỆNH MẪU", birth="02/09/1980", valid_to="31/12/2020")
GOOD = {"number": CARD.number, "name": "Người bệnh mẫu", "birth_date": "02/09/1980", "user": "le-tan"}
STAFF = {"user": "le-tan", "name": "Nguyễn Thị Tra Cứu", "citizen_number": "000000000001"}
STRANGER = {"user": "nguoi-moi", "name": "Trần Văn Mới", "citizen_number": "000000000009"}


class Hospital:
    """A web role with its store, and the gateway it asks."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        (folder / "account.pass").write_text(PASSWORD + "\n", encoding="utf-8")
        self.store = stack.enter_context(Store.open(f"sqlite:///{folder / 'state.db'}", vault()))

    def open(self, *faults: FaultRule, url: str = "", **reception: Any) -> httpx.Client:
        """The practice gateway, the web role, and a client with the key."""
        if not url:
            config = practice_config(self.folder, faults=FaultPlan(rules=faults), cards=(CARD, EXPIRED))
            url = self._stack.enter_context(running(config))
        facility = Facility(
            code=FACILITY,
            account=ACCOUNT,
            password_file=Path("account.pass"),
            mapping="demo-his-b",
            source=SourceSettings(url="sqlite:///his.db"),
        )
        settings = Settings(
            workdir=self.folder,
            facilities=(facility,),
            gateway=GatewaySettings(base_url=url, read_timeout=5, connect_timeout=2),
            reception=ReceptionSettings(**{"staff": (STAFF, STRANGER), "timeout": 1.5, **reception}),
        )
        desk = Desk(settings, self.store, system_clock)
        self._stack.callback(desk.close)
        app = create_app(
            access=key_holder(self.store, KEY),
            status=lambda _caller: {},
            ready=lambda: None,
            routers=[reception_routes(desk)],
        )
        base = self._stack.enter_context(serve(app))
        return self._stack.enter_context(httpx.Client(base_url=base, headers={"X-API-Key": KEY}, timeout=20))

    def calls(self, service: str) -> int:
        """How often the gateway was really asked."""
        database = sqlite3.connect(self.folder / "gateway.db")
        try:
            return int(database.execute("SELECT COUNT(*) FROM calls WHERE service = ?", [service]).fetchone()[0])
        finally:
            database.close()


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    with ExitStack() as stack:
        yield Hospital(tmp_path, stack)


@pytest.mark.parametrize("number", [CARD.number, CARD.citizen, CARD.insurance, " xx4 01 0000000001 "])
def test_a_good_card_is_told_in_plain_words_by_any_of_its_numbers(hospital: Hospital, number: str) -> None:
    answer = hospital.open().post("/v1/cards/lookup", json={**GOOD, "number": number})
    document = answer.json()
    assert answer.status_code == 200
    assert (document["result"]["kind"], document["result"]["usable"]) == ("usable", True)
    assert document["result"]["message_vi"] == "Thẻ đúng và khớp thông tin"
    assert document["result"]["message_en"]
    assert document["result"]["advice_vi"]
    assert (document["card"]["valid_to"], document["card"]["registered_at"]) == ("31/12/2099", "01999")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"number": EXPIRED.number}, "negative", "Thẻ đã hết hạn"),
        ({"number": "XX4010000000009"}, "wrong_input", "Không tìm thấy thẻ"),
        ({"name": "Người Khác Hẳn"}, "wrong_input", "Sai họ tên nhưng đúng chữ cái đầu"),
        ({"name": "Ai Đó Khác"}, "wrong_input", "Sai họ tên chủ thẻ"),
        ({"birth_date": "1980-09-03"}, "wrong_input", "Sai ngày sinh"),
    ],
)
def test_each_way_a_card_is_not_good_has_its_words(
    hospital: Hospital, change: dict[str, str], kind: str, words: str
) -> None:
    answer = hospital.open().post("/v1/cards/lookup", json={**GOOD, **change})
    assert answer.status_code == 200
    result = answer.json()["result"]
    assert (result["kind"], result["usable"], result["message_vi"]) == (kind, False, words)


def test_the_history_names_the_visits(hospital: Hospital) -> None:
    document = hospital.open().post("/v1/history/lookup", json=GOOD).json()
    visit = document["history"][0]
    assert (visit["facility"], visit["admitted"], visit["disease"]) == ("01999", "202609010800", "Nhiễm siêu vi")


@pytest.mark.parametrize(
    ("user", "code"), [("ai-do", "RECEPTION-STAFF"), ("nguoi-moi", None)], ids=["not-configured", "not-registered"]
)
def test_without_a_registered_person_nothing_is_told(hospital: Hospital, user: str, code: str | None) -> None:
    client = hospital.open()
    answer = client.post("/v1/cards/lookup", json={**GOOD, "user": user})
    assert answer.status_code == 403
    document = answer.json()
    if code:
        assert document["code"] == code
        assert "reception.staff" in document["hint_en"]
        assert hospital.calls("card") == 0
    else:
        assert document["result"]["kind"] == "staff"
        assert "card" not in document


def test_without_the_key_nothing_is_asked(hospital: Hospital) -> None:
    client = hospital.open()
    for path in ("/v1/cards/lookup", "/v1/history/lookup"):
        assert client.post(path, json=GOOD, headers={"X-API-Key": "wrong"}).status_code == 401
    assert client.get("/v1/lookups/TC260901-AAAAAAAA", headers={"X-API-Key": "wrong"}).status_code == 401
    assert hospital.calls("card") == hospital.calls("history") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"number": "123"},
        {"number": "XX40100000000012"},
        {"name": "  "},
        {"birth_date": "02091980"},
        {"facility": "01998"},
        {"number": None},
        {"extra": "x"},
    ],
)
def test_what_cannot_be_right_is_refused_before_it_is_asked(hospital: Hospital, change: dict[str, Any]) -> None:
    answer = hospital.open().post("/v1/cards/lookup", json={**GOOD, **change})
    assert answer.status_code == 422
    assert {"code", "message_vi", "message_en"} <= answer.json().keys()
    assert not any(word in answer.text for word in ("Người bệnh", CARD.number, "XX40100000000012", "02091980"))
    assert hospital.calls("card") == 0


def test_the_same_question_is_asked_once_and_answered_again_from_memory(hospital: Hospital) -> None:
    client = hospital.open()
    first = client.post("/v1/cards/lookup", json=GOOD).json()
    again = client.post("/v1/cards/lookup", json={**GOOD, "name": "NGƯỜI  BỆNH MẪU", "birth_date": "1980-09-02"}).json()
    assert (first["cached"], again["cached"]) == (False, True)
    assert again["reference"] == first["reference"]
    assert hospital.calls("card") == 1
    assert client.post("/v1/history/lookup", json=GOOD).json()["cached"] is False


def test_a_double_click_is_one_question(hospital: Hospital) -> None:
    client = hospital.open(FaultRule(fault=Fault.LATENCY, service="card", seconds=0.5))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/cards/lookup", json=GOOD).json(), range(4)))
    assert sorted(answer["cached"] for answer in answers) == [False, True, True, True]
    assert hospital.calls("card") == 1


def test_answers_grow_old(hospital: Hospital) -> None:
    client = hospital.open(cache_seconds=0)
    for _ in range(2):
        assert client.post("/v1/cards/lookup", json=GOOD).json()["cached"] is False
    assert hospital.calls("card") == 2


def test_too_many_questions_in_a_minute_wait(hospital: Hospital) -> None:
    client = hospital.open(per_minute=2)
    numbers = [f"XX401000000001{n}" for n in range(3)]
    answers = [client.post("/v1/cards/lookup", json={**GOOD, "number": number}) for number in numbers]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["retry-after"]) <= 60
    assert hospital.calls("card") == 2


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.HTTP_ERROR, Fault.HTML, Fault.RESET])
def test_a_gateway_that_fails_is_asked_once_and_leaves_a_proof(hospital: Hospital, fault: Fault) -> None:
    client = hospital.open(FaultRule(fault=fault, service="card", seconds=3))
    answer = client.post("/v1/cards/lookup", json=GOOD)
    document = answer.json()
    assert (answer.status_code, document["result"]["kind"]) == (503, "unavailable")
    assert "188/2025" in document["result"]["advice_vi"]
    assert hospital.calls("card") == 1
    proof = client.get(f"/v1/lookups/{document['reference'].lower()}").json()
    assert (proof["outcome"], proof["service"], proof["asked_by"]) == ("unavailable", "card", "le-tan")
    assert abs((datetime.fromisoformat(proof["asked_at"]) - datetime.now(UTC)).total_seconds()) < 30
    person = {name: GOOD[name] for name in ("number", "name", "birth_date")}
    verify = f"/v1/lookups/{document['reference']}/verify"
    assert client.post(verify, json=person).json()["same"] is True
    assert client.post(verify, json={**person, "name": "Người Khác"}).json()["same"] is False
    assert client.get("/v1/lookups/TC260901-AAAAAAAA").status_code == 404


def test_a_gateway_that_is_away_leaves_a_proof_too(hospital: Hospital) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    client = hospital.open(url=f"http://127.0.0.1:{port}")
    answer = client.post("/v1/cards/lookup", json=GOOD)
    assert answer.status_code == 503
    assert client.get(f"/v1/lookups/{answer.json()['reference']}").json()["outcome"] == "unavailable"


def test_a_failure_is_not_remembered_as_an_answer(hospital: Hospital) -> None:
    client = hospital.open(FaultRule(fault=Fault.HTTP_ERROR, service="card", count=1))
    assert client.post("/v1/cards/lookup", json=GOOD).status_code == 503
    assert client.post("/v1/cards/lookup", json=GOOD).json()["result"]["kind"] == "usable"


def test_a_restricted_account_asks_no_further(hospital: Hospital) -> None:
    client = hospital.open(FaultRule(fault=Fault.RESTRICTED, service="card"))
    assert client.post("/v1/cards/lookup", json=GOOD).json()["result"]["kind"] == "restricted"
    again = client.post("/v1/cards/lookup", json={**GOOD, "number": EXPIRED.number})
    assert (again.status_code, again.json()["result"]["kind"]) == (503, "not_asked")
    assert client.get(f"/v1/lookups/{again.json()['reference']}").json()["outcome"] == "not_asked"
    assert hospital.calls("card") == 1
    assert hospital.store.gates.closed(FACILITY, "dossier", system_clock()) is None


def test_a_refused_login_stops_look_ups_and_senders_alike(hospital: Hospital) -> None:
    (hospital.folder / "account.pass").write_text("sai\n", encoding="utf-8")
    client = hospital.open()
    assert client.post("/v1/cards/lookup", json=GOOD).json()["result"]["kind"] == "auth"
    assert client.post("/v1/history/lookup", json=GOOD).json()["result"]["kind"] == "not_asked"
    assert hospital.calls("token") == 1
    gate = hospital.store.gates.closed(FACILITY, "dossier", system_clock())
    assert gate is not None
    assert gate.kind == "auth"


def test_nothing_about_the_patient_stays_on_disk_or_in_logs(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = hospital.open(FaultRule(fault=Fault.HTTP_ERROR, service="history"))
    client.post("/v1/cards/lookup", json=GOOD)
    client.post("/v1/history/lookup", json=GOOD)
    client.post("/v1/cards/lookup", json={**GOOD, "number": "123"})
    hospital.store.close()
    kept = b"".join(path.read_bytes() for path in hospital.folder.glob("state.db*"))
    for word in (CARD.number, "bệnh mẫu", "BỆNH MẪU", "02/09/1980", "Nhiễm siêu vi"):
        assert word.encode() not in kept
        assert word not in caplog.text


def test_the_web_role_serves_the_desk_of_a_workdir(tmp_path: Path) -> None:
    workdir = tmp_path / "work"
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        gateway_port, web_port = one.getsockname()[1], two.getsockname()[1]
    prepare(
        workdir,
        source="his-b",
        encounters=1,
        seed=1,
        now=system_clock(),
        gateway_url=f"http://127.0.0.1:{gateway_port}",
    )
    config = yaml.safe_load((workdir / "config.yaml").read_text(encoding="utf-8"))
    config |= {"reception": {"staff": [STAFF]}, "api": {"host": "127.0.0.1", "port": web_port}}
    (workdir / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    with gateway_of(workdir) as gateway:
        assert httpx.post(f"{gateway}/_sim/cards", json=CARD.model_dump()).status_code == 201
        web = subprocess.Popen(
            [sys.executable, "-m", "adapter.cli.main", "run", "--role", "web", "--workdir", str(workdir)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            base = f"http://127.0.0.1:{web_port}"
            wait_for(f"{base}/livez", web)
            key = (workdir / "api.key").read_text(encoding="ascii").strip()
            answer = httpx.post(
                f"{base}/v1/cards/lookup", json=GOOD, headers={"Authorization": f"Bearer {key}"}, timeout=30
            )
        finally:
            web.terminate()
            told = "".join(web.communicate(timeout=30))
    assert answer.json()["result"]["kind"] == "usable"
    assert re.fullmatch(r"TC\d{6}-[2-9A-Z]{8}", answer.json()["reference"])
    assert not any(word in told for word in (CARD.number, "mẫu", "02/09/1980"))
