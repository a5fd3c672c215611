"""Rows as the source holds them, in the few types a source encounter may carry.

Nothing is rounded and nothing guessed: a Decimal stays one, a float stays a float (the mapping refuses
it where money is read), text is not trimmed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain, groupby, pairwise
from operator import itemgetter
from typing import Any
from uuid import UUID

from adapter.errors import SourceSchemaError, SourceValueError, Where
from adapter.source import SourceRow

_KEPT = (str, int, Decimal, bool, datetime, date, float, type(None))
_AS_IS = frozenset(_KEPT)
_ORDERED = frozenset((int, str))


def plain(value: Any, *, place: str, column: str) -> Any:
    """``value`` in a type of :data:`adapter.source.SourceRow`; SourceValueError names column and type only."""
    if isinstance(value, _KEPT):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)  # MySQL's TIME
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    raise SourceValueError(
        f"Cột {column} có kiểu {type(value).__name__} không đọc được",
        f"Column {column} is of type {type(value).__name__}, which cannot be read",
        hint_vi="chuyển sang văn bản (CAST) trong câu truy vấn",
        hint_en="turn it into text (CAST) in the query",
        where=Where(file=place, field=column),
    )


class ColumnNames:
    """The names a query's columns get in the rows handed over.

    Engines fold unquoted names differently (PostgreSQL to lower, Oracle to upper case), a mapping is written
    once: ``upper`` and ``lower`` fold for all; otherwise a name the query itself states keeps that spelling, and
    the rest is as the engine says.
    """

    def __init__(self, columns: str, stated: Iterable[str], *, place: str) -> None:
        self._fold: Callable[[str], str] | None = {"upper": str.upper, "lower": str.lower}.get(columns)
        self._stated = {name.lower(): name for name in stated}
        self._place = place

    def __call__(self, names: Sequence[str]) -> list[str]:
        """Rename; SourceSchemaError when two columns of one result share a name."""
        result = [self.one(name) for name in names]
        if len(set(result)) != len(result):
            twice = sorted({name for name in result if result.count(name) > 1})
            raise SourceSchemaError(
                f"{self._place}: cột trùng tên {', '.join(twice)}",
                f"{self._place}: columns of the same name {', '.join(twice)}",
                hint_vi="đặt tên khác cho cột bằng AS",
                hint_en="give the columns different names with AS",
            )
        return result

    def one(self, name: str) -> str:
        if self._fold is not None:
            return self._fold(name)
        return self._stated.get(name.lower(), name)


def to_rows(names: Sequence[str], rows: Sequence[Sequence[Any]], *, place: str) -> list[SourceRow]:
    """Dictionaries of plain values."""
    if _AS_IS.issuperset(map(type, chain.from_iterable(rows))):  # as nearly every result, and seen in one pass
        return [dict(zip(names, row, strict=True)) for row in rows]
    return [
        {name: plain(value, place=place, column=name) for name, value in zip(names, row, strict=True)} for row in rows
    ]


def column(row_names: Sequence[str], wanted: str, *, place: str) -> str:
    """The spelling in ``row_names`` of a column named in the specification, whatever its case."""
    for name in row_names:
        if name.lower() == wanted.lower():
            return name
    raise SourceSchemaError(
        f"{place}: kết quả truy vấn không có cột {wanted}",
        f"{place}: the query's result has no column {wanted}",
        hint_vi=f"các cột có: {', '.join(row_names)}",
        hint_en=f"columns present: {', '.join(row_names)}",
    )


def in_fixed_order(rows: list[SourceRow], order_by: Sequence[str]) -> list[SourceRow]:
    """Rows sorted by ``order_by``, ties by content: equal data gives equal hashes on every read."""
    if len(rows) < 2:
        return rows
    if order_by and all(
        len(kinds := set(map(type, map(itemgetter(name), rows)))) == 1 and kinds <= _ORDERED for name in order_by
    ):
        # One kind of value in each column, the usual case: they are their own rank.
        key = itemgetter(*order_by)
        quick = sorted(rows, key=key)
        if all(one != next_ for one, next_ in pairwise(map(key, quick))):
            return quick
    ranked = sorted(((tuple(_rank(row[name]) for name in order_by), row) for row in rows), key=itemgetter(0))
    ordered: list[SourceRow] = []
    for _, tied in groupby(ranked, key=itemgetter(0)):
        group = [row for _, row in tied]
        ordered.extend(sorted(group, key=_content) if len(group) > 1 else group)
    return ordered


def _content(row: SourceRow) -> str:
    return repr(sorted(row.items(), key=itemgetter(0)))


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, bool | int | Decimal | float):
        return (1, value)
    if isinstance(value, datetime):
        return (2, value.isoformat())
    if isinstance(value, date):
        return (2, value.isoformat())
    return (3, str(value))


def key_text(value: Any, *, place: str, column: str) -> str:
    """An encounter's key as text; ids beyond 2^53 keep every digit. SourceSchemaError on NULL or a float."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    if isinstance(value, UUID):
        return str(value)
    kind = type(value).__name__
    raise SourceSchemaError(
        f"{place}: cột khóa {column} có giá trị kiểu {kind}, phải là số nguyên hoặc văn bản, không NULL",
        f"{place}: the key column {column} holds a {kind}; it must be an integer or text, never NULL",
        hint_vi="chọn cột khác hoặc CAST trong câu truy vấn",
        hint_en="choose another column or CAST it in the query",
    )
