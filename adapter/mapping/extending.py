"""``extends``: a vendor's base mapping with a hospital's overrides, resolved to one tree.

Merging goes key by key down to what has a meaning of its own (a field's value, a lookup, a named
row or value, a query, a list); that is replaced whole. Every node keeps the file and line it
came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from adapter.errors import ConfigError, Where
from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Node, Scalar, as_list, as_text, read_tree
from adapter.resources import shipped
from adapter.standard.healthbook import book_sections

MAX_LEVELS = 8


@dataclass(frozen=True, slots=True)
class Resolved:
    """One tree, and the folder that the paths of each file count from."""

    tree: Map
    folders: dict[str, Path] = field(default_factory=dict)

    def folder(self, where: Where, default: Path) -> Path:
        """Where a path written at this place counts from."""
        return self.folders.get(where.file or "", default)


def resolve(path: Path) -> Resolved:
    """The mapping at ``path`` with all it extends merged in. Raises MappingError."""
    folders: dict[str, Path] = {}
    tree = _resolve(path, [], folders)
    return Resolved(tree, folders)


def _resolve(path: Path, above: list[Path], folders: dict[str, Path]) -> Map:
    name = str(path)
    tree = read_tree(path, name)
    folders[name] = path.parent
    base = tree.get("extends")
    if base is not None:
        node = as_text(base, "extends", tree.where)
        below = _find(node, path)
        chain = [*above, path.resolve()]
        if below.resolve() in chain or len(chain) > MAX_LEVELS:
            raise broken(
                "MAP-EXTENDS",
                node.where,
                "extends quay vòng hoặc quá nhiều tầng",
                "extends runs in a circle or over too many levels",
                hint=(f"bỏ extends: {node.text}", f"remove extends: {node.text}"),
            )
        tree = _merge(_resolve(below, chain, folders), tree)
    tree = _without(tree, tree.get("remove"))
    return Map({k: v for k, v in tree.items.items() if k not in ("extends", "remove")}, tree.where, tree.keys)


def _find(node: Scalar, path: Path) -> Path:
    tried = [path.parent / node.text, path.parent / node.text / "mapping.yaml"]
    try:
        folder = shipped("mappings")
        tried.append(folder / node.text / "mapping.yaml")
        offered = sorted(p.parent.name for p in folder.glob("*/mapping.yaml"))
    except ConfigError:
        offered = []
    for candidate in tried:
        if candidate.is_file():
            return candidate
    raise broken(
        "MAP-EXTENDS",
        node.where,
        f"Không tìm thấy ánh xạ '{node.text}'",
        f"Mapping '{node.text}' not found",
        near=(node.text, offered),
        hint=("đường dẫn tính từ tệp này", "the path counts from this file"),
    )


# Where a map's entries have a meaning of their own and are replaced whole.
_ENTRIES = ("lookups", "with", "let", "rows")


def _merge(base: Map, own: Map) -> Map:
    items, keys = dict(base.items), dict(base.keys)
    for key, value in own.items.items():
        keys[key] = own.at(key)
        below = items.get(key)
        if isinstance(value, Map) and isinstance(below, Map) and key not in ("extends", "remove"):
            items[key] = _merge_part(key, below, value)
        else:
            items[key] = value
    return Map(items, own.where, keys)


def _merge_part(key: str, base: Map, own: Map) -> Map:
    if key in _ENTRIES:
        return _over(base, own)
    if key in ("tables", "healthbook"):
        merged = _over(base, own)
        for table, value in own.items.items():
            below = base.items.get(table)
            if isinstance(below, Map) and isinstance(value, Map):
                merged.items[table] = _merge_block(below, value)
        return merged
    return _merge(base, own)


def _over(base: Map, own: Map) -> Map:
    return Map({**base.items, **own.items}, own.where, {**base.keys, **own.keys})


def _merge_block(base: Map, own: Map) -> Map:
    base, own = _fields_in_rows(base), _fields_in_rows(own)
    items, keys = dict(base.items), {**base.keys, **own.keys}
    for key, value in own.items.items():
        below = items.get(key)
        if isinstance(value, Map) and isinstance(below, Map):
            items[key] = _merge_block(below, value) if key == "inner" else _over(below, value)
        else:
            items[key] = value
    return Map(items, own.where, keys)


def _fields_in_rows(block: Map) -> Map:
    """The block with all its fields under ``rows``, so that both ways of writing them meet."""
    book = {name for section in book_sections().values() for name in section.names}
    fields = {k: v for k, v in block.items.items() if k[:1].isupper() or k in book}
    rows = block.items.get("rows")
    if not fields:
        return block
    if rows is not None and not isinstance(rows, Map):
        return block  # the compiler names the mistake
    merged = Map(
        {**(rows.items if rows else {}), **fields},
        block.where,
        {**(rows.keys if rows else {}), **{k: block.at(k) for k in fields}},
    )
    items: dict[str, Node] = {k: v for k, v in block.items.items() if k not in fields}
    items["rows"] = merged
    return Map(items, block.where, block.keys)


def _without(tree: Map, remove: Node | None) -> Map:
    if remove is None:
        return tree
    for item in as_list(remove):
        path = as_text(item, "remove", remove.where)
        tree = _drop(tree, path.text.split("."), path)
    return tree


def _drop(tree: Map, steps: list[str], path: Scalar) -> Map:
    name = steps[0]
    below = tree.items.get(name)
    rows = tree.items.get("rows")
    if below is None and isinstance(rows, Map) and name in rows.items:
        return Map({**tree.items, "rows": _drop(rows, steps, path)}, tree.where, tree.keys)
    if below is None or (len(steps) > 1 and not isinstance(below, Map)):
        raise broken(
            "MAP-REMOVE",
            path.where,
            f"Không có gì để bỏ ở '{path.text}'",
            f"There is nothing to remove at '{path.text}'",
            near=(name, [*tree.items, *(rows.items if isinstance(rows, Map) else ())]),
        )
    items = dict(tree.items)
    if len(steps) > 1 and isinstance(below, Map):
        items[name] = _drop(below, steps[1:], path)
    else:
        del items[name]
    return Map(items, tree.where, tree.keys)
