"""Lookups: a site's own codes to the decree's, with days of effect.

Keys compare as text in one form: the number 1, the decimal 1.0000 and the text "1" are one key,
"01" is another. The table is read once, when the mapping is loaded.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from adapter.errors import Where
from adapter.expr import ValueProblem, to_date
from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Node, Scalar, Seq, as_map, as_text

_OPTIONS = ("file", "rows", "key", "value", "from", "to", "delimiter")
MAX_FILE = 64_000_000


@dataclass(frozen=True, slots=True)
class Period:
    """What a key means from one day to another, both included."""

    values: Mapping[str, str]
    first: date
    last: date
    where: Where


@dataclass(frozen=True, slots=True)
class Lookup:
    """A code table. ``column`` is the value column used when a step names none."""

    name: str
    column: str
    columns: tuple[str, ...]
    entries: Mapping[str, tuple[Period, ...]]
    where: Where
    content: bytes = b""

    @property
    def dated(self) -> bool:
        return any(len(p) > 1 or p[0].first > date.min or p[0].last < date.max for p in self.entries.values())

    def find(self, key: str, on: date | None, column: str | None = None) -> str | None:
        """The value of a key on a day, None when the table does not know it on that day."""
        periods = self.entries.get(key)
        if periods is None:
            return None
        for period in periods:
            if on is None or period.first <= on <= period.last:
                return period.values[column or self.column]
        return None


def key_text(value: Any) -> str:
    """A source value as a key: whole numbers without a point, text without blanks around."""
    kind = type(value)
    if kind is str:
        return str(value).strip()
    if kind is int:
        return str(value)
    if kind is Decimal:
        return str(int(value)) if value == value.to_integral_value() else format(value.normalize(), "f")
    if kind is bool:
        return "1" if value else "0"
    return "" if value is None else str(value)


def read_lookups(node: Node | None, folder_of: Callable[[Where], Path]) -> dict[str, Lookup]:
    """All lookups of a mapping; ``folder_of`` a place is where its files are found from. Raises MappingError."""
    if node is None or (isinstance(node, Scalar) and node.null):
        return {}
    block = as_map(node, "lookups", node.where)
    return {name: _lookup(name, value, folder_of(value.where)) for name, value in block.items.items()}


def _lookup(name: str, node: Node, folder: Path) -> Lookup:
    if isinstance(node, Scalar):
        return _from_csv(name, as_text(node, f"lookups.{name}", node.where), {}, folder)
    if not isinstance(node, Map):
        raise broken(
            "MAP-SHAPE", node.where, f"lookups.{name} phải là bảng hoặc tệp", f"lookups.{name} must be a map or a file"
        )
    if "file" in node.items or "rows" in node.items:
        for key in node.items:
            if key not in _OPTIONS:
                raise broken(
                    "MAP-OPTION",
                    node.at(key),
                    f"lookups.{name} không có tùy chọn '{key}'",
                    f"lookups.{name} has no option '{key}'",
                    near=(key, _OPTIONS),
                )
        if "file" in node.items:
            options = {k: as_text(v, k, v.where) for k, v in node.items.items() if k != "file"}
            return _from_csv(name, as_text(node.get("file"), "file", node.where), options, folder)
        return _from_rows(name, node)
    entries = {
        key_text(key): (Period({"value": _cell(value)}, date.min, date.max, value.where),)
        for key, value in node.items.items()
    }
    return Lookup(name, "value", ("value",), entries, node.where)


def _cell(node: Node) -> str:
    if isinstance(node, Scalar):
        return "" if node.null else node.text
    raise broken("MAP-SHAPE", node.where, "Giá trị trong bảng mã phải là chữ", "A lookup's value must be text")


def _from_rows(name: str, node: Map) -> Lookup:
    rows = node.items["rows"]
    if not isinstance(rows, Seq):
        raise broken("MAP-SHAPE", rows.where, "rows phải là danh sách", "rows must be a list")
    found: dict[str, list[Period]] = {}
    for item in rows.items:
        row = as_map(item, "rows", rows.where)
        for key in row.items:
            if key not in ("key", "value", "from", "to"):
                raise broken(
                    "MAP-OPTION",
                    row.at(key),
                    f"Không có cột '{key}'",
                    f"There is no column '{key}'",
                    near=(key, ("key", "value", "from", "to")),
                )
        cells = {k: _cell(v) for k, v in row.items.items()}
        if "key" not in cells or "value" not in cells:
            raise broken("MAP-LOOKUP", row.where, "Mỗi dòng cần key và value", "Each row needs key and value")
        period = _period({"value": cells["value"]}, cells.get("from", ""), cells.get("to", ""), row.where)
        found.setdefault(key_text(cells["key"]), []).append(period)
    return Lookup(name, "value", ("value",), _ordered(name, found), node.where)


def _from_csv(name: str, file: Scalar, options: dict[str, Scalar], folder: Path) -> Lookup:
    path = folder / file.text
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_FILE:
            raise broken("MAP-SIZE", file.where, f"Tệp {file.text} quá lớn", f"File {file.text} is too large")
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise broken(
            "MAP-LOOKUP-FILE",
            file.where,
            f"Không đọc được tệp bảng mã {file.text}",
            f"Cannot read lookup file {file.text}",
            hint=("đường dẫn tính từ thư mục của tệp ánh xạ", "the path counts from the mapping's folder"),
        ) from error
    except UnicodeDecodeError as error:
        raise broken(
            "MAP-ENCODING",
            file.where,
            f"Tệp {file.text} không phải UTF-8",
            f"File {file.text} is not UTF-8",
            hint=("lưu lại tệp với mã UTF-8", "save the file as UTF-8"),
        ) from error
    delimiter = _delimiter(text, options.get("delimiter"))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [h.strip() for h in next(reader, [])]
        return _read_rows(_CsvFile(name, file, options, header, raw), reader)
    except csv.Error as error:
        where = Where(file.text, reader.line_num, 1)
        raise broken("MAP-LOOKUP", where, f"CSV sai: {error}", f"Not valid CSV: {error}") from None


def _delimiter(text: str, option: Scalar | None) -> str:
    if option is not None:
        given = {"tab": "\t", "\\t": "\t"}.get(option.text, option.text)
        if len(given) != 1:
            raise broken("MAP-OPTION", option.where, "delimiter phải là một ký tự", "delimiter must be one character")
        return given
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


@dataclass(frozen=True, slots=True)
class _CsvFile:
    """A lookup file as it was named and read."""

    name: str
    file: Scalar
    options: Mapping[str, Scalar]
    header: list[str]
    content: bytes

    def column(self, option: str, default: str) -> int | None:
        """The place of a column named by an option, or by default; MappingError when a named one is not there."""
        written = self.options.get(option)
        wanted = written.text if written else default
        if wanted in self.header:
            return self.header.index(wanted)
        if written is None:
            return None
        raise broken(
            "MAP-LOOKUP-COLUMN",
            written.where,
            f"Tệp {self.file.text} không có cột '{wanted}'",
            f"File {self.file.text} has no column '{wanted}'",
            near=(wanted, self.header),
        )


def _read_rows(source: _CsvFile, reader: Any) -> Lookup:
    header, file = source.header, source.file
    if len(header) < 2:
        raise broken(
            "MAP-LOOKUP",
            file.where,
            f"Tệp {file.text} cần dòng tiêu đề và ít nhất hai cột",
            f"File {file.text} needs a header line and at least two columns",
            hint=("dấu phân cách có thể là , ; hoặc tab", "the delimiter may be , ; or tab"),
        )
    key, value = source.column("key", header[0]) or 0, source.column("value", header[1]) or 0
    first, last = source.column("from", "from"), source.column("to", "to")
    found: dict[str, list[Period]] = {}
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        where = Where(file.text, reader.line_num, 1)
        if len(row) != len(header):
            raise broken(
                "MAP-LOOKUP",
                where,
                f"Dòng có {len(row)} cột, tiêu đề có {len(header)}",
                f"The line has {len(row)} columns, the header {len(header)}",
            )
        cells = {h: c.strip() for h, c in zip(header, row, strict=True)}
        since, until = ("" if i is None else row[i].strip() for i in (first, last))
        found.setdefault(row[key].strip(), []).append(_period(cells, since, until, where))
    entries = _ordered(source.name, found)
    return Lookup(source.name, header[value], tuple(header), entries, file.where, source.content)


def _period(values: Mapping[str, str], first: str, last: str, where: Where) -> Period:
    try:
        start, end = to_date(first) or date.min, to_date(last) or date.max
    except ValueProblem as problem:
        raise broken("MAP-LOOKUP", where, f"Ngày hiệu lực: {problem.vi}", f"Effective date: {problem.en}") from None
    if start > end:
        raise broken("MAP-LOOKUP", where, "Ngày hết hiệu lực trước ngày bắt đầu", "The last day is before the first")
    return Period(values, start, end, where)


def _ordered(name: str, found: dict[str, list[Period]]) -> dict[str, tuple[Period, ...]]:
    result: dict[str, tuple[Period, ...]] = {}
    for key, periods in found.items():
        periods.sort(key=lambda p: p.first)
        for earlier, later in pairwise(periods):
            if later.first <= earlier.last:
                raise broken(
                    "MAP-LOOKUP-TWICE",
                    later.where,
                    f"Bảng mã {name}: một khóa có hai giá trị cùng ngày (dòng {earlier.where.line})",
                    f"Lookup {name}: one key has two values on one day (line {earlier.where.line})",
                    hint=("thêm from/to hoặc xóa một dòng", "add from/to, or remove one line"),
                )
        result[key] = tuple(periods)
    return result
