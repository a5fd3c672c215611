"""The list of dossiers at a million rows: ``python -m benchmarks.console [--rows N] [--store sqlite|postgres|both]``.

Not part of ``make bench`` (filling takes minutes). Whole requests over HTTP are timed, page and database together;
the bar is 200 ms for 19 requests in 20. Rows are invented: most accepted, some blocked, few of everything else.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx

from adapter.access import Access
from adapter.api.app import create_app
from adapter.console import Console, console_routes, error_page
from adapter.reception.desk import Desk
from adapter.settings import Facility, Settings, SourceSettings
from adapter.store.store import Store
from adapter.vault import Vault
from benchmarks.long.filler import CODE, NOW, fill
from tests.support.postgres import new_database, running_server
from tests.support.web import serve

BAR_MS = 200.0
_KEY = "bhyt_benchmark"
_KINDS = {
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
            with Store.open(url, Vault.open(Path(folder) / "vault.key", create=True), lambda: NOW) as store:
                started = time.monotonic()
                fill(store, asked.rows)
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


def _time(store: Store, folder: Path, url: str, requests: int) -> list[tuple[str, float, float, float]]:
    """(kind, first, median, 95th percentile) in milliseconds."""
    found = []
    with asking(store, folder, url) as client:
        for kind, query in _KINDS.items():
            found.append((kind, *asked(client, f"/dossiers?{query}", requests)))
        # Far away from the beginning: the cursor of a page in the middle of the year.
        middle = client.get("/dossiers?sort=deadline&day=2026-06-15").text
        found.append(("a page in the middle", *asked(client, f"/dossiers?after={_cursor(middle)}", requests)))
    return found


@contextlib.contextmanager
def asking(store: Store, folder: Path, url: str) -> Iterator[httpx.Client]:
    """A browser at the console of this store."""
    facility = Facility(code=CODE, account="x", password_file=Path("x"), mapping="demo-his-b",
                        source=SourceSettings(url="sqlite:///none.db"))  # fmt: skip
    settings = Settings(workdir=folder, facilities=(facility,), store={"url": url})
    console = Console(settings, store, Desk(settings, store), clock=lambda: NOW)
    app = create_app(
        access=Access(store, settings.access, first_key=_KEY),
        status=lambda _who: {},
        ready=lambda: None,
        routers=console_routes(console),
        error_page=partial(error_page, console),
    )
    with serve(app) as base, httpx.Client(base_url=base, headers={"X-API-Key": _KEY}, timeout=120) as client:
        client.get("/dossiers?q=000000000001")  # templates and texts are loaded once in the life of a process
        yield client


def _cursor(page: str) -> str:
    found = re.search(r"after=([\w-]+)", page)
    assert found is not None, "the day in the middle has one page only"
    return found[1]


def asked(client: httpx.Client, path: str, requests: int) -> tuple[float, float, float]:
    """First, median and 95th percentile of so many requests, in milliseconds."""
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
