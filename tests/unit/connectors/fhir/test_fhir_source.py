"""Polling a FHIR server not written here: nothing that changed is missed, nothing gone is kept."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import SourceSchemaError, SourceUnreachable
from adapter.settings import SourceSettings
from adapter.source import Cursor, SourceEncounter
from connectors.base import PullSource, Reconcilable, open_source
from connectors.fhir.feed import FhirFeed, read_feed_options
from connectors.fhir.source import FhirSource
from connectors.fhir.spec import read_spec
from tests.support.fhir_server import Server, fhir_server
from tests.support.fhir_small import SPEC, charge, encounter, patient

pytestmark = pytest.mark.needs("npm")


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with fhir_server() as one:
        yield one


@pytest.fixture
def server(running: Server) -> Server:
    """An empty server; it takes a while to start, so all tests share it."""
    running.clear()
    return running


_OPENED: list[PullSource] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _OPENED:
        _OPENED.pop().close()


def reader_of(settings: SourceSettings) -> FhirSource:
    opened = open_source(SPEC, settings)
    _OPENED.append(opened)
    assert isinstance(opened, FhirSource)
    return opened


def source(server: Server, *, batch_size: int = 200, look_back: int = 10, **options: Any) -> FhirSource:
    settings = SourceSettings(url=server.url, batch_size=batch_size, look_back_minutes=look_back, options=options)
    return reader_of(settings)


def now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=2)


def scan(reader: FhirSource, cursor: Cursor | None) -> tuple[dict[str, SourceEncounter], Cursor | None]:
    """One pull to its end, as the pipeline does it."""
    found: dict[str, SourceEncounter] = {}
    while True:
        batch = reader.pull(cursor, now=now())
        found |= {one.key: one for one in batch.encounters}
        cursor = batch.cursor
        if batch.done:
            return found, cursor


def visits(count: int) -> list[dict[str, Any]]:
    return [patient(), *(encounter(id=f"e{n:03d}") for n in range(count))]


def test_a_scan_pages_through_everything_and_a_second_one_finds_the_same(server: Server) -> None:
    server.put(visits(53))
    reader = source(server, batch_size=10)
    reader.preflight()
    first, cursor = scan(reader, None)
    again, _ = scan(reader, cursor)
    assert len(first) == 53
    assert {k: e.content_hash() for k, e in again.items()} == {k: e.content_hash() for k, e in first.items()}


def test_a_bill_line_added_later_brings_its_encounter_again(server: Server) -> None:
    server.put(visits(3))
    reader = source(server, look_back=0)
    _, cursor = scan(reader, None)
    assert cursor is not None
    cursor = Cursor(datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), "")
    server.put([charge("late", context={"reference": "Encounter/e001"})])
    found, _ = scan(reader, cursor)
    assert list(found) == ["e001"]
    assert [row["ID"] for row in found["e001"].collections["bill"]] == ["late"]


def test_a_corrected_patient_brings_the_recent_visits_again_and_not_the_old_ones(server: Server) -> None:
    day = datetime.now(UTC) - timedelta(days=2)
    recent = encounter(id="new", period={"start": day.isoformat(), "end": day.isoformat()})
    old = encounter(id="old", period={"start": "2020-01-01T01:00:00Z", "end": "2020-01-01T02:00:00Z"})
    server.put([patient(), recent, old])
    reader = source(server, look_back=0)
    scan(reader, None)
    cursor = Cursor(datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), "")
    server.put([patient(name=[{"text": "Nguyễn Thị Sửa"}])])
    found, _ = scan(reader, cursor)
    assert {key: one.row["NAME"] for key, one in found.items()} == {"new": "Nguyễn Thị Sửa"}


def test_everything_changed_while_a_scan_is_interrupted_at_random_arrives(server: Server) -> None:
    chance = random.Random(11)
    expected: dict[str, str] = {}
    seen: dict[str, str] = {}
    cursor: Cursor | None = None
    server.put([patient()])
    for round_ in range(12):
        for _ in range(6):
            key = f"e{chance.randrange(30):03d}"
            expected[key] = status = chance.choice(["planned", "in-progress", "finished"])
            server.put([encounter(id=key, status=status)])
        reader = source(server, batch_size=3)
        for _ in range(chance.randrange(1, 9) if round_ < 11 else 1000):  # then the reader is killed
            batch = reader.pull(cursor, now=now())
            seen |= {one.key: str(one.row["STATUS"]) for one in batch.encounters}
            cursor = batch.cursor
            if batch.done:
                break
        reader.close()
    assert seen == expected


def test_windows_keep_what_was_read_before_a_crash(server: Server) -> None:
    server.put(visits(4))
    since = datetime.now(UTC) - timedelta(hours=60)
    reader = source(server, since=since.isoformat(), window_hours=24)
    cursors, cursor = [], None
    while True:
        batch = reader.pull(cursor, now=now())
        cursor = batch.cursor
        cursors.append(cursor.stamp if cursor else "")
        if batch.done:
            break
    assert len(cursors) == 3
    assert cursors == sorted(cursors)


def test_deleted_and_mistaken_encounters_are_told_apart(server: Server) -> None:
    server.put([*visits(3), encounter(id="e002", status="entered-in-error")])
    reader = source(server)
    assert isinstance(reader, Reconcilable)
    server.delete("Encounter/e000")
    assert reader.present(["e000", "e001", "e002"]) == {"e001", "e002"}
    assert [(e.key, e.row["STATUS"]) for e in reader.fetch(["e000", "e002"])] == [("e002", "entered-in-error")]


def test_the_encounters_of_a_day_are_counted_by_vietnamese_time(server: Server) -> None:
    late = encounter(id="late", period={"start": "2026-10-14T18:30:00Z", "end": "2026-10-14T19:00:00Z"})
    early = encounter(id="early", period={"start": "2026-10-14T10:00:00+07:00", "end": "2026-10-14T10:30:00+07:00"})
    server.put([patient(), late, early])
    assert source(server).keys_on(date(2026, 10, 15)) == {"late"}


def test_a_missing_patient_breaks_one_encounter_and_no_other(server: Server) -> None:
    server.put([*visits(2), encounter(id="x", subject={"reference": "Patient/gone"})])
    found, _ = scan(source(server), None)
    assert {key: one.problem is None for key, one in found.items()} == {"e000": True, "e001": True, "x": False}


def test_a_busy_server_is_asked_again_and_one_that_is_away_is_transient(server: Server) -> None:
    server.put(visits(1))
    server.fault(status=503, retry_after=0, times=2)
    assert len(scan(source(server), None)[0]) == 1
    server.fault(status=503, retry_after=999, times=1)
    with pytest.raises(SourceUnreachable):
        scan(source(server), None)


@pytest.mark.parametrize("after", range(6))
def test_a_scan_that_breaks_anywhere_begins_again_and_misses_nothing(server: Server, after: int) -> None:
    server.put(visits(9))
    reader = source(server, batch_size=3, tries=1)
    server.fault(status=500, times=1, skip=after)
    cursor: Cursor | None = None
    found: set[str] = set()
    broken = 0
    for _ in range(40):
        try:
            batch = reader.pull(cursor, now=now())
        except SourceUnreachable:
            broken += 1
            continue
        found |= {one.key for one in batch.encounters}
        cursor = batch.cursor
        if batch.done:
            break
    assert broken == 1
    assert found == {f"e{n:03d}" for n in range(9)}


def test_login_by_client_credentials_and_by_password(tmp_path: Path) -> None:
    secret = tmp_path / "pass"
    secret.write_text("s3cret", encoding="utf-8")
    with fhir_server("bhyt:s3cret") as server:
        server.put(visits(2))
        oauth = {"kind": "client_credentials", "user": "bhyt", "token_url": f"{server.url}/token"}
        for login in (oauth, {"kind": "basic", "user": "bhyt"}):
            settings = SourceSettings(url=server.url, password_file=secret, options={"login": login})
            assert len(scan(reader_of(settings), None)[0]) == 2
        assert server.seen()["logins"] == 1
        secret.write_text("wrong", encoding="utf-8")
        with pytest.raises(SourceSchemaError) as told:
            reader_of(settings).preflight()
        assert told.value.code == "SOURCE-RIGHT"


class Kept:
    def __init__(self) -> None:
        self.encounters: dict[str, SourceEncounter] = {}

    def put(self, encounters: Sequence[SourceEncounter]) -> None:
        self.encounters |= {one.key: one for one in encounters}


def test_a_bulk_export_is_read_line_by_line_and_reported(tmp_path: Path) -> None:
    feed = FhirFeed(read_spec(SPEC), read_feed_options({"folder": str(tmp_path), "steady": 0}))
    export = tmp_path / "in" / "2026-10-15"
    export.mkdir(parents=True)
    lines = [
        json.dumps(one, default=float) for one in [*visits(3), charge("c", context={"reference": "Encounter/e000"})]
    ]
    (export / "all.ndjson").write_text("\n".join([*lines, "{broken", '{"resourceType": "Encounter", "id": "bad"}']))
    empty = tmp_path / "in" / "empty"
    empty.mkdir()
    (empty / "Patient.ndjson").write_text("\n")
    inbox = Kept()
    feed.look(tmp_path, inbox)
    assert feed.look(tmp_path, inbox) == 0
    assert sorted(inbox.encounters) == ["e000", "e001", "e002"]
    assert len(inbox.encounters["e000"].collections["bill"]) == 1
    report = json.loads((tmp_path / "done" / "2026-10-15.report.json").read_text(encoding="utf-8"))
    assert (report["encounters"], [p["at"] for p in report["problems"]]) == (3, ["all.ndjson:6", "all.ndjson:7"])
    assert (tmp_path / "done" / "2026-10-15" / "all.ndjson").is_file()
    assert (tmp_path / "refused" / "empty").is_dir()
