"""One installation opened for work: its store, and a line of stages per facility.

A part (source, mapping, key, gateway) is opened when a stage first needs it, so that an
expired certificate stops signing only, and a broken mapping of one facility stops nothing
of another.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from adapter.clock import Clock, system_clock
from adapter.cutover.guards import check_start, keep_starts, require_ready
from adapter.engine.allocator import give_memory_back
from adapter.engine.opening import open_store
from adapter.engine.plans import plan_path
from adapter.engine.traces import stage_span
from adapter.errors import BhytError, ConfigError, StoreBusy
from adapter.gateway.client import GatewayClient
from adapter.gateway.hub import HubClient
from adapter.gateway.route import Routed
from adapter.mapping import load_mapping
from adapter.pipeline.context import Context, StageResult, owner_name
from adapter.pipeline.flow import paused
from adapter.pipeline.pool.bench import PoolBench
from adapter.pipeline.pool.pool import Pool
from adapter.pipeline.stages.collect import collect
from adapter.pipeline.stages.reconcile import reconcile
from adapter.pipeline.stages.table import STAGES
from adapter.pipeline.workbench import Bench, InlineBench
from adapter.rules.setup import setup_of
from adapter.settings import Facility, Settings, absolute_sqlite_url
from adapter.signing.checks import serial_hex
from adapter.signing.keys import KeyHolder, open_signer
from adapter.signing.trust import Trust
from adapter.store import Store
from connectors.base import open_source

NEEDS: dict[str, tuple[str, ...]] = {
    "pull": ("plan", "source"),
    "translate": ("plan",),
    "check": (),
    "sign": ("key",),
    "send": ("gateway",),
    "follow": ("gateway",),
    "reconcile": ("plan", "source"),
}
"""Stage → the parts it opens."""

ROUND = ("pull", "translate", "check", "sign", "send")
"""The stages that move dossiers on; ``follow`` and ``reconcile`` only ask, and only on their schedule."""

_NOTE_EVERY = timedelta(minutes=1)
_ASK_EVERY = 2.0  # seconds between two looks for a pause inside one stage


class FacilityLine:
    """The stages of one facility. Not shared between threads."""

    def __init__(
        self,
        settings: Settings,
        facility: Facility,
        store: Store,
        clock: Clock,
        stopping: Callable[[], bool] = lambda: False,
        *,
        pool: Pool | None = None,
    ) -> None:
        """``pool``: processes for the processor's work; without them it is all done here."""
        self.facility = facility
        self._pool = pool
        self._settings = settings
        self._store = store
        self._clock = clock
        self._stopping = stopping
        self._parts: dict[str, Any] = {}
        self._past_logins = 0
        self._signs_with = ""
        self._noted: dict[str, tuple[str | None, datetime]] = {}
        self._version: int | None = None
        self._asked, self._held = 0.0, False
        self._key_files: tuple[tuple[int, int] | None, ...] = ()

    def run(self, stage: str, *, days: Sequence[date] = ()) -> StageResult:
        """Run one stage once; what keeps it from starting is a failure of that stage, not an exception.

        ``days``: for ``reconcile``, instead of the usual ones.
        """
        try:
            if not days and paused(self._store, self.facility.code, stage) is not None:
                return StageResult(stage, counts={"paused": 1})
        except StoreBusy as error:
            return StageResult(stage, failures=[error])
        with stage_span(self.facility.code, stage) as span:
            result = self._run(stage, days)
            self._note(result)
            span.ended(result)
        return result

    def _run(self, stage: str, days: Sequence[date]) -> StageResult:
        if stage == "follow" and (self.facility.hub is None or self.facility.mode == "shadow"):
            return StageResult(stage)  # the BHXH gateway has no such question
        if stage == "reconcile" and self.facility.source is None:
            return StageResult(stage)  # what sends by itself cannot be asked what it holds
        try:
            parts = {name: self.part(name) for name in self._needs(stage)}
            if "key" in parts:
                self._note_certificate(parts["key"])
            checking = self._checking() if stage == "check" else {}
        except BhytError as error:
            return StageResult(stage, failures=[error])
        key = parts.get("key")
        # Our own verifier believes exactly the certificate that signs.
        trust = Trust((key.certificate,)) if key is not None else None
        inline = InlineBench(
            self._settings,
            self.facility,
            key=key,
            trust=trust,
            decisions=partial(self._store.books.decisions, self.facility.code),
            **checking,
        )
        bench: Bench = inline
        if self._pool is not None:
            lists = checking.get("catalogues")
            bench = PoolBench(self._pool, inline, self._settings, self.facility, key=key, catalogues=lists)
        context = Context(
            settings=self._settings,
            facility=self.facility,
            store=self._store,
            clock=self._clock,
            **parts,
            trust=trust,
            bench=bench,
            stopping=partial(self._halted, stage),
        )
        # Sources that send by themselves were taken in by adapter.engine.intake; their messages become encounters here.
        if stage == "pull" and self.facility.source is None:
            result = collect(context)
        elif stage == "reconcile":
            result = reconcile(context, days)
        else:
            result = STAGES[stage](context)
        if result.failures:
            # A connection that failed is opened anew next time; a corrected file is read anew.
            for name in NEEDS[stage]:
                self._drop(name)
        return result

    def _halted(self, stage: str) -> bool:
        """Whether to end early: the process stops, or people paused the facility while a long stage runs."""
        if self._stopping():
            return True
        now = time.monotonic()
        if now - self._asked >= _ASK_EVERY:
            self._asked = now
            with contextlib.suppress(StoreBusy):  # what the stage itself needs the store for will tell
                self._held = paused(self._store, self.facility.code, stage) is not None
        return self._held

    def _checking(self) -> dict[str, Any]:
        """The facility's own rules and lists: both read anew when they changed."""
        return {
            "rules": setup_of(self._settings, self.facility),
            "catalogues": self._store.catalogues.index(self.facility.code),
        }

    def _note(self, result: StageResult) -> None:
        """Keep how the stage fares, for the watch: every change at once, otherwise at most once a minute."""
        now = self._clock()
        first = result.failures[0] if result.failures else None
        code = first.code if first is not None else None
        before = self._noted.get(result.stage)
        tried = _tried(result)
        if not tried and before is not None:
            code = before[0]
        if before is not None and before[0] == code and timedelta() <= now - before[1] < _NOTE_EVERY:
            return
        told = (first.code, first.message_vi, first.message_en) if first is not None else None
        try:
            self._store.health.ran(
                self.facility.code, result.stage, now=now, failure=told, done=result.done, tried=tried
            )
        except StoreBusy as error:
            result.failures.append(error)
            return
        self._noted[result.stage] = (code, now)

    def _note_certificate(self, key: KeyHolder) -> None:
        certificate = key.certificate
        seen = serial_hex(certificate)
        if self._signs_with != seen:
            self._store.health.signs_with(self.facility.code, seen, certificate.not_valid_after_utc, now=self._clock())
            self._signs_with = seen

    def _needs(self, stage: str) -> tuple[str, ...]:
        if stage == "pull" and self.facility.source is None:
            return ("plan",)
        # In shadow not even a login reaches the gateway.
        return () if stage == "send" and self.facility.mode == "shadow" else NEEDS[stage]

    @property
    def logins(self) -> int:
        """How many tokens this line has asked the gateway for."""
        gateway = self._parts.get("gateway")
        return self._past_logins + (gateway.logins if gateway is not None else 0)

    def close(self) -> None:
        """Give back connections, sessions and files."""
        for name in list(self._parts):
            self._drop(name)

    def part(self, name: str) -> Any:
        """A part (plan, source, key, gateway), opened when it is first asked for. Raises what opening it raises."""
        if name == "plan":
            self._renew_plan()
        elif name == "key":
            self._renew_key()
        if name not in self._parts:
            self._parts[name] = getattr(self, f"_open_{name}")()
        return self._parts[name]

    def _renew_plan(self) -> None:
        """Let go of a mapping that people have replaced by another version; its source reads by its queries."""
        number = self._store.mappings.active_number(self.facility.code)
        if number != self._version:
            self._drop("plan")
            self._drop("source")
            self._version = number

    def _renew_key(self) -> None:
        """Let go of a certificate whose file was replaced: a renewed one counts without a restart."""
        settings = self.facility.certificate
        files = [settings.path, *([settings.password_file] if settings.password_file is not None else [])]
        stamps = tuple(_stamp(self._settings.path(file)) for file in files)
        if stamps != self._key_files:
            self._drop("key")
            self._key_files = stamps

    def _drop(self, name: str) -> None:
        part = self._parts.pop(name, None)
        if name == "gateway" and part is not None:
            self._past_logins += part.logins
        if hasattr(part, "close"):
            part.close()

    def _open_plan(self) -> Any:
        return load_mapping(plan_path(self._settings, self.facility, self._store))

    def _open_source(self) -> Any:
        source = self.facility.source
        assert source is not None  # noqa: S101 -- `run` does not pull where there is none
        url = absolute_sqlite_url(source.url, self._settings.workdir)
        update: dict[str, Any] = {"url": url, "options": self._settings.placed(source.options)}
        if source.password_file is not None:
            update["password_file"] = self._settings.path(source.password_file)
        opened = open_source(self.part("plan").source, source.model_copy(update=update))
        opened.preflight()
        return opened

    def _open_key(self) -> Any:
        return open_signer(self.facility.certificate, self._settings.workdir)

    def _open_gateway(self) -> Any:
        gateway = GatewayClient(self.facility, self._settings, self._clock)
        if self.facility.hub is None:
            return gateway
        return Routed(gateway, HubClient(self.facility, self.facility.hub, self._settings, self._clock))


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None  # a key on a token has no file
    return found.st_mtime_ns, found.st_size


