"""A first mapping for a source nobody has mapped yet: every field commented with the columns likely to feed it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapter.standard.model import FieldSpec
from adapter.standard.spec import layouts, written_as


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table of the HIS: its name, columns with their types, and key columns."""

    name: str
    columns: Mapping[str, str]
    keys: tuple[str, ...] = ()


# Words of HIS columns against words of the decree's tags; both sides are folded to plain lower case.
_SYNONYMS: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "ho hoten ten name fullname patientname benhnhan",
        "sinh birth dob birthday ngaysinh namsinh",
        "gioi gender sex gioitinh",
        "the card bhyt hein insurance sothe",
        "cccd cmnd passport identity giayto idcard",
        "dia chi diachi address sonha",
        "tinh province city",
        "huyen district",
        "xa commune ward phuong",
        "dien thoai phone mobile dienthoai tel",
        "vao in admission start tiepnhan",
        "ra out discharge end ravien",
        "benh icd disease diagnosis chandoan",
        "thuoc drug medicine duoc product",
        "dich vu dichvu service dvkt",
        "vat tu vattu supply material",
        "so luong soluong amount quantity qty",
        "don gia dongia price",
        "thanh tien thanhtien total money",
        "khoa department dept",
        "bac si bacsi doctor physician staff",
        "dan toc dantoc ethnic",
        "nghe nghiep nghenghiep career job occupation",
        "quoc tich quoctich nation nationality national",
        "ket qua ketqua result",
        "can nang cannang weight",
        "nhom group",
        "muc huong muchuong ratio benefit",
        "y lenh ylenh instruction order yl",
        "lk episode visit treatment luotden encounter dot",
        "khoa nhom mau blood",
        "me mother cha father",
    )
)


def skeleton(name: str, tables: Sequence[SourceTable], *, connector: str = "sql") -> str:
    """The text of a mapping that loads, lints and waits to be filled in."""
    encounters = _likely_encounters(tables)
    key = encounters.keys[0] if encounters.keys else next(iter(encounters.columns), "ID")
    stamp = _likely_stamp(encounters) or key
    # a text for a person to edit, never sent to a database from here
    lines = [
        "# yaml-language-server: $schema=mapping.schema.json   (bhyt map schema > mapping.schema.json)",
        "# Các cột đoán theo tên, xem lại từng dòng / columns are guessed by name: review every line.",
        f"mapping: {name}",
        "source:",
        f"  connector: {connector}",
        "  encounters:",
        f"    query: SELECT * FROM {encounters.name}",  # noqa: S608
        f"    key: {key}",
        f"    changed_at: {stamp}",
        "    # insured: CARD_NUMBER is not None",
        "    # ready:",
        "    #   claim: SETTLED_TIME is not None     # đã quyết toán / settled",
        "    #   book: OUT_TIME is not None          # đã kết thúc / ended",
        "  collections: {}",
        "    # items:",
        f"    #   query: SELECT * FROM … WHERE {key} IN :keys",  # noqa: S608
        f"    #   parent: {key}",
        "lookups: {}",
        '  # sex: {1: "1", 2: "2"}',
        "tables:",
    ]
    for table in written_as(layouts()[-1]).tables.values():
        first = table.name == "XML1"
        mark = "" if first else "# "
        lines.append(f"  {mark}{table.name}:   # {table.title_vi} / {table.title_en}")
        lines.extend(_field_line(spec, tables, encounters, key, mapped=first) for spec in table.fields if _asked(spec))
    return "\n".join(lines) + "\n"


def _asked(spec: FieldSpec) -> bool:
    return spec.name not in ("STT", "MA_CSKCB") and not (spec.name == "MA_LK" and spec.table != "XML1")


def _field_line(
    spec: FieldSpec, tables: Sequence[SourceTable], encounters: SourceTable, key: str, *, mapped: bool
) -> str:
    about = f"{spec.meaning_vi}; {spec.xml_type}" + {"Y": "; bắt buộc / required", "C": "; có điều kiện"}.get(
        spec.required, ""
    )
    if spec.name == "MA_LK" and mapped:
        return f"    MA_LK: {key}   # {about}"
    found = likely_columns(spec, tables)
    names = ", ".join(f"{t}.{c}" for t, c in found) or "?"
    own = next((c for t, c in found if t == encounters.name), None)
    value = f"{{date: {own}}}" if own and spec.xml_type.startswith("date") else own or "?"
    return f"    # {spec.name}: {value}   # {about} ← {names}"


def likely_columns(spec: FieldSpec, tables: Sequence[SourceTable], limit: int = 3) -> list[tuple[str, str]]:
    """(table, column) pairs that may feed a field, best first."""
    wanted = words(spec.name)
    scored: list[tuple[float, str, str]] = []
    for table in tables:
        for column in table.columns:
            score = _alike(wanted, words(column)) + 0.1 * _alike(wanted, words(table.name))
            if score >= 0.4:
                scored.append((score, table.name, column))
    scored.sort(key=lambda s: (-s[0], s[1], s[2]))
    return [(table, column) for _, table, column in scored[:limit]]


def words(name: str) -> frozenset[str]:
    """The words of a column's or field's name: ``SoTheBHYT`` → so, the, bhyt."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", plain)
    return frozenset(p.lower() for p in parts) - {"ma", "id", "code", "so", "ngay", "time", "date", "t"} or frozenset(
        p.lower() for p in parts
    )


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    if not one or not other:
        return 0.0
    same = len(one & other)
    for group in _SYNONYMS:
        if one & group and other & group and not one & other & group:
            same += 1
    return 2 * same / (len(one) + len(other))


def _likely_encounters(tables: Sequence[SourceTable]) -> SourceTable:
    """The table that looks most like visits."""
    hints = ("episode", "luotden", "treatment", "visit", "encounter", "tiepnhan", "dieutri", "admission", "benhan")

    def score(table: SourceTable) -> tuple[int, int]:
        plain = "".join(sorted(words(table.name))) + table.name.lower().replace("_", "")
        return (max((len(hints) - i for i, h in enumerate(hints) if h in plain), default=0), len(table.columns))

    return max(tables, key=score, default=SourceTable("?", {}))


def _likely_stamp(table: SourceTable) -> str | None:
    hints = ("MODIFY", "MODIFIED", "UPDATE", "CAPNHAT", "CHANGED", "LASTMOD", "STAMP", "ROWVERSION")
    return next((c for h in hints for c in table.columns if h in c.upper().replace("_", "")), None)
