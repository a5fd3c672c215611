"""Whatever goes wrong, nothing that is said aloud names a person: logs, errors, metrics, alerts, refusals of the API.

Each way an error can come about is driven here with people in it: faults of the gateway, values that no mapping
can read, a program's own fault, a HIS that is away, and what other systems send that cannot be taken.
"""

from __future__ import annotations

import logging
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from adapter.cli.gateway.gateway_cmd import registered
from adapter.clock import system_clock
from adapter.demo.change import change
from adapter.demo.workdir import prepare
from adapter.engine.installation import open_installation
from adapter.engine.logs import Teller
from adapter.engine.opening import open_store
from adapter.errors import BhytError
from adapter.mapping.plan import Plan
from adapter.reception.desk import Desk, Question
from adapter.settings import FeedSettings, ReceptionSettings, ReceptionStaff, Settings, load_settings
from adapter.simulator import FaultPlan, FaultRule, SimulatorConfig, running
from adapter.simulator.faults import Fault
from connectors.base import open_feed
from tests.support.api_world import FACILITY, KEY, api_world
from tests.support.gateway_files import default_tables, dossier_xml, stay
from tests.support.overheard import Overheard, overhear, people_of, store_bytes

QUICK: dict[str, Any] = {
    "read_timeout": 0.4,
    "max_in_flight": 4,
    "breaker_failures": 1000,
    "back_off_first": 0.05,
    "back_off_longest": 0.1,
    "unknown_wait": 0,
    "unknown_repeats": 50,
    "retry_budget": 1000,
    "auth_pause": 0.05,
}
PERSON = {"Phạm Thị Rất Kín", "GD4797912345678", "001190012345", "0912345678"}


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Overheard]:
    with overhear(monkeypatch) as listening:
        yield listening


# ---- the demo's hospital ---------------------------------------------------------------------------


def faults() -> FaultPlan:
    """Every fault of the practice gateway once, on each side of storing where both make sense."""
    lookups = {Fault.HISTORY_NULL: "history", Fault.RESTRICTED: "card"}
    both = {Fault.TIMEOUT, Fault.RESET, Fault.HTTP_ERROR, Fault.HTML}
    rules = [
        FaultRule(
            fault=fault, service=lookups.get(fault, "[cd][ho][es]*"), every=2, count=1, when=when, seconds=1,
            message="Hồ sơ của người bệnh đang được xử lý",
        )
        for fault in Fault
        for when in (("before", "after") if fault in both else ("before",))
    ]  # fmt: skip
    return FaultPlan(rules=tuple(rules))


def passes(settings: Settings, heard: Overheard, stages: tuple[str, ...]) -> None:
    """The engine's own way of running and telling."""
    with open_installation(settings) as installation:
        tellers = {line.facility.code: Teller(line.facility.code) for line in installation.lines}
        for line in installation.lines:
            for stage in stages:
                result = line.run(stage)
                tellers[line.facility.code](result)
                heard.result(result)


