"""Text with delimiters: charset and delimiter found out, or as told."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from adapter.text.charset import decode
from adapter.text.grids.model import MAX_COLUMNS, Cell, Grid, Row, bounded, unusable

_SAMPLE = 200_000
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_DOS_END = "\x1a"


def delimited_grid(path: Path, data: bytes, charset: str | None, delimiter: str | None) -> Grid:
    """The file as one sheet. Raises ConfigError."""
    try:
        return Grid(path.name, list(bounded(path, _lines(decoded(data, charset), delimiter))))
    except csv.Error as error:
        raise unusable(path, "không phải CSV đọc được", "not a readable CSV") from error


def _lines(text: str, delimiter: str | None) -> Iterator[Row]:
    first, _, rest = text.partition("\n")
    skipped = 0
    if first[:4].lower() == "sep=" and len(first) > 4:  # Excel's own hint
        delimiter, text, skipped = delimiter or first[4], rest, 1
    if delimiter is None:
        delimiter = max(";\t|,", key="\n".join(text.splitlines()[:50]).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for cells in reader:
        yield reader.line_num + skipped, [Cell(c.strip()) for c in cells[:MAX_COLUMNS]]


def decoded(data: bytes, charset: str | None = None) -> str:
    """Bytes as text without a byte order mark.

    Letters a charset does not know become U+FFFD, and so do control characters: they tell of a damaged file.
    """
    return _CONTROL.sub("\ufffd", _text(data, charset).removesuffix(_DOS_END))


def _text(data: bytes, charset: str | None) -> str:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    if charset is None:
        try:
            data.decode("utf-8")
            charset = "unicode"
        except UnicodeDecodeError:
            # Lines of plain ASCII say nothing about the charset, and all of a large file is not needed.
            telling = b"\n".join(line for line in data.splitlines() if not line.isascii())[:_SAMPLE]
            charset = decode(telling).charset
    return decode(data, charset).text.removeprefix("\ufeff")
