"""What the health book of QĐ 1332 asks for and no XML table carries: the targets of a mapping's ``healthbook:``.

The list is data (``healthbook_extra.csv``): a new item costs a line there. What the tables do carry is
projected from the dossier and is no target here.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from adapter.standard.model import FieldSpec

PREFIX = "healthbook."
"""How a section is called where tables are named: ``healthbook.allergies``."""

_KINDS: Mapping[str, tuple[str, str]] = {
    "text": ("string", "S"),
    "code": ("string", "S"),
    "icd": ("string", "S"),
    "flag": ("flag", "S"),
    "integer": ("integer", "N"),
    "decimal": ("decimal2_text", "N"),
    "date": ("date8_partial", "S"),
    "datetime": ("datetime12", "S"),
}
"""Kind of an item → how its value is written. ``flag`` is 1 or 0, a date may have zeros for what is not known."""

_DATA = Path(__file__).resolve().parent / "healthbook_extra.csv"


@dataclass(frozen=True, slots=True)
class BookSection:
    """One section with its fields; ``many``: a list of rows, otherwise one row for the encounter."""

    name: str
    many: bool
    fields: tuple[FieldSpec, ...]
    by_name: Mapping[str, FieldSpec] = field(init=False, repr=False, compare=False)
    names: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", MappingProxyType({f.name: f for f in self.fields}))
        object.__setattr__(self, "names", tuple(f.name for f in self.fields))

    @property
    def section(self) -> str:
        """The name as it stands under ``healthbook:``."""
        return self.name.removeprefix(PREFIX)


@lru_cache(maxsize=1)
def book_sections() -> Mapping[str, BookSection]:
    """Section → its fields, in the order of the data file. ValueError when the shipped data is broken."""
    found: dict[str, list[FieldSpec]] = {}
    many: dict[str, bool] = {}
    with _DATA.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            section = row["section"]
            if row["kind"] not in _KINDS or row["repeat"] not in ("one", "many"):
                raise ValueError(f"{_DATA.name}: {section}.{row['field']} has no such kind or repeat")
            many[section] = row["repeat"] == "many"
            fields = found.setdefault(section, [])
            fields.append(_spec(row, len(fields) + 1))
    return MappingProxyType(
        {name: BookSection(PREFIX + name, many[name], tuple(fields)) for name, fields in found.items()}
    )


def _spec(row: Mapping[str, str], position: int) -> FieldSpec:
    xml_type, kind = _KINDS[row["kind"]]
    return FieldSpec(
        table=PREFIX + row["section"],
        pos=position,
        name=row["field"],
        xml_type=xml_type,
        kind=kind,
        max_len=None,
        required="N",
        separator="",
        code_list="",
        since="",
        changed_by="",
        meaning_vi=row["meaning_vi"],
        meaning_en=row["meaning_en"],
        notes="",
    )
