"""YAML as a tree that remembers where everything stands.

Scalars keep the characters of the file: a HIS code ``01`` must not become the number 1, nor
``1.10`` a float. What YAML offers for cleverness (anchors, aliases, tags, several documents)
is refused, so a file of a few lines cannot unfold into gigabytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from adapter.errors import MappingError, Where
from adapter.mapping.problems import broken

MAX_SIZE = 4_000_000
MAX_DEPTH = 40

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """Characters as they stand; ``plain`` without quotes. ``null`` for an empty value, ``~`` or null."""

    text: str
    where: Where
    plain: bool = True

    @property
    def null(self) -> bool:
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class Seq:
    items: tuple[Node, ...]
    where: Where


@dataclass(frozen=True, slots=True)
class Map:
    """Keys in the order of the file; ``keys`` gives the place of each key."""

    items: dict[str, Node]
    where: Where
    keys: dict[str, Where] = field(default_factory=dict)

    def get(self, key: str) -> Node | None:
        return self.items.get(key)

    def at(self, key: str) -> Where:
        return self.keys.get(key, self.where)


Node = Scalar | Seq | Map


def read_tree(path: Path, shown: str | None = None) -> Map:
    """The file's tree. ``shown`` is the name used in errors. Raises MappingError."""
    name = shown or str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise broken(
            "MAP-FILE", Where(name), "Không đọc được tệp ánh xạ", f"Cannot read the mapping file: {error.strerror}"
        ) from error
    except UnicodeDecodeError as error:
        raise broken(
            "MAP-ENCODING",
            Where(name),
            "Tệp ánh xạ không phải UTF-8",
            "The mapping file is not UTF-8",
            hint=("lưu lại tệp với mã UTF-8", "save the file as UTF-8"),
        ) from error
    return parse_tree(text, name)


