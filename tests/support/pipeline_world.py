"""A hospital, a mapping, a bench and a gateway small enough to hold in one's head.

The source is a list of rows; a row says itself what it is ready for and what is wrong with it.
The gateway remembers every document it stored and answers as told.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapter.dossier.model import Dossier, Purpose
from adapter.errors import BhytError, MappingError, SourceUnreachable, Where
from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.mapping import Note, Translation
from adapter.pipeline import Context
from adapter.pipeline.needs import Plan
from adapter.pipeline.translation import Made, TranslateJob
from adapter.pipeline.workbench import CheckJob, InlineBench, Signed, SignJob
from adapter.rules.finding import Finding, Report
from adapter.settings import Facility, GatewaySettings, Settings, SourceSettings
from adapter.source import Batch, Cursor, SourceEncounter
from adapter.store import Store
from adapter.vault import Vault

FACILITY = "01999"
START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


def vault() -> Vault:
    """The same key in every process of a test."""
    return Vault((b"k" * 32,), b"i" * 32)


class Time:
    """A clock that moves when told."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **span: float) -> None:
        """Let time go by: ``pass_(minutes=10)``."""
        self.at += timedelta(**span)


@dataclass(frozen=True)
class FakeDue:
    purpose: str
    occasion: str = ""
    exempt_reason: str | None = None


@dataclass(frozen=True)
class FakeReadiness:
    ma_lk: str
    due: tuple[FakeDue, ...]
    reason: str = ""


class FakePlan:
    """``due``: list of purposes (``checkin:first_cost``, ``!claim`` = exempt); ``broken``: fails to translate."""

    def __init__(self, version: str = "v1", *, repaired: bool = False) -> None:
        self.name = "fake"
        self.hash = version
        self.source: Mapping[str, Any] = {"connector": "list"}
        self._repaired = repaired
        self.book_fields: Mapping[str, frozenset[str]] = {}

    def healthbook(self, encounter: SourceEncounter, **_: Any) -> Mapping[str, Any]:
        return encounter.row.get("book") or {}

    def readiness(self, encounter: SourceEncounter) -> FakeReadiness:
        if encounter.row.get("unreadable") and not self._repaired:
            raise MappingError("không đọc được", "cannot be read", where=Where("fake.yaml", 3, 1))
        due = tuple(_due(text) for text in encounter.row["due"].split())
        return FakeReadiness(encounter.row["ma_lk"], due, "" if due else "not settled")

    def translate_noted(self, encounter: SourceEncounter, due: FakeDue, **options: Any) -> Translation:
        notes = tuple(Note(*note) for note in encounter.row.get("notes", ()))
        return Translation(self.translate(encounter, due, **options), notes)

    def translate(self, encounter: SourceEncounter, due: FakeDue, **_: Any) -> Dossier:
        row = encounter.row
        if row.get("broken") and not self._repaired:
            raise MappingError("sai", "wrong", where=Where("fake.yaml", 7, 3, "XML1", 1, "HO_TEN"))
        if row.get("explodes") and not self._repaired:
            raise ZeroDivisionError
        header = {
            "MA_LK": row["ma_lk"],
            "HO_TEN": row.get("name", "Nguyễn Thị Ví Dụ"),
            "NGAY_VAO": "202608300800",
            "NGAY_RA": row.get("ended", "202609011000"),
            "T_BHTT": row.get("amount", "100.00"),
            **row.get("header", {}),
        }
        if row.get("rule"):
            header["RULE"] = row["rule"]  # read by the bench below; no writer knows it
        purpose = Purpose(due.purpose)
        tables: dict[str, list[dict[str, str]]]
        tables = {"XML0": [header]} if purpose is Purpose.CHECKIN else {"XML1": [header]}
        tables.update(row.get("tables", {}))
        if row.get("assessment"):
            tables["XML12"] = [{"MA_LK": row["ma_lk"]}]
        return Dossier(FACILITY, row["ma_lk"], purpose, "3176", tables, due.occasion)


def _due(text: str) -> FakeDue:
    exempt = text.startswith("!")
    purpose, _, occasion = text.lstrip("!").partition(":")
    return FakeDue(purpose, occasion, "cấp cứu" if exempt else None)


class FakeSource:
    """Rows in the order of their stamp; reads two at a time, the row at the cursor again."""

    def __init__(self, size: int = 2) -> None:
        self.rows: dict[str, tuple[int, dict[str, Any]]] = {}
        self.down = False
        self._ticks = 0
        self._size = size

    def put(self, key: str, **row: Any) -> None:
        """Insert or change a row: it gets a new stamp."""
        self._ticks += 1
        old = self.rows[key][1] if key in self.rows else {"ma_lk": f"LK{key}", "due": "claim"}
        self.rows[key] = (self._ticks, {**old, **row})

    def touch(self, key: str) -> None:
        """A new stamp, the same content."""
        self.put(key)

    def preflight(self) -> None:
        pass

    def pull(self, cursor: Cursor | None, *, now: datetime) -> Batch:
        if self.down:
            raise SourceUnreachable("HIS không trả lời", "The HIS does not answer")
        after = (cursor.stamp, cursor.key) if cursor else ("", "")
        ordered = sorted((f"{tick:08d}", key, row) for key, (tick, row) in self.rows.items())
        found = [r for r in ordered if (r[0], r[1]) >= after]
        page = found[: self._size]
        encounters = [SourceEncounter(key, stamp, row) for stamp, key, row in page]
        last = Cursor(page[-1][0], page[-1][1]) if page else cursor
        return Batch(encounters, last, len(found) <= self._size)

    def fetch(self, keys: Sequence[str]) -> Sequence[SourceEncounter]:
        return [SourceEncounter(k, str(self.rows[k][0]), self.rows[k][1]) for k in keys if k in self.rows]

    def close(self) -> None:
        pass


