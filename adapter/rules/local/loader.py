"""Reading and linting a file of local rules; every fault has its line and column.

rules:
  - id: LOCAL-SO-LUONG
    severity: warning            # error | warning | info
    table: XML2
    field: SO_LUONG              # where the finding points
    violated_when: SO_LUONG > 500 and MA_NHOM == 4
    purposes: [claim, book]      # default: claim
    message_vi: Số lượng thuốc quá lớn.
    message_en: Very large quantity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from adapter.dossier.model import Purpose
from adapter.errors import ConfigError, ExpressionError, Where
from adapter.rules.catalogue import catalogue
from adapter.rules.finding import Severity
from adapter.rules.local.rule import LocalRule, fields_of

_NEEDED = ("id", "severity", "table", "violated_when", "message_vi", "message_en")
_KNOWN = frozenset({*_NEEDED, "field", "purposes"})
_SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in the file, in the shape of ``map lint`` findings."""

    code: str
    line: int
    column: int
    message_vi: str
    message_en: str

    def to_dict(self, file: str) -> dict[str, Any]:
        """The finding as the command contract writes it."""
        return {
            "code": self.code,
            "severity": "error",
            "file": file,
            "line": self.line,
            "column": self.column,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
            "hint": "docs/rules/local.md",
        }


def load(path: Path) -> tuple[LocalRule, ...]:
    """The rules of the file. Raises ConfigError naming the first fault's place; nothing is half loaded."""
    rules, faults = _read(path)
    if faults:
        first = min(faults, key=lambda f: (f.line, f.column))
        raise ConfigError(
            f"Luật nội bộ sai: {first.message_vi}",
            f"A local rule is wrong: {first.message_en}",
            where=Where(str(path), first.line, first.column),
            hint_vi="chạy `bhyt rules lint` để xem mọi lỗi",
            hint_en="run `bhyt rules lint` to see every fault",
        )
    return tuple(rules)


def lint(path: Path) -> list[Fault]:
    """Every fault of the file, in its order."""
    return sorted(_read(path)[1], key=lambda f: (f.line, f.column))


def _read(path: Path) -> tuple[list[LocalRule], list[Fault]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "Không đọc được tệp luật nội bộ", "Cannot read the file of local rules", tried=[str(path)]
        ) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return [], [Fault("LOCAL-YAML", line, column, "không phải YAML hợp lệ", "not valid YAML")]
    items = _items(root)
    if items is None:
        return [], [
            Fault("LOCAL-SHAPE", 1, 1, "cần khóa rules với danh sách luật", "a key rules with a list is needed")
        ]
    rules: list[LocalRule] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    for item in items:
        found = list(_faults(item, seen))
        faults += found
        if not found:
            rule = _rule(item, path)
            seen.add(rule.id)
            try:
                rule.compiled()
            except ExpressionError as error:
                where = error.where or Where()
                faults.append(
                    Fault(
                        "LOCAL-EXPR",
                        where.line or rule.line,
                        where.column or rule.column,
                        error.message_vi,
                        error.message_en,
                    )
                )
            else:
                rules.append(rule)
    return rules, faults


def _items(root: yaml.Node | None) -> list[yaml.Node] | None:
    if not isinstance(root, yaml.MappingNode):
        return None
    for key, value in root.value:
        if key.value == "rules" and isinstance(value, yaml.SequenceNode):
            return list(value.value)
    return None


def _keys(item: yaml.Node) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    pairs = item.value if isinstance(item, yaml.MappingNode) else []
    return {str(key.value): (key, value) for key, value in pairs}


def _text(node: yaml.Node) -> str:
    return node.value.strip() if isinstance(node, yaml.ScalarNode) else ""


def _at(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _faults(item: yaml.Node, seen: set[str]) -> Iterator[Fault]:
    keys = _keys(item)
    for name in _NEEDED:
        if name not in keys or not _text(keys[name][1]):
            yield Fault("LOCAL-KEY", *_at(item), f"thiếu khóa {name}", f"the key {name} is missing")
    for name, (key, _) in keys.items():
        if name not in _KNOWN:
            yield Fault("LOCAL-KEY", *_at(key), f"khóa lạ {name}", f"unknown key {name}")
    values = {name: _text(value) for name, (_, value) in keys.items()}
    if (rule_id := values.get("id")) and (rule_id in seen or rule_id in catalogue()):
        yield Fault("LOCAL-ID", *_at(keys["id"][1]), f"mã {rule_id} đã có", f"the id {rule_id} is taken")
    if values.get("severity") and values["severity"] not in _SEVERITIES:
        yield Fault(
            "LOCAL-SEVERITY", *_at(keys["severity"][1]), "mức phải là error, warning, info", "error, warning or info"
        )
    table = values.get("table", "")
    if table:
        fields = fields_of(table)
        if not fields:
            yield Fault("LOCAL-TABLE", *_at(keys["table"][1]), f"không có bảng {table}", f"there is no table {table}")
        elif values.get("field") and values["field"] not in fields:
            name = values["field"]
            yield Fault("LOCAL-FIELD", *_at(keys["field"][1]), f"{table} không có {name}", f"{table} has no {name}")
    if "purposes" in keys:
        node = keys["purposes"][1]
        for part in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if _text(part) not in {p.value for p in Purpose}:
                yield Fault("LOCAL-PURPOSE", *_at(part), "chỉ nhận claim, book, checkin", "claim, book or checkin")


def _rule(item: yaml.Node, path: Path) -> LocalRule:
    keys = _keys(item)
    values = {name: _text(value) for name, (_, value) in keys.items()}
    purposes = frozenset({Purpose.CLAIM})
    if "purposes" in keys:
        purposes = frozenset(Purpose(_text(part)) for part in keys["purposes"][1].value)
    line, column = _at(keys["violated_when"][1])
    return LocalRule(
        id=values["id"],
        severity=cast(Severity, values["severity"]),
        table=values["table"],
        field=values.get("field", ""),
        violated_when=values["violated_when"],
        purposes=purposes,
        message_vi=values["message_vi"],
        message_en=values["message_en"],
        file=str(path),
        line=line,
        column=column,
    )
