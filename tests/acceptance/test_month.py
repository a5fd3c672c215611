"""One month in compressed time: whatever happens in it, nothing is lost, and people hear of each trouble once.

The engine's own lines, stages, watch, digest and purge run; the hospital, the gateway and the clock are made up.
The clock takes short steps while something is wrong and long ones at rest.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from adapter.clock import VIETNAM, datetime12
from adapter.demo.pki import make_authority
from adapter.engine import installation
from adapter.engine.housekeeping import purge
from adapter.engine.installation import ROUND, FacilityLine
from adapter.engine.schedules import due
from adapter.errors import SourceUnreachable, StoreBusy
from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.pipeline.deadlines import is_working_day
from adapter.rules.catalogue import holidays
from adapter.settings import CertificateSettings, Settings, WatchSettings
from adapter.store import Store
from adapter.watch.digest import digest
from adapter.watch.look import Watch
from adapter.watch.tell import Message
from tests.support.pipeline_world import Time, World, accepted, unknown, unreachable, vault

FIRST = datetime(2026, 8, 24, 0, 0, tzinfo=VIETNAM)  # a Monday; month end and the holidays of 2 September lie ahead
LAST_DAY = 31
GB = 1024**3


def at(day: int, hour: float = 0) -> datetime:
    return FIRST + timedelta(days=day, hours=hour)


# What goes wrong, from when to when; each is followed by an hour in which its end is told.
NIGHT_MAINTENANCE = at(3, 22), at(4, 2)
HIS_DOWN = at(7, 9), at(7, 12)
DAY_OUTAGE = at(11, 13), at(11, 15)
LOW_DISK = at(14, 11), at(14, 17)
FULL_DISK = at(14, 13), at(14, 16)
WRONG_PASSWORD = at(17, 9), at(17, 12)
RENEWED = at(20, 10)
FAST_CLOCK = at(22, 3), at(22, 5)
TROUBLES = (NIGHT_MAINTENANCE, HIS_DOWN, DAY_OUTAGE, LOW_DISK, WRONG_PASSWORD, (RENEWED, RENEWED), FAST_CLOCK)
CLOCK_ERROR = timedelta(hours=5)


class Line(FacilityLine):
    """A facility's line as the engine runs it, over a made-up HIS and gateway."""

    world: World

    def _open_plan(self) -> Any:
        return self.world.plan

    def _open_source(self) -> Any:
        if self.world.source.down:
            raise SourceUnreachable("HIS không trả lời", "The HIS does not answer")
        return self.world.source

    def _open_gateway(self) -> Any:
        return self.world.gateway


@dataclass
class Month:
    """The hospital, its troubles and the listener on duty. ``time`` is what the machine's clock shows."""

    world: World
    folder: Path
    settings: Settings
    true: datetime = FIRST
    full: bool = False
    heard: list[tuple[datetime, Message]] = field(default_factory=list)
    digests: list[Message] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    dice: random.Random = field(default_factory=lambda: random.Random(8))
    chores_at: datetime = FIRST

    def __post_init__(self) -> None:
        self.line = Line(self.settings, self.settings.facilities[0], self.world.store, self.world.time)
        self.line.world = self.world
        self.watch = Watch(self.world.store, self.settings, self.tell)
        authority = make_authority(FIRST)
        self.old, self.new = (authority.issue("BV Ví Dụ", FIRST, days=days) for days in (29, 400))
        self.certificate(self.old)

    def within(self, span: tuple[datetime, datetime]) -> bool:
        return span[0] <= self.true < span[1]

    @property
    def open(self) -> bool:
        """Whether the clinics are."""
        local = self.true.astimezone(VIETNAM)
        return 7 <= local.hour < 17 and is_working_day(local.date(), holidays())

    # ---- what happens --------------------------------------------------------------------------

    def patients(self, span: timedelta) -> None:
        """Working hours bring patients, nights and holidays an emergency now and then; the HIS corrects some."""
        hourly = 6.0 if self.within(DAY_OUTAGE) else 1.0 if self.open or self.within(NIGHT_MAINTENANCE) else 0.06
        expected = hourly * (span / timedelta(hours=1))
        for _ in range(int(expected) + int(self.dice.random() < expected % 1)):
            key = f"{len(self.read):05d}"
            self.read.append(key)
            self.world.source.put(key, name="Lê Thị Bí Mật", ended=datetime12(self.true))
        if self.read and self.dice.random() < 0.02:
            self.world.source.put(self.dice.choice(self.read), amount=f"{self.dice.randint(1, 900)}.00")

    def gateway(self, _call: int, _service: str, _document: bytes) -> Outcome:
        if self.within(NIGHT_MAINTENANCE) or self.within(DAY_OUTAGE):
            return unreachable()
        if self.within(WRONG_PASSWORD):
            return Outcome(OutcomeKind.AUTH, 401, case="auth", meaning_vi="sai mật khẩu", meaning_en="wrong password")
        if self.dice.random() < 0.02:
            return unknown(stored=True)
        return accepted()

    def certificate(self, issued: Any) -> None:
        """Put the certificate's file where the service reads it, as an administrator would."""
        (self.folder / "facility.p12").write_bytes(issued.p12("pass"))

    # ---- what the engine does ------------------------------------------------------------------

    def turn(self, span: timedelta) -> None:
        self.world.source.down = self.within(HIS_DOWN)
        self.full = self.within(FULL_DISK)
        if RENEWED <= self.true < RENEWED + span:
            self.certificate(self.new)
        self.patients(span)
        for stage in ROUND:
            result = self.line.run(stage)
            while result.more and not result.failures:
                result = self.line.run(stage)
        try:
            self.watch.look(free_bytes=(0 if self.full else GB) if self.within(LOW_DISK) else 100 * GB)
        except StoreBusy:
            assert self.full, "the store may only be busy while the disk is full"
        now = self.world.time()
        if due("0 7 * * *", self.chores_at, now):
            self.digests.append(digest(self.world.store, self.settings))
            purge(self.world.store)
        self.chores_at = max(now, self.chores_at)

    def tell(self, what: Message) -> bool:
        self.heard.append((self.true, what))
        return True

    def step(self) -> timedelta:
        if any(start <= self.true < end + timedelta(hours=1) for start, end in TROUBLES):
            return timedelta(minutes=10)
        return timedelta(hours=1 if self.open else 3)

    def go_on(self, span: timedelta) -> None:
        """Time passes; a wrong time server sets the clock ahead for a while."""
        self.true += span
        self.world.time.at = self.true + (CLOCK_ERROR if self.within(FAST_CLOCK) else timedelta())