def _tried(result: StageResult) -> bool:
    """Whether the run says anything of the stage: a sending with nothing due has not asked the gateway."""
    if result.stage != "send" or result.failures or result.done:
        return True
    return any(not what.startswith("closed:") for what in result.counts)


class Installation:
    """Every facility's line over one store."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock = system_clock,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """ConfigError when no facility is configured."""
        if not settings.facilities:
            raise ConfigError(
                "Chưa cấu hình cơ sở nào",
                "No facility is configured",
                hint_vi="thêm vào facilities trong config.yaml",
                hint_en="add one under facilities in config.yaml",
            )
        self.settings = settings
        self.store = store
        self.pool = Pool(settings.engine.processes or usable_cores())
        self.lines = [
            FacilityLine(settings, facility, store, clock, stopping, pool=self.pool)
            for facility in settings.facilities
            if not facility.paused
        ]

    @property
    def logins(self) -> int:
        """Tokens asked for by all lines."""
        return sum(line.logins for line in self.lines)

    def close(self) -> None:
        """Close every line; the store belongs to whoever opened it."""
        self.pool.close()
        for line in self.lines:
            line.close()


def usable_cores() -> int:
    """Processor cores this process may use; a container's or systemd's limit counts."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def open_installation(
    settings: Settings, clock: Clock = system_clock, stopping: Callable[[], bool] = lambda: False
) -> Iterator[Installation]:
    """Store and lines together, closed in the right order.

    Raises ConfigError when a start or a person's confirmation is missing (`adapter.cutover.guards`).
    """
    check_start(settings)
    give_memory_back()
    with open_store(settings, clock) as store:
        require_ready(settings, store)
        keep_starts(settings, store, actor=owner_name(), clock=clock)
        installation = Installation(settings, store, clock, stopping)
        try:
            yield installation
        finally:
            installation.close()
