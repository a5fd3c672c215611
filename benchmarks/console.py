"""The list of dossiers at a million rows: ``python -m benchmarks.console [--rows N] [--store sqlite|postgres|both]``.

Not part of ``make bench`` (filling takes minutes). Whole requests over HTTP are timed, page and database together;
the bar is 200 ms for 19 requests in 20. Rows are invented: most accepted, some blocked, few of everything else.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Index, Table, insert

from adapter.access import Access
from adapter.api.app import create_app
from adapter.console import Console, console_routes, error_page
from adapter.reception.desk import Desk
from adapter.settings import Facility, Settings, SourceSettings
from adapter.store.store import Store
from adapter.store.tables.schema import dossiers, encounters, findings, revisions, search_words
from adapter.store.work.intake import MA_LK
from adapter.vault import Vault, plain_words
from tests.support.postgres import new_database, running_server
from tests.support.web import serve

BAR_MS = 200.0
_KEY = "bhyt_benchmark"
_CODE = "01999"
_NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
_TABLES = (encounters, dossiers, revisions, search_words, findings)
_FAMILY = ["Nguyễn"] * 38 + ["Trần"] * 12 + ["Lê"] * 10 + ["Phạm"] * 7 + ["Hoàng"] * 5 + ["Đỗ", "Vũ", "Bùi", "Hồ"] * 6
_MIDDLE = ["Thị"] * 40 + ["Văn"] * 35 + ["Ngọc", "Minh", "Thu", "Đức", "Xuân"] * 5
_GIVEN = ["Anh", "Bình", "Chi", "Dũng", "Giang", "Hà", "Hải", "Hương", "Khoa", "Lan", "Linh", "Mai", "Nam", "Nga",
          "Phúc", "Quân", "Sơn", "Thảo", "Trang", "Tuấn", "Vân", "Yến"]  # fmt: skip
_STATES = [("accepted", 9500), ("blocked", 260), ("skipped", 180), ("translated", 30), ("signed", 15), ("refused", 10),
           ("unknown", 5)]  # fmt: skip
_EACH = [name for name, weight in _STATES for _ in range(weight)]
_RULES = ["X1-REQ-016", "X1-DATE-001", "X2-TIME-001", "X3-MONEY-001"]
_BATCH = 20_000
_SEALED = "sealed"


def main() -> int:
    """Fill, time, print; 1 when a kind of request misses the bar."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--store", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where the store is laid down; default: a temporary folder")
    asked = parser.parse_args()
    good = True
    for kind in ("sqlite", "postgres") if asked.store == "both" else (asked.store,):
        with tempfile.TemporaryDirectory(dir=asked.folder, prefix="bhyt-console-") as folder, _url(kind, folder) as url:
            with Store.open(url, Vault.open(Path(folder) / "vault.key", create=True), lambda: _NOW) as store:
                started = time.monotonic()
                _fill(store, asked.rows)
                print(f"{kind}: {asked.rows:,} dossiers filled in {time.monotonic() - started:.0f} s", flush=True)
                rows = _time(store, Path(folder), url, asked.requests)
            good = _tell(kind, rows) and good
    return 0 if good else 1


