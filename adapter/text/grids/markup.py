"""Tables in HTML and in the XML forms of TT 12/2026."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lxml import etree, html

from adapter.text.grids.delimited import decoded
from adapter.text.grids.model import EMPTY, MAX_COLUMNS, Cell, Grid, Merge, Row, bounded, unusable


def html_grids(path: Path, data: bytes, charset: str | None) -> list[Grid]:
    """Every table of a page. Raises ConfigError."""
    parser = html.HTMLParser(no_network=True, encoding="utf-8", huge_tree=False)
    try:
        root = html.fromstring(decoded(data, charset).encode("utf-8"), parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise unusable(path, "không phải bảng HTML đọc được", "not a readable HTML table") from error
    grids = []
    for n, table in enumerate(root.iter("table"), 1):
        merged: list[Merge] = []
        rows = list(bounded(path, _lines(table, merged)))
        grids.append(Grid(f"bảng {n}", rows, merged=merged))
    return grids


def _lines(table: Any, merged: list[Merge]) -> Iterator[Row]:
    """Rows with every cell in its column: what a cell spans beyond its first place is empty."""
    covered: dict[int, int] = {}  # column → last line that a cell above reaches
    for number, row in enumerate(table.iter("tr"), 1):
        cells: list[Cell] = []
        for element in row:
            if element.tag not in {"th", "td"}:
                continue
            while covered.get(len(cells), 0) >= number and len(cells) < MAX_COLUMNS:
                cells.append(EMPTY)
            if len(cells) >= MAX_COLUMNS:
                break
            at, wide, high = len(cells), _span(element, "colspan"), _span(element, "rowspan")
            cells += [Cell(" ".join("".join(element.itertext()).split())), *[EMPTY] * (wide - 1)]
            if wide > 1 or high > 1:
                merged.append((number, at, number + high - 1, at + wide - 1))
                covered |= dict.fromkeys(range(at, at + wide), number + high - 1)
        yield number, cells[:MAX_COLUMNS]


def _span(element: Any, name: str) -> int:
    text = (element.get(name) or "").strip()
    most = MAX_COLUMNS if name == "colspan" else 65_534  # the HTML standard's own bound
    return max(1, min(int(text), most)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def xml_grids(path: Path, data: bytes) -> list[Grid]:
    """Elements that look like rows, one sheet per tag. Raises ConfigError."""
    if b"<!DOCTYPE" in data[:100_000].upper():
        raise unusable(path, "tệp XML có DOCTYPE", "the XML file has a DOCTYPE")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise unusable(path, "XML sai cú pháp", "malformed XML") from error
    found: dict[str, list[Any]] = {}
    for element in root.iter(etree.Element):
        if len(element) and all(len(child) == 0 for child in element) and isinstance(element.tag, str):
            found.setdefault(etree.QName(element).localname, []).append(element)
    return [_of_elements(path, tag, rows) for tag, rows in found.items()]


def _of_elements(path: Path, tag: str, elements: Sequence[Any]) -> Grid:
    names = list(dict.fromkeys(etree.QName(child).localname for e in elements for child in e))[:MAX_COLUMNS]

    def lines() -> Iterator[Row]:
        yield 0, [Cell(name) for name in names]
        for element in elements:
            values = {etree.QName(child).localname: (child.text or "").strip() for child in element}
            yield element.sourceline or 0, [Cell(values.get(name, "")) for name in names]

    return Grid(tag, list(bounded(path, lines())), tag)
