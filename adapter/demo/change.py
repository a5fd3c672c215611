"""A correction in the demo HIS, as a clerk would make it: one column of one encounter."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapter.clock import VIETNAM
from adapter.demo.window import stamp
from adapter.errors import ConfigError

HIS = "his.db"
"""The demo HIS in its workdir."""


@dataclass(frozen=True, slots=True)
class Change:
    """How many rows were set."""

    table: str
    column: str
    rows: int


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a demo HIS ties its rows to an encounter.

    ``reach``: column → condition that picks the encounter's rows, ``?`` its key. ``watched`` tables
    are seen by their own time stamp; a change elsewhere also stamps the encounter.
    """

    encounter: str
    code: str
    key: str
    patient: str
    patient_key: str
    stamp: str
    watched: frozenset[str]
    now: Callable[[datetime], object]
    reach: Mapping[str, str]


_HIS_B = _Layout(
    "EPISODE",
    "EPISODE_CODE",
    "ID",
    "PATIENT",
    "PATIENT_ID",
    "MODIFY_TIME",
    frozenset({"SERVED_ITEM", "PATIENT"}),
    stamp,
    {
        "EPISODE_ID": "= ?",
        "TDL_EPISODE_ID": "= ?",
        "ITEM_ID": "IN (SELECT ID FROM SERVED_ITEM WHERE TDL_EPISODE_ID = ?)",
    },
)
_HIS_A = _Layout(
    "LuotDen",
    "SoLuotDen",
    "LuotDen_Id",
    "BenhNhan",
    "BenhNhan_Id",
    "NgayCapNhat",
    frozenset({"QuyetToan", "QuyetToanCT", "HoSoNoiTru", "BenhNhan"}),
    lambda at: at.strftime("%Y-%m-%d %H:%M:%S"),
    {
        "LuotDen_Id": "= ?",
        "HoSo_Id": "IN (SELECT HoSo_Id FROM HoSoNoiTru WHERE LuotDen_Id = ?)",
        "HoSoMe_Id": "IN (SELECT HoSo_Id FROM HoSoNoiTru WHERE LuotDen_Id = ?)",
        "QuyetToan_Id": "IN (SELECT QuyetToan_Id FROM QuyetToan WHERE LuotDen_Id = ?)",
        "ChiDinh_Id": "IN (SELECT ChiDinh_Id FROM ChiDinh WHERE LuotDen_Id = ?)",
        "DonThuoc_Id": "IN (SELECT DonThuoc_Id FROM DonThuoc WHERE LuotDen_Id = ?)",
        "KetQua_Id": "IN (SELECT r.KetQua_Id FROM KetQua r JOIN ChiDinh c ON c.ChiDinh_Id = r.ChiDinh_Id "
        "WHERE c.LuotDen_Id = ?)",
        "ChiDinhCT_Id": "IN (SELECT t.ChiDinhCT_Id FROM ChiDinhCT t JOIN ChiDinh c ON c.ChiDinh_Id = t.ChiDinh_Id "
        "WHERE c.LuotDen_Id = ?)",
        "BenhNhan_Id": "= (SELECT BenhNhan_Id FROM LuotDen WHERE LuotDen_Id = ?)",
    },
)
_MONTHLY = "_dangky"


def _his_c(connection: sqlite3.Connection, tables: list[str], ma_lk: str) -> _Layout:
    """The layout of demo HIS C for one encounter, whose registration lies in one of the monthly tables."""
    months = sorted(t for t in tables if t.endswith(_MONTHLY))
    number = int(ma_lk) if ma_lk.isdecimal() else -1
    holds = [t for t in months if connection.execute(f"SELECT 1 FROM {t} WHERE maql = ?", (number,)).fetchone()]  # noqa: S608
    return _Layout(
        holds[0] if holds else months[-1],
        "CAST(maql AS TEXT)",
        "maql",
        "hisc_nguoibenh",
        "mabn",
        "ngayud",
        frozenset({"hisc_nguoibenh"}),
        _HIS_A.now,
        {"maql": "= ?"},
    )


def change(path: Path, ma_lk: str, table: str, column: str, value: str | None, *, now: datetime) -> Change:
    """Set ``table.column`` of an encounter in a demo HIS and stamp it as modified at ``now``.

    Names in any case; ``value`` None writes NULL. Raises ConfigError for an unknown encounter, table or column.
    """
    if not path.is_file():
        raise ConfigError("Không thấy HIS minh hoạ", "No demo HIS here", tried=[str(path)])
    connection = sqlite3.connect(path)
    try:
        with connection:
            return _change(connection, ma_lk, (table, column), value, now.astimezone(VIETNAM))
    finally:
        connection.close()