@contextlib.contextmanager
def _url(kind: str, folder: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/state.db"
    else:
        with running_server() as server:
            yield new_database(server)


def _fill(store: Store, rows: int) -> None:
    """Rows first, indexes after: it is the reading that is measured."""
    chance = random.Random(7)
    kept = [index for table in _TABLES for index in sorted(table.indexes, key=lambda i: str(i.name))]
    with store.database.write() as connection:
        for index in kept:
            index.drop(connection)
        connection.execute(insert(encounters).values(_encounter()))
    blind: dict[tuple[str, str], bytes] = {}

    def hidden(text: str, kind: str) -> bytes:
        found = blind.get((kind, text))
        if found is None:
            # Sealing a million texts one by one would measure the cipher; a page opens fifty of them all the same.
            made = store.vault.seal_text(text, MA_LK) if kind == _SEALED else store.vault.blind(text, kind)
            found = blind[kind, text] = made
        return found

    for start in range(1, rows + 1, _BATCH):
        found: dict[Table, list[dict[str, Any]]] = {table: [] for table in _TABLES[1:]}
        for identity in range(start, min(start + _BATCH, rows + 1)):
            _one(store, chance, identity, hidden, found)
        with store.database.write() as connection:
            for table, batch in found.items():
                _add(connection, store, table, batch)
    with store.database.write() as connection:
        for index in kept:
            Index.create(index, connection)
    with store.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _add(connection: Any, store: Store, table: Table, batch: list[dict[str, Any]]) -> None:
    """COPY on PostgreSQL, one prepared INSERT on SQLite; values as the columns' types write them."""
    if not batch:
        return
    names = list(batch[0])
    dialect = connection.dialect
    bind = [table.c[n].type.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value) for n in names]
    rows = ([write(row[name]) for name, write in zip(names, bind, strict=True)] for row in batch)
    columns = ", ".join(names)
    driver = connection.connection.driver_connection
    if store.database.is_postgres:
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({', '.join('?' * len(names))})", rows)


def _encounter() -> dict[str, Any]:
    return {
        "id": 1, "facility": _CODE, "source": "bench", "key_blind": b"k", "key_sealed": b"k", "content_hash": "0" * 64,
        "first_day": _NOW.date(), "first_read_at": _NOW, "changed_at": _NOW, "due": 1, "pending": False, "fence": 0,
    }  # fmt: skip


def _one(store: Store, chance: random.Random, identity: int, hidden: Any, found: Any) -> None:
    state = chance.choice(_EACH)
    purpose = "checkin" if identity % 5 in (1, 3) else "book" if identity % 33 == 0 else "claim"
    made = _NOW - timedelta(minutes=chance.randrange(365 * 24 * 60))
    deadline = made + timedelta(days=9)
    ma_lk = f"{identity:012d}"
    held = state in {"blocked", "signed"} and chance.random() < 0.02
    verdict = None
    if state == "accepted":
        verdict = chance.choices(["good", "pending", "faulty", "replaced"], [900, 80, 4, 16])[0]
    found[dossiers].append({
        "id": identity, "facility": _CODE, "encounter_id": 1, "ma_lk_blind": store.vault.blind(ma_lk, MA_LK),
        "ma_lk_sealed": hidden(f"{identity % 500:012d}", _SEALED), "purpose": purpose, "occasion": "",
        "first_day": made.date(), "revision_id": identity, "state": state, "held": held,
        "held_code": "person" if held else None, "held_reason": "chờ" if held else None,
        "held_by": "user:x" if held else None, "deadline": deadline, "verdict": verdict, "payment_requested": False,
        "created_at": made, "updated_at": made + timedelta(hours=3),
    })  # fmt: skip
    found[revisions].append({
        "id": identity, "dossier_id": identity, "number": 1, "facility": _CODE, "purpose": purpose, "state": state,
        "content_hash": "0" * 64, "source_hash": "0" * 64, "mapping_hash": "0" * 64, "standard": "3176",
        "reason": "first", "state_reason": None, "amount_total": Decimal(250000), "amount_insurance": Decimal(200000),
        "ended_at": made, "created_at": made, "rank": 1, "deadline": deadline, "attempts": 1, "unknowns": 0,
        "fence": 1, "accepted_at": made + timedelta(hours=3) if state == "accepted" else None, "remark": False,
        "verdict": verdict,
    })  # fmt: skip
    name = f"{chance.choice(_FAMILY)} {chance.choice(_MIDDLE)} {chance.choice(_GIVEN)}"
    words = {("name", hidden(word, "name")) for word in plain_words(name)}
    words.add(("card", store.vault.blind(f"DN401{identity // 4:010d}", "card")))
    found[search_words].extend({"dossier_id": identity, "kind": k, "value": v} for k, v in sorted(words))
    if state == "blocked" or chance.random() < 0.1:
        severity = "error" if state == "blocked" else "warning"
        for rule in {chance.choice(_RULES), chance.choice(_RULES)}:
            found[findings].append({
                "revision_id": identity, "rule": rule, "severity": severity, "table_name": "XML1", "row_number": 1,
                "field": "NGAY_RA", "text_sealed": b"-",
            })  # fmt: skip


