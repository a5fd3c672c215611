"""The portal's exported lists (xlsx), read tolerantly about form and strictly about content.

Order, case and accents of headings do not matter, nor do title lines above them. A line that cannot
be read is a problem with its line number; nothing is filled in.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import yaml

from adapter.clock import VIETNAM, from_datetime12
from adapter.dossier.model import decimal_of
from adapter.errors import ConfigError, Where
from adapter.later import later

if TYPE_CHECKING:
    import openpyxl
    from openpyxl.utils import exceptions
else:
    openpyxl, exceptions = later("openpyxl"), later("openpyxl.utils.exceptions")

_HEADING_WITHIN = 30
_MAX_BYTES = 200 * 1024 * 1024
_EXACT_DIGITS = 15  # a spreadsheet keeps no more of a number
_FORMS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that cannot be used. Never a value: lines are the portal's, values are patients'."""

    line: int
    column: str
    message_vi: str
    message_en: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON and pages."""
        return {
            "line": self.line,
            "column": self.column,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One dossier, or one of its errors. ``sent_at``: (instant, whether the hour is known)."""

    line: int
    ma_lk: str
    receipt: str = ""
    sent_at: tuple[datetime, bool] | None = None
    state: str = ""
    code: str = ""
    text: str = ""
    total: Decimal | None = None
    insurance: Decimal | None = None
    payment_asked: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list as read. ``kind``: ``dossiers`` (it has states) or ``errors`` (it has codes and no states)."""

    path: Path
    kind: str
    sha256: str
    written_at: datetime
    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    columns: frozenset[str] = field(default=frozenset())


def read_sheet(path: Path) -> Sheet:
    """Read one exported list.

    Raises ConfigError when the file is absent, no xlsx workbook, or has no column MA_LK with at
    least one of state and error code.
    """
    data = _bytes(path)
    columns, rows = _table(path, data)
    kind = "dossiers" if "state" in columns else "errors"
    lines: list[Line] = []
    problems: list[Problem] = []
    for number, cells in rows:
        values = {name: cells[at] for name, at in columns.items() if at < len(cells)}
        try:
            lines.append(_line(number, values, kind))
        except _Unusable as error:
            problems.append(Problem(number, error.column, error.message_vi, error.message_en))
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    digest = hashlib.sha256(data).hexdigest()
    return Sheet(path, kind, digest, written, tuple(lines), tuple(problems), frozenset(columns))


def plain(text: str) -> str:
    """Letters and digits only, without case and accents."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in decomposed if c.isascii() and c.isalnum())


class _Unusable(Exception):
    def __init__(self, column: str, message_vi: str, message_en: str) -> None:
        self.column, self.message_vi, self.message_en = column, message_vi, message_en
        super().__init__(message_en)


@cache
def _words(what: str) -> Mapping[str, str]:
    """Plain spelling → our name, of headings or states."""
    document = yaml.safe_load(files("adapter.cutover").joinpath("data/portal.yaml").read_text(encoding="utf-8"))
    return {plain(spelling): name for name, spellings in document[what].items() for spelling in spellings}


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise _not_a_list(path, "tệp quá lớn", "the file is too large")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"Không đọc được tệp ({error.strerror})", f"The file cannot be read ({error.strerror})", tried=[str(path)]
        ) from error


def _table(path: Path, data: bytes) -> tuple[dict[str, int], Iterator[tuple[int, Sequence[Any]]]]:
    """Column → place, and the numbered lines below the headings, of the first sheet that has them."""
    if not data.startswith(b"PK"):
        raise _not_a_list(
            path, "không phải tệp .xlsx; mở bằng Excel rồi lưu lại thành .xlsx", "no .xlsx; save it as .xlsx in Excel"
        )
    try:
        with warnings.catch_warnings():
            # openpyxl warns about styles and print areas it does not keep; cells are all we read.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            sheets = [[tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets]
            book.close()
    except (BadZipFile, exceptions.InvalidFileException, KeyError, ValueError, OSError) as error:
        raise _not_a_list(path, "tệp .xlsx bị hỏng", "the .xlsx file is damaged") from error
    for rows in sheets:
        for index, row in enumerate(rows[:_HEADING_WITHIN]):
            columns = _columns(row)
            if "ma_lk" in columns and columns.keys() & {"state", "code"}:
                below = ((n, cells) for n, cells in enumerate(rows[index + 1 :], index + 2) if any(_filled(cells)))
                return columns, below
    raise _not_a_list(
        path,
        "không thấy dòng tiêu đề có cột MA_LK cùng cột trạng thái hồ sơ hoặc mã lỗi",
        "no heading line with a column MA_LK and one of dossier state or error code",
    )


