"""Mapping: one 60-line dossier against RSA-2048 signatures, and how long the largest shipped mapping takes to load.

The dossier is made of demo HIS B's own rows: 60 lines of drugs, services and supplies of many visits gathered
into one in-patient stay, with its results, notes and documents: about 2,500 assignments.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from adapter.clock import VIETNAM
from adapter.demo.seed import seed_his_b
from adapter.dossier.model import Purpose
from adapter.mapping import Due, Plan, load_mapping
from adapter.mapping.tools.lint import lint
from adapter.resources import shipped
from adapter.settings import SourceSettings
from adapter.source import SourceEncounter
from benchmarks.bar import Bar
from connectors.base import open_source

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=VIETNAM)
_ROUNDS = 5
_LINES = {"drugs": 25, "others": 35}
CLAIM = Due(Purpose.CLAIM)


def mapping_bars() -> list[Bar]:
    """Signatures and mappings in turn, so that both meet the same machine."""
    plan, stays = sixty_lines()
    assignments = assignments_of(plan, stays[0])
    sign, turn = signer(), cycle(stays)

    def work() -> object:
        return plan.translate(next(turn), CLAIM, facility="01999", now=NOW)

    seconds(work, len(stays))  # the first pass compiles the layout
    ratios = []
    for _ in range(_ROUNDS):
        # a little of each in turn: a noisy moment of the machine meets both
        turns = [(seconds(sign, 10), seconds(work, 5)) for _ in range(len(stays) // 5)]
        ratios.append(sum(mapped for _, mapped in turns) / sum(signed for signed, _ in turns))
    slowest, load = max(
        ((path.parent.name, _lint(path)) for path in shipped("mappings").glob("*/mapping.yaml")),
        key=lambda item: item[1],
    )
    lines = f"RSA-2048 signatures ({assignments} assignments)"
    return [
        Bar("mapping.sixty_line_dossier", median(ratios), 6, lines, "at most"),
        Bar("mapping.load_and_lint", load, 1, f"s for the slowest, {slowest}", "at most"),
    ]


def _lint(path: Path) -> float:
    return median(seconds(lambda: lint(path), 1) for _ in range(3))


def signer() -> Callable[[], bytes]:
    """One RSA-2048 signature with SHA-256, as a certificate of a facility makes it."""
    key = rsa.generate_private_key(65537, 2048)
    return lambda: key.sign(b"<SignedInfo/>", padding.PKCS1v15(), hashes.SHA256())


def sixty_lines(variants: int = 60) -> tuple[Plan, list[SourceEncounter]]:
    """Demo B's mapping and in-patient stays of 60 billed lines, the rows as the connector reads them.

    The stays differ in every instant: prices and names come again in a hospital, moments do not.
    """
    plan = load_mapping(shipped("mappings") / "demo-his-b" / "mapping.yaml")
    with tempfile.TemporaryDirectory(prefix="bhyt-bench-") as folder:
        database = Path(folder) / "his.db"
        seed_his_b(database, encounters=120, seed=5, now=NOW, defect_share=0)
        source = open_source(plan.source, SourceSettings(url=f"sqlite:///{database}", batch_size=200))
        found = source.pull(None, now=NOW).encounters
        source.close()
    stay = max((e for e in found if e.row["TREATMENT_TYPE_ID"] == 3), key=_filled)
    items = [row for e in found for row in e.collections["items"] if row["PAYER_TYPE_ID"] == 1]
    drugs = [row for row in items if row["PRODUCT_KIND"] in (1, 3)]
    others = [row for row in items if row["PRODUCT_KIND"] not in (1, 3)]
    collections = {
        **stay.collections,
        "items": [*islice(cycle(drugs), _LINES["drugs"]), *islice(cycle(others), _LINES["others"])],
        "tests": [row for e in found for row in e.collections["tests"]][:8],
        "reports": [row for e in found for row in e.collections["reports"]][:2],
    }
    return plan, [_moved(replace(stay, collections=collections), number) for number in range(variants)]


def _moved(stay: SourceEncounter, number: int) -> SourceEncounter:
    """The same stay with every instant of its lines a little later, differently for each line."""
    collections = {
        name: [
            {
                column: _later(value, number * 7 + line) if column.endswith("_TIME") else value
                for column, value in row.items()
            }
            for line, row in enumerate(rows)
        ]
        for name, rows in stay.collections.items()
    }
    return replace(stay, key=f"{stay.key}-{number}", collections=collections)


def _later(value: object, minutes: int) -> object:
    if not isinstance(value, int) or len(str(value)) != 14:
        return value
    at = datetime.strptime(str(value), "%Y%m%d%H%M%S") + timedelta(minutes=minutes)  # noqa: DTZ007 -- the HIS's own form
    return int(f"{at:%Y%m%d%H%M%S}")


def _filled(encounter: SourceEncounter) -> tuple[int, int]:
    return sum(v is not None for v in encounter.row.values()), len(encounter.collections["notes"])


def assignments_of(plan: Plan, encounter: SourceEncounter) -> int:
    """Fields the mapping writes, counted over the rows of the dossier."""
    dossier = plan.translate(encounter, CLAIM, facility="01999", now=NOW)
    return sum(len(rows) * _mapped(plan, table) for table, rows in dossier.tables.items())


def _mapped(plan: Plan, table: str) -> int:
    fields = {step.name for block in plan.tables[table] for step in block.all_fields()}
    return len(fields | {"MA_LK", "STT"})


def seconds(work: Callable[[], object], times: int) -> float:
    """Mean seconds of one core a call takes; what else runs on the machine is left out."""
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


__all__: Sequence[str] = ("assignments_of", "mapping_bars", "seconds", "signer", "sixty_lines")
