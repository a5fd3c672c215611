"""Demo HIS D: the encounters of demo B as a web HIS without a reachable database exports them.

One folder per day of discharge: visits as CSV in CP1258 with semicolons and decimal commas, drugs as an HTML table
named ``.xls``, services and papers as true ``.xlsx``. Shapes follow what such systems are seen to export; all
people are invented.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from adapter.clock import VIETNAM
from adapter.demo.seed import seed_his_b
from adapter.dossier.model import Dossier
from adapter.mapping import load_mapping
from adapter.resources import shipped
from adapter.settings import SourceSettings
from adapter.source import SourceEncounter
from adapter.standard.model import FieldSpec, Table
from adapter.standard.spec import layouts, written_as
from adapter.text.charset import encode
from connectors.base import PullSource, open_source

FLAGS = {
    "CO_THE": "Có thẻ",
    "DA_CO_CHI_PHI": "Đã có chi phí",
    "DA_VAO_KHOA": "Đã vào khoa",
    "DA_QUYET_TOAN": "Đã quyết toán",
    "DA_KET_THUC": "Đã kết thúc",
    "MIEN_CHECKIN": "Miễn check-in",
}
_SEXES = {"1": "Nam", "2": "Nữ", "3": "Không rõ"}
_BOOK = ("XML1", "XML8", "XML12")
_AUTOMATIC = ("MA_LK", "STT", "MA_CSKCB")
VISITS, DRUGS, SERVICES = "XML1", "XML2", "XML3"


@cache
def tables() -> tuple[Table, ...]:
    """The tables a day's files hold."""
    return tuple(written_as(layouts()[-1]).tables.values())


def columns(table: Table) -> list[FieldSpec]:
    """What is exported beside the key."""
    return [f for f in table.fields if f.name not in _AUTOMATIC]


@cache
def headings() -> Mapping[tuple[str, str], str]:
    """(table, column) → heading; a column without one is exported under its tag."""
    text = files("adapter.demo.his_d").joinpath("headings.csv").read_text(encoding="utf-8")
    return {(row["table"], row["column"]): row["heading"] for row in csv.DictReader(io.StringIO(text))}


def heading(table: str, column: str) -> str:
    """The heading of a column in the export."""
    return headings().get((table, column)) or headings().get(("*", column)) or column


def export_his_d(folder: Path, *, facility: str, encounters: int, seed: int, now: datetime) -> int:
    """Write the day folders into ``folder``, which must not exist; how many. Same seed, same files' content."""
    days: dict[str, list[tuple[str, Mapping[tuple[str, str], Dossier], set[str]]]] = defaultdict(list)
    for key, dossiers, flags in _encounters(facility, encounters=encounters, seed=seed, now=now):
        ended = next((d.header.get("NGAY_RA", "") for (p, _), d in dossiers.items() if p != "checkin"), "")
        day = ended[:8] or f"{now.astimezone(VIETNAM):%Y%m%d}"
        days[f"{day[:4]}-{day[4:6]}-{day[6:]}"].append((key, dossiers, flags))
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)  # of a call that was broken off
    for day, visits in sorted(days.items()):
        _write_day(partial / day, visits)
    partial.rename(folder)
    return len(days)


def _encounters(
    facility: str, *, encounters: int, seed: int, now: datetime
) -> Iterator[tuple[str, Mapping[tuple[str, str], Dossier], set[str]]]:
    with tempfile.TemporaryDirectory() as place:
        his = Path(place) / "his.db"
        seed_his_b(his, encounters=encounters, seed=seed, now=now, defect_share=0)
        plan = load_mapping(shipped("mappings") / "demo-his-b" / "mapping.yaml")
        source = open_source(plan.source, SourceSettings(url=f"sqlite:///{his}"))
        try:
            for encounter in _all(source, now):
                dossiers: dict[tuple[str, str], Dossier] = {}
                flags: set[str] = set()
                for due in plan.readiness(encounter).due:
                    made = plan.translate(encounter, due, facility=facility, now=now, uninsured_tables=_BOOK)
                    dossiers[due.purpose.value, due.occasion] = made
                    flags.add(_FLAG_OF[due.purpose.value, due.occasion])
                    flags |= {"MIEN_CHECKIN"} if due.exempt_reason else set()
                if dossiers:
                    flags |= {"CO_THE"} if ("book", "") not in dossiers else set()
                    yield next(iter(dossiers.values())).ma_lk, dossiers, flags
        finally:
            source.close()


_FLAG_OF = {
    ("checkin", "first_cost"): "DA_CO_CHI_PHI",
    ("checkin", "treating_department"): "DA_VAO_KHOA",
    ("claim", ""): "DA_QUYET_TOAN",
    ("book", ""): "DA_KET_THUC",
}


