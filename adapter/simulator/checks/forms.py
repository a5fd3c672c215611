"""Forms of single values, compiled once per table: length, number, date. Empty values always pass here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from adapter.standard.spec import FieldSpec, Standard, Table, effective_on

_NUMBERS = {
    "integer": re.compile(r"-?\d+"),
    "decimal2": re.compile(r"-?\d+(\.\d{1,2})?"),
    "decimal3": re.compile(r"-?\d+(\.\d{1,3})?"),
    "integer_or_decimal": re.compile(r"-?\d+(\.\d+)?"),
    "decimal2_text": re.compile(r"\d+(\.\d{1,2})?"),
}
_ANY_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FIRST_DAY = {"130": date(2023, 7, 1), "4750": date(2024, 7, 1), "3176": date(2025, 1, 1)}


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a table as the gateway checks it. ``fault`` returns "" or what is wrong, in Vietnamese."""

    name: str
    required: bool
    fault: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Shape:
    """One table ready for reading: its place in the decree, its tags and its columns, in order."""

    table: Table
    names: list[str]
    columns: tuple[Column, ...]


class Layout:
    """The tables of one standard, each compiled when it is first needed."""

    def __init__(self, standard: Standard) -> None:
        self.standard = standard
        self._shapes: dict[str, Shape] = {}

    def shape(self, name: str) -> Shape | None:
        """None when the standard has no such table."""
        found = self._shapes.get(name)
        if found is None and (table := self.standard.tables.get(name)) is not None:
            columns = tuple(_column(field) for field in table.fields)
            found = self._shapes[name] = Shape(table, [field.name for field in table.fields], columns)
        return found


_layouts: dict[int, Layout] = {}


@lru_cache(maxsize=1024)
def layout_on(layout: str, on: date) -> Layout:
    """What an endpoint speaks, as amended on a day; days before its start count as its first day."""
    standard = effective_on(max(on, _FIRST_DAY[layout]), pin=layout)
    # The standard is the same object for all days between two amendments, so compiling is rare.
    return _layouts.setdefault(id(standard), Layout(standard))


@lru_cache(maxsize=4096)
def is_date8(text: str, *, birth: bool = False) -> bool:
    """``yyyymmdd`` and a real day; a birth date may have 00 for unknown month and day."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return False
    if birth and text[4:] == "0000":
        return int(text[:4]) > 0
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=16384)
def is_datetime12(text: str, *, birth: bool = False) -> bool:
    """``yyyymmddHHMM`` and a real instant, hours 00–23."""
    if len(text) != 12 or not (text.isascii() and text.isdigit()):
        return False
    return is_date8(text[:8], birth=birth) and int(text[8:10]) < 24 and int(text[10:]) < 60


def _column(field: FieldSpec) -> Column:
    return Column(field.name, field.required == "Y", _fault(field))


def _fault(field: FieldSpec) -> Callable[[str], str]:
    limit, form, numeric = field.max_len, _form(field), field.kind == "N"
    if limit is None:
        return form or _right

    def fault(text: str) -> str:
        if len(text) > limit:
            # The annexes count a number's digits; the sign and the decimal point come on top.
            digits = len(text.replace(".", "").replace("-", "")) if numeric else len(text)
            if digits > limit:
                return f"dài quá {limit} ký tự"
        return form(text) if form is not None else ""

    # Numbers and dates repeat from row to row; free text does not, and is not held on to.
    return fault if form is None else lru_cache(maxsize=2048)(fault)


def _right(_text: str) -> str:
    return ""


def _form(field: FieldSpec) -> Callable[[str], str] | None:
    birth = field.name.startswith(("NGAY_SINH", "NGAYSINH"))
    kind = field.xml_type
    if kind == "date8":
        return lambda text: "" if is_date8(text, birth=birth) else "không phải ngày yyyymmdd có thật"
    if kind == "datetime12":
        return lambda text: "" if is_datetime12(text, birth=birth) else "không phải thời điểm yyyymmddHHMM có thật"
    if kind == "date8_or_datetime12":
        return lambda text: "" if is_date8(text) or is_datetime12(text) else "không phải ngày 8 hoặc 12 chữ số có thật"
    if kind in ("date8_list", "datetime12_list"):
        check = is_date8 if kind == "date8_list" else is_datetime12
        # An empty place is meant: one date per card, the last may be open.
        return lambda text: (
            "" if all(not part or check(part) for part in text.split(";")) else "danh sách ngày sai dạng"
        )
    pattern = _NUMBERS.get(kind, _ANY_NUMBER if field.kind == "N" else None)
    if pattern is None:
        return None
    return lambda text: "" if pattern.fullmatch(text) else "không phải số đúng dạng (dấu chấm thập phân)"
