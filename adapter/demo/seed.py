"""Sow a demo HIS: any number of encounters, the same for the same seed and time."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapter.clock import VIETNAM
from adapter.demo import defects
from adapter.demo.his_b import inpatients, outpatients, traps
from adapter.demo.his_b.catalogue import Catalogue
from adapter.demo.his_b.episode import Episode, Hospital
from adapter.demo.his_b.money import Row
from adapter.demo.his_b.writer import Writer
from adapter.demo.people import Population
from adapter.demo.window import stamp, window

DEFECT_SHARE = 0.1
_WRITE_EVERY = 500


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What was sown: encounters by scenario, faults by kind."""

    encounters: int
    kinds: dict[str, int]
    planted: dict[str, int]


def seed_his_b(
    path: Path, *, encounters: int, seed: int, now: datetime, defect_share: float = DEFECT_SHARE
) -> SeedReport:
    """Write a new demo HIS B at ``path``.

    ``now`` is timezone-aware; visits end shortly before it. ``defect_share`` of the encounters
    carry one planted fault each. Raises FileExistsError when the file is there already.
    """
    if path.exists():
        raise FileExistsError(path)
    local = now.astimezone(VIETNAM).replace(tzinfo=None, microsecond=0)
    rng = random.Random(f"his-b {seed}")
    people = Population(seed, rng)
    hospital = Hospital(Catalogue(people, local), people, window(local), local, rng)
    fault_rng = random.Random(f"faults {seed}")
    writer = Writer(path)
    kinds: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for table, rows in hospital.catalogue.rows.items():
        writer.insert(table, rows)
    pending: dict[str, list[Row]] = defaultdict(list)
    for number, kind in enumerate(_mix(hospital, encounters), start=1):
        episode = _episode(hospital, kind)
        kinds[kind] += 1
        pending["DEMO_KIND"].append({"EPISODE_CODE": episode.code, "KIND": kind})
        if fault_rng.random() < defect_share and (fault := defects.plant(kind, episode.rows, used)):
            pending["DEMO_PLANTED"].append(
                {
                    "EPISODE_CODE": episode.code,
                    "DEFECT": fault.id,
                    "MUST": " ".join(sorted(fault.must)),
                    "MAY": " ".join(sorted(fault.may)),
                }
            )
        for table, rows in episode.rows.items():
            pending[table].extend(rows)
        if number % _WRITE_EVERY == 0:
            _flush(writer, pending)
    pending["DEMO_SEED"].append(
        {"SOURCE": "his-b", "SEED": seed, "ENCOUNTERS": encounters, "SEEDED_AT": now.isoformat()}
    )
    _flush(writer, pending)
    writer.close()
    return SeedReport(encounters, dict(kinds), dict(used))


def _flush(writer: Writer, pending: dict[str, list[Row]]) -> None:
    for table, rows in pending.items():
        writer.insert(table, rows)
    pending.clear()


def _mix(hospital: Hospital, encounters: int) -> Iterator[str]:
    """Every scenario once, then by weight."""
    weights: dict[str, int] = hospital.catalogue.parameters["mix"]
    names = list(weights)
    for number in range(encounters):
        if number < len(names):
            yield names[number]
        else:
            yield hospital.rng.choices(names, list(weights.values()))[0]


def _episode(hospital: Hospital, kind: str) -> Episode:
    scenario = getattr(outpatients, kind, None) or getattr(inpatients, kind)
    episode: Episode = scenario(hospital, kind)
    traps.sprinkle(episode, hospital.rng)
    last = stamp(hospital.now)
    for row in (*episode.rows["EPISODE"], *episode.rows["SERVED_ITEM"]):
        row["MODIFY_TIME"] = min(row["MODIFY_TIME"], last)
    return episode
