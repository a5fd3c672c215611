"""A mapping's tree written out again: one value on a line, or the whole with the origin of each line."""

from __future__ import annotations

from collections.abc import Iterator

from adapter.mapping.plan import Plan
from adapter.mapping.yamltree import Map, Node, Scalar, Seq
from adapter.standard.healthbook import book_sections


def shown_node(node: Node) -> str:
    """A value in YAML's one-line form."""
    if isinstance(node, Scalar):
        return _scalar(node)
    if isinstance(node, Seq):
        return "[" + ", ".join(shown_node(item) for item in node.items) + "]"
    return "{" + ", ".join(f"{_key(key)}: {shown_node(value)}" for key, value in node.items.items()) + "}"


def _scalar(node: Scalar) -> str:
    if node.null:
        return "null"
    text = node.text.replace("\n", " ").strip() if node.plain else node.text
    if not node.plain or set(text) & set("{}[],#&*!|>'\"%@`") or ": " in text or text != text.strip():
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return text


def _key(text: str) -> str:
    return text if text and not set(text) & set("{}[],#&*!|>'\"%@`: /") else '"' + text.replace('"', '\\"') + '"'


def resolved_lines(plan: Plan) -> list[tuple[str, str]]:
    """(line, "file:line") of the resolved mapping, in YAML that loads again."""
    return list(_lines(plan.tree, 0))


def _lines(node: Map, depth: int) -> Iterator[tuple[str, str]]:
    indent = "  " * depth
    for key, value in node.items.items():
        at = node.at(key)
        origin = f"{at.file}:{at.line}"
        if isinstance(value, Map) and value.items and _opens(key, depth):
            yield f"{indent}{_key(key)}:", origin
            yield from _lines(value, depth + 1)
        elif isinstance(value, Seq) and value.items and all(isinstance(i, Map) for i in value.items) and depth == 1:
            yield f"{indent}{_key(key)}:", origin
            for item in value.items:
                inner = list(_lines(item, depth + 2)) if isinstance(item, Map) else []
                for index, (line, place) in enumerate(inner):
                    yield (f"{indent}  - {line.strip()}" if index == 0 else line), place
        else:
            yield f"{indent}{_key(key)}: {shown_node(value)}", origin


_OPEN = frozenset(
    {"source", "encounters", "collections", "lookups", "with", "let", "tables", "healthbook", "rows", "ready", "inner"}
)


def _opens(key: str, depth: int) -> bool:
    """Whether a map is written over several lines: sections, tables, collections; not single values."""
    return key in _OPEN or (depth == 1 and (key.startswith("XML") or key in book_sections())) or depth == 0
