"""What a piece of work costs in RSA-2048 signatures of the same core.

Both sides are processor time, in short turns that alternate. Whatever else runs on the machine takes the caches from
under the longer of the two and never gives time back, so of each round the quickest turn of either side is
compared, and the rounds' median is told: the figure is the same on a busy machine as on a quiet one.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from adapter.mapping import Plan
from adapter.settings import SourceSettings
from adapter.source import SourceEncounter
from benchmarks.encounters import LINES, NOW, plan, sow
from connectors.base import open_source

ROUNDS = 9
_TURNS = 10
_SIGNATURES, _CALLS = 8, 3


def signer() -> Callable[[], bytes]:
    """One RSA-2048 signature with SHA-256, as a certificate of a facility makes it."""
    key = rsa.generate_private_key(65537, 2048)
    return lambda: key.sign(b"<SignedInfo/>", padding.PKCS1v15(), hashes.SHA256())


def in_signatures(work: Callable[[], object], *, warm: int) -> float:
    """Signatures one call of ``work`` costs; it is called ``warm`` times before anything is measured."""
    sign = signer()
    seconds(sign, _SIGNATURES)
    seconds(work, warm)
    ratios = []
    for _ in range(ROUNDS):
        turns = [(seconds(sign, _SIGNATURES), seconds(work, _CALLS)) for _ in range(_TURNS)]
        ratios.append(min(worked for _, worked in turns) / min(signed for signed, _ in turns))
    return median(ratios)


def seconds(work: Callable[[], object], times: int) -> float:
    """Mean processor seconds of a call."""
    started = time.process_time_ns()
    for _ in range(times):
        work()
    return (time.process_time_ns() - started) / times / 1e9


def stays(count: int) -> tuple[Plan, Sequence[SourceEncounter]]:
    """Demo B's mapping, and so many in-patient stays of 60 billed lines as its connector reads them, no two alike."""
    claims = plan()
    with tempfile.TemporaryDirectory(prefix="bhyt-bench-") as folder:
        database = Path(folder) / "his.db"
        sow(database, encounters=count, lines=LINES, distinct=count)
        source = open_source(claims.source, SourceSettings(url=f"sqlite:///{database}", batch_size=count))
        batch = source.pull(None, now=NOW)
        found = [*batch.encounters]
        while not batch.done:
            batch = source.pull(batch.cursor, now=NOW)
            found += batch.encounters
        source.close()
    return claims, found


__all__ = ["ROUNDS", "in_signatures", "seconds", "signer", "stays"]
