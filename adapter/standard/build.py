"""Applying layers: from a chain of decisions to the tables, code sets and parameters of one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import cast, get_args

from adapter.errors import ConfigError, Where
from adapter.standard.layers import CodeRow, Layer, Selector
from adapter.standard.model import XML_TYPES, Carrier, CodeSet, FieldSpec, Standard, Table


def build(layers: Sequence[Layer], days: Mapping[Selector, date], pin: str | None) -> Standard:
    """The standard in force when each selector falls on its day; ``pin`` overrides the choice of layout."""
    chosen = _in_force(layers, days, pin)
    tables: dict[str, _Draft] = {}
    parameters: dict[str, str] = {}
    layout = ""
    for layer in chosen:
        layout = layer.head.layout or layout
        for row in layer.tables:
            if row["carrier"] not in get_args(Carrier) or row["table"] in tables:
                raise _wrong(layer, 1, f"bảng {row['table']} khai báo sai", f"table {row['table']} is declared wrongly")
            tables[row["table"]] = _Draft(row, [])
        for line, row in enumerate(layer.fields, start=2):
            _apply(tables, layer, line, row)
        parameters |= layer.head.parameters
    return Standard(
        layout=layout,
        tables=MappingProxyType({name: draft.table() for name, draft in tables.items()}),
        code_sets=MappingProxyType(_code_sets(chosen, days)),
        parameters=MappingProxyType(parameters),
        layers=tuple(layer.head.id for layer in chosen),
    )


def _in_force(layers: Sequence[Layer], days: Mapping[Selector, date], pin: str | None) -> list[Layer]:
    def by_date(layer: Layer) -> bool:
        day = days[layer.head.selected_by]
        return layer.head.effective <= day and (layer.head.until is None or day <= layer.head.until)

    opened = [layer.head.layout for layer in layers if layer.head.layout and (pin is not None or by_date(layer))]
    wanted = pin if pin is not None else opened[-1]
    past = set(opened[: opened.index(wanted) + 1])
    return [
        layer
        for layer in layers
        if (layer.head.layout in past)
        or (layer.head.layout is None and by_date(layer) and layer.head.within in (None, wanted))
    ]


@dataclass(slots=True)
class _Draft:
    head: Mapping[str, str]
    fields: list[FieldSpec]

    def index(self, name: str) -> int | None:
        return next((i for i, f in enumerate(self.fields) if f.name == name), None)

    def table(self) -> Table:
        return Table(
            name=self.head["table"],
            fields=tuple(f if f.pos == i else replace(f, pos=i) for i, f in enumerate(self.fields, start=1)),
            carrier=cast("Carrier", self.head["carrier"]),
            root=self.head["root"],
            list_element=self.head["list_element"] or None,
            record_element=self.head["record_element"] or None,
            title_vi=self.head["title_vi"],
            title_en=self.head["title_en"],
        )


def _apply(tables: dict[str, _Draft], layer: Layer, line: int, row: Mapping[str, str]) -> None:
    op, name = row["op"], row["field"]
    draft = tables.get(row["table"])
    if draft is None:
        raise _wrong(layer, line, f"chưa có bảng {row['table']}", f"there is no table {row['table']}")
    if op == "add":
        if draft.index(name) is not None:
            raise _wrong(layer, line, f"trường {name} đã có", f"field {name} is already there")
        at = len(draft.fields)
        if row["after"]:
            at = _existing(draft, row["after"], layer, line) + 1
        draft.fields.insert(at, _checked(_new_field(row, layer, line), layer, line))
        return
    at = _existing(draft, row["was"] if op == "rename" else name, layer, line)
    if op == "remove":
        del draft.fields[at]
    elif op in ("change", "rename", "meaning"):
        draft.fields[at] = _checked(_changed(draft.fields[at], row, layer, line), layer, line)
    else:
        raise _wrong(layer, line, f"không có thao tác '{op}'", f"there is no operation '{op}'")


def _existing(draft: _Draft, name: str, layer: Layer, line: int) -> int:
    at = draft.index(name)
    if at is None:
        table = draft.head["table"]
        raise _wrong(layer, line, f"bảng {table} không có trường {name}", f"table {table} has no field {name}")
    return at


def _new_field(row: Mapping[str, str], layer: Layer, line: int) -> FieldSpec:
    return FieldSpec(
        table=row["table"],
        pos=0,
        name=row["field"],
        xml_type=row["xml_type"],
        kind=row["kind"],
        max_len=_length(row["max_len"], layer, line),
        required=row["required"],
        separator=row["separator"],
        code_list=row["code_list"],
        since=layer.head.id,
        changed_by="",
        meaning_vi=row["meaning_vi"],
        meaning_en=row["meaning_en"],
        notes=row["notes"],
    )


def _changed(old: FieldSpec, row: Mapping[str, str], layer: Layer, line: int) -> FieldSpec:
    """The field after the row: empty cells keep, ``-`` empties, ``n`` lifts the length limit."""

    def cell(column: str, kept: str) -> str:
        value = row[column]
        return kept if not value else "" if value == "-" else value

    new = replace(
        old,
        name=row["field"],
        xml_type=cell("xml_type", old.xml_type),
        kind=cell("kind", old.kind),
        max_len=_length(row["max_len"], layer, line) if row["max_len"] else old.max_len,
        required=cell("required", old.required),
        separator=cell("separator", old.separator),
        code_list=cell("code_list", old.code_list),
        meaning_vi=cell("meaning_vi", old.meaning_vi),
        meaning_en=cell("meaning_en", old.meaning_en),
        notes=cell("notes", old.notes),
    )
    said = []
    if row["op"] == "rename":
        new = replace(new, since=layer.head.id)
        said.append(f"renamed from {old.name}")
    if (old.kind, old.max_len) != (new.kind, new.max_len):
        said.append(f"{old.kind}{_shown(old.max_len)}>{new.kind}{_shown(new.max_len)}")
    if row["op"] == "meaning":
        said.append("meaning")
    if said:
        history = f"{layer.head.id}: {'; '.join(said)}"
        new = replace(new, changed_by=f"{old.changed_by} | {history}" if old.changed_by else history)
    return new


def _checked(field: FieldSpec, layer: Layer, line: int) -> FieldSpec:
    for value, allowed in ((field.xml_type, XML_TYPES), (field.kind, {"S", "N"}), (field.required, {"Y", "C", "N"})):
        if value not in allowed:
            raise _wrong(layer, line, f"giá trị lạ '{value}'", f"unknown value '{value}'")
    return field


def _length(text: str, layer: Layer, line: int) -> int | None:
    if text == "n":
        return None
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise _wrong(
            layer, line, f"max_len '{text}' không phải số hay n", f"max_len '{text}' is neither a number nor n"
        )
    return int(text)


def _shown(length: int | None) -> str:
    return "n" if length is None else str(length)


def _code_sets(chosen: Sequence[Layer], days: Mapping[Selector, date]) -> dict[str, CodeSet]:
    rows: dict[str, list[CodeRow]] = {}
    opened: set[str] = set()
    prefixes: set[str] = set()
    for layer in chosen:
        # A layout forced on an earlier day brings its own codes with it.
        day = max(days[layer.head.selected_by], layer.head.effective)
        for name, since in layer.head.codes.replaces.items():
            if since is None or since <= day:
                rows.pop(name, None)
        for row in layer.codes:
            if row.start <= day and (row.until is None or day <= row.until):
                rows.setdefault(row.set, []).append(row)
        opened |= set(layer.head.codes.open)
        prefixes |= set(layer.head.codes.prefixes)
    return {
        name: CodeSet(
            name=name,
            codes=MappingProxyType({r.code: r.label_vi for r in found if not r.tolerated}),
            tolerated=MappingProxyType({r.code: r.label_vi for r in found if r.tolerated}),
            closed=name not in opened,
            prefix=name in prefixes,
        )
        for name, found in rows.items()
    }


def _wrong(layer: Layer, line: int, message_vi: str, message_en: str) -> ConfigError:
    return ConfigError(
        f"Dữ liệu quyết định sai: {message_vi}",
        f"Decision data is wrong: {message_en}",
        where=Where(f"{layer.folder}/fields.csv", line),
    )
