"""Which fields a HIS cannot fill, and why: ``not_supplied.yaml`` beside a mapping, held against what is filled.

reasons:
  reserved: {vi: Quyết định để dành, en: reserved by the decree}
tables:
  XML0: {DU_PHONG: reserved}
  XML6: no_table            # none of its fields
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Node, as_map, as_text, read_tree

FILE = "not_supplied.yaml"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a field stays empty."""

    code: str
    vi: str
    en: str


Reasons = Mapping[tuple[str, str], Reason]
"""By (table, field); the field ``*`` stands for a whole table."""


def read_reasons(mapping: Path) -> Reasons:
    """The reasons beside a mapping; nothing when it has none. Raises MappingError for a wrong file."""
    file = mapping.parent / FILE
    if not file.is_file():
        return {}
    tree = read_tree(file)
    told = as_map(tree.get("reasons"), "reasons", tree.where)
    known = {code: _reason(code, node, tree) for code, node in told.items.items()}
    found: dict[tuple[str, str], Reason] = {}
    for table, fields in as_map(tree.get("tables"), "tables", tree.where).items.items():
        named = fields.items if isinstance(fields, Map) else {"*": fields}
        for field, node in named.items():
            code = as_text(node, field, tree.where).text
            if code not in known:
                raise broken(
                    "MAP-SUPPLY",
                    node.where,
                    f"Không có lý do '{code}'",
                    f"There is no reason '{code}'",
                    near=(code, known),
                )
            found[table, field] = known[code]
    return found


def _reason(code: str, node: Node, tree: Map) -> Reason:
    texts = as_map(node, code, tree.where)
    return Reason(
        code,
        as_text(texts.get("vi"), "vi", texts.where).text,
        as_text(texts.get("en"), "en", texts.where).text,
    )


def reason_for(reasons: Reasons, table: str, field: str) -> Reason | None:
    """The field's own reason, else its table's."""
    return reasons.get((table, field)) or reasons.get((table, "*"))


def explain(coverage: dict[str, Any], reasons: Reasons) -> dict[str, Any]:
    """Put the reasons into what :func:`adapter.mapping.tools.compare.coverage` found.

    Each field that was never filled gets ``reason``: ``{"code","vi","en"}`` or None; ``contradictions`` lists
    fields that are said to have no source and were filled all the same.
    """
    for table, field in _fields(coverage):
        found = reason_for(reasons, table, field["field"])
        if not field["filled"]:
            field["reason"] = {"code": found.code, "vi": found.vi, "en": found.en} if found else None
    coverage["contradictions"] = sorted(
        f"{table}.{field['field']}"
        for table, field in _fields(coverage)
        if field["filled"] and reason_for(reasons, table, field["field"])
    )
    return coverage


def unexplained(coverage: dict[str, Any]) -> list[str]:
    """Fields neither filled nor explained, as ``XML1.FIELD``."""
    return [f"{t}.{f['field']}" for t, f in _fields(coverage) if not f["filled"] and not f.get("reason")]


def _fields(coverage: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for table in coverage["tables"]:
        for field in table["fields"]:
            yield table["table"], field