@pytest.fixture
def month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Month]:
    time = Time(FIRST)
    (tmp_path / "facility.pass").write_text("pass\n")
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", vault(), time) as store:
        certificate = CertificateSettings(password_file=Path("facility.pass"))
        world = World(store, time, facility={"certificate": certificate})
        # Rules and XML signatures have their own tests; here the days count.
        monkeypatch.setattr(installation, "InlineBench", lambda *_, **__: world.bench)
        settings = world.context().settings.model_copy(
            update={"workdir": tmp_path, "watch": WatchSettings(book_overdue=0)}
        )
        made = Month(world, tmp_path, settings)
        world.gateway.answer = made.gateway

        def limit(connection: Any) -> None:
            # A real full disk to SQLite: the file may not grow by a page.
            connection.exec_driver_sql(f"PRAGMA max_page_count={1 if made.full else 2**30}")

        def quick(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF")  # a month of commits; no power is cut here

        store.database.engine.dispose()
        event.listen(store.database.engine, "connect", quick)
        event.listen(store.database.engine, "begin", limit)
        yield made
        made.line.close()


@pytest.mark.slow
def test_a_month_of_troubles_loses_nothing_and_tells_each_once(month: Month) -> None:
    world = month.world
    while month.true < at(LAST_DAY):
        span = month.step()
        month.turn(span)
        month.go_on(span)

    summary = world.summary()
    assert len(month.read) > 180
    assert summary["encounters_read"] == len(month.read)
    assert summary["dossiers"]["accepted"] == len(month.read), summary
    assert summary["conserved"]
    assert {ma_lk for _, ma_lk, _ in world.gateway.received} == {f"LK{key}" for key in month.read}
    owned = {row["sha256"] for row in world.store.queries.sent()}
    sent = Counter(document for _, _, document in world.gateway.received)
    assert len(sent) == len(owned), "each content at the gateway is one revision's"

    told = Counter((one.condition, one.step) for one in world.store.alerts.list(standing=False))
    assert told == {
        ("breaker", ""): 2,
        ("certificate", "30"): 1,
        ("certificate", "14"): 1,
        ("disk", ""): 1,
        ("login", ""): 1,
        ("stage-pull", "SOURCE-DOWN"): 1,
        ("store", ""): 1,
    }, month.heard
    assert world.store.alerts.list() == [], "everything ended"
    lines = [line for _, message in month.heard for line in message.text.splitlines()]
    starts, ends = ([line for line in lines if (line[0] == "✔") is over] for over in (False, True))
    assert len(starts) == 8, starts
    assert len(ends) == 7, f"each end once; a certificate's next step is no end: {ends}"
    spans = (NIGHT_MAINTENANCE, HIS_DOWN, DAY_OUTAGE, LOW_DISK, WRONG_PASSWORD)
    for when, message in month.heard:
        near = any(start <= when <= end + timedelta(hours=1) for start, end in spans)
        assert near or "hứng thư" in message.text, (when, message)
    assert len(month.digests) == LAST_DAY
    assert [message.severity for message in month.digests].count("info") >= 10, "days on which all is well say so"
    assert not any("Bí Mật" in m.text + m.title for m in [*(m for _, m in month.heard), *month.digests])
