"""Reading a mapping file into a plan: structure, names, dependencies, content hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapter.errors import MappingError, Where
from adapter.mapping.extending import Resolved, resolve
from adapter.mapping.language.blocks import Block, BlockCompiler, FieldStep, compile_names
from adapter.mapping.language.compiled import Place, Target, Value
from adapter.mapping.language.scope import SPECIAL, Thunk, from_root
from adapter.mapping.language.values import Compiler
from adapter.mapping.lookups import Lookup, read_lookups
from adapter.mapping.plan import Plan
from adapter.mapping.problems import broken
from adapter.mapping.readiness import READY_KEYS, compile_readiness
from adapter.mapping.yamltree import Map, Node, Scalar, Seq, as_map, as_text, plain_data, texts
from adapter.standard.healthbook import PREFIX, book_sections
from adapter.standard.model import FieldSpec
from adapter.standard.spec import layouts, written_as

TOP_KEYS = (
    "mapping",
    "standard",
    "extends",
    "visit_date",
    "source",
    "lookups",
    "with",
    "let",
    "tables",
    "healthbook",
    "remove",
)


def load_mapping(path: Path) -> Plan:
    """Read, check and compile a mapping. Raises MappingError with file:line:column."""
    return compile_mapping(resolve(path), path)


def compile_mapping(resolved: Resolved, path: Path, errors: list[MappingError] | None = None) -> Plan:
    """Compile a resolved tree.

    With ``errors`` the mistakes inside tables are collected there instead of ending at the first; the plan
    then lacks the fields concerned.
    """
    tree = resolved.tree
    for key in tree.items:
        if key not in TOP_KEYS:
            raise broken(
                "MAP-KEY", tree.at(key), f"Không có khóa '{key}'", f"There is no key '{key}'", near=(key, TOP_KEYS)
            )
    for key in ("mapping", "tables"):
        if key not in tree.items:
            raise broken("MAP-KEY", tree.where, f"Thiếu khóa '{key}'", f"Key '{key}' is missing")
    name = as_text(tree.get("mapping"), "mapping", tree.where).text
    pin = _pin(tree)
    lookups = read_lookups(tree.get("lookups"), lambda where: resolved.folder(where, path.parent))
    source = as_map(tree.items["source"], "source", tree.where) if "source" in tree.items else None
    encounters = _encounters(source)
    compiler = Compiler(lookups, _collections(source))
    compiler.errors = errors
    specs = field_specs(pin)
    table_nodes = _table_nodes(tree, specs)
    book_nodes = _book_nodes(tree)
    specs.update({section.name: dict(section.by_name) for section in book_sections().values()})
    compiler.targets = {
        table: Target(specs[table], len(nodes) == 1 and "each" not in nodes[0].items)
        for table, nodes in {**table_nodes, **book_nodes}.items()
    }
    names = _top_names(compiler, tree)
    place = Place(compiler.top, "")
    ready = compile_readiness(compiler, encounters, source, place)
    tables = {
        table: tuple(_blocks(BlockCompiler(compiler, table, specs[table], names), nodes, errors))
        for table, nodes in table_nodes.items()
    }
    book = {
        table.removeprefix(PREFIX): tuple(_blocks(BlockCompiler(compiler, table, specs[table], names), nodes, errors))
        for table, nodes in book_nodes.items()
    }
    if errors:
        tables = {table: blocks for table, blocks in tables.items() if blocks}
    identified_by = _identified_by(tables, tree)
    _refuse_circles({**tables, **{PREFIX + name: blocks for name, blocks in book.items()}})
    return Plan(
        name=name,
        hash=content_hash(tree, lookups),
        path=path,
        source=source_spec(source),
        standard=pin,
        tables=tables,
        lookups=lookups,
        reads={key: frozenset(columns) for key, columns in compiler.reads.items()},
        used_lookups=frozenset(compiler.used_lookups),
        tree=tree,
        names=names,
        used_names=frozenset(compiler.used_names),
        visit_dates=_visit_dates(compiler, tree, tables, place),
        ready=ready,
        identified_by=identified_by,
        book=book,
    )


def _blocks(compiler: BlockCompiler, nodes: list[Map], errors: list[MappingError] | None) -> Iterator[Block]:
    for node in nodes:
        try:
            yield compiler.block(node)
        except MappingError as error:
            if errors is None:
                raise
            errors.append(error)


def _pin(tree: Map) -> str | None:
    node = tree.get("standard")
    if node is None:
        return None
    pin = as_text(node, "standard", tree.where).text
    if pin not in layouts():
        raise broken(
            "MAP-STANDARD", node.where, f"Không có bố cục '{pin}'", f"There is no layout '{pin}'", near=(pin, layouts())
        )
    return pin


def field_specs(pin: str | None) -> dict[str, dict[str, FieldSpec]]:
    """Table → field → spec: of the pinned layout, or of every layout, the newest winning."""
    found: dict[str, dict[str, FieldSpec]] = {}
    for layout in [pin] if pin else layouts():
        for table in written_as(layout).tables.values():
            found.setdefault(table.name, {}).update(table.by_name)
    return found


def _encounters(source: Map | None) -> Map | None:
    node = source.get("encounters") if source is not None else None
    return node if isinstance(node, Map) else None


def _collections(source: Map | None) -> list[str] | None:
    """Collection names, or None when this connector does not declare them."""
    node = source.get("collections") if source is not None else None
    if isinstance(node, Map):
        return list(node.items)
    connector = source.get("connector") if source is not None else None
    return [] if connector is not None and texts(connector) == "sql" else None


def _table_nodes(tree: Map, specs: Mapping[str, Mapping[str, FieldSpec]]) -> dict[str, list[Map]]:
    block = as_map(tree.items["tables"], "tables", tree.where)
    found: dict[str, list[Map]] = {}
    for name, node in block.items.items():
        if name not in specs:
            raise broken(
                "MAP-TABLE",
                block.at(name),
                f"Không có bảng '{name}'",
                f"There is no table '{name}'",
                near=(name, specs),
            )
        parts = node.items if isinstance(node, Seq) else (node,)
        found[name] = [as_map(part, name, block.at(name)) for part in parts]
    return found


def _book_nodes(tree: Map) -> dict[str, list[Map]]:
    """The blocks of ``healthbook:`` by the long name of their section."""
    node = tree.get("healthbook")
    if node is None or (isinstance(node, Scalar) and node.null):
        return {}
    block = as_map(node, "healthbook", tree.where)
    found: dict[str, list[Map]] = {}
    for name, part in block.items.items():
        section = book_sections().get(name)
        if section is None:
            raise broken(
                "MAP-TABLE",
                block.at(name),
                f"Sổ sức khỏe không có mục '{name}'",
                f"The health book has no section '{name}'",
                near=(name, book_sections()),
            )
        parts = [as_map(p, name, block.at(name)) for p in (part.items if isinstance(part, Seq) else (part,))]
        if not section.many and (len(parts) > 1 or "each" in parts[0].items):
            raise broken(
                "MAP-BLOCK",
                block.at(name),
                f"Mục '{name}' của sổ chỉ có một dòng, không dùng each",
                f"The book's section '{name}' has one row; no each",
                hint=("bỏ each, dùng first hoặc with", "remove each; use first or with"),
            )
        found[section.name] = parts
    return found


def _top_names(compiler: Compiler, tree: Map) -> dict[str, Thunk]:
    _, found = compile_names(compiler, tree, Place(compiler.top, ""), top=True)
    names: dict[str, Thunk] = dict(SPECIAL)
    for name, compute in found.items():
        names[name] = from_root(compute)
    return names


def _identified_by(tables: Mapping[str, tuple[Block, ...]], tree: Map) -> str:
    for table in ("XML1", "XML0"):
        blocks = tables.get(table, ())
        if len(blocks) == 1 and blocks[0].each is None and any(f.name == "MA_LK" for f in blocks[0].fields):
            return table
    where = tree.at("tables")
    xml1 = tables.get("XML1")
    if xml1 and (len(xml1) > 1 or xml1[0].each is not None):
        raise broken(
            "MAP-TABLE", xml1[0].where, "XML1 có đúng một dòng, không dùng each", "XML1 has exactly one row; no each"
        )
    raise broken(
        "MAP-NO-KEY",
        where,
        "XML1 chưa ánh xạ MA_LK",
        "XML1 does not map MA_LK",
        hint=("thêm XML1: {MA_LK: TÊN_CỘT}", "add XML1: {MA_LK: COLUMN}"),
    )


def _visit_dates(
    compiler: Compiler, tree: Map, tables: Mapping[str, tuple[Block, ...]], place: Place
) -> tuple[tuple[Value, Place], ...]:
    node = tree.get("visit_date")
    if node is not None:
        return ((compiler.value(node, place), place),)
    blocks = tables.get("XML1", ()) or tables.get("XML0", ())
    if len(blocks) != 1 or blocks[0].each is not None:
        return ()
    steps = {f.name: (f.value, f.place) for f in blocks[0].fields}
    return tuple(steps[name] for name in ("NGAY_RA", "NGAY_VAO") if name in steps)


def source_spec(source: Map | None) -> dict[str, Any]:
    """The connector's part of ``source`` as plain data."""
    spec: dict[str, Any] = plain_data(source) if source is not None else {}
    for block in (spec, spec.get("encounters")):
        if isinstance(block, dict):
            for key in READY_KEYS:
                block.pop(key, None)
    return spec


