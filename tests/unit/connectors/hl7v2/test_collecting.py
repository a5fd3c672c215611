"""Messages of a visit become one encounter: merged, corrected, cancelled, settled, joined; kept for the mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hl7apy.parser import parse_message

from adapter.clock import VIETNAM, fixed_clock
from adapter.demo.hl7_day import Told, hospital_day
from adapter.engine.intake import StoreInbox
from adapter.mapping import load_mapping
from adapter.mapping.tools.testing import run_tests
from adapter.pipeline import Context
from adapter.pipeline.stages.collect import collect
from adapter.resources import shipped
from adapter.settings import Facility, FeedSettings, Settings
from adapter.source import SourceEncounter
from adapter.store import Store
from connectors.hl7v2.charset import CHARSETS
from connectors.hl7v2.options import FeedOptions, Folder, Port, Tls
from connectors.hl7v2.reading import Reader
from connectors.hl7v2.spec import Spec, read_spec
from connectors.hl7v2.visit.collector import VisitCollector
from tests.support.demo_world import check_encounter
from tests.support.hl7_tools import FACILITY, adt, segment
from tests.support.pipeline_world import vault

NOW = datetime(2026, 11, 20, 8, tzinfo=VIETNAM)
MAPPING = shipped("mappings") / "hl7v2" / "mapping.yaml"


@dataclass(frozen=True)
class _Kept:
    id: int
    raw: bytes
    charset: str = "utf-8"


def _collect(*messages: str, visit: str = "V1", spec: Spec | None = None) -> SourceEncounter:
    kept = [_Kept(number, message.encode()) for number, message in enumerate(messages)]
    return VisitCollector(spec or Spec()).collect(visit, kept)


def _order(number: str, order: str, *rest: str, control: str = "NW", kind: str = "ORM^O01^ORM_O01") -> str:
    head = adt(number).replace("ADT^A01^ADT_A01", kind).split("\r")
    return "\r".join([head[0], *head[2:4], f"ORC|{control}|{order}", *rest]) + "\r"


def _charge(number: str, transaction: str, quantity: str = "1", kind: str = "CG", *more: str) -> str:
    head = adt(number).replace("ADT^A01^ADT_A01", "DFT^P03^DFT_P03").split("\r")
    ft1 = segment("FT1", {1: "1", 2: transaction, 4: "20261120", 6: kind, 7: "S1^Khám", 10: quantity, 11: "50600&VND"})
    return "\r".join([*head[:4], ft1, *more]) + "\r"


def test_columns_are_the_selectors_and_repetitions_are_collections() -> None:
    found = _collect(adt(1))
    assert (found.row["PID-5"], found.row["PID-5.1"], found.row["PID-5.3"]) == ("Nguyễn^An^Văn", "Nguyễn", "Văn")
    assert [row["PID-3.5"] for row in found.collections["PID-3"]] == ["MR", "NI"]
    assert found.row["IN1-36.1"] == "GD4010000000001"


def test_escapes_sub_components_unknown_segments_and_remarks_are_kept() -> None:
    found = _collect(
        adt(1, more=["ZXX|a\\T\\b|c\\.br\\d"]),
        _order("2", "O1", "OBR|1|O1||X1^Máu", "OBX|1|NM|T1^Hb||13~14|g/L", "NTE|1||dòng một", "NTE|2||dòng hai"),
        _charge("3", "T1", "1", "CG", "ZFT|XML3|13"),
    )
    assert found.row["ZXX-1"] == "a&b"
    assert found.row["ZXX-2"] == "c\nd"
    (result,) = found.collections["OBX"]
    assert (result["OBX-5~"], result["OBR-4.1"], result["ORC-2.1"]) == ("13~14", "X1", "O1")
    assert result["NTE-3"] == "dòng một\ndòng hai"
    (charge,) = found.collections["FT1"]
    assert (charge["FT1-11.1.1"], charge["FT1-11.1.2"], charge["ZFT-2.1"]) == ("50600", "VND", "13")


def test_an_update_changes_what_it_says_and_null_deletes() -> None:
    update = adt(2, event="A08").replace("0100000000", '""').replace("19800101", "")
    found = _collect(adt(1), update)
    assert "PID-13" not in found.row
    assert found.row["PID-7"] == "19800101"


def test_discharge_cancel_discharge_settlement_and_cancel_visit() -> None:
    bar = adt("9").replace("ADT^A01^ADT_A01", "BAR^P06^BAR_P06")
    ended = [adt(1), adt(2, event="A03"), bar]
    assert _collect(*ended).row["SETTLED_AT"] == "20261120080000"
    again = _collect(*ended, adt(3, event="A13")).row
    assert (again["DISCHARGED_AT"], again["SETTLED_AT"]) == (None, None)
    assert _collect(*ended, adt(4, event="A11")).row["CANCELLED_AT"] is not None
    assert _collect(*ended, adt(4, event="A11"), adt(5)).row["CANCELLED_AT"] is None
    by_rule = Spec(discharge_settles=True)
    assert _collect(adt(1), adt(2, event="A03"), spec=by_rule).row["SETTLED_AT"] is None
    assert _collect(adt(1), _charge("5", "T1"), adt(2, event="A03"), spec=by_rule).row["SETTLED_AT"] is not None


def test_out_patient_to_in_patient_and_back() -> None:
    assert _collect(adt(1), adt(2, event="A06")).row["INPATIENT_AT"] == "20261120080000"
    assert _collect(adt(1), adt(2, event="A06"), adt(3, event="A07")).row["INPATIENT_AT"] is None


def test_orders_are_cancelled_results_corrected_and_charges_taken_back() -> None:
    ordered = _order("1", "O1", "OBR|1|O1||X1")
    result = _order("2", "O1", "OBR|1|O1||X1", "OBX|1|NM|T1||13", "OBX|2|NM|T2||5", kind="ORU^R01^ORU_R01")
    corrected = _order("3", "O1", "OBR|1|O1||X1", "OBX|1|NM|T1||14|||||||C", "OBX|2|NM|T2||||||||D", control="RE")
    found = _collect(ordered, result, corrected.replace("ORM^O01^ORM_O01", "ORU^R01^ORU_R01"))
    assert [(row["OBX-3"], row["OBX-5"]) for row in found.collections["OBX"]] == [("T1", "14")]
    assert _collect(ordered, result, _order("4", "O1", control="CA")).collections["OBX"] == []
    assert len(_collect(_charge("1", "T1"), _charge("2", "T2")).collections["FT1"]) == 2
    assert len(_collect(_charge("1", "T1"), _charge("2", "T1", "3")).collections["FT1"]) == 1
    assert _collect(_charge("1", "T1"), _charge("2", "T9", "1", "CD")).collections["FT1"] == []
    (left,) = _collect(_charge("1", "T1"), _charge("2", "T9", "7", "CD")).collections["FT1"][1:]
    assert left["FT1-6"] == "CD"


# ---- through the store ---------------------------------------------------------------------------------


class _World:
    def __init__(self, folder: Path) -> None:
        self.store = Store.open(f"sqlite:///{folder}/state.db", vault(), fixed_clock(NOW))
        facility = Facility(
            code=FACILITY,
            account="a",
            password_file=Path("p"),
            mapping="hl7v2",
            feeds=(FeedSettings(connector="hl7v2"),),
        )
        self.plan = load_mapping(MAPPING)
        self.inbox = StoreInbox(self.store, facility, self.plan, fixed_clock(NOW))
        self.context = Context(
            settings=Settings(facilities=(facility,)),
            facility=facility,
            store=self.store,
            clock=fixed_clock(NOW),
            plan=self.plan,
        )
        self.reader = Reader(read_spec(self.plan.source), charset=None, default_charset="utf-8")

    def send(self, *messages: str) -> None:
        read = [self.reader.read(message.encode()).message for message in messages]
        self.inbox.keep([message for message in read if message is not None])

    def collect(self) -> dict[str, int]:
        result = collect(self.context)
        assert result.failures == []
        return {name: count for name, count in result.counts.items() if count}

    def visit(self, number: str) -> SourceEncounter:
        also: Sequence[str] = ()
        kept = self.store.messages.of_visit(FACILITY, number, also)
        collector = VisitCollector(read_spec(self.plan.source))
        if more := collector.takes_in(number, kept):
            kept = self.store.messages.of_visit(FACILITY, number, more)
        return collector.collect(number, kept)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[_World]:
    one = _World(tmp_path)
    yield one
    one.store.close()


def _settled(visit: str = "V1", patient: str = "BN1", prefix: str = "") -> list[str]:
    return [
        adt(f"{prefix}1", visit=visit, patient=patient),
        adt(f"{prefix}2", event="A03", visit=visit, patient=patient),
        adt(f"{prefix}3", visit=visit, patient=patient).replace("ADT^A01^ADT_A01", "BAR^P06^BAR_P06"),
    ]


def test_a_visit_is_due_when_settled_and_collecting_again_changes_nothing(world: _World) -> None:
    messages = _settled()
    world.send(*messages[:2])
    assert world.collect() == {"skipped": 1}
    world.send(messages[2])
    assert world.collect() == {"new": 1}
    assert world.collect() == {}
    world.send(adt("late", event="A08").replace("0100000000", "0200000000"))
    assert world.collect() == {"changed": 1}
    world.send(adt("same", event="A08").replace("0100000000", "0200000000"))
    assert world.collect() == {"unchanged": 1} or world.store.messages.counts()["waiting"] == 0
    pull = world.store.balance.summary()["equation"]["pull"]
    assert pull["read"] == pull["unchanged"] + pull["new"] + pull["changed"] + pull["skipped"]


def _merge(number: str, survivor: str, prior: str, *, event: str = "A40", mrg5: str = "", visit: str = "") -> str:
    lines = adt(number, event=event, patient=survivor, visit=visit).split("\r")[:3]
    tail = [segment("PV1", {2: "O", 19: visit})] if visit else []
    return "\r".join([*lines, segment("MRG", {1: prior, 5: mrg5}), *tail]) + "\r"


def test_a_merge_of_patients_reaches_every_visit_in_any_order_and_through_chains(world: _World) -> None:
    world.send(*_settled(patient="OLD"))
    world.collect()
    world.send(_merge("m1", "MIDDLE", "OLD"), _merge("m2", "NEW", "MIDDLE"))
    assert world.collect() == {"changed": 1}
    assert world.visit("V1").row["PID-3.1"] == "NEW"
    world.send(adt("late", event="A08", patient="OLD"))
    world.collect()
    assert world.visit("V1").row["PID-3.1"] == "NEW"
    assert world.store.messages.counts()["waiting"] == 0


def test_a_merge_of_visits_moves_charges_and_cancels_the_other(world: _World) -> None:
    charge = _charge("c", "T1").replace("||V1|", "||V2|")
    world.send(*_settled(), adt("x", visit="V2"), charge)
    world.collect()
    world.send(_merge("m", "BN1", "BN1", event="A42", mrg5="V2", visit="V1"))
    world.collect()
    assert [row["FT1-2"] for row in world.visit("V1").collections["FT1"]] == ["T1"]
    gone = world.visit("V2").row
    assert (gone["MERGED_INTO"], bool(gone["CANCELLED_AT"])) == ("V1", True)
    world.send(_charge("c2", "T2").replace("||V1|", "||V2|"))
    world.collect()
    assert [row["FT1-2"] for row in world.visit("V1").collections["FT1"]] == ["T1", "T2"]


def test_a_late_message_of_a_purged_visit_is_set_aside_and_replaces_nothing(world: _World) -> None:
    world.send(*_settled())
    world.collect()
    with world.store.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM messages")
    world.send(adt("late", event="A08"))
    assert world.collect() == {}
    (aside,) = world.store.messages.listing()
    assert "no longer kept" in aside.reason


def test_one_unreadable_visit_stops_no_other(world: _World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.send(*_settled(), *_settled("V2", prefix="b"))
    with world.store.database.write() as connection:
        connection.exec_driver_sql("UPDATE messages SET charset = 'utf-16' WHERE id = 1")
    counts = world.collect()
    assert sum(counts.values()) == 2


# ---- the shipped mapping and the generator ---------------------------------------------------------------


@pytest.fixture(scope="module")
def day() -> list[Told]:
    return hospital_day(encounters=45, seed=4, now=NOW)


def test_a_told_day_gives_the_same_dossiers_and_passes_every_rule(day: list[Told]) -> None:
    plan = load_mapping(MAPPING)
    collector = VisitCollector(read_spec(plan.source))
    assert len(day) > 25
    for told in day:
        kept = [_Kept(number, text.encode()) for number, text in enumerate(told.messages)]
        (checked,) = check_encounter(plan, collector.collect(told.ma_lk, kept), now=NOW)
        assert checked.rules() == set()
        for name, rows in told.dossier.tables.items():
            assert _filled(checked.dossier.rows(name)) == _filled(rows), (told.ma_lk, name)


def _filled(rows: Sequence[Any]) -> list[dict[str, str]]:
    return [{name: value for name, value in row.items() if value} for row in rows]


def test_hl7apy_finds_the_told_messages_well_formed(day: list[Told]) -> None:
    kinds = set()
    for told in day[:6]:
        for text in told.messages:
            event = text.split("|")[8].rpartition("^")[0]
            if event in kinds:
                continue
            kinds.add(event)
            # The segments of our own are allowed by the standard but not known to a validator.
            plain = "\r".join(line for line in text.split("\r") if not line.startswith("Z"))
            assert parse_message(plain, find_groups=False).msh.msh_9.value.startswith(event)
    assert {"ADT^A03", "DFT^P03", "ORU^R01", "RDE^O11", "ORM^O01", "BAR^P06"} <= kinds


def test_the_shipped_examples_hold() -> None:
    results = run_tests(load_mapping(MAPPING), MAPPING.with_name("tests.yaml"))
    assert results
    assert [result for result in results if not result.passed] == []


def test_a_planted_fault_comes_along() -> None:
    assert any(told.planted for told in hospital_day(encounters=40, seed=4, now=NOW, defect_share=0.3))


def test_every_option_rule_and_charset_is_documented() -> None:
    text = (Path(__file__).parents[4] / "docs" / "connectors" / "hl7v2.md").read_text(encoding="utf-8")
    models = (Port, Folder, FeedOptions, Tls, Spec)
    names = {*CHARSETS, *(name for model in models for name in model.model_fields)}
    assert [name for name in sorted(names) if not re.search(rf"[`.]{re.escape(name)}[`.,\[]", text)] == []
