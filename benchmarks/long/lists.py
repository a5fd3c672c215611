"""The queue's claim and the console's list at 1,000,000 dossiers against 1,000, the same requests in turns.

Both stores are laid down with the same shares of states; then as many rows of each, spread evenly over all of it, are
made to wait for checking and for sending, so that a claim finds equal work in a small and in a large store.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

import httpx
from sqlalchemy import insert, select, update

from adapter.store import Store
from adapter.store.tables.schema import dossier_bodies, dossiers, revisions, signed_bodies
from adapter.store.work.claims import SIGNED_BODY, Stage
from adapter.store.work.first import DOSSIER_BODY
from adapter.vault import Vault
from benchmarks.bar import Bar
from benchmarks.console import asked, asking
from benchmarks.long.filler import CODE, NOW, fill
from tests.support.postgres import new_database, running_server

SMALL = 1_000
_ROUNDS = 16
_LIMIT = 20
_BODY = b"<GIAMDINHHS/>" * 400
_PAGES = {"all": "", "changed": "sort=-changed", "deadline": "sort=-deadline", "accepted": "state=accepted"}
"""Views that fill a page in either store; the others show fewer rows where there are fewer."""
_REQUESTS = 40


@dataclass(frozen=True, slots=True)
class _Filled:
    store: Store
    client: httpx.Client


def list_bars(kind: str, rows: int) -> list[Bar]:
    """Ratios of medians; ``kind``: sqlite or postgres."""
    with ExitStack() as stack:
        small, large = (_open(stack, kind, count) for count in (SMALL, rows))
        claims = {stage: _in_turns(small, large, stage) for stage in (Stage.CHECK, Stage.SEND)}
        pages = {name: _page(small, large, query) for name, query in _PAGES.items()}
    most, unit = f"{rows:,} dossiers against {SMALL:,}, {kind}", "×"
    bars = [
        Bar(f"long.claim.{stage.value}.{kind}", ratio, 1.5, f"{unit} a claim of {_LIMIT}, {most}", "at most")
        for stage, (ratio, _) in claims.items()
    ]
    bars += [
        Bar(f"long.list.{name}.{kind}", ratio, 1.5, f"{unit} a page of the console's list, {most}", "at most")
        for name, (ratio, _) in pages.items()
    ]
    longest = max(ms for _, ms in claims.values())
    bars.append(Bar(f"long.claim_ms.{kind}", longest, 0, f"ms a claim of {_LIMIT}, {rows:,} dossiers (no bar)"))
    slowest = max(ms for _, ms in pages.values())
    bars.append(Bar(f"long.list_ms.{kind}", slowest, 0, f"ms the slowest of these pages, {rows:,} dossiers (no bar)"))
    return bars


def _open(stack: ExitStack, kind: str, rows: int) -> _Filled:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bhyt-long-")))
    url = f"sqlite:///{folder / 'state.db'}"
    if kind == "postgres":
        url = new_database(stack.enter_context(running_server(durable=True)))
    vault = Vault.open(folder / "vault.key", create=True)
    store = stack.enter_context(Store.open(url, vault, lambda: NOW))
    fill(store, rows)
    _wait(store, rows)
    return _Filled(store, stack.enter_context(asking(store, folder, url)))


def _wait(store: Store, rows: int) -> None:
    """Make rows wait for both stages, enough for every claim, spread over the whole store."""
    each = _LIMIT * (_ROUNDS + 1)
    step = rows / (2 * each)
    places = [int(number * step) + 1 for number in range(2 * each)]
    with store.database.write() as connection:
        for table in (revisions, dossiers):
            # What the shares of states made to wait would make the large store's queue longer than the small one's.
            waiting = table.c.state.in_(["translated", "signed", "unknown"])
            connection.execute(update(table).where(waiting).values(state="skipped"))
            for ids, state in ((places[::2], "translated"), (places[1::2], "signed")):
                connection.execute(update(table).where(table.c.id.in_(ids)).values(state=state))
        connection.execute(update(dossiers).where(dossiers.c.id.in_(places)).values(held=False))
        kept = {"saved_at": NOW, "keep_until": NOW + timedelta(days=90)}
        body = store.vault.seal(_BODY, DOSSIER_BODY)
        connection.execute(insert(dossier_bodies), [{"revision_id": one, "body": body, **kept} for one in places[::2]])
        body = store.vault.seal(_BODY, SIGNED_BODY)
        signed = [{"revision_id": one, "body": body, "sha256": "0" * 64, **kept} for one in places[1::2]]
        connection.execute(insert(signed_bodies), signed)
    with store.database.write() as connection:
        found = connection.execute(select(revisions.c.id).where(revisions.c.state == "translated")).all()
        assert len(found) == each, len(found)


def _claim(store: Store, stage: Stage) -> float:
    """Seconds a claim takes."""
    began = time.perf_counter()
    claimed = store.outbox.claim(stage, CODE, owner="bench", limit=_LIMIT, now=NOW, lease=timedelta(minutes=5))
    seconds = time.perf_counter() - began
    assert len(claimed) == _LIMIT, len(claimed)
    return seconds


def _in_turns(small: _Filled, large: _Filled, stage: Stage) -> tuple[float, float]:
    """How much longer a claim of the large store takes, and its milliseconds; the first of each does not count."""
    took = [[_claim(one.store, stage) for one in (small, large)] for _ in range(_ROUNDS + 1)][1:]
    return _compared(took)


def _page(small: _Filled, large: _Filled, query: str) -> tuple[float, float]:
    """How much longer the large store's page takes, and its milliseconds."""
    path = f"/dossiers?{query}"
    for one in (small, large):
        asked(one.client, path, 2)
    return _compared([[asked(one.client, path, 1)[0] / 1000 for one in (small, large)] for _ in range(_REQUESTS)])


def _compared(took: list[list[float]]) -> tuple[float, float]:
    """Of seconds taken in turns, the ratio of the medians, and the large store's in milliseconds."""
    small, large = (median(seconds) for seconds in zip(*took, strict=True))
    return large / small, large * 1000
