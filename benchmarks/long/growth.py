"""What one more dossier costs in a store of 1,000, of 10,000 and of 100,000: the same stays, in turns.

Cost is processor time of one core from the source's row to the signed document in the outbox, the database server's
included. The three stores begin as copies of one that the line itself filled (:mod:`benchmarks.long.copies`).
"""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy.engine import make_url

from adapter.engine.installation import open_installation
from adapter.engine.opening import open_store
from adapter.settings import load_settings
from benchmarks.bar import Bar
from benchmarks.line.whole import STAGES
from benchmarks.line.work import SOURCE, Work, clock, configure, timed
from benchmarks.long.copies import multiply, receive
from benchmarks.long.slices import sow_slice
from benchmarks.service.processes import family, spent
from benchmarks.service.workers import postmaster
from tests.support.postgres import new_database, running_server

_BASE = 1_000
_SIZES = (1_000, 10_000, 100_000)
_ROUNDS, _SLICE = 9, 100
_PAGE = 50  # a page of the source: no longer than what the connector reads of such stays at once
_FIRST = 20_001


@dataclass(frozen=True, slots=True)
class _Sized:
    work: Work
    server: int | None

    def cost(self) -> dict[str, float]:
        """Processor seconds a dossier takes in each stage, over one slice."""
        seconds = {}
        pages = iter([False] * (_SLICE // _PAGE - 1))
        for name, stage in STAGES:
            context = self.work.context(**({"stopping": lambda: next(pages, True)} if name == "pull" else {}))
            before = self._server()
            own, result = timed(lambda stage=stage, context=context: stage(context))  # type: ignore[misc]
            if result.failures:
                raise result.failures[0]
            assert result.done == _SLICE, (name, result)
            seconds[name] = (own + self._server() - before) / _SLICE
        return seconds

    def _server(self) -> float:
        return 0.0 if self.server is None else spent(family(self.server))


def growth_bars(kind: str, rows: int = _SIZES[-1]) -> list[Bar]:
    """Ratios of the largest store's cost to the smallest's; ``kind``: sqlite or postgres."""
    sizes = [size for size in _SIZES if size < rows] + [rows]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bhyt-long-")))
        server = stack.enter_context(running_server(durable=True)) if kind == "postgres" else None
        disk = _base(folder / "base", server)
        sow_slice(folder / SOURCE, 1, encounters=_SLICE * (_ROUNDS + 1), first=_FIRST)
        stores = {size: _sized(stack, folder, server, size) for size in sizes}
        whole: dict[int, list[float]] = defaultdict(list)
        stages: dict[tuple[int, str], list[float]] = defaultdict(list)
        for number in range(_ROUNDS + 1):
            for size, one in stores.items():
                seconds = one.cost()
                if number:
                    whole[size].append(sum(seconds.values()))
                    for name, value in seconds.items():
                        stages[size, name].append(value)
    bars = [
        Bar(
            f"long.growth.{size}.{kind}",
            median(large / small for small, large in zip(whole[sizes[0]], whole[size], strict=True)),
            1.15,
            f"× a dossier's cost in a store of {sizes[0]:,}, {kind}",
            "at most",
        )
        for size in sizes[1:]
    ]
    told = f"ms of processor a dossier, {kind} (no bar)"
    bars += [Bar(f"long.cost.{size}.{kind}", median(whole[size]) * 1000, 0, told) for size in sizes]
    bars += [
        Bar(f"long.cost.{size}.{name}.{kind}", median(stages[size, name]) * 1000, 0, told)
        for size in (sizes[0], sizes[-1])
        for name, _ in STAGES
    ]
    bars.append(Bar(f"long.disk.{kind}", disk / _BASE / 1024, 0, f"KB of store a dossier of 60 lines, {kind} (no bar)"))
    return bars


def _base(folder: Path, server: str | None) -> int:
    """An installation whose store the line filled, every dossier received; the bytes its database takes."""
    configure(folder, encounters=_BASE)
    sow_slice(folder / SOURCE, 0, encounters=_BASE, first=1)
    if server is not None:
        url = new_database(server)
        with (folder / "config.yaml").open("a", encoding="utf-8") as file:
            file.write(f"store: {{url: '{url}'}}\n")
    with open_installation(load_settings(workdir=folder), clock) as installation:
        (line,) = installation.lines
        for name, _ in STAGES:
            result = line.run(name)
            if result.failures:
                raise result.failures[0]
        assert result.counts.get("signed") == _BASE, result.counts
        store = installation.store
        receive(store)
        with store.database.read() as connection:
            query = "SELECT pg_database_size(current_database())"
            if server is None:
                query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
            return int(connection.exec_driver_sql(query).scalar_one())


def _sized(stack: ExitStack, folder: Path, server: str | None, size: int) -> _Sized:
    """A copy of the base as large as wanted, its source holding what comes next."""
    place = folder / str(size)
    shutil.copytree(folder / "base", place)
    shutil.copy(folder / SOURCE, place / SOURCE)
    if server is not None:
        file = place / "config.yaml"
        text = file.read_text(encoding="utf-8")
        base = load_settings(workdir=place).store_url()
        file.write_text(
            text.replace(base, new_database(server, template=str(make_url(base).database))), encoding="utf-8"
        )
    settings = load_settings(workdir=place)
    store = stack.enter_context(open_store(settings, clock))
    multiply(store, size // _BASE)
    work = Work(settings, store, batch_size=_PAGE)
    stack.callback(work.key.close)
    stack.callback(work.source.close)
    return _Sized(work, None if server is None else postmaster(settings.store_url()))