def _columns(row: Sequence[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        name = _words("columns").get(plain(cell)) if isinstance(cell, str) else None
        if name is not None:
            found.setdefault(name, place)
    return found


def _filled(cells: Sequence[Any]) -> Iterator[bool]:
    return (cell is not None and str(cell).strip() != "" for cell in cells)


def _line(number: int, values: Mapping[str, Any], kind: str) -> Line:
    ma_lk = _key(values.get("ma_lk"))
    state = ""
    if kind == "dossiers":
        said = _text(values.get("state"))
        state = _words("states").get(plain(said), "")
        if not state:
            raise _Unusable(
                "TRANG_THAI_HS",
                "trạng thái hồ sơ trống hoặc chưa biết" + (f": {said[:40]}" if said else ""),
                "the dossier state is empty or unknown" + (f": {said[:40]}" if said else ""),
            )
    return Line(
        line=number,
        ma_lk=ma_lk,
        receipt=_text(values.get("receipt")),
        sent_at=_instant(values.get("sent_at")),
        state=state,
        code=_code(values.get("code")),
        text=_text(values.get("text")),
        total=_amount("T_TONGCHI_BV", values.get("total")),
        insurance=_amount("T_BHTT", values.get("insurance")),
        payment_asked=bool(_text(values.get("payment_asked"))),
    )


def _key(cell: Any) -> str:
    """MA_LK as text. A number a spreadsheet has rounded is no key any more."""
    if isinstance(cell, bool) or cell is None:
        text = ""
    elif isinstance(cell, int | float):
        if cell != int(cell) or abs(cell) >= 10**_EXACT_DIGITS:
            raise _Unusable(
                "MA_LK",
                "ô là số và đã mất chữ số; xuất lại với cột MA_LK dạng Text",
                "the cell is a number and has lost digits; export again with MA_LK as text",
            )
        text = str(int(cell))
    else:
        text = str(cell).strip()
    if not text or len(text) > 100:
        raise _Unusable("MA_LK", "MA_LK trống hoặc quá dài", "MA_LK is empty or too long")
    return text


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return unicodedata.normalize("NFC", str(cell)).strip()


def _code(cell: Any) -> str:
    """An error code; what is no code goes with the text, which is sealed."""
    text = _text(cell)
    return text if re.fullmatch(r"[A-Za-z0-9_.\-]{1,40}", text) else ""


def _amount(column: str, cell: Any) -> Decimal | None:
    text = _text(cell)
    if not text:
        return None
    # A spreadsheet's own numbers come as their shortest text, which is what the cell shows.
    value = decimal_of(text)
    if value is None:
        raise _Unusable(column, "số tiền không đọc được", "the amount cannot be read")
    return value


def _instant(cell: Any) -> tuple[datetime, bool] | None:
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=cell.tzinfo or VIETNAM), cell.time() != time()
    if isinstance(cell, date):
        return datetime.combine(cell, time(), VIETNAM), False
    text = _text(cell)
    if not text:
        return None
    if text.isdigit():
        try:
            return from_datetime12(text), len(text) > 8
        except ValueError:
            raise _no_time() from None
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=VIETNAM), "%H" in form
        except ValueError:
            continue
    raise _no_time()


def _no_time() -> _Unusable:
    return _Unusable("NGAY_GUI", "ngày gửi không đọc được", "the date of sending cannot be read")


def _not_a_list(path: Path, why_vi: str, why_en: str) -> ConfigError:
    return ConfigError(
        f"Không phải danh sách xuất từ cổng: {why_vi}",
        f"Not a list exported from the portal: {why_en}",
        where=Where(str(path)),
        code="PORTAL-LIST",
    )
