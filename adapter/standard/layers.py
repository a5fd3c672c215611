"""Decisions as folders: ``layer.yaml`` says what and from when, CSV files say what changes.

A layer folder may hold ``tables.csv`` (new tables), ``fields.csv`` (operations add,
change, meaning, rename, remove, in order) and ``codes.csv`` (rows of code sets). Adding a
decision is adding a folder; see ``decisions/README.md`` for the columns.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from adapter.errors import ConfigError, Where

Selector = Literal["end_of_visit", "admission", "order", "sending"]
"""The day that decides whether a layer applies."""

SELECTORS: tuple[Selector, ...] = get_args(Selector)

_FIELD_COLUMNS = (
    "op", "table", "field", "was", "after", "xml_type", "kind", "max_len", "required",
    "separator", "code_list", "meaning_vi", "meaning_en", "notes",
)  # fmt: skip
_TABLE_COLUMNS = ("table", "carrier", "root", "list_element", "record_element", "title_vi", "title_en")
_CODE_COLUMNS = ("set", "code", "label_vi", "status", "from", "until", "certainty")
_STRUCTURAL = {"add", "rename", "remove"}


class _Codes(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    replaces: dict[str, date | None] = {}
    open: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


class LayerHead(BaseModel):
    """``layer.yaml``. ``layout`` opens a layout of that name; ``within`` amends one without renaming it.

    ``effective`` is the first day it binds, ``until`` the last (None: still in force), both
    compared with the day ``selected_by`` names. ``trial`` is information only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    decision: str
    title_vi: str
    title_en: str
    effective: date
    selected_by: Selector
    signed: date | None = None
    trial: date | None = None
    until: date | None = None
    layout: str | None = None
    within: str | None = None
    certainty: Literal["high", "medium", "low"] = "medium"
    notes: str = ""
    codes: _Codes = _Codes()
    parameters: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One code of one set, with its own dates inside the layer's."""

    set: str
    code: str
    label_vi: str
    tolerated: bool
    start: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Layer:
    """A decision read from its folder."""

    head: LayerHead
    folder: str
    tables: tuple[Mapping[str, str], ...]
    fields: tuple[Mapping[str, str], ...]
    codes: tuple[CodeRow, ...]

    def days(self) -> Iterator[date]:
        """Every day on which something about this layer begins, or has just ended."""
        head = self.head
        yield head.effective
        ends = [head.until] + [row.until for row in self.codes]
        yield from (date.fromordinal(end.toordinal() + 1) for end in ends if end is not None)
        yield from (row.start for row in self.codes)
        yield from (day for day in head.codes.replaces.values() if day is not None)


def read_layers(roots: Sequence[Path]) -> tuple[Layer, ...]:
    """All layers below the given folders, in the order they apply.

    Raises ConfigError naming file and line when a folder is incomplete or contradicts itself.
    """
    layers: dict[str, Layer] = {}
    for root in roots:
        if not root.is_dir():
            raise ConfigError(
                "Không có thư mục quyết định bổ sung",
                "No such folder of decisions",
                tried=[str(root)],
                hint_vi="sửa standard.extra_layers",
                hint_en="correct standard.extra_layers",
            )
        for head_file in sorted(root.glob("*/layer.yaml")):
            layer = _read_layer(head_file)
            if layer.head.id in layers:
                raise _wrong(head_file, 1, f"id {layer.head.id} được dùng hai lần", f"id {layer.head.id} is used twice")
            layers[layer.head.id] = layer
    return tuple(sorted(layers.values(), key=lambda layer: (layer.head.effective, layer.head.id)))


def _read_layer(head_file: Path) -> Layer:
    try:
        document = yaml.safe_load(head_file.read_text(encoding="utf-8"))
        head = LayerHead.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise _wrong(head_file, 1, f"khóa {key}: {first['msg']}", f"key {key}: {first['msg']}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _wrong(head_file, 1, "không phải YAML UTF-8", "not YAML in UTF-8") from error
    folder = head_file.parent
    fields = tuple(_rows(folder / "fields.csv", _FIELD_COLUMNS))
    if head.layout is None and any(row["op"] in _STRUCTURAL for row in fields):
        # Writers go by the layout's name alone, so a name may stand for one order of elements only.
        raise _wrong(
            folder / "fields.csv",
            1,
            "thêm, đổi tên hoặc bỏ trường thì layer.yaml phải đặt tên layout mới",
            "a layer that adds, renames or removes fields must name a new layout",
        )
    return Layer(
        head=head,
        folder=folder.name,
        tables=tuple(_rows(folder / "tables.csv", _TABLE_COLUMNS)),
        fields=fields,
        codes=tuple(_code_rows(folder / "codes.csv", head)),
    )


def _code_rows(path: Path, head: LayerHead) -> Iterator[CodeRow]:
    for row in _rows(path, _CODE_COLUMNS):
        if row["status"] not in ("", "tolerated"):
            raise _wrong(path, 1, f"status lạ: {row['status']}", f"unknown status: {row['status']}")
        try:
            start = date.fromisoformat(row["from"]) if row["from"] else head.effective
            until = date.fromisoformat(row["until"]) if row["until"] else None
        except ValueError as error:
            raise _wrong(path, 1, f"ngày sai ở mã {row['code']}", f"bad date at code {row['code']}") from error
        yield CodeRow(row["set"], row["code"], row["label_vi"], row["status"] == "tolerated", start, until)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[Mapping[str, str]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        if tuple(reader.fieldnames or ()) != tuple(columns):
            names = ",".join(columns)
            raise _wrong(path, 1, f"hàng đầu phải là: {names}", f"the first row must be: {names}")
        for row in reader:
            if None in row or None in row.values():
                raise _wrong(path, reader.line_num, "sai số cột", "wrong number of columns")
            yield row


def _wrong(path: Path, line: int, message_vi: str, message_en: str) -> ConfigError:
    return ConfigError(
        f"Dữ liệu quyết định sai: {message_vi}", f"Decision data is wrong: {message_en}", where=Where(str(path), line)
    )