def _time(store: Store, folder: Path, url: str, requests: int) -> list[tuple[str, float, float, float]]:
    """(kind, first, median, 95th percentile) in milliseconds."""
    facility = Facility(code=_CODE, account="x", password_file=Path("x"), mapping="demo-his-b",
                        source=SourceSettings(url="sqlite:///none.db"))  # fmt: skip
    settings = Settings(workdir=folder, facilities=(facility,), store={"url": url})
    console = Console(settings, store, Desk(settings, store), clock=lambda: _NOW)
    app = create_app(
        access=Access(store, settings.access, first_key=_KEY),
        status=lambda _who: {},
        ready=lambda: None,
        routers=console_routes(console),
        error_page=partial(error_page, console),
    )
    kinds = {
        "all": "",
        "newest change first": "sort=-changed",
        "latest deadline first": "sort=-deadline",
        "blocked": "view=blocked",
        "due soon or late": "view=due",
        "unknown (rare)": "view=unknown",
        "held (rare)": "view=held",
        "faulty (rare)": "view=faulty",
        "accepted health book": "state=accepted&purpose=book",
        "one day": "day=2026-06-15",
        "a frequent rule": "rule=X1-DATE-001",
        "a frequent rule, blocked": "rule=X1-DATE-001&view=blocked",
        "a frequent name": "q=nguyễn",
        "two frequent words": "q=nguyễn thị",
        "a whole name": "q=Hoàng Xuân Yến",
        "a name nobody has": "q=Zxcv Nguyễn",
        "a frequent name, blocked": "q=nguyen&view=blocked",
        "a frequent name, unknown": "q=nguyen&view=unknown",
        "an MA_LK": "q=000000004711",
        "a card": "q=DN4010000001234",
    }
    found = []
    with serve(app) as base, httpx.Client(base_url=base, headers={"X-API-Key": _KEY}, timeout=120) as client:
        client.get("/dossiers?q=000000000001")  # templates and texts are loaded once in the life of a process
        for kind, query in kinds.items():
            found.append((kind, *_asked(client, f"/dossiers?{query}", requests)))
        # Far away from the beginning: the cursor of a page in the middle of the year.
        middle = client.get("/dossiers?sort=deadline&day=2026-06-15").text
        found.append(("a page in the middle", *_asked(client, f"/dossiers?after={_cursor(middle)}", requests)))
    return found


def _cursor(page: str) -> str:
    found = re.search(r"after=([\w-]+)", page)
    assert found is not None, "the day in the middle has one page only"
    return found[1]


def _asked(client: httpx.Client, path: str, requests: int) -> tuple[float, float, float]:
    took = []
    for _ in range(requests):
        started = time.perf_counter()
        client.get(path).raise_for_status()
        took.append((time.perf_counter() - started) * 1000)
    return took[0], statistics.median(took), sorted(took)[max(0, round(len(took) * 0.95) - 1)]


def _tell(kind: str, rows: list[tuple[str, float, float, float]]) -> bool:
    for name, first, median, most in rows:
        mark = "ok" if most < BAR_MS else "FAILS"
        print(f"{kind:9} {name:26} first {first:7.1f}  median {median:7.1f}  p95 {most:7.1f} ms  {mark}", flush=True)
    print(json.dumps({"store": kind, "bar_ms": BAR_MS, "worst_p95": round(max(r[3] for r in rows), 1)}), flush=True)
    return all(row[3] < BAR_MS for row in rows)


if __name__ == "__main__":
    sys.exit(main())
