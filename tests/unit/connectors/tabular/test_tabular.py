"""Exported files: every line reaches its encounter or is told, nothing is half believed, the source stays as it is."""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from adapter.errors import ConfigError, MappingError, SourceSchemaError, SourceValueError, StoreBusy
from adapter.settings import SourceSettings
from adapter.source import Cursor, SourceEncounter
from adapter.text.charset import encode
from connectors.base import open_feed
from connectors.tabular import open_tabular
from connectors.tabular.feed import TabularFeed
from connectors.tabular.source import TabularSource

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SPEC: dict[str, Any] = {
    "connector": "tabular",
    "encounters": {"file": "luot*.csv", "key": "MA_LK", "columns": {"MA_LK": "Mã lượt", "HO_TEN": ["Họ tên", "Tên"]}},
    "collections": {
        "lines": {
            "file": ["chi_phi*"],
            "parent": "MA_LK",
            "columns": {"MA_LK": "Mã lượt", "DON_GIA": "Đơn giá", "MA": "Mã"},
        }
    },
}


def spec(**changes: Any) -> dict[str, Any]:
    """SPEC with other settings of the collection."""
    lines = {**SPEC["collections"]["lines"], **changes}
    return {**SPEC, "collections": {"lines": lines}}


def day(folder: Path, name: str, visits: str, lines: str | None, *, age: float = 600) -> Path:
    """A delivery of two CSV files, last written ``age`` seconds ago."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    texts = {"luot.csv": "Mã lượt;Họ tên\n" + visits}
    if lines is not None:
        texts["chi_phi.csv"] = "Mã lượt;Mã;Đơn giá\n" + lines
    for file, text in texts.items():
        (place / file).write_text(text, encoding="utf-8")
        os.utime(place / file, (time.time() - age, time.time() - age))
    return place


def source(folder: Path, of: dict[str, Any] | None = None, *, batch: int = 200, **options: Any) -> TabularSource:
    opened = open_tabular(
        of or SPEC, SourceSettings(url="tabular:", batch_size=batch, options={"folder": str(folder), **options})
    )
    assert isinstance(opened, TabularSource)
    return opened


def read(opened: TabularSource, cursor: Cursor | None = None) -> tuple[list[SourceEncounter], Cursor | None]:
    found: list[SourceEncounter] = []
    while True:
        batch = opened.pull(cursor, now=NOW)
        found += batch.encounters
        cursor = batch.cursor
        if batch.done:
            return found, cursor


def test_lines_of_all_files_join_their_encounter_and_the_source_is_not_touched(tmp_path: Path) -> None:
    place = day(tmp_path, "2026-11-21", "A;Vân\nB;Bình\n", "A;x;10,5\nB;y;1\nA;z;2\n")
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in place.iterdir()}
    found, cursor = read(source(tmp_path))
    assert [(e.key, e.row["HO_TEN"]) for e in found] == [("A", "Vân"), ("B", "Bình")]
    assert [r["MA"] for r in found[0].collections["lines"]] == ["x", "z"]
    assert found[0].collections["lines"][0]["DON_GIA"] == "10,5"
    assert read(source(tmp_path), cursor) == ([], cursor)
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in place.iterdir()} == before
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["2026-11-21", "chi_phi.csv", "luot.csv"]


def test_numbers_of_a_workbook_are_exact_and_codes_keep_their_zeros(tmp_path: Path) -> None:
    place = day(tmp_path, "d", "A;Vân\n", None)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["BẢNG KÊ"])
    sheet.append(["MÃ LƯỢT", "mã", "đơn  giá"])
    sheet.append(["A", "01.02", Decimal("1234567.005")])
    sheet.append(["A", 7, 0.1 + 0.2])
    sheet["B4"].number_format = "000"
    book.save(place / "chi_phi.xlsx")
    found, _ = read(source(tmp_path, steady=0))
    rows = found[0].collections["lines"]
    assert [r["DON_GIA"] for r in rows] == [Decimal("1234567.005"), Decimal("0.3")]
    assert [r["MA"] for r in rows] == ["01.02", "007"]


@pytest.mark.parametrize("charset", ["cp1258", "tcvn3", "unicode"])
def test_old_charsets_are_read_as_told_and_unknown_letters_stop_the_encounter(tmp_path: Path, charset: str) -> None:
    place = day(tmp_path, "d", "", "")
    data, _ = encode("Mã lượt;Họ tên\nA;Nguyễn Thị Vân\n", charset)
    (place / "luot.csv").write_bytes(data)
    of = {**SPEC, "encounters": {**SPEC["encounters"], "charset": charset}}
    found, _ = read(source(tmp_path, of, steady=0))
    assert found[0].row["HO_TEN"] == "Nguyễn Thị Vân"
    (place / "luot.csv").write_bytes("Mã lượt;Họ tên\nA;V".encode() + b"\xff\xfe\n")
    broken, _ = read(source(tmp_path, {**SPEC, "encounters": {**SPEC["encounters"], "charset": "unicode"}}, steady=0))
    assert broken[0].problem is not None


@pytest.mark.parametrize(
    ("visits", "lines"),
    [
        ("A;Vân\nA;Bình\n", "A;x;1\n"),  # two lines of one key
        ("A;Vân\n", "A;x;1;7\n"),  # an unquoted delimiter shifted the line
    ],
)
def test_an_encounter_whose_lines_cannot_be_believed_is_blocked_and_the_others_go_on(
    tmp_path: Path, visits: str, lines: str
) -> None:
    day(tmp_path, "d", visits + "B;Bình\n", lines + "B;y;1\n")
    found, _ = read(source(tmp_path))
    problems = {e.key: e.problem for e in found}
    assert problems["B"] is None
    assert problems["A"] is not None
    assert "Vân" not in "".join(problems["A"])
    assert ".csv:" in problems["A"][0]


def test_control_characters_of_a_damaged_file_stop_their_encounter_and_no_other(tmp_path: Path) -> None:
    place = day(tmp_path, "1", "A;V\x00ân\nB;Bình\nC;Chi\n", "A;x;1\nB;x;1\nC;x\x07;1\n")
    with (place / "chi_phi.csv").open("ab") as file:
        file.write(b"\x1a")  # how programs of DOS end a file
    os.utime(place / "chi_phi.csv", (1, 1))
    found = {e.key: e.problem for e in read(source(tmp_path))[0]}
    assert found["B"] is None
    assert found["A"] is not None
    assert found["C"] is not None


@pytest.mark.parametrize("value", ["1E999999999", "1E+400", "NaN", "Infinity", "0E-999999", "one"])
def test_a_number_no_spreadsheet_can_hold_refuses_its_delivery(tmp_path: Path, value: str) -> None:
    place = day(tmp_path, "1", "A;Vân\n", None)
    book = Workbook()
    book.active.append(["Mã lượt", "Mã", "Đơn giá"])
    book.active.append(["A", "x", 12345])
    book.save(place / "plain.xlsx")
    with zipfile.ZipFile(place / "plain.xlsx") as plain, zipfile.ZipFile(place / "chi_phi.xlsx", "w") as broken:
        for name in plain.namelist():
            broken.writestr(name, plain.read(name).replace(b"<v>12345</v>", f"<v>{value}</v>".encode()))
    (place / "plain.xlsx").unlink()
    with pytest.raises(SourceValueError, match="Delivery 1 is unreadable"):
        read(source(tmp_path, steady=0))


def test_lines_without_their_encounter_are_seen_or_told(tmp_path: Path) -> None:
    day(tmp_path, "d", "A;Vân\n", "A;x;1\nC;y;1\n")
    found, _ = read(source(tmp_path))
    assert {e.key: e.problem is None for e in found} == {"A": True, "C": False}
    reports = tmp_path / "reports"
    found, _ = read(source(tmp_path, spec(orphans="report"), reports={"folder": str(reports)}, group=r"^(d)$"))
    assert found == []  # with `group` the folder holds files, not folders
    found, _ = read(source(tmp_path, spec(orphans="report"), reports={"folder": str(reports)}))
    assert [e.key for e in found] == ["A"]
    told = json.loads((reports / "d.report.json").read_text(encoding="utf-8"))
    assert (told["encounters"], told["lines"]["lines"], len(told["problems"])) == (1, 2, 1)


def merged_page(place: Path) -> None:
    (place / "chi_phi.xls").write_text(
        "<table><tr><th>Mã lượt<th>Mã<th>Đơn giá</tr><tr><td rowspan=2>A<td>x<td>1</tr><tr><td>y<td>2</tr>"
        "<tr><td>B<td>z<td>3</tr></table>",
        encoding="utf-8",
    )


def test_merged_cells_are_refused_until_the_mapping_says_what_they_mean(tmp_path: Path) -> None:
    merged_page(day(tmp_path, "d", "A;Vân\nB;Bình\n", None))
    with pytest.raises(SourceValueError, match=r"chi_phi\.xls:3"):
        read(source(tmp_path, steady=0))
    found, _ = read(source(tmp_path, spec(merged="repeat"), steady=0))
    assert {e.key: [r["MA"] for r in e.collections["lines"]] for e in found} == {"A": ["x", "y"], "B": ["z"]}


def test_a_total_line_stops_the_delivery_unless_the_mapping_passes_over_it(tmp_path: Path) -> None:
    day(tmp_path, "d", "A;Vân\n", "A;x;1\n;;1\n")
    with pytest.raises(SourceValueError, match="without the key"):
        read(source(tmp_path))
    assert len(read(source(tmp_path, spec(without_key="skip")))[0][0].collections["lines"]) == 1


def test_a_delivery_that_cannot_be_read_stops_no_other_and_is_told_until_it_is_corrected(tmp_path: Path) -> None:
    day(tmp_path, "1", "A;Vân\n", "A;x;1\n")
    bad = day(tmp_path, "2", "B;Bình\n", "B;y;1\n")
    (bad / "chi_phi.csv").write_bytes(b"PK\x03\x04 no workbook")
    day(tmp_path, "3", "C;Chi\n", "C;z;1\n")
    opened, cursor = source(tmp_path, steady=0), None
    found: list[str] = []
    while len(found) < 2:
        batch = opened.pull(cursor, now=NOW)
        found += [e.key for e in batch.encounters]
        cursor = batch.cursor
    with pytest.raises(SourceValueError, match="Delivery 2") as told:
        opened.pull(cursor, now=NOW)
    assert found == ["A", "C"]
    assert "Bình" not in str(told.value)
    with pytest.raises(SourceValueError):
        opened.pull(cursor, now=NOW)
    day(tmp_path, "2", "B;Bình\n", "B;y;1\n")
    again, _ = read(opened, cursor)
    assert [e.key for e in again] == ["B"]


@pytest.mark.parametrize("what", ["no file", "no heading", "heading twice"])
def test_what_is_missing_in_a_delivery_is_named(tmp_path: Path, what: str) -> None:
    place = day(tmp_path, "d", "A;Vân\n", None if what == "no file" else "A;x;1\n")
    if what != "no file":
        heading = "Mã lượt;Mã" if what == "no heading" else "Mã lượt;Mã;Đơn giá;Đơn giá"
        (place / "chi_phi.csv").write_text(f"{heading}\nA;x;1;1\n", encoding="utf-8")
    with pytest.raises(SourceValueError, match=r"chi_phi\*" if what == "no file" else "Đơn giá"):
        read(source(tmp_path, steady=0))


def test_a_delivery_is_not_read_while_it_is_written(tmp_path: Path) -> None:
    place = day(tmp_path, "d", "A;Vân\n", "A;x;1\n", age=10)
    assert read(source(tmp_path, steady=60)) == ([], None)
    assert read(source(tmp_path, steady=5, marker="XONG"))[0] == []
    (place / "chi_phi2.csv.part").touch()
    assert read(source(tmp_path, steady=0))[0] == []
    (place / "chi_phi2.csv.part").unlink()
    (place / "XONG").touch()
    assert len(read(source(tmp_path, steady=0, marker="XONG"))[0]) == 1


def test_a_delivery_whose_marker_does_not_come_is_told_after_the_stated_hours(tmp_path: Path) -> None:
    day(tmp_path, "1", "A;Vân\n", "A;x;1\n", age=7 * 3600)
    late = source(tmp_path, steady=0, marker="XONG", overdue_hours=6)
    with pytest.raises(SourceValueError, match="Delivery 1 has waited 7 hours for the file 'XONG'"):
        read(late)
    assert read(source(tmp_path, steady=0, marker="XONG", overdue_hours=8)) == ([], None)
    place = day(tmp_path, "2", "B;Bình\n", "B;x;1\n", age=7 * 3600)
    (place / "XONG").touch()
    batch = late.pull(None, now=NOW)
    assert [e.key for e in batch.encounters] == ["B"], "the others go on"
    with pytest.raises(SourceValueError, match="Delivery 1 "):
        read(late, batch.cursor)
    (tmp_path / "1" / "XONG").touch()
    assert [e.key for e in read(late, batch.cursor)[0]] == ["A"]


@pytest.mark.parametrize(("age", "why"), [(7 * 3600, "still being written"), (-3600, "file server's clock")])
def test_a_delivery_that_never_becomes_complete_is_told(tmp_path: Path, age: float, why: str) -> None:
    place = day(tmp_path, "1", "A;Vân\n", "A;x;1\n", age=age)
    if age > 0:
        (place / "more.csv.part").touch()
    with pytest.raises(SourceValueError, match=why):
        read(source(tmp_path))


def test_a_changed_older_delivery_does_not_bring_back_what_a_newer_one_replaced(tmp_path: Path) -> None:
    day(tmp_path, "1", "A;Vân\nB;Bình\n", "A;x;1\nB;x;1\n")
    day(tmp_path, "2", "A;Vân Anh\n", "A;x;2\n")
    opened = source(tmp_path)
    found, cursor = read(opened)
    assert [(e.key, e.stamp) for e in found] == [("A", "1"), ("B", "1"), ("A", "2")]
    day(tmp_path, "1", "A;Vân\nB;Bình An\n", "A;x;1\nB;x;1\n")
    again, cursor = read(opened, cursor)
    assert [(e.key, e.row["HO_TEN"]) for e in again] == [("B", "Bình An")]
    assert [e.row["HO_TEN"] for e in opened.fetch(["A", "B", "Z"])] == ["Vân Anh", "Bình An"]
    os.utime(tmp_path / "2" / "luot.csv", (1, 1))  # touched, not changed
    assert read(opened, cursor)[0] == []


def test_a_reader_killed_between_pages_reads_the_delivery_again_and_loses_nothing(tmp_path: Path) -> None:
    day(tmp_path, "1", "".join(f"A{n};Vân\n" for n in range(10)), "".join(f"A{n};x;1\n" for n in range(10)))
    first = source(tmp_path, batch=3)
    batch = first.pull(None, now=NOW)
    assert (len(batch.encounters), batch.cursor, batch.done) == (3, None, False)
    batch = first.pull(batch.cursor, now=NOW)
    found, cursor = read(source(tmp_path, batch=3), batch.cursor)
    assert [e.key for e in found] == [f"A{n}" for n in range(10)]
    assert read(source(tmp_path), cursor)[0] == []


def test_files_in_one_folder_are_delivered_by_the_day_in_their_names(tmp_path: Path) -> None:
    for name in ("20261120", "20261121"):
        place = day(tmp_path / "x", name, f"{name};Vân\n", f"{name};x;1\n")
        for path in place.iterdir():
            path.rename(tmp_path / f"{path.stem}_{name}{path.suffix}")
    found, _ = read(source(tmp_path, group=r"(\d{8})\.csv$"))
    assert [(e.key, e.stamp, len(e.collections["lines"])) for e in found] == [
        ("20261120", "20261120", 1), ("20261121", "20261121", 1),
    ]  # fmt: skip


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"source\.collections\.lines\.merged"):
        source(tmp_path, spec(merged="guess"))
    with pytest.raises(MappingError, match="charset"):
        source(tmp_path, spec(charset="ebcdic"))
    with pytest.raises(ConfigError, match="group"):
        source(tmp_path, group="[0-9]+")
    with pytest.raises(SourceSchemaError):
        source(tmp_path / "nowhere").preflight()


class _Inbox:
    def __init__(self) -> None:
        self.kept: list[str] = []
        self.busy = False

    def put(self, encounters: Sequence[SourceEncounter]) -> None:
        if self.busy:
            raise StoreBusy("bận", "busy")
        self.kept += [e.key for e in encounters]


def test_the_feed_tells_of_a_marker_that_does_not_come_when_all_else_is_read(tmp_path: Path) -> None:
    day(tmp_path / "in", "1", "A;Vân\n", "A;x;1\n", age=7 * 3600)
    ready = day(tmp_path / "in", "2", "B;Bình\n", "B;x;1\n")
    (ready / "XONG").touch()
    inbox = _Inbox()
    feed = open_feed("tabular", {"folder": str(tmp_path), "steady": 0, "marker": "XONG"}, SPEC)
    assert isinstance(feed, TabularFeed)
    with pytest.raises(SourceValueError, match="Delivery 1 has waited 7 hours"):
        feed.look(inbox)
    assert inbox.kept == ["B"]
    assert (tmp_path / "done" / "2").is_dir()


def test_the_feed_moves_a_delivery_only_when_all_of_it_is_kept(tmp_path: Path) -> None:
    feed = open_feed("tabular", {"folder": str(tmp_path), "steady": 0}, SPEC)
    assert isinstance(feed, TabularFeed)
    day(tmp_path / "in", "1", "A;Vân\n", "A;x;1\n")
    bad = day(tmp_path / "in", "2", "B;Bình\n", None)
    inbox = _Inbox()
    inbox.busy = True
    with pytest.raises(StoreBusy):
        feed.look(inbox)
    assert (tmp_path / "work" / "1").is_dir()
    inbox.busy = False
    assert feed.look(inbox) == 2
    assert inbox.kept == ["A"]
    assert json.loads((tmp_path / "done" / "1.report.json").read_text(encoding="utf-8"))["encounters"] == 1
    refused = json.loads((tmp_path / "refused" / "2.report.json").read_text(encoding="utf-8"))
    assert "chi_phi" in refused["problems"][0]["message_en"]
    assert not bad.exists()
    day(tmp_path / "in", "1", "C;Chi\n", "C;x;1\n")
    feed.look(inbox)
    assert inbox.kept == ["A", "C"]
    assert (tmp_path / "done" / "1~2.report.json").is_file()