def _all(source: PullSource, now: datetime) -> Iterator[SourceEncounter]:
    cursor, seen = None, set()
    while True:
        batch = source.pull(cursor, now=now)
        yield from (one for one in batch.encounters if one.key not in seen)
        seen |= {one.key for one in batch.encounters}
        cursor = batch.cursor
        if batch.done:
            return


def _write_day(folder: Path, visits: Sequence[tuple[str, Mapping[tuple[str, str], Dossier], set[str]]]) -> None:
    folder.mkdir(parents=True)
    lines: dict[str, list[dict[str, str]]] = {t.name: [] for t in tables()}
    for key, dossiers, flags in visits:
        own: dict[str, str] = {"MA_LK": key} | {flag: "x" if flag in flags else "" for flag in FLAGS}
        for (purpose, occasion), dossier in dossiers.items():
            for table in tables():
                if (table.name == "XML0") is not (purpose == "checkin"):
                    continue
                for row in dossier.rows(table.name):
                    if table.name == VISITS:
                        own |= {f.name: row.get(f.name, "") for f in columns(table)}
                    else:
                        lines[table.name].append({"MA_LK": key, "DIP": occasion, **row})
        lines[VISITS].append(own)
    stamp = folder.name.replace("-", "")
    by_name = {t.name: t for t in tables()}
    (folder / f"luot_kham_{stamp}.csv").write_bytes(_csv(by_name[VISITS], lines[VISITS]))
    (folder / f"thuoc_{stamp}.xls").write_text(_html(by_name[DRUGS], lines[DRUGS]), encoding="utf-8")
    _workbook(folder / f"dich_vu_{stamp}.xlsx", [by_name[SERVICES]], lines)
    rest = [t for t in tables() if t.name not in (VISITS, DRUGS, SERVICES)]
    _workbook(folder / f"giay_to_{stamp}.xlsx", rest, lines)


def _csv(table: Table, lines: Sequence[Mapping[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    names = ["MA_LK", *FLAGS, *(f.name for f in columns(table))]
    writer.writerow([FLAGS.get(n) or heading(table.name, n) for n in names])
    kinds = {f.name: f for f in columns(table)}
    for line in lines:
        writer.writerow([_typed_by_hand(kinds.get(n), line.get(n, ""), comma=True) for n in names])
    data, lost = encode(out.getvalue(), "cp1258")
    if lost:
        raise ValueError("the demo's people have names that CP1258 cannot write")
    return data


def _html(table: Table, lines: Sequence[Mapping[str, str]]) -> str:
    names = ["MA_LK", *(f.name for f in columns(table))]
    kinds = {f.name: f for f in columns(table)}
    head = "".join(f"<th>{escape(heading(table.name, n))}</th>" for n in names)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{escape(_typed_by_hand(kinds.get(n), line.get(n, ''), comma=False))}</td>" for n in names)
        + "</tr>\n"
        for line in lines
    )
    total = f"<tr><td></td><td colspan={len(names) - 1}>Tổng số dòng: {len(lines)}</td></tr>"
    return (
        "<html><head><meta charset='utf-8'></head><body><table border=1>"
        f"<tr><td colspan={len(names)}>BẢNG KÊ THUỐC</td></tr><tr>{head}</tr>\n{body}{total}</table></body></html>"
    )


def _workbook(path: Path, of: Sequence[Table], lines: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
    book = Workbook()
    book.remove(book.worksheets[0])
    for table in of:
        sheet = book.create_sheet(table.name)
        names = ["MA_LK", *(["DIP"] if table.name == "XML0" else []), *(f.name for f in columns(table))]
        if table.name == SERVICES:
            sheet.append(["BẢNG KÊ DỊCH VỤ"])
            sheet.merge_cells("A1:F1")
        sheet.append([heading(table.name, n) for n in names])
        kinds = {f.name: f for f in columns(table)}
        for line in lines[table.name]:
            sheet.append([_cell(kinds.get(n), line.get(n, "")) for n in names])
    book.save(path)


def _cell(field: FieldSpec | None, text: str) -> Any:
    """A number or moment where a spreadsheet has one, else text."""
    if not text:
        return None
    if field is not None and field.kind == "N":
        return Decimal(text)
    if field is not None and field.xml_type == "datetime12" and len(text) == 12:
        try:
            return datetime.strptime(text, "%Y%m%d%H%M")  # noqa: DTZ007 -- cells have no zone
        except ValueError:
            return text  # a birth of which only the year is known
    return text


def _typed_by_hand(field: FieldSpec | None, text: str, *, comma: bool) -> str:
    """As a page shows it: words for the sex, day first, decimal comma."""
    if field is None or not text:
        return text
    if field.name == "GIOI_TINH":
        return _SEXES.get(text, text)
    if field.xml_type == "datetime12" and field.name != "NGAY_SINH":
        return f"{text[6:8]}/{text[4:6]}/{text[:4]} {text[8:10]}:{text[10:]}"
    return text.replace(".", ",") if comma and field.kind == "N" else text
