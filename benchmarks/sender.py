"""The sender against a gateway of 200 ms with 16 in flight: dossiers a second, and whether memory stays flat.

The queue is written straight into the tables, signed bodies of about 60 KB included, so that only sending is
measured. A document of the right facility is enough: the gateway here reads nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import yaml
from sqlalchemy import insert, select

from adapter.clock import system_clock
from adapter.engine.installation import Installation, open_installation
from adapter.settings import load_settings
from adapter.store import Store
from adapter.store.encounters.expected import MA_LK
from adapter.store.tables.schema import dossiers, encounters, revisions, signed_bodies
from adapter.store.work.claims import SIGNED_BODY
from benchmarks.bar import Bar

_DOSSIERS = 10_000
_WARM = 1_000
_BODY = b"<GIAMDINHHS><THONGTINDONVI><MACSKCB>01999</MACSKCB></THONGTINDONVI>" + b"A" * 60_000 + b"</GIAMDINHHS>"


def sender_bars() -> list[Bar]:
    """Send ``_WARM`` dossiers to warm up, then the rest, and compare memory of both moments."""
    with tempfile.TemporaryDirectory(prefix="bhyt-bench-") as folder, gateway(0.2) as port:
        work = Path(folder)
        _configure(work, port)
        with open_installation(load_settings(workdir=work)) as installation:
            _queue(installation.store, 0, _WARM)
            _send(installation)
            resident = _resident_mb()
            _queue(installation.store, _WARM, _DOSSIERS)
            started = time.perf_counter()
            sent = _send(installation)
            seconds = time.perf_counter() - started
            grown = _resident_mb() / resident
    return [
        Bar("sender.dossiers_per_second", sent / seconds, 70, "dossiers/s at 200 ms, 16 in flight"),
        Bar("sender.memory_growth", grown, 1.1, f"resident after {_DOSSIERS} / after {_WARM}", "at most"),
    ]


def _send(installation: Installation) -> int:
    (line,) = installation.lines
    result = line.run("send")
    if result.failures:
        raise result.failures[0]
    return result.done


def _configure(work: Path, port: int) -> None:
    (work / "gateway.pass").write_text("x\n", encoding="ascii")
    document = {
        "demo": True,
        "facilities": [
            {
                "code": "01999",
                "account": "01999_BV",
                "password_file": "gateway.pass",
                "mapping": "demo-his-b",
                "source": {"url": "sqlite:///his.db"},
            }
        ],
        "gateway": {"base_url": f"http://127.0.0.1:{port}", "max_in_flight": 16},
    }
    (work / "config.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")


def _queue(store: Store, first: int, last: int) -> None:
    now = system_clock()
    day, later = now.date(), now + timedelta(days=7)
    sealed = store.vault.seal(_BODY, SIGNED_BODY)
    with store.database.write() as connection:
        for number in range(first, last):
            name = f"BENCH{number:08}"
            blind = store.vault.blind(name, MA_LK)
            key = store.vault.seal_text(name, MA_LK)
            encounter = connection.execute(
                insert(encounters)
                .values(
                    facility="01999", source="sql", key_blind=blind, key_sealed=key, content_hash=name, first_day=day,
                    first_read_at=now, changed_at=now, due=1, pending=False, fence=0,
                )
                .returning(encounters.c.id)
            ).scalar_one()  # fmt: skip
            dossier = connection.execute(
                insert(dossiers)
                .values(
                    facility="01999", encounter_id=encounter, ma_lk_blind=blind, ma_lk_sealed=key, purpose="claim",
                    occasion="", first_day=day, state="signed", held=False, payment_requested=False, deadline=later,
                    created_at=now, updated_at=now,
                )
                .returning(dossiers.c.id)
            ).scalar_one()  # fmt: skip
            revision = connection.execute(
                insert(revisions)
                .values(
                    dossier_id=dossier, number=1, facility="01999", purpose="claim", state="signed", content_hash=name,
                    source_hash=name, mapping_hash="m", standard="3176", reason="first", created_at=now, rank=1,
                    deadline=later, attempts=0, unknowns=0, fence=0, remark=False, sent_sha256=name,
                )
                .returning(revisions.c.id)
            ).scalar_one()  # fmt: skip
            connection.execute(dossiers.update().where(dossiers.c.id == dossier).values(revision_id=revision))
            connection.execute(
                insert(signed_bodies).values(
                    revision_id=revision, sha256=name, body=sealed, saved_at=now, keep_until=later
                )
            )
        assert connection.execute(select(dossiers.c.id).limit(1)).first()


@contextmanager
def gateway(delay: float) -> Iterator[int]:
    """A gateway of that many seconds in a process of its own; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.slow_gateway", str(delay)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20