def values(path: Path, ma_lk: str, columns: Iterable[str]) -> dict[str, str]:
    """``TABLE.COLUMN`` → what stands there, for columns of these names in tables with one row of the encounter.

    Names in any case; nothing for an encounter or a file that is not there.
    """
    if not path.is_file():
        return {}
    wanted = {name.casefold() for name in columns}
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables, layout = _layout_of(connection, ma_lk)
        found = _encounter(connection, layout, ma_lk)
        if found is None:
            return {}
        read: dict[str, str] = {}
        for table in tables:
            if table.startswith("DEMO_"):
                continue
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            shared = [name for name in names if name.casefold() in wanted]
            if shared and (own := _own_rows(layout, table, names, found)) is not None:
                rows = connection.execute(
                    f"SELECT {', '.join(shared)} FROM {table} WHERE {own[0]}",  # noqa: S608 -- names from the schema
                    (own[1],),
                ).fetchall()
                if len(rows) == 1:
                    read |= {f"{table}.{n}": "" if v is None else str(v) for n, v in zip(shared, rows[0], strict=True)}
        return read
    finally:
        connection.close()


def _layout_of(connection: sqlite3.Connection, ma_lk: str) -> tuple[list[str], _Layout]:
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    if any(t.endswith(_MONTHLY) for t in tables):
        return tables, _his_c(connection, tables, ma_lk)
    return tables, _HIS_A if _HIS_A.encounter in tables else _HIS_B


def _encounter(connection: sqlite3.Connection, layout: _Layout, ma_lk: str) -> tuple[int, int] | None:
    found: tuple[int, int] | None = connection.execute(
        f"SELECT {layout.key}, {layout.patient_key} FROM {layout.encounter} WHERE {layout.code} = ?",  # noqa: S608
        (ma_lk,),
    ).fetchone()
    return found


def _change(
    connection: sqlite3.Connection, ma_lk: str, target: tuple[str, str], value: str | None, now: datetime
) -> Change:
    tables, layout = _layout_of(connection, ma_lk)
    table = _known(target[0], [t for t in tables if not t.startswith("DEMO_")], ("bảng", "table"))
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    column = _known(target[1], columns, (f"cột trong {table}", f"column in {table}"))
    # Names below come from the schema itself or from the layouts above; values are bound.
    found = _encounter(connection, layout, ma_lk)
    if found is None:
        raise ConfigError(
            f"Không có đợt khám mang mã {ma_lk} trong HIS minh hoạ",
            f"The demo HIS has no encounter {ma_lk}",
            hint_vi="xem mã bằng `bhyt queue list`",
            hint_en="list the codes with `bhyt queue list`",
        )
    own = _own_rows(layout, table, columns, found)
    if own is None:
        examples = ", ".join(sorted({layout.encounter, *layout.watched}))
        raise ConfigError(
            f"Bảng {table} là danh mục chung, không thuộc riêng một đợt khám",
            f"Table {table} is a shared dictionary and belongs to no single encounter",
            hint_vi=f"chọn bảng của đợt khám, ví dụ {examples}",
            hint_en=f"choose a table of the encounter, such as {examples}",
        )
    condition, key = own
    when = layout.now(now)
    stamped = layout.stamp in columns and column != layout.stamp
    rows = connection.execute(
        f"UPDATE {table} SET {column} = ?{f', {layout.stamp} = ?' if stamped else ''} WHERE {condition}",  # noqa: S608
        [value, when, key] if stamped else [value, key],
    ).rowcount
    if rows == 0:
        raise ConfigError(
            f"Đợt khám {ma_lk} không có dòng nào trong {table}", f"Encounter {ma_lk} has no row in {table}"
        )
    if table not in layout.watched:
        connection.execute(
            f"UPDATE {layout.encounter} SET {layout.stamp} = ? WHERE {layout.key} = ?",  # noqa: S608
            (when, found[0]),
        )
    return Change(table, column, rows)


def _own_rows(layout: _Layout, table: str, columns: list[str], found: tuple[int, int]) -> tuple[str, int] | None:
    """The condition that picks this encounter's rows of a table, and the key it binds; None for a dictionary."""
    if table == layout.encounter:
        return f"{layout.key} = ?", found[0]
    if table == layout.patient:
        return f"{columns[0]} = ?", found[1]
    for column, condition in layout.reach.items():
        if column in columns:
            return f"{column} {condition}", found[0]
    return None


def _known(name: str, names: list[str], what: tuple[str, str]) -> str:
    """The name as the schema spells it."""
    for candidate in names:
        if candidate.lower() == name.lower():
            return candidate
    raise ConfigError(
        f"Không có {what[0]} tên {name}",
        f"There is no {what[1]} named {name}",
        hint_vi=f"có: {', '.join(names)}",
        hint_en=f"known: {', '.join(names)}",
    )
