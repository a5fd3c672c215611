"""The staging way: a HIS vendor fills one table per XML, and a mapping made from the same field list reads them.

Everything here is written from the newest layout's field list, so a new decree changes both sides by running
``bhyt map staging`` again. A table holds the decree's tags as columns, ``MA_LK`` and ``ROW_NO`` before them; what the
program must know beside the tags (changed, ready, insured) stands once per encounter in ``BHYT_ENCOUNTER``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from adapter.standard.model import FieldSpec, Table
from adapter.standard.spec import layouts, written_as

CONTROL = "BHYT_ENCOUNTER"
_AUTOMATIC = ("MA_LK", "STT", "MA_CSKCB")
_FLAGS = {
    "INSURED": "1 = có thẻ BHYT / has a card",
    "READY_CHECKIN": "1 = đã phát sinh chi phí đầu tiên / first cost has arisen",
    "READY_TREATING": "1 = đã phát sinh chi phí tại khoa điều trị / first cost in the treating department",
    "READY_CLAIM": "1 = đã quyết toán / settled",
    "READY_BOOK": "1 = đã kết thúc đợt khám chữa bệnh / visit has ended",
    "CHECKIN_EXEMPT": "1 = không phải gửi check-in / no check-in is due",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one engine writes the types. ``text`` takes the greatest length, None without limit."""

    text: Callable[[int | None], str]
    integer: str
    big: str
    decimal: Callable[[int], str]
    moment: str


def _decimal(digits: int) -> str:
    return f"DECIMAL(18,{digits})"


DIALECTS: Mapping[str, Dialect] = {
    "postgresql": Dialect(lambda n: f"VARCHAR({n})" if n else "TEXT", "INTEGER", "BIGINT", _decimal, "TIMESTAMP(3)"),
    "mssql": Dialect(
        lambda n: f"NVARCHAR({n})" if n and n <= 4000 else "NVARCHAR(MAX)", "INT", "BIGINT", _decimal, "DATETIME2(3)"
    ),
    "oracle": Dialect(
        lambda n: f"VARCHAR2({n} CHAR)" if n and n <= 1000 else "CLOB",
        "NUMBER(10)",
        "NUMBER(19)",
        lambda digits: f"NUMBER(18,{digits})",
        "TIMESTAMP(3)",
    ),
    # A MySQL row holds 65,535 bytes of VARCHAR: longer texts stand outside it.
    "mysql": Dialect(
        lambda n: f"VARCHAR({n})" if n and n <= 255 else "MEDIUMTEXT", "INT", "BIGINT", _decimal, "DATETIME(3)"
    ),
    # SQLite would keep a DECIMAL as a binary float.
    "sqlite": Dialect(lambda _: "TEXT", "INTEGER", "INTEGER", lambda _: "TEXT", "TEXT"),
}


def staging_tables() -> tuple[Table, ...]:
    """The tables of the newest layout."""
    return tuple(written_as(layouts()[-1]).tables.values())


def columns(table: Table) -> list[FieldSpec]:
    """A staging table's decree columns: every field but those the program fills itself."""
    return [field for field in table.fields if field.name not in _AUTOMATIC]


def ddl(dialect: str) -> str:
    """CREATE TABLE statements for one of :data:`DIALECTS`."""
    d = DIALECTS[dialect]
    out = [
        f"-- Bảng trung gian cho bhyt-adapter ({dialect}), bố cục {layouts()[-1]}. Sinh bởi: bhyt map staging",
        "-- Staging tables for bhyt-adapter, generated; see docs/mapping/staging.md.",
        "",
        _create(
            CONTROL,
            [
                (f"MA_LK {d.text(100)} NOT NULL", "khoá của đợt khám / the encounter's key"),
                (f"CHANGED_AT {d.moment} NOT NULL", "ghi sau cùng, mỗi lần sửa / set last, at every change"),
                *((f"{flag} {d.integer} DEFAULT 0 NOT NULL", what) for flag, what in _FLAGS.items()),
            ],
            "MA_LK",
        ),
        f"CREATE INDEX IX_{CONTROL}_CHANGED ON {CONTROL} (CHANGED_AT);",
        "",
    ]
    for table in staging_tables():
        out += [
            f"-- {table.title_vi} / {table.title_en}",
            _create(table.name, list(_columns(d, table)), "MA_LK, ROW_NO"),
            "",
        ]
    return "\n".join(out)


def _create(name: str, parts: list[tuple[str, str]], key: str) -> str:
    width = max(len(code) for code, _ in parts) + 1
    lines = [f"  {code + ',':<{width}} -- {about}" for code, about in parts]
    return "\n".join([f"CREATE TABLE {name} (", *lines, f"  PRIMARY KEY ({key})", ");"])


