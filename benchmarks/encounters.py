"""Encounters of a wanted size in a source database: demo HIS B with in-patient stays of 60, or of 3,000, billed lines.

:func:`sow` lays the database down. A stay of 60 lines becomes a claim of about 115 KB of signed XML, one of 3,000
lines about 5 MB; both pass the full rules, so everything sown reaches the outbox. Every encounter has a person, a
card, a code and row ids of its own. Only the first ``distinct`` stays are made one by one (each with its own drugs,
results, prices and minutes); the rest repeat them in turn under other numbers and other change stamps, copied inside
the database: half a millisecond and 23 KB of file each. ``first`` numbers the slice: databases of different slices
hold different encounters, so a backfill larger than the disk can be sown, pulled and thrown away piece by piece.

Used as::

    sow(folder / "his.db", encounters=1000)                       # 60 lines each
    sow(folder / "long.db", encounters=3, lines=LONG_LINES)
    source = open_source(plan().source, SourceSettings(url=f"sqlite:///{folder}/his.db", batch_size=200))
    source.pull(None, now=NOW)

The facility is 01999 (:data:`FACILITY`); stages must be run with a clock at :data:`NOW`, because rules look at how
long ago a visit ended.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

from adapter.clock import VIETNAM
from adapter.demo.his_b import writer as his_b
from adapter.demo.his_b.catalogue import Catalogue
from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios.stays import discharge, stay
from adapter.demo.his_b.scenarios.visits import HOME
from adapter.demo.his_b.writer import Writer
from adapter.demo.people import Population, licence
from adapter.demo.window import window
from adapter.mapping import Plan, load_mapping
from adapter.resources import shipped

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=VIETNAM)
FACILITY = "01999"
MAPPING = "demo-his-b"
LINES, LONG_LINES = 60, 3_000
DISTINCT = 200

_SCHEMA = Path(his_b.__file__).with_name("schema.sql")
_NIGHTS = {LINES: 5, LONG_LINES: 120}
_DRUGS = ("CEFT1G", "PARA500", "NACL", "LOSA50", "AMLO5", "OMEP20", "ATOR20", "METF850", "GENT80", "LORA10")
_TESTS = ("CTM", "CRE", "GLU", "URE", "CRP", "CHO", "NT")
_PROCEDURES = ("KDUNG", "TB-VT")
_REPORTS = (("XQ-NGUC", "Rốn phổi đậm hai bên, không thấy đám mờ khu trú.", "Theo dõi viêm phổi"),)
_EXAMINATION = 9
_LOGIN, _MACHINE = "exe", "XQ.1.D"
_FIRST_LICENCE = 1000
_WARDS = (("NTH", "J18.9", "Sốt cao, ho, khó thở", "G-NOI"), ("NTM", "I50.0", "Khó thở khi gắng sức, phù chân", "G-TM"))
_COURSE = ("còn sốt, mệt, ăn ít.", "đỡ sốt, ăn được.", "hết sốt, toàn trạng tốt.", "ổn định, tự đi lại được.")


def plan(*, checkins: bool = False) -> Plan:
    """The shipped mapping of demo HIS B: one dossier, the claim, for each stay; with ``checkins`` two notices more."""
    folder = shipped("mappings") / MAPPING if checkins else Path(__file__).parent / "claims"
    return load_mapping(folder / "mapping.yaml")


def sow(
    path: Path, *, encounters: int, lines: int = LINES, seed: int = 1, distinct: int = DISTINCT, first: int = 1
) -> None:
    """Write a new source database at ``path`` holding so many stays of ``lines`` (60 or 3,000) billed lines.

    ``first``: number of the first encounter; two slices do not overlap when their numbers do not. The same arguments
    give the same rows. Raises FileExistsError when the file is there, KeyError for another number of lines.
    """
    if path.exists():
        raise FileExistsError(path)
    hospital = _hospital(seed)
    dictionaries = Writer(path, _SCHEMA)
    for table, rows in hospital.catalogue.rows.items():
        dictionaries.insert(table, rows)
    dictionaries.close()
    made = min(encounters, distinct)
    with sqlite3.connect(path) as his:
        his.execute("PRAGMA synchronous = OFF")  # cheap to make again
        tables: dict[str, int] = {}
        for serial in range(1, made + 1):
            for table, found in _stay(hospital, lines).rows.items():
                if found:
                    _keep(his, table, serial, found, new=table not in tables)
                    tables[table] = tables.get(table, 0) + len(found)
        for table in tables:
            _repeat(his, table, tables, made=made, first=first, last=first + encounters - 1)
    his.execute("ANALYZE")
    his.close()


def _hospital(seed: int) -> Hospital:
    local = NOW.replace(tzinfo=None)
    rng = random.Random(f"benchmark {seed}")
    people = Population(seed, rng)
    return Hospital(Catalogue(people, local), people, window(local), local, rng)


# -- one stay ---------------------------------------------------------------------------------------------------


def _stay(h: Hospital, lines: int) -> Episode:
    """An in-patient stay with exactly so many billed lines: examination, beds, imaging, drugs of each day, tests."""
    nights = _NIGHTS[lines]
    department, icd, reason, bed = h.rng.choice(_WARDS)
    e, clinical_in = stay(h, "benchmark", department, icd, reason, nights=nights, sub_icd=("I10",))
    e.insure(route=HOME)
    e.examine("KB-NOI", e.arrival + timedelta(minutes=6))
    for number, (code, seen, told) in enumerate(_REPORTS):
        e.report(code, e.arrival + timedelta(minutes=26 + 4 * number), seen, told, asker="KKB")
    e.beds(bed, clinical_in)
    rest = lines - len(e.rows["SERVED_ITEM"])
    drugs, acts = rest * 4 // 5, 0
    days = _days(e, clinical_in)
    whole = days[:-1]  # on the way home there is a note and nothing more
    shares = zip(whole, _shares(drugs, len(whole)), _shares(rest - drugs, len(whole)), strict=True)
    for at, given, done in shares:
        _round(e, at, given)
        _acts(e, at, range(acts, acts + done))
        acts += done
    _round(e, days[-1], 0)
    made = len(e.rows["SERVED_ITEM"])
    assert made == lines, made
    _own_hands(e)
    return discharge(e)


def _own_hands(e: Episode) -> None:
    """Whoever orders and carries out, and the X-ray machine, serve this stay alone.

    In a hospital nobody is at two beds at once; five nurses for a thousand stays would be, all the time.
    """
    own: dict[str, str] = {}
    for order in e.rows["SERVICE_ORDER"]:
        if order["ORDER_TYPE_ID"] == _EXAMINATION:
            continue
        if order["REQUEST_LOGINNAME"] == e.doctor["LOGINNAME"]:
            order["REQUEST_LOGINNAME"] = _own(e, own, "doctor")
        if order["EXECUTE_LOGINNAME"] is not None:
            order["EXECUTE_LOGINNAME"] = _own(e, own, str(order["EXECUTE_DEPARTMENT_ID"]))
        if str(order["MACHINE_CODE"]).startswith("XQ."):
            order["MACHINE_CODE"] = f"{_MACHINE}{e.row['ID'] - 1_000_000_000:07d}"


def _own(e: Episode, own: dict[str, str], what: str) -> str:
    if what not in own:
        number = e.h.next_id("STAFF")
        own[what] = f"{_LOGIN}{number - 1_000_000_000:09d}"
        e.add(
            "STAFF",
            number=number,
            at=e.arrival,
            LOGINNAME=own[what],
            USERNAME=e.doctor["USERNAME"],
            DIPLOMA=licence(_FIRST_LICENCE + number - 1_000_000_000),
            TITLE=e.doctor["TITLE"],
        )
    return own[what]


def _days(e: Episode, clinical_in: datetime) -> list[datetime]:
    """The morning's round of each day on the ward; the first one right after admission."""
    days = [clinical_in + timedelta(minutes=20)]
    last = (e.end.date() - clinical_in.date()).days
    for day in range(1, last + 1):
        morning = datetime.combine(clinical_in.date() + timedelta(days=day), clinical_in.time())
        at = morning.replace(hour=7, minute=e.h.rng.randint(5, 55))
        days.append(at)
    return days


