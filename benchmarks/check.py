"""The rules: what the full set costs on a dossier of 60 lines, and a folder of ten thousand files.

The cost is told twice: on stays no two of which are alike and that pass every rule, and on one dossier that meets
seventy-odd findings. Files of the folder are invented, all faultless but one in ten.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from itertools import cycle
from pathlib import Path

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier
from adapter.dossier.writer import write
from adapter.rules import Context, check
from adapter.rules.package import standard_for
from adapter.standard.spec import effective_on
from benchmarks.bar import Bar
from benchmarks.encounters import FACILITY, NOW
from benchmarks.mapping import CLAIM
from benchmarks.signatures import in_signatures, stays
from tests.support.rule_cases import build

_AT = from_datetime12("202609030800")
_LINES = 60
_STAYS = 200
_FILES = 10_000
_WARM = 1_000
_RACE = 3_000


def check_bars() -> list[Bar]:
    """All bars of the rules."""
    with tempfile.TemporaryDirectory(prefix="bhyt-bench-") as folder:
        return [_cost(), _faulty(), *_folder(Path(folder))]


def _cost() -> Bar:
    plan, encounters = stays(_STAYS)
    bodies = [plan.translate(e, CLAIM, facility=FACILITY, now=NOW).to_bytes() for e in encounters]
    context, turn = Context(at=NOW), cycle([Dossier.from_bytes(body) for body in bodies])

    def rules() -> bool:
        dossier = next(turn)
        return check(dossier, standard=standard_for(dossier, context), context=context).blocked

    assert not any(rules() for _ in range(_STAYS))
    cost = in_signatures(rules, warm=_STAYS)
    unit = f"RSA-2048 signatures, {_LINES} lines, {_STAYS} different stays without an error"
    return Bar("check.rules_in_signatures", cost, 4.5, unit, "at most")


def _faulty() -> Bar:
    dossier, standard, context = _repeated(), effective_on(date(2026, 9, 1)), Context(at=_AT)
    found = len(check(dossier, standard=standard, context=context).findings)
    assert sum(len(dossier.rows(t)) for t in ("XML2", "XML3")) == _LINES
    cost = in_signatures(lambda: check(dossier, standard=standard, context=context), warm=20)
    unit = f"RSA-2048 signatures, {_LINES} lines with {found} findings"
    return Bar("check.faulty_in_signatures", cost, 5.5, unit, "at most")


def _repeated(lines: int = _LINES) -> Dossier:
    """An inpatient visit grown to so many cost lines by repeating its own: repeats and wrong sums are found, too."""
    made = build({"@base": "inpatient"})
    tables = {name: list(rows) for name, rows in made.tables.items()}
    grown = {"XML2": lines // 3, "XML3": lines - lines // 3}
    for name, wanted in grown.items():
        rows = tables[name]
        tables[name] = [{**rows[n % len(rows)], "STT": str(n + 1)} for n in range(wanted)]
    return replace(made, tables=tables)


def _folder(root: Path) -> list[Bar]:
    """``bhyt check`` on 1,000 and on 10,000 files; and on 3,000 how much quicker all cores are than one."""
    good = write(build({"@base": "outpatient"}), created_on=date(2026, 9, 3))
    bad = write(build({"@base": "outpatient", "XML2.1.THANH_TIEN_BV": "9000"}), created_on=date(2026, 9, 3))
    small, middle, large = root / "small", root / "middle", root / "large"
    for folder, count in ((small, _WARM), (middle, _RACE), (large, _FILES)):
        folder.mkdir()
        for n in range(count):
            (folder / f"{n:05}.xml").write_bytes(bad if n % 10 == 0 else good)
    few, _ = _check(small)
    many, whole = _check(large)
    _, all_cores = _check(middle)
    _, one_core = _check(middle, cores=1)
    cores = min(2, os.cpu_count() or 1)
    return [
        Bar("check.folder_memory", many / few, 1.2, f"peak of all processes, {_FILES} / {_WARM} files", "at most"),
        Bar(
            "check.folder_speed_up",
            one_core / all_cores,
            1.0 if cores == 1 else 1.5,
            f"one core / all cores, {_RACE} files",
        ),
        Bar("check.files_per_second", _FILES / whole, 50, "files/s, all cores"),
    ]


def _check(folder: Path, *, cores: int | None = None) -> tuple[float, float]:
    """Peak memory of the command with its workers in MB, and its seconds."""
    command = [sys.executable, "-m", "adapter.cli.main", "check", str(folder), "--unsigned", "--json"]
    command += ["--at", "202609030800"]
    if cores == 1:
        core = min(os.sched_getaffinity(0))
        pin = f"import os, sys; os.sched_setaffinity(0, {{{core}}}); os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-c", pin, *command]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _resident_mb(process.pid))
            time.sleep(0.1)
    assert process.returncode == 1, process.returncode  # the files with a fault
    return peak, time.perf_counter() - started


def _resident_mb(pid: int) -> float:
    """Memory of a process and its children that no other of them shares."""
    total = 0.0
    for one in (pid, *_children(pid)):
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii")
        except OSError:  # it has just ended
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))
    return total / 1024


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    direct = [int(word) for word in text.split()]
    return [*direct, *(grandchild for child in direct for grandchild in _children(child))]
