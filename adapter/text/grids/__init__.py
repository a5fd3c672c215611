"""Files of every kind as plain grids of text: xlsx, csv, an HTML table named .xls, XML forms of TT 12/2026.

What a file is, is told by its content, never by its name. Nothing inside a file reaches the network or another
file, and what a file may unfold to is bounded.
"""

from __future__ import annotations

from pathlib import Path

from adapter.errors import ConfigError
from adapter.text.grids.delimited import delimited_grid
from adapter.text.grids.markup import html_grids, xml_grids
from adapter.text.grids.model import EMPTY, MAX_BYTES, Cell, Grid, Row, unusable
from adapter.text.grids.workbook import workbook_grids

__all__ = ["EMPTY", "MAX_BYTES", "Cell", "Grid", "Row", "read_grids"]

_OLE = b"\xd0\xcf\x11\xe0"
_HTML = (b"<!doctype html", b"<html", b"<table", b"<meta", b"<style", b"<head")


def read_grids(path: Path, *, charset: str | None = None, delimiter: str | None = None) -> list[Grid]:
    """Every sheet of the file. ``charset`` and ``delimiter`` are found out where they are not given.

    Raises ConfigError for what is no table at all; ValueError for an unknown charset.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"Không đọc được tệp '{path.name}'", f"Cannot read the file '{path.name}'", tried=[str(path)]
        ) from error
    if len(data) > MAX_BYTES:
        raise unusable(path, "tệp lớn hơn 100 MB", "the file is larger than 100 MB")
    if data[:2] == b"PK":
        return workbook_grids(path, data)
    if data[:4] == _OLE:
        raise unusable(
            path,
            "tệp .xls kiểu cũ; mở bằng Excel hoặc LibreOffice rồi lưu thành .xlsx",
            "an old binary .xls; open it and save it as .xlsx",
        )
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(_HTML):
        return html_grids(path, data, charset)
    if head.startswith(b"<"):
        return xml_grids(path, data)
    return [delimited_grid(path, data, charset, delimiter)]
