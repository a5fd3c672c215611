"""Sow a demo HIS: any number of encounters, the same for the same seed and time.

Another time moves the days; the mix of visits and the faults planted stay those of the seed.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapter.clock import VIETNAM
from adapter.demo import defects
from adapter.demo.his_a.convert import Converter
from adapter.demo.his_a.dictionaries import Dictionaries
from adapter.demo.his_b import traps
from adapter.demo.his_b.catalogue import Catalogue
from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.money import Row
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios import SCENARIOS
from adapter.demo.his_b.writer import Writer
from adapter.demo.his_c.convert import Converter as MonthlyConverter
from adapter.demo.his_c.convert import episode_number
from adapter.demo.his_c.dictionaries import root_rows
from adapter.demo.his_c.months import month_names
from adapter.demo.people import Population
from adapter.demo.window import stamp, window

DEFECT_SHARE = 0.1
_WRITE_EVERY = 500
HIS_A = Path(__file__).resolve().parent / "his_a"
HIS_B = Path(__file__).resolve().parent / "his_b"
HIS_C = Path(__file__).resolve().parent / "his_c"
NOT_IN_A = frozenset(
    {
        "card-too-short",  # card and registration code share one text there: the gap shows elsewhere
        "category-unknown",  # a category is a dictionary entry there
        "result-before-execution",  # planted on the order; A keeps the result apart
        "history-missing",  # an out-patient's history is a note there
    }
)
NOT_IN_C = frozenset(
    {
        "category-unknown",  # a category is a number of a list there
    }
)
NO_TABLE_IN_C = frozenset(
    {"pregnancy_leave", "acupuncture_course", "tuberculosis", "hiv", "delivery", "caesarean", "twins", "newborn"}
    | {"medical_assessment", "newborn_exam"}
)


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
    hospital = _hospital(seed, now)
    writer = _open(path, HIS_B / "schema.sql")
    for table, rows in hospital.catalogue.rows.items():
        writer.insert(table, rows)
    pending: dict[str, list[Row]] = defaultdict(list)

    def keep(episode: Episode) -> None:
        for table, rows in episode.rows.items():
            pending[table].extend(rows)

    def take() -> dict[str, list[Row]]:
        found = dict(pending)
        pending.clear()
        return found

    plan = _Plan("his-b", encounters, seed, now, defect_share)
    return _sow(hospital, writer, plan, keep, take)


def seed_his_a(
    path: Path, *, encounters: int, seed: int, now: datetime, defect_share: float = DEFECT_SHARE
) -> SeedReport:
    """Write a new demo HIS A at ``path``: the encounters :func:`seed_his_b` would write, in another schema.

    Faults that the schema of A cannot hold are not planted. Arguments and errors as there.
    """
    hospital = _hospital(seed, now)
    writer = _open(path, HIS_A / "schema.sql")
    converter = Converter(Dictionaries(hospital.catalogue))
    for table, rows in converter.t.d.rows.items():
        writer.insert(table, rows)
    converter.t.d.rows.clear()
    plan = _Plan("his-a", encounters, seed, now, defect_share, without=NOT_IN_A)
    return _sow(hospital, writer, plan, converter.add, converter.take)


def seed_his_c(
    path: Path, *, encounters: int, seed: int, now: datetime, defect_share: float = DEFECT_SHARE
) -> SeedReport:
    """Write a new demo HIS C at ``path``: one schema per month, the scenarios its tables can hold.

    MA_LK is the 18-digit number of the encounter. Arguments and errors as for :func:`seed_his_b`.
    """
    hospital = _hospital(seed, now)
    writer = _open(path, HIS_C / "root.sql")
    month = (HIS_C / "month.sql").read_text(encoding="utf-8")
    for name in month_names(hospital.now):
        writer.script(month.replace("{month}", name))
    for table, rows in root_rows(hospital.catalogue).items():
        writer.insert(table, rows)
    converter = MonthlyConverter(hospital.catalogue, hospital.now)
    plan = _Plan(
        "his-c",
        encounters,
        seed,
        now,
        defect_share,
        without=NOT_IN_C,
        kinds_without=NO_TABLE_IN_C,
        ma_lk=lambda episode: str(episode_number(episode)),
    )
    return _sow(hospital, writer, plan, converter.add, converter.take)


@dataclass(frozen=True, slots=True)
class _Plan:
    source: str
    encounters: int
    seed: int
    now: datetime
    defect_share: float
    without: frozenset[str] = frozenset()
    kinds_without: frozenset[str] = frozenset()
    ma_lk: Callable[[Episode], str] = lambda episode: episode.code


def _hospital(seed: int, now: datetime) -> Hospital:
    local = now.astimezone(VIETNAM).replace(tzinfo=None, microsecond=0)
    rng = random.Random(f"his-b {seed}")
    people = Population(seed, rng)
    return Hospital(Catalogue(people, local), people, window(local), local, rng)


def _open(path: Path, schema: Path) -> Writer:
    if path.exists():
        raise FileExistsError(path)
    return Writer(path, schema)


def _sow(
    hospital: Hospital,
    writer: Writer,
    plan: _Plan,
    keep: Callable[[Episode], None],
    take: Callable[[], dict[str, list[Row]]],
) -> SeedReport:
    """Write the planned encounters; ``keep`` turns one into rows, ``take`` hands over what gathered."""
    fault_rng = random.Random(f"faults {plan.seed}")
    kinds: Counter[str] = Counter()
    used: Counter[str] = Counter()
    record: dict[str, list[Row]] = defaultdict(list)
    for number, kind in enumerate(_mix(hospital, plan), start=1):
        # Each encounter has a stream of its own: what one draws for its days does not change the next.
        hospital.rng.seed(f"his-b {plan.seed} {number}")
        episode = _episode(hospital, kind)
        ma_lk = plan.ma_lk(episode)
        kinds[kind] += 1
        record["DEMO_KIND"].append({"EPISODE_CODE": ma_lk, "KIND": kind})
        fault = None
        if fault_rng.random() < plan.defect_share:
            fault = defects.plant(kind, episode.rows, used, without=plan.without)
        if fault is not None:
            record["DEMO_PLANTED"].append(
                {
                    "EPISODE_CODE": ma_lk,
                    "DEFECT": fault.id,
                    "MUST": " ".join(sorted(fault.must)),
                    "MAY": " ".join(sorted(fault.may)),
                }
            )
        keep(episode)
        if number % _WRITE_EVERY == 0:
            _flush(writer, take())
    record["DEMO_SEED"].append(
        {"SOURCE": plan.source, "SEED": plan.seed, "ENCOUNTERS": plan.encounters, "SEEDED_AT": plan.now.isoformat()}
    )
    _flush(writer, take())
    _flush(writer, record)
    writer.close()
    return SeedReport(plan.encounters, dict(kinds), dict(used))


def _flush(writer: Writer, rows_by_table: Mapping[str, list[Row]]) -> None:
    for table, rows in rows_by_table.items():
        writer.insert(table, rows)


def _mix(hospital: Hospital, plan: _Plan) -> Iterator[str]:
    """Every scenario the schema has tables for once, then by weight; the same for a seed on whatever day."""
    rng = random.Random(f"mix {plan.seed}")
    weights = {k: w for k, w in hospital.catalogue.parameters["mix"].items() if k not in plan.kinds_without}
    names = list(weights)
    for number in range(plan.encounters):
        if number < len(names):
            yield names[number]
        else:
            yield rng.choices(names, list(weights.values()))[0]


def _episode(hospital: Hospital, kind: str) -> Episode:
    episode = SCENARIOS[kind](hospital, kind)
    traps.sprinkle(episode, hospital.rng)
    last = stamp(hospital.now)
    for row in (*episode.rows["EPISODE"], *episode.rows["SERVED_ITEM"]):
        row["MODIFY_TIME"] = min(row["MODIFY_TIME"], last)
    return episode