def test_faults_of_the_gateway_and_of_the_his_name_nobody(
    tmp_path: Path, heard: Overheard, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    prepare(work, source="his-b", encounters=30, seed=3, now=system_clock(), gateway_url="http://127.0.0.1:9")
    settings = load_settings(workdir=work)
    (facility,) = settings.facilities
    persons = people_of(work / "his.db")
    assert len(persons) > 120
    config = SimulatorConfig(
        database=work / "gateway.db", port=0, facilities=(registered(facility, settings),), faults=faults()
    )
    with running(config) as url:
        staff = ReceptionStaff(user="lan", name="Nguyễn Thị Tiếp Đón", citizen_number="000000000001")
        gateway = settings.gateway.model_copy(update={**QUICK, "base_url": url})
        settings = settings.model_copy(
            update={"gateway": gateway, "reception": ReceptionSettings(staff=(staff,), cache_seconds=0, pause=0.05)}
        )
        for _ in range(8):
            passes(settings, heard, ("pull", "translate", "check", "sign", "send"))
            if all(one["fired"] for one in fired(url) if one["service"].startswith("[")):
                break
            time.sleep(0.1)
        ask_the_desk(settings, heard, work)
        assert [one["fault"] for one in fired(url) if not one["fired"]] == [], "every fault came about"

    spoil(work, persons)
    passes(settings, heard, ("pull", "translate", "check", "sign"))
    with monkeypatch.context() as patch:
        patch.setattr(Plan, "translate_noted", _broken(persons))
        change(work / "his.db", ma_lk_of(work, 12), "EPISODE", "VISIT_REASON", "đau", now=system_clock())
        passes(settings, heard, ("pull", "translate"))
    (work / "his.db").rename(work / "away.db")
    passes(settings, heard, ("pull", "reconcile"))
    (work / "his.db").write_bytes(b"Pham Thi Rat Kin no database " * 50)
    passes(settings, heard, ("pull",))

    with open_store(settings) as store:
        heard.watch(store, settings)
        heard.strangers(store, settings)
        codes = {row.condition for row in store.alerts.list(standing=False)}
        assert "disk" in codes
        assert store.queries.count(state="blocked") > 3, "what no mapping can read is blocked"
    assert heard.names(persons) == []
    lying = store_bytes(work)
    assert [value for value in sorted(persons) if value.encode() in lying] == []


def fired(url: str) -> list[dict[str, Any]]:
    counts: list[dict[str, Any]] = httpx.get(f"{url}/_sim/faults").json()["counts"]
    return counts


def ask_the_desk(settings: Settings, heard: Overheard, work: Path) -> None:
    """Card and history look-ups, right and wrong; what the person at the desk is shown is for her."""
    with closing(sqlite3.connect(work / "his.db")) as his:
        card, name = his.execute(
            "SELECT CARD_NUMBER, TDL_PATIENT_NAME FROM EPISODE_PAYER p JOIN EPISODE e ON e.ID = p.EPISODE_ID "
            "WHERE length(CARD_NUMBER) = 15"
        ).fetchone()
    with open_store(settings) as store:
        desk = Desk(settings, store)
        try:
            for service in ("card", "history", "card", "history"):
                for number, birth in ((card, "1980"), (name, "1980"), (card, name)):
                    try:
                        desk.ask(service, Question(number, name, birth), user="lan")
                    except BhytError as error:
                        heard.error("desk", error)
                time.sleep(0.06)
        finally:
            desk.close()


def ma_lk_of(work: Path, place: int) -> str:
    with closing(sqlite3.connect(work / "his.db")) as his:
        rows = his.execute("SELECT EPISODE_CODE FROM EPISODE WHERE FEE_LOCK_TIME IS NOT NULL ORDER BY ID").fetchall()
    return str(rows[place % len(rows)][0])


def spoil(work: Path, persons: set[str]) -> None:
    """Persons where numbers, times and codes belong: every kind of value a mapping can stumble over."""
    texts = sorted(persons)
    places = (
        ("EPISODE", "IN_TIME"), ("EPISODE", "OUT_TIME"), ("EPISODE", "DAY_COUNT"), ("EPISODE", "RESULT_ID"),
        ("EPISODE", "TREATMENT_TYPE_ID"), ("EPISODE", "SICK_LEAVE_FROM"), ("EPISODE", "APPOINTMENT_TIME"),
        ("PATIENT", "DOB"), ("PATIENT", "GENDER_ID"), ("EPISODE_PAYER", "CARD_FROM_TIME"),
    )  # fmt: skip
    for number, (table, column) in enumerate(places):
        change(work / "his.db", ma_lk_of(work, number), table, column, texts[number * 7 % len(texts)],
               now=system_clock())  # fmt: skip
    with closing(sqlite3.connect(work / "his.db")) as his, his:
        his.execute("UPDATE SERVED_ITEM SET AMOUNT = ? WHERE ID % 9 = 0", (texts[0],))


def _broken(persons: set[str]) -> Any:
    def translate_noted(*_: object, **__: object) -> None:
        raise ValueError(f"cannot read {sorted(persons)}")

    return translate_noted


def test_exported_tables_that_cannot_be_read_name_nobody(tmp_path: Path, heard: Overheard) -> None:
    work = tmp_path / "work"
    prepare(work, source="his-d", encounters=8, seed=3, now=system_clock(), gateway_url="http://127.0.0.1:9")
    settings = load_settings(workdir=work)
    exports = sorted(path for path in work.rglob("*.csv"))
    assert exports
    for number, path in enumerate(exports):
        lines = path.read_bytes().split(b"\n")
        words = "; ".join(PERSON).encode()
        match number % 4:
            case 0:
                lines.insert(2, words)  # a line with too few or too many cells
            case 1:
                lines[-2:-2] = [lines[1].replace(b"1", words, 1)]
            case 2:
                lines[1] = b'"' + words + b"\n" + lines[1]  # a quote that never ends
            case _:
                lines[0] = words + lines[0]  # a heading that is none
        path.write_bytes(b"\n".join(lines))
    passes(settings, heard, ("pull", "translate", "check", "reconcile"))
    with open_store(settings) as store:
        heard.watch(store, settings)
    assert heard.names(PERSON) == []


# ---- what others send ------------------------------------------------------------------------------


def test_hl7_messages_that_are_refused_name_nobody(tmp_path: Path, heard: Overheard) -> None:
    name, card, number, phone = sorted(PERSON, key=lambda value: (value[0].isdigit(), value))
    pid = f"PID|1||BN1^^^HIS^MR~{number}^^^VN^NI||{name}||19800101|M|||Số 1||{phone}\rIN1|1|BHYT|BHXH|{card}\r"
    head = "MSH|^~\\&|HIS|01999|BHYT|01999|20261120080000||{kind}|{id}|P|2.5||||||UNICODE UTF-8\r"
    messages = [
        pid,
        head.format(kind="ADT^A01^ADT_A01", id="1"),
        head.format(kind="ZZZ^Z99", id="2") + pid,
        head.format(kind=name, id="3") + pid,
        head.format(kind="ADT^A01", id=name) + pid,
        head.format(kind="ADT^A01", id="") + pid,
        f"MSH|{name}|{card}|{number}\r" + pid,
        head.format(kind="ADT^A01", id="5").replace("|2.5|", f"|{name}|") + pid,
        head.format(kind="ADT^A01", id="6").replace("UNICODE UTF-8", name) + pid,
        head.format(kind="ADT^A01", id="7").replace("20261120080000", name) + pid + "PV1|" + pid,
    ]
    frames = [b"\x0b" + message.encode() + b"\x1c\r" for message in messages]
    frames += [
        pid.encode(),
        b"\x0b\x0b" + pid.encode() + b"\r",
        b"\x0b" + head.encode() + b"\xff\xfe" + pid.encode("utf-16"),
    ]
    frames += [b"\x0b" + pid.encode() * 400 + b"\x1c\r"]
    with hl7_listener(tmp_path, max_bytes=20_000) as (world, port):
        for frame in frames:
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.settimeout(0.3)
                connection.sendall(frame)
                try:
                    while connection.recv(65_536):
                        pass
                except TimeoutError:
                    pass
        deadline = time.monotonic() + 20
        while len(world.store.messages.listing(("refused",))) < 8:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for row in world.store.messages.listing(("refused", "waiting")):
            heard.add("messages", row)
        assert "hl7v2 refused" in heard.written.getvalue()
    assert heard.names(PERSON) == []


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def hl7_listener(folder: Path, **port: Any) -> Any:
    """A listener over a store, as the intake role runs it."""
    from contextlib import contextmanager

    from adapter.engine.intake import StoreInbox
    from adapter.mapping import load_mapping
    from adapter.resources import shipped
    from tests.support.cli import free_port

    @contextmanager
    def listening() -> Iterator[Any]:
        with api_world(folder, mapping="hl7v2", feeds=(FeedSettings(connector="hl7v2"),), source=None) as world:
            plan = load_mapping(shipped("mappings") / "hl7v2" / "mapping.yaml")
            inbox = StoreInbox(world.store, world.settings.facilities[0], plan, world.store.clock)
            number = free_port()
            feed = open_feed("hl7v2", {"listen": [{"port": number, **port}]}, plan.source)
            stop = threading.Event()
            thread = threading.Thread(target=feed.run, args=(inbox, stop.is_set))
            thread.start()
            try:
                deadline = time.monotonic() + 20
                while not _answers(number):
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                yield world, number
            finally:
                stop.set()
                thread.join(20)

    return listening()


def test_documents_and_bundles_that_are_refused_name_nobody(tmp_path: Path, heard: Overheard) -> None:
    name, card, number, phone = sorted(PERSON, key=lambda value: (value[0].isdigit(), value))
    row = stay("LK1", HO_TEN=name, MA_THE_BHYT=card, SO_CCCD=number, DIEN_THOAI=phone)
    good = dossier_xml({**default_tables("LK1"), "XML1": [row]})
    feed = FeedSettings(connector="claimxml", options={"push": True})
    (tmp_path / "xml").mkdir()
    (tmp_path / "fhir").mkdir()
    with api_world(tmp_path / "xml", mapping="claimxml", feeds=(feed,), source=None) as world:
        client = world.with_key()
        client.headers["Content-Type"] = "application/xml"
        for document in (
            name.encode(),
            f"<{name}>".encode(),
            f"<x a='{name}'>{card}</x>".encode(),
            good[:-20],
            good.replace(b"<MACSKCB>01999", f"<MACSKCB>{number}".encode()),
            good.replace(b"<LOAIHOSO>XML1", f"<LOAIHOSO>{name}".encode()),
            good.replace(b"</HOSO>", f"</HOSO><HOSO><{number}x/></HOSO>".encode()),
            good.replace(b"<NGAYLAP>20260901", f"<NGAYLAP>{name}".encode()),
            good.replace(b"<SOLUONGHOSO>1", f"<SOLUONGHOSO>{phone}".encode()),
            dossier_xml({**default_tables("LK1"), "XML1": [{**row, "NGAY_VAO": name, "T_BHTT": phone}]}),
        ):
            heard.add("xml push", client.post(f"/v1/xml/dossiers?facility={FACILITY}", content=document).text)
        for wrong in ({"text": name, "more": card}, [name], name):
            answer = client.post("/v1/dossiers/search", json=wrong, headers={"Content-Type": "application/json"})
            heard.add("search", answer.text)
        heard.strangers(world.store, world.settings)
        heard.watch(world.store, world.settings)
    bundles = FeedSettings(connector="fhir", options={"push": True})
    person = {"resourceType": "Patient", "id": name, "name": [{"text": name}], "identifier": [{"value": card}]}
    entries: list[Any] = [
        {"resourceType": "Bundle", "type": name, "entry": [{"resource": person}]},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {**person, "birthDate": phone}}]},
        {"resourceType": name, "value": card},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": {"resourceType": "Encounter", "id": "e",
         "status": name, "class": {"code": number}, "subject": {"reference": f"Patient/{name}"}}}]},
        [name], name,
    ]  # fmt: skip
    with api_world(tmp_path / "fhir", mapping="fhir", feeds=(bundles,), source=None) as world:
        client = world.with_key(KEY)
        for entry in entries:
            # The answer names items for the HIS that sent them, by the ids it gave; logs and the rest do not.
            client.post(f"/v1/fhir/Bundle?facility={FACILITY}", json=entry)
        heard.watch(world.store, world.settings)
    assert heard.names(PERSON) == []


