"""A correction in the demo HIS, as a clerk would make it: one column of one encounter."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapter.clock import VIETNAM
from adapter.demo.window import stamp
from adapter.errors import ConfigError

_TO_EPISODE = ("EPISODE_ID", "TDL_EPISODE_ID")


@dataclass(frozen=True, slots=True)
class Change:
    """How many rows were set."""

    table: str
    column: str
    rows: int


def change(path: Path, ma_lk: str, table: str, column: str, value: str | None, *, now: datetime) -> Change:
    """Set ``table.column`` of an encounter in a demo HIS and stamp it as modified at ``now``.

    ``value`` None writes NULL. Raises ConfigError for an unknown encounter, table or column.
    """
    if not path.is_file():
        raise ConfigError("Không thấy HIS minh hoạ", "No demo HIS here", tried=[str(path)])
    connection = sqlite3.connect(path)
    try:
        with connection:
            return _change(connection, ma_lk, (table.upper(), column.upper()), value, stamp(now.astimezone(VIETNAM)))
    finally:
        connection.close()


def _change(
    connection: sqlite3.Connection, ma_lk: str, target: tuple[str, str], value: str | None, when: int
) -> Change:
    table, column = target
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    if table not in tables:
        raise _unknown("bảng", "table", table, [t for t in tables if not t.startswith("DEMO_")])
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    if column not in columns:
        raise _unknown(f"cột trong {table}", f"column in {table}", column, columns)
    episode = connection.execute("SELECT ID, PATIENT_ID FROM EPISODE WHERE EPISODE_CODE = ?", (ma_lk,)).fetchone()
    if episode is None:
        raise ConfigError(
            f"Không có đợt khám mang mã {ma_lk} trong HIS minh hoạ",
            f"The demo HIS has no encounter {ma_lk}",
            hint_vi="xem mã bằng `bhyt queue list`",
            hint_en="list the codes with `bhyt queue list`",
        )
    key, number = _own_rows(table, columns, episode)
    touched = ", MODIFY_TIME = ?" if "MODIFY_TIME" in columns and column != "MODIFY_TIME" else ""
    values = [value, when, number] if touched else [value, number]
    # Names were checked against the schema above; values are bound.
    rows = connection.execute(f"UPDATE {table} SET {column} = ?{touched} WHERE {key}", values).rowcount  # noqa: S608
    if rows == 0:
        raise ConfigError(
            f"Đợt khám {ma_lk} không có dòng nào trong {table}", f"Encounter {ma_lk} has no row in {table}"
        )
    if table not in ("SERVED_ITEM", "PATIENT"):  # those two are watched by their own MODIFY_TIME
        connection.execute("UPDATE EPISODE SET MODIFY_TIME = ? WHERE ID = ?", (when, episode[0]))
    return Change(table, column, rows)


def _own_rows(table: str, columns: list[str], episode: tuple[int, int]) -> tuple[str, int]:
    """The condition that picks this encounter's rows of a table."""
    if table == "EPISODE":
        return "ID = ?", episode[0]
    if table == "PATIENT":
        return "ID = ?", episode[1]
    for column in _TO_EPISODE:
        if column in columns:
            return f"{column} = ?", episode[0]
    if "ITEM_ID" in columns:
        return "ITEM_ID IN (SELECT ID FROM SERVED_ITEM WHERE TDL_EPISODE_ID = ?)", episode[0]
    raise ConfigError(
        f"Bảng {table} là danh mục chung, không thuộc riêng một đợt khám",
        f"Table {table} is a shared dictionary and belongs to no single encounter",
        hint_vi="chọn bảng có EPISODE_ID, ví dụ EPISODE, SERVED_ITEM, EPISODE_PAYER",
        hint_en="choose a table with EPISODE_ID, such as EPISODE, SERVED_ITEM, EPISODE_PAYER",
    )


def _unknown(what_vi: str, what_en: str, name: str, known: list[str]) -> ConfigError:
    return ConfigError(
        f"Không có {what_vi} tên {name}",
        f"There is no {what_en} named {name}",
        hint_vi=f"có: {', '.join(known)}",
        hint_en=f"known: {', '.join(known)}",
    )