def _shares(whole: int, parts: int) -> list[int]:
    """A number spread over the days as evenly as whole lines allow."""
    return [whole * (n + 1) // parts - whole * n // parts for n in range(parts)]


def _round(e: Episode, at: datetime, drugs: int) -> None:
    day = (at.date() - e.arrival.date()).days
    told = _COURSE[min(day, len(_COURSE) - 1)]
    e.note(at, f"Ngày điều trị {day + 1}: {told} Mạch {e.h.rng.randint(72, 90)}.")
    start = e.h.rng.randrange(len(_DRUGS))
    order = None
    for number, code in enumerate(islice(cycle(_DRUGS), start, start + drugs)):
        if number % len(_DRUGS) == 0:  # what is given again the same day is another order, hours later
            begin = at + timedelta(minutes=150 * (number // len(_DRUGS)))
            order = e.order(
                begin,
                performer=e.department,
                start=begin + timedelta(minutes=e.h.rng.randint(8, 14)),
                finish=begin + timedelta(minutes=e.h.rng.randint(16, 24)),
            )
        e.drug(code, begin, per="1", times=1 if code in ("NACL", "CEFT1G", "GENT80") else 2, days=1, order=order)


def _acts(e: Episode, at: datetime, numbers: range) -> None:
    """A day's services: laboratory tests with their results and small procedures in turn."""
    for place, number in enumerate(numbers):
        if number % 2:
            e.procedure(_PROCEDURES[place % 2], at + timedelta(minutes=45 + 35 * place))
        else:
            e.tests((_TESTS[number // 2 % len(_TESTS)],), at + timedelta(minutes=6 + 50 * place))


# -- repeating --------------------------------------------------------------------------------------------------

_REFERS: Mapping[str, str] = {
    "PATIENT_ID": "PATIENT",
    "EPISODE_ID": "EPISODE",
    "TDL_EPISODE_ID": "EPISODE",
    "ORDER_ID": "SERVICE_ORDER",
    "ITEM_ID": "SERVED_ITEM",
}
"""Columns that hold another row's ID, and whose."""

_NUMBERED: Mapping[str, tuple[str, int, str]] = {
    "EPISODE_CODE": ("", 12, "EPISODE"),
    "STORE_CODE": ("BA", 8, "EPISODE"),
    "ORDER_CODE": ("", 12, "SERVICE_ORDER"),
    "TRANSACTION_CODE": ("", 12, "PAY_TRANSACTION"),
    "PATIENT_CODE": ("", 10, "PATIENT"),
    "TDL_PATIENT_CODE": ("", 10, "PATIENT"),
    "CCCD_NUMBER": ("??????", 6, "PATIENT"),
    "SOCIAL_INSURANCE_NUMBER": ("", 10, "PATIENT"),
    "TDL_CARD_NUMBER": ("?????", 10, "PATIENT"),
    "CARD_NUMBER": ("?????", 10, "PATIENT"),
    "LOGINNAME": (_LOGIN, 9, "STAFF"),
    "REQUEST_LOGINNAME": (_LOGIN, 9, "STAFF"),
    "EXECUTE_LOGINNAME": (_LOGIN, 9, "STAFF"),
    "DIPLOMA": ("", 6, "STAFF"),
    "MACHINE_CODE": (_MACHINE, 7, "EPISODE"),
}
"""Columns whose text holds a running number: what stands before it, its digits, the table that counts.

A text that does not begin so (``?``: any letter) stays as it is.
"""


def _keep(his: sqlite3.Connection, table: str, serial: int, rows: Sequence[Mapping[str, object]], *, new: bool) -> None:
    """Put one made stay's rows aside, with the stay's number, to be copied from."""
    if new:
        his.execute(f"CREATE TEMP TABLE MADE_{table} AS SELECT 0 AS SERIAL, T.* FROM {table} T WHERE 0")
    for row in rows:
        columns = ["SERIAL", *row]
        marks = ", ".join("?" for _ in columns)
        his.execute(
            f"INSERT INTO MADE_{table} ({', '.join(columns)}) VALUES ({marks})",
            (serial, *row.values()),
        )


def _repeat(his: sqlite3.Connection, table: str, steps: Mapping[str, int], *, made: int, first: int, last: int) -> None:
    """The rows of encounters ``first`` to ``last``: encounter n is stay n, n - made, n - 2 made, … of those made."""
    columns = [row[1] for row in his.execute(f"PRAGMA table_info({table})")]
    moved = ", ".join(_moved(table, column, steps) for column in columns)
    his.execute(
        f"WITH RECURSIVE ROUNDS(K) AS (SELECT {(first - 1) // made} UNION ALL "
        f"SELECT K + 1 FROM ROUNDS WHERE K < {(last - 1) // made}) "
        f"INSERT INTO {table} SELECT {moved} FROM ROUNDS CROSS JOIN MADE_{table} "
        f"WHERE SERIAL + K * {made} BETWEEN {first} AND {last}"
    )
    his.execute(f"DROP TABLE MADE_{table}")


def _moved(table: str, column: str, steps: Mapping[str, int]) -> str:
    """The column in round K: ids and running numbers go on by the number of rows one round has."""
    if column == "ID" or column in _REFERS:
        return f"{column} + K * {steps[_REFERS.get(column, table)]}"
    if column in _NUMBERED:
        before, digits, counted = _NUMBERED[column]
        at = len(before) + 1
        number = f"CAST(substr({column}, {at}, {digits}) AS INTEGER) + K * {steps[counted]}"
        moved = f"substr({column}, 1, {at - 1}) || printf('%0{digits}d', {number}) || substr({column}, {at + digits})"
        return f"CASE WHEN {column} GLOB '{before}[0-9]*' THEN {moved} ELSE {column} END"
    if (table, column) == ("EPISODE", "MODIFY_TIME"):
        parts = ", ".join(f"substr({column}, {a}, {n})" for a, n in _PARTS)
        return f"CAST(strftime('%Y%m%d%H%M%S', printf('%s-%s-%s %s:%s:%s', {parts}), K || ' seconds') AS INTEGER)"
    return column


_PARTS = ((1, 4), (5, 2), (7, 2), (9, 2), (11, 2), (13, 2))
"""Where year, month, day, hour, minute and second stand in a time of this HIS."""