def test_what_libraries_and_our_own_faults_say_is_told_without_its_values(heard: Overheard) -> None:
    name = "Phạm Thị Rất Kín"
    library = logging.getLogger("apscheduler.executors.default.of.this.test")
    try:
        raise ValueError(f"no date of {name}")
    except ValueError as error:
        library.exception("Exception in ASGI application\n%s", error)
        library.error("Task exception was never retrieved\nfuture: %r" % error)  # noqa: UP031 -- as asyncio does
        library.warning("%s took %d ms", name, 700)
        from adapter.engine import logs

        logs._crashed(type(error), error, error.__traceback__)
    said = heard.written.getvalue()
    assert heard.names(PERSON) == []
    for kept in ("Exception in ASGI application", "ValueError", "took 700 ms", "test_every_error_names_nobody.py:"):
        assert kept in said, kept


def broken_command() -> None:
    """A command with a fault of its own."""
    raise LookupError(f"nobody is called {sorted(PERSON)}")


def test_a_fault_of_a_command_is_told_by_its_kind_and_place_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from adapter.cli import main

    monkeypatch.setattr("sys.excepthook", sys.excepthook)  # typer sets its own
    monkeypatch.setitem(sys.modules, "broken_commands", SimpleNamespace(broken=broken_command))
    monkeypatch.setitem(main.COMMANDS, "broken", "broken_commands:broken")
    monkeypatch.setattr("sys.argv", ["bhyt", "broken"])
    monkeypatch.delenv("BHYT_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as ended:
        main.main()
    told = capsys.readouterr()
    assert ended.value.code == 1
    assert "(LookupError, test_every_error_names_nobody.py:" in told.err
    assert [value for value in PERSON if value in told.err + told.out] == []
