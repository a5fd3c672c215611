"""The lists that exist and the headings their files carry: data, not code (``data/lists.yaml``)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from adapter import resources
from adapter.errors import ConfigError, Where

Kind = Literal["text", "code", "icd", "number", "day", "flag", "sex", "weekdays", "hours"]
Scope = Literal["facility", "national"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what its values are, and the headings it is known by (already :func:`plain`)."""

    name: str
    kind: Kind
    required: bool
    names: tuple[str, ...]
    digits: int | None = None
    also: bool = False


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list. ``identity``: columns that tell rows of one code apart; ``xml_row``: its row tag in TT 12/2026."""

    name: str
    scope: Scope
    form: str
    title_vi: str
    title_en: str
    columns: Mapping[str, Column]
    identity: tuple[str, ...]
    join: Mapping[str, tuple[str, ...]]
    xml_row: str = ""
    personal: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """Columns a file of this list cannot be without."""
        return tuple(c.name for c in self.columns.values() if c.required)

    @property
    def found_by(self) -> tuple[str, ...]:
        """Columns a row is found under beside its code."""
        return tuple(c.name for c in self.columns.values() if c.also)


def plain(text: str) -> str:
    """Letters and digits only, without case and accents: how headings are compared."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in decomposed if c.isascii() and c.isalnum())


@cache
def specs() -> Mapping[str, ListSpec]:
    """Every list by name, in the order of the file."""
    lists = resources.document("adapter.catalogue", "data", "lists.yaml")["lists"]
    return {name: _spec(name, body) for name, body in lists.items()}


def spec_of(name: str) -> ListSpec:
    """The list of this name. Raises ConfigError naming those there are."""
    found = specs().get(name)
    if found is None:
        known = ", ".join(specs())
        raise ConfigError(f"Không có danh mục '{name}'; có: {known}", f"There is no list '{name}'; there are: {known}")
    return found


def with_headings(spec: ListSpec, path: Path) -> ListSpec:
    """The list with further headings from a file ``{list: {column: [heading, …]}}``, tried before the known ones.

    Raises ConfigError for a column the list does not have.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise _headings(path, "không đọc được", "cannot be read") from error
    own = document.get(spec.name, {}) if isinstance(document, dict) else None
    if not isinstance(own, dict):
        raise _headings(path, "cần dạng {danh mục: {cột: [tên]}}", "wants {list: {column: [headings]}}")
    columns = dict(spec.columns)
    for name, more in own.items():
        if name not in columns or not isinstance(more, list):
            known = ", ".join(columns)
            raise _headings(path, f"{spec.name}.{name}: cột có: {known}", f"{spec.name}.{name}: columns are {known}")
        old = columns[name]
        columns[name] = replace(old, names=(*(plain(str(h)) for h in more), *old.names))
    return replace(spec, columns=columns)


def _headings(path: Path, vi: str, en: str) -> ConfigError:
    return ConfigError(
        f"Tệp tên cột: {vi}",
        f"File of headings: {en}",
        where=Where(str(path)),
        hint_vi="xem docs/vi/catalogues.md",
        hint_en="see docs/catalogues.md",
    )


def _spec(name: str, body: Mapping[str, Any]) -> ListSpec:
    return ListSpec(
        name=name,
        scope=body["scope"],
        form=body["form"],
        title_vi=body["title_vi"],
        title_en=body["title_en"],
        columns={key: _column(key, value) for key, value in body["columns"].items()},
        identity=tuple(body["identity"]),
        join={key: tuple(value) for key, value in body.get("join", {}).items()},
        xml_row=body.get("xml_row", ""),
        personal=body.get("personal", False),
    )


def _column(name: str, body: Mapping[str, Any]) -> Column:
    kind = body.get("kind", "text")
    if kind not in get_args(Kind):
        raise ValueError(f"lists.yaml: {name} has the unknown kind {kind}")
    headings: Sequence[str] = body["names"]
    return Column(
        name,
        kind,
        body.get("required", False),
        tuple(map(plain, headings)),
        body.get("digits"),
        body.get("also", False),
    )