def _columns(d: Dialect, table: Table) -> Iterator[tuple[str, str]]:
    yield f"MA_LK {d.text(100)} NOT NULL", "khoá của đợt khám / the encounter's key"
    yield f"ROW_NO {d.integer} NOT NULL", "thứ tự dòng, từ 1 / order of the row, from 1"
    if table.name == "XML0":
        yield f"OCCASION {d.text(20)} NOT NULL", "first_cost | treating_department"
    for field in columns(table):
        mark = " (bắt buộc / required)" if field.required == "Y" else ""
        yield f"{field.name} {_type(d, field)}", f"{field.meaning_vi}{mark}"


def _type(d: Dialect, field: FieldSpec) -> str:
    match field.xml_type:
        case "integer":
            return d.integer if (field.max_len or 0) < 10 else d.big
        case "decimal2" | "integer_or_decimal":
            return d.decimal(2)
        case "decimal3":
            return d.decimal(3)
        case "date8":
            return d.text(8)
        case "datetime12" | "date8_or_datetime12":
            return d.text(12)
    # The decree leaves lists of codes and numbers without a length; a column needs one to be indexed and read quickly.
    short = field.name.startswith(("MA_", "SO_")) or field.xml_type.endswith("_list")
    return d.text(field.max_len or (1000 if short else None))


_HEAD = """\
# Bảng trung gian: mỗi XML một bảng, cột là chỉ tiêu. Sinh bởi `bhyt map staging`; cần khác thì `extends: staging`.
# Staging: one table per XML, columns are the decree's tags. Generated; build on it with `extends: staging`.
# DDL: ddl/*.sql. Cách nạp / how to fill it: docs/mapping/staging.md
mapping: staging

source:
  connector: sql
  columns: upper
  encounters:
    query: |
      SELECT MA_LK, CHANGED_AT, INSURED, READY_CHECKIN, READY_TREATING, READY_CLAIM, READY_BOOK, CHECKIN_EXEMPT
      FROM BHYT_ENCOUNTER
    key: MA_LK
    changed_at: CHANGED_AT
    insured: INSURED == 1
    ready:
      checkin: {first_cost: READY_CHECKIN == 1, treating_department: READY_TREATING == 1}
      claim: READY_CLAIM == 1
      book: READY_BOOK == 1
    exempt:
      checkin:
        - {when: CHECKIN_EXEMPT == 1, reason: HIS đánh dấu không phải gửi check-in}
  collections:
"""


def mapping_text() -> str:
    """The mapping that reads the staging tables."""
    out = [_HEAD.rstrip("\n")]
    for table in staging_tables():
        extra = "OCCASION, " if table.name == "XML0" else ""
        names = ", ".join(field.name for field in columns(table))
        out += [
            f"    {table.name.lower()}:",
            f"      query: SELECT MA_LK, ROW_NO, {extra}{names} FROM {table.name} WHERE MA_LK IN :keys",  # noqa: S608
            "      parent: MA_LK",
            "      order_by: ROW_NO",
        ]
    out += ["", "with:", "  x0: {first: xml0, where: OCCASION == occasion}", "  x1: {first: xml1}", "", "tables:"]
    for table in staging_tables():
        out += list(_table(table))
    return "\n".join(out) + "\n"


def _table(table: Table) -> Iterator[str]:
    yield f"  {table.name}:"
    single = {"XML0": "x0.", "XML1": "x1."}.get(table.name)
    if single is not None:
        yield "    MA_LK: MA_LK"
        yield from (f"    {field.name}: {_value(field, single)}" for field in columns(table))
        return
    yield f"    each: {table.name.lower()}"
    yield "    rows:"
    yield from (f"      {field.name}: {_value(field, '')}" for field in columns(table))


def _value(field: FieldSpec, row: str) -> str:
    """Dates are steps, so that a vendor may keep them as date columns; other values stand as they are."""
    column = f"{row}{field.name}"
    if field.xml_type in ("date8", "datetime12"):
        birth = ", birth: true" if field.name.startswith(("NGAY_SINH", "NGAYSINH")) else ""
        return f"{{date: {column}{birth}}}"
    return column


def write_staging(folder: Path) -> list[Path]:
    """Write mapping and DDL into a folder; returns the files written."""
    (folder / "ddl").mkdir(parents=True, exist_ok=True)
    files = {folder / "mapping.yaml": mapping_text()}
    files |= {folder / "ddl" / f"{name}.sql": ddl(name) for name in DIALECTS}
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)