def content_hash(tree: Node, lookups: Mapping[str, Lookup]) -> str:
    """SHA-256 hex over the resolved mapping and the bytes of its lookup files."""
    document = [texts(tree), {name: hashlib.sha256(table.content).hexdigest() for name, table in lookups.items()}]
    return hashlib.sha256(
        json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
    ).hexdigest()


# ---- circles ---------------------------------------------------------------------------------------


def _refuse_circles(tables: Mapping[str, tuple[Block, ...]]) -> None:
    steps = {f"{table}.{step.name}": step for table, blocks in tables.items() for step in _all_fields(blocks)}
    of_table: dict[str, list[str]] = {}
    for key in steps:
        of_table.setdefault(f"{key.rpartition('.')[0]}.*", []).append(key)
    state: dict[str, int] = {}

    def visit(start: str) -> None:
        stack: list[tuple[str, list[str]]] = [(start, _needs(start, steps, of_table))]
        state[start] = 1
        while stack:
            key, rest = stack[-1]
            if not rest:
                state[key] = 2
                stack.pop()
                continue
            following = rest.pop()
            if state.get(following) == 1:
                path = [k for k, _ in stack if not k.endswith("*")]
                raise _circle(steps, path, following)
            if following not in state:
                state[following] = 1
                stack.append((following, _needs(following, steps, of_table)))

    for key in steps:
        if key not in state:
            visit(key)


def _all_fields(blocks: tuple[Block, ...]) -> list[FieldStep]:
    return [step for block in blocks for step in block.all_fields()]


def _needs(key: str, steps: Mapping[str, FieldStep], of_table: Mapping[str, list[str]]) -> list[str]:
    if key.endswith(".*"):
        return list(of_table.get(key, ()))
    step = steps.get(key)
    return sorted(step.place.depends) if step is not None else []


def _circle(steps: Mapping[str, FieldStep], path: list[str], back_to: str) -> Exception:
    around = path[path.index(back_to) :] if back_to in path else path
    step = steps[around[-1]]
    names = " → ".join([*around, around[0]])
    where = Where(
        step.value.where.file, step.value.where.line, step.value.where.column, step.place.table, None, step.name
    )
    return broken(
        "MAP-CIRCLE",
        where,
        f"Các trường cần lẫn nhau: {names}",
        f"Fields need each other: {names}",
        hint=("tính một trong các trường từ cột nguồn", "compute one of them from source columns"),
    )