class FakeBench:
    """A row's ``rule`` is its finding; signing puts ``<signed>`` around the body."""

    def __init__(self) -> None:
        self.key_error: BhytError | None = None
        self.mapping: InlineBench | None = None

    @property
    def ahead(self) -> bool:
        return False

    def translate_many(self, jobs: Sequence[TranslateJob], plan: Plan) -> Iterable[Made | BhytError]:
        assert self.mapping is not None
        return self.mapping.translate_many(jobs, plan)

    def check_many(self, jobs: Sequence[CheckJob]) -> Iterable[Report | BhytError]:
        for job in jobs:
            rule = Dossier.from_bytes(job.body).header.get("RULE", "")
            found = Finding(rule, "error", "XML1", 1, "HO_TEN", "x", "sai", "wrong")
            yield Report((found,) if rule else ())

    def sign_many(self, jobs: Sequence[SignJob]) -> Iterable[Signed | BhytError]:
        if self.key_error is not None:
            raise self.key_error
        for job in jobs:
            document = b"<signed>" + job.body + b"</signed>"
            yield Signed(document, hashlib.sha256(document).hexdigest(), "0A")


@dataclass
class FakeGateway:
    """``answer`` decides; what it stores is kept in ``received`` as (service, MA_LK, document)."""

    answer: Callable[[int, str, bytes], Outcome] | None = None
    received: list[tuple[str, str, bytes]] = field(default_factory=list)
    calls: int = 0
    logins: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, service: Any, document: bytes) -> Outcome:
        with self._lock:
            self.calls += 1
            call = self.calls
        outcome = self.answer(call, service, document) if self.answer else accepted()
        if outcome.kind is OutcomeKind.ACCEPTED or outcome.case == "stored":
            with self._lock:
                self.received.append((service, ma_lk_of(document), document))
        return replace(outcome, ma_giao_dich=f"GD{call}") if outcome.kind is OutcomeKind.ACCEPTED else outcome

    def close(self) -> None:
        pass


def ma_lk_of(document: bytes) -> str:
    return Dossier.from_bytes(document.removeprefix(b"<signed>").removesuffix(b"</signed>")).ma_lk


def accepted(*, remark: bool = False) -> Outcome:
    return Outcome(OutcomeKind.ACCEPTED, 200, "200", "GD", START, "Tiếp nhận thành công", remark)


def unknown(*, stored: bool) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, case="stored" if stored else "wire/no-answer")


def unreachable() -> Outcome:
    return Outcome(OutcomeKind.TRANSIENT, case="wire/not-connected", meaning_vi="không nối được", meaning_en="no way")


@dataclass
class World:
    """One facility with everything around it. ``context()`` makes what stages are handed."""

    store: Store
    time: Time
    source: FakeSource = field(default_factory=FakeSource)
    plan: FakePlan = field(default_factory=FakePlan)
    bench: FakeBench = field(default_factory=FakeBench)
    gateway: FakeGateway = field(default_factory=FakeGateway)
    settings: dict[str, Any] = field(default_factory=dict)
    facility: dict[str, Any] = field(default_factory=dict)

    def context(self, owner: str = "worker-1", **more: Any) -> Context:
        facility = Facility(
            code=FACILITY,
            account=f"{FACILITY}_BV",
            password_file=Path("none"),
            mapping="fake",
            source=SourceSettings(url="none://"),
            **self.facility,
        )
        gateway = GatewaySettings(**{"max_in_flight": 2, **self.settings.get("gateway", {})})
        rest = {k: v for k, v in self.settings.items() if k != "gateway"}
        settings = Settings(facilities=(facility,), gateway=gateway, **rest)
        self.bench.mapping = InlineBench(
            settings, facility, decisions=lambda ma_lk: self.store.books.decisions(facility.code, ma_lk)
        )
        return Context(
            settings=settings,
            facility=facility,
            store=self.store,
            clock=self.time,
            plan=self.plan,
            source=self.source,
            gateway=self.gateway,
            bench=self.bench,
            owner=owner,
            **more,
        )

    def run(self, *names: str) -> dict[str, Any]:
        """Run stages (all by default) once; gives the results by name."""
        from adapter.pipeline import STAGES

        return {name: STAGES[name](self.context()) for name in names or tuple(STAGES)}

    def dossier(self, ma_lk: str, purpose: str = "claim", occasion: str = "") -> dict[str, Any]:
        """Everything the store knows about one dossier."""
        found = [d for d in self.store.queries.list(ma_lk=ma_lk, purpose=purpose) if d["occasion"] == occasion]
        assert len(found) == 1, f"{ma_lk}: {len(found)}"
        shown = self.store.queries.show(found[0]["id"])
        assert shown is not None
        return shown

    def summary(self) -> dict[str, Any]:
        return self.store.balance.summary()
