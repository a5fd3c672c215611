"""The judge: reads our store, the gateway's database and the HIS, and believes none of them alone.

lost          a dossier the HIS is ready for that is neither at the gateway with its present content
              nor visibly blocked, refused, held or skipped; or a receipt we do not have
doubled       content at the gateway that no revision of ours owns, two contents of one revision, or
              the same content twice in a row as two revisions
order breaks  an older revision arriving at the gateway after a newer one of the same dossier
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from adapter.clock import system_clock
from adapter.engine.opening import open_store
from adapter.errors import BhytError
from adapter.mapping import load_mapping
from adapter.resources import mapping_file
from adapter.settings import Settings, absolute_sqlite_url
from adapter.store import Store
from adapter.store.encounters.expected import MA_LK
from adapter.store.tables.schema import dossiers, receipts, revisions
from connectors.base import open_source

Key = tuple[str, str, str]
"""MA_LK, purpose, occasion."""


@dataclass
class Judgement:
    """What was found; every list holds short texts for a person."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    order_breaks: list[str] = field(default_factory=list)
    conserved: bool = False
    dossiers: int = 0
    at_gateway: int = 0
    repeats: int = 0
    successors: int = 0
    states: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Counts for the contract, texts beside them."""
        document = asdict(self)
        for name in ("lost", "doubled", "order_breaks"):
            document[name] = len(getattr(self, name))
            if getattr(self, name):
                document[f"{name}_detail"] = getattr(self, name)[:20]
        return document


@dataclass(frozen=True)
class _Rev:
    key: Key
    number: int
    state: str
    content: str
    sha256: str | None
    current: bool
    held: bool
    receipts: int


def judge(settings: Settings, gateway_db: Path) -> Judgement:
    """Compare the three after the storm."""
    result = Judgement()
    with open_store(settings) as store:
        summary = store.balance.summary()
        result.conserved = bool(summary["conserved"])
        ours = _ours(store)
    for rev in ours:
        if rev.current:
            state = "held" if rev.held else rev.state
            result.states[state] = result.states.get(state, 0) + 1
    result.dossiers = sum(result.states.values())
    arrivals = _arrivals(gateway_db)
    _doubled_and_order(result, ours, arrivals)
    _lost(result, ours, {sha for _, sha in arrivals}, _wanted(settings))
    return result


def _ours(store: Store) -> list[_Rev]:
    with store.database.read() as connection:
        given: dict[int, int] = defaultdict(int)
        for revision_id in connection.execute(select(receipts.c.revision_id)).scalars():
            given[revision_id] += 1
        rows = connection.execute(
            select(revisions, dossiers.c.ma_lk_sealed, dossiers.c.occasion, dossiers.c.held, dossiers.c.revision_id)
            .join(dossiers, dossiers.c.id == revisions.c.dossier_id)
            .order_by(revisions.c.id)
        ).all()
    return [
        _Rev(
            key=(store.vault.open_text(r.ma_lk_sealed, MA_LK), r.purpose, r.occasion),
            number=r.number,
            state=r.state,
            content=r.content_hash,
            sha256=r.sent_sha256,
            current=r.revision_id == r.id,
            held=bool(r.held),
            receipts=given[r.id],
        )
        for r in rows
    ]


def _arrivals(gateway_db: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{gateway_db}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT ma_lk, sha256 FROM received WHERE accepted = 1 ORDER BY seq").fetchall()


def _doubled_and_order(result: Judgement, ours: list[_Rev], arrivals: list[tuple[str, str]]) -> None:
    owner = {rev.sha256: rev for rev in ours if rev.sha256}
    if len(owner) != sum(1 for rev in ours if rev.sha256):
        result.doubled.append("two revisions share the same bytes")
    came: dict[Key, list[_Rev]] = defaultdict(list)
    seen: set[str] = set()
    for ma_lk, sha256 in arrivals:
        rev = owner.get(sha256)
        if rev is None:
            result.doubled.append(f"{ma_lk}: the gateway holds bytes no revision owns")
            continue
        result.repeats += sha256 in seen
        seen.add(sha256)
        line = came[rev.key]
        if line and rev.number < line[-1].number:
            result.order_breaks.append(f"{rev.key}: revision {rev.number} after {line[-1].number}")
        if line and rev.number != line[-1].number and rev.content == line[-1].content:
            result.doubled.append(f"{rev.key}: revisions {line[-1].number} and {rev.number} carry the same content")
        result.successors += bool(line) and rev.number > line[-1].number
        line.append(rev)
    result.at_gateway = len(seen)


def _lost(result: Judgement, ours: list[_Rev], held_there: set[str], wanted: dict[Key, str | None]) -> None:
    current = {rev.key: rev for rev in ours if rev.current}
    for key, content in wanted.items():
        rev = current.get(key)
        if rev is None:
            result.lost.append(f"{key}: the HIS is ready for it, the store does not know it")
        elif rev.held or rev.state in {"blocked", "refused", "skipped"}:
            continue  # visible, with its reason
        elif rev.state != "accepted":
            result.lost.append(f"{key}: still {rev.state} when nothing was left to do")
        elif rev.sha256 not in held_there:
            result.lost.append(f"{key}: accepted, but the gateway does not hold it")
        elif content is not None and rev.content != content:
            result.lost.append(f"{key}: the gateway holds an older content than the HIS")
    for rev in ours:
        if rev.state == "accepted" and not rev.receipts:
            result.lost.append(f"{rev.key}: accepted without a receipt")


def _wanted(settings: Settings) -> dict[Key, str | None]:
    """Straight from the HIS, past the store: what is due now, with its content's hash."""
    wanted: dict[Key, str | None] = {}
    for facility in settings.facilities:
        plan = load_mapping(mapping_file(facility.mapping, settings.workdir))
        url = absolute_sqlite_url(facility.source.url, settings.workdir)
        source = open_source(plan.source, facility.source.model_copy(update={"url": url}))
        cursor = None
        try:
            while True:
                batch = source.pull(cursor, now=system_clock())
                for encounter in batch.encounters:
                    ready = plan.readiness(encounter)
                    for due in ready.due:
                        key = (ready.ma_lk, str(due.purpose), due.occasion)
                        try:
                            made = plan.translate(
                                encounter, due, facility=facility.code, now=system_clock(),
                                uninsured_tables=settings.standard.book_tables,
                            )  # fmt: skip
                        except BhytError:
                            wanted[key] = None  # our line must show it blocked
                            continue
                        apart = made.rows("XML12")
                        wanted[key] = None if apart or due.exempt_reason else made.content_hash()
                cursor = batch.cursor
                if batch.done:
                    return wanted
        finally:
            source.close()
    return wanted