def parse_tree(text: str, name: str) -> Map:
    """The tree of YAML text. Raises MappingError with the position."""
    if len(text) > MAX_SIZE:
        raise broken("MAP-SIZE", Where(name), "Tệp ánh xạ quá lớn", "The mapping file is too large")
    _refuse_tabs(text, name)
    try:
        root = _Builder(name, yaml.parse(text, Loader=_Loader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Where(name, mark.line + 1, mark.column + 1) if mark else Where(name)
        raise broken(
            "MAP-YAML",
            where,
            f"YAML sai: {error.problem}",
            f"Not valid YAML: {error.problem}",
            hint=("kiểm tra thụt dòng, dấu hai chấm và dấu nháy", "check indentation, colons and quotes"),
        ) from None
    except yaml.YAMLError:
        raise broken(
            "MAP-YAML", Where(name), "YAML sai: có ký tự không hợp lệ", "Not valid YAML: it holds an illegal character"
        ) from None
    if not isinstance(root, Map):
        raise broken(
            "MAP-SHAPE", Where(name, 1, 1), "Tệp phải là bảng khóa: giá trị", "The file must be a mapping of keys"
        )
    return root


def _refuse_tabs(text: str, name: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        blank = line[: len(line) - len(line.lstrip())]
        if "\t" in blank and line.strip():
            raise broken(
                "MAP-TAB",
                Where(name, number, blank.index("\t") + 1),
                "Thụt dòng bằng ký tự tab",
                "Indented by a tab",
                hint=("thay tab bằng dấu cách", "use spaces instead of tabs"),
            )


class _Builder:
    def __init__(self, name: str, events: Iterator[Any]) -> None:
        self.name, self.events = name, events

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise broken(
                    "MAP-YAML", self._where(event), "Chỉ được một tài liệu YAML", "Only one YAML document is allowed"
                )
            if isinstance(event, yaml.NodeEvent):
                root = self._node(event, 1)
        return root

    def _where(self, event: Any) -> Where:
        return Where(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _node(self, event: Any, depth: int) -> Node:
        where = self._where(event)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise broken(
                "MAP-ANCHOR",
                where,
                "Không dùng neo (&) và tham chiếu (*) của YAML",
                "Anchors and aliases are not allowed",
                hint=(
                    "dùng `let`, `with` hoặc `extends`; đặt trong nháy nếu là chữ",
                    "use `let`, `with` or `extends`; quote it if it is text",
                ),
            )
        if depth > MAX_DEPTH:
            raise broken(
                "MAP-DEPTH",
                where,
                "YAML lồng quá sâu",
                "The YAML is nested too deep",
                hint=(f"tối đa {MAX_DEPTH} tầng", f"at most {MAX_DEPTH} levels"),
            )
        if event.tag is not None and not (isinstance(event, yaml.ScalarEvent) and event.tag == "!"):
            raise broken("MAP-TAG", where, f"Không dùng thẻ YAML {event.tag}", f"YAML tag {event.tag} is not allowed")
        if isinstance(event, yaml.ScalarEvent):
            # a quoted text's content starts one sign further on
            quoted = event.style in ("'", '"')
            place = Where(where.file, where.line, (where.column or 0) + 1) if quoted else where
            return Scalar(event.value, place, plain=event.style is None or event.style == "")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._seq(where, depth)
        return self._map(where, depth)

    def _seq(self, where: Where, depth: int) -> Seq:
        items: list[Node] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, depth + 1))
        return Seq(tuple(items), where)

    def _map(self, where: Where, depth: int) -> Map:
        items: dict[str, Node] = {}
        keys: dict[str, Where] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            at = self._where(event)
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar):
                raise broken("MAP-KEY", at, "Khóa phải là chữ", "A key must be text")
            if key.text in items:
                first = keys[key.text]
                raise broken(
                    "MAP-DUPLICATE",
                    at,
                    f"Khóa '{key.text}' bị lặp (đã có ở dòng {first.line})",
                    f"Duplicate key '{key.text}' (first at line {first.line})",
                    hint=("xóa một trong hai", "remove one of the two"),
                )
            items[key.text] = self._node(next(self.events), depth + 1)
            keys[key.text] = at
        return Map(items, where, keys)


def plain_data(node: Node) -> Any:
    """The tree as plain data, scalars resolved as YAML does (numbers, booleans), keys as text."""
    if isinstance(node, Map):
        return {key: plain_data(value) for key, value in node.items.items()}
    if isinstance(node, Seq):
        return [plain_data(item) for item in node.items]
    if not node.plain:
        return node.text
    try:
        return yaml.load(node.text, Loader=_Loader) if _simple(node.text) else node.text  # noqa: S506 -- a safe loader
    except yaml.YAMLError:
        return node.text


def _simple(text: str) -> bool:
    return len(text) < 40 and not set(text) & set("{}[]&*!|>'\"%@`#:")


def texts(node: Node) -> Any:
    """The tree as plain data with every scalar as its characters, null as None: what the content hash covers."""
    if isinstance(node, Map):
        return {key: texts(value) for key, value in node.items.items()}
    if isinstance(node, Seq):
        return [texts(item) for item in node.items]
    return None if node.null else node.text


def as_map(node: Node | None, what: str, where: Where) -> Map:
    """The node as a mapping; MappingError naming ``what`` otherwise."""
    if isinstance(node, Map):
        return node
    raise broken(
        "MAP-SHAPE", node.where if node else where, f"{what} phải là bảng khóa: giá trị", f"{what} must be a mapping"
    )


def as_text(node: Node | None, what: str, where: Where) -> Scalar:
    """The node as one text that is not empty; MappingError naming ``what`` otherwise."""
    if isinstance(node, Scalar) and not node.null and node.text != "":
        return node
    raise broken("MAP-SHAPE", node.where if node else where, f"{what} phải là một chữ", f"{what} must be a text")


def as_flag(node: Node, what: str) -> bool:
    """``true`` or ``false``."""
    if isinstance(node, Scalar) and node.text in ("true", "false"):
        return node.text == "true"
    raise broken("MAP-OPTION", node.where, f"{what} phải là true hoặc false", f"{what} must be true or false")


def as_whole(node: Node, what: str, low: int, high: int) -> int:
    """A whole number within limits."""
    if (
        isinstance(node, Scalar)
        and node.text.lstrip("-").isdigit()
        and len(node.text) < 8
        and low <= int(node.text) <= high
    ):
        return int(node.text)
    raise broken(
        "MAP-OPTION",
        node.where,
        f"{what} phải là số nguyên từ {low} đến {high}",
        f"{what} must be a whole number from {low} to {high}",
    )


def as_list(node: Node) -> tuple[Node, ...]:
    """The items of a sequence, or the node alone."""
    return node.items if isinstance(node, Seq) else (node,)


__all__ = [
    "Map",
    "MappingError",
    "Node",
    "Scalar",
    "Seq",
    "as_flag",
    "as_list",
    "as_map",
    "as_text",
    "as_whole",
    "parse_tree",
    "plain_data",
    "read_tree",
    "texts",
]
