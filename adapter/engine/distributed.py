"""Many machines on one PostgreSQL: procrastinate distributes, the store decides.

A job says only "stage S, facility F". It carries no state and never waits; running it twice does nothing, so
a job that dies with its worker is simply dropped: the next tick asks again, and the rows the worker had leased
come back when their lease is over. One tick at a time is made in the whole cluster, by whichever worker is
first. The jobs live in a database schema of their own, which may be dropped at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from sqlalchemy import text
from sqlalchemy.engine import make_url

from adapter.clock import VIETNAM, Clock, system_clock
from adapter.engine.embedded import tell_hung
from adapter.engine.heartbeat import Heart
from adapter.engine.housekeeping import Chore, chores
from adapter.engine.installation import NEEDS, ROUND, FacilityLine, Installation, open_installation
from adapter.engine.logs import Teller, log, take_over
from adapter.engine.schedules import due, every_of
from adapter.engine.supervise import parent_is_gone
from adapter.engine.traces import exporting
from adapter.engine.watchdog import Watchdog, notify
from adapter.errors import BhytError, StoreBusy
from adapter.settings import Settings
from adapter.store.tables.database import Database

SCHEMA = "bhyt_jobs"
TICK_SECONDS = 5
_MAKING = 0x6A6F6273  # "jobs": the advisory lock under which their tables are made
_LONGEST_WAIT = 30.0


def run_distributed(settings: Settings, clock: Clock = system_clock) -> None:
    """Work until SIGTERM or SIGINT. A database that is away is waited for; it ends nothing."""
    take_over("procrastinate", "psycopg.pool")
    stop = threading.Event()
    with exporting(settings, "worker"), open_installation(settings, clock, stop.is_set) as installation:
        asyncio.run(_Worker(installation, settings, stop).run())


class _Worker:
    """One process: its lines, its watchdog, and procrastinate's loop around them."""

    def __init__(self, installation: Installation, settings: Settings, stop: threading.Event) -> None:
        self._store, self._settings, self._stop = installation.store, settings, stop
        self._lines = {line.facility.code: line for line in installation.lines}
        self._locks = {code: threading.Lock() for code in self._lines}
        self._tellers = {code: Teller(code) for code in self._lines}
        self._chores: dict[str, Chore] = {one.name: one for one in chores(settings, installation.store)}
        self._watchdog = Watchdog(settings.schedule.hang_minutes * 60, partial(tell_hung, self._store))
        self._app = self._make_app()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def stop() -> None:
            self._stop.set()
            ended.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        watch = asyncio.create_task(self._watch(stop))
        log.info("worker started", facilities=len(self._lines))
        notify("READY=1")
        wait = 1.0
        while not self._stop.is_set():
            try:
                await asyncio.to_thread(make_tables, self._store.database)
                async with self._app.open_async():
                    await self._ask_all()
                    wait = 1.0
                    await self._until(ended)
            except (ConnectorException, StoreBusy) as error:
                log.warning("the jobs' database is away", error=type(error).__name__, again_in=wait)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), wait)
                wait = min(wait * 2, _LONGEST_WAIT)
        notify("STOPPING=1")
        watch.cancel()
        log.info("worker stopped")

    async def _until(self, ended: asyncio.Event) -> None:
        """procrastinate's worker, until it fails or we are told to stop; stages under way are waited for."""
        working = asyncio.create_task(
            self._app.run_worker_async(
                concurrency=min(len(self._lines), 4) + 1,
                fetch_job_polling_interval=1.0,
                delete_jobs="always",
                install_signal_handlers=False,
            )
        )
        stopping = asyncio.create_task(ended.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done():
            working.cancel()  # procrastinate's way of asking it to stop once its jobs are done
        with contextlib.suppress(asyncio.CancelledError):
            await working

    async def _watch(self, stop: Callable[[], None]) -> None:
        heart = Heart()
        while not self._stop.is_set():
            self._watchdog.look()
            notify("WATCHDOG=1")
            heart.beat()
            if parent_is_gone():
                stop()
            await asyncio.sleep(1.0)

    # ---- jobs ----------------------------------------------------------------------------------

    def _make_app(self) -> procrastinate.App:
        url = make_url(self._store.database.url).set(drivername="postgresql")
        app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=url.render_as_string(hide_password=False),
                kwargs={"options": f"-c search_path={SCHEMA}", "connect_timeout": 10},
                min_size=1,
                max_size=4,
                timeout=10,
            )
        )

        @app.periodic(cron=f"* * * * * */{TICK_SECONDS}", periodic_id="tick")
        @app.task(name="tick", queueing_lock="tick")
        async def tick(timestamp: int) -> None:
            await self._tick(datetime.fromtimestamp(timestamp, VIETNAM))

        @app.task(name="stage")
        async def stage(facility: str, stage: str) -> None:
            await self._stage(facility, stage)

        @app.task(name="chore")
        async def chore(name: str) -> None:
            if name in self._chores:
                await asyncio.to_thread(self._chores[name].work)

        return app

    async def _tick(self, at: datetime) -> None:
        after = at - timedelta(seconds=TICK_SECONDS)
        for code, line in self._lines.items():
            for stage in NEEDS:
                if due(every_of(self._settings, line.facility, stage), after, at):
                    await self._ask(code, stage)
        for name, one in self._chores.items():
            if due(one.every, after, at):
                await self._defer("chore", f"chore:{name}", name=name)

    async def _ask_all(self) -> None:
        """After a start nobody knows what was missed: every stage is asked for once."""
        for code in self._lines:
            for stage in ROUND:
                await self._ask(code, stage)

    async def _ask(self, facility: str, stage: str) -> None:
        await self._defer("stage", f"{facility}:{stage}", facility=facility, stage=stage)

    async def _defer(self, task: str, lock: str, **arguments: Any) -> None:
        """Ask for something that is not yet waiting to be done."""
        with contextlib.suppress(AlreadyEnqueued):
            await self._app.configure_task(task, queueing_lock=lock).defer_async(**arguments)

    async def _stage(self, facility: str, stage: str) -> None:
        line = self._lines.get(facility)
        if line is None or self._stop.is_set():
            return  # paused here; the next tick asks again
        more, done = await asyncio.to_thread(self._run, line, stage)
        if more:
            await self._ask(facility, stage)
        if done and stage in ROUND[:-1]:
            await self._ask(facility, ROUND[ROUND.index(stage) + 1])

    def _run(self, line: FacilityLine, stage: str) -> tuple[bool, bool]:
        code = line.facility.code
        with self._locks[code], self._watchdog.watching(code, stage):
            try:
                result = line.run(stage)
            except BhytError as error:
                log.warning("stage failed", facility=code, stage=stage, **error.to_dict())
                return False, False
        self._tellers[code](result)
        return bool(result.more and not result.failures), bool(result.done)


def make_tables(database: Database) -> None:
    """The jobs' own schema, made by whoever comes first. One made by another release is dropped: no job holds state.

    Raises StoreBusy when the database does not answer.
    """
    release = f"procrastinate {procrastinate.__version__}"
    with database.write() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")
        said = connection.execute(
            text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :name"),
            {"name": SCHEMA},
        ).scalar_one_or_none()
        if said == release:
            return
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
        connection.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{release}'")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {SCHEMA}")
        from procrastinate.schema import SchemaManager

        connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
