"""One cell's text as the value rules compare: codes whole, days as ``yyyymmdd``, amounts with a dot."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from adapter.catalogue.lists import Column, plain
from adapter.text.clean import one_line
from adapter.text.grids import Cell

_DAY_FORMS = ("%Y%m%d", "%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d")
_YES = frozenset({"1", "x", "co", "yes", "true", "dung", "y"})
_NO = frozenset({"", "0", "khong", "no", "false", "sai", "n"})
_SEX = {"1": "1", "nam": "1", "male": "1", "m": "1", "2": "2", "nu": "2", "female": "2", "f": "2"}
_BOTH = frozenset({"", "0", "3", "cahai", "all", "namnu"})
_WEEKDAY = {"2": "1", "3": "2", "4": "3", "5": "4", "6": "5", "7": "6", "8": "7", "cn": "7"}
_HOURS = re.compile(r"(\d{1,2})[:hg]?(\d{2})?\s*[-–]\s*(\d{1,2})[:hg]?(\d{2})?\Z")
_ICD = re.compile(r"[A-Z]\d{2}(\.[0-9A-Z]{1,3})?[†*+]?\Z")


class Unfit(ValueError):
    """A value its column cannot hold. The words never repeat the value: lists of people are read too."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi, self.en = vi, en


def value_of(column: Column, cell: Cell) -> str:
    """The value of a cell. Raises Unfit."""
    text = one_line(cell.text)
    if column.kind == "code":
        return _code(column, text, number=cell.number)
    read = _READERS.get(column.kind)
    return read(text) if read else text


def _code(column: Column, text: str, *, number: bool) -> str:
    if column.digits is not None and text.isascii() and text.isdigit() and len(text) < column.digits:
        return text.zfill(column.digits)  # all codes have so many digits: what a spreadsheet dropped is known
    if number and "." in text:
        raise Unfit(
            "mã được lưu dạng số nên số 0 cuối có thể đã mất; định dạng cột là Text rồi nhập lại mã",
            "the code is stored as a number, its last zeros may be gone; format the column as text and enter it again",
        )
    if " " in text:
        raise Unfit("mã có khoảng trắng ở giữa", "the code has a blank inside")
    return text


def _icd(text: str) -> str:
    code = text.upper().replace(" ", "")
    mark = code[-1:] if code[-1:] in {"†", "*", "+"} else ""
    bare = code.removesuffix(mark).replace(".", "") if mark else code.replace(".", "")
    if not bare:
        return ""
    code = bare[:3] + (f".{bare[3:]}" if len(bare) > 3 else "")
    if not _ICD.match(code):
        raise Unfit("không phải dạng mã ICD-10 (ví dụ J18.9)", "not the form of an ICD-10 code (such as J18.9)")
    return code


_GROUPS = (re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?\Z"), re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?\Z"))


def _number(text: str) -> str:
    bare = text.replace("\u00a0", "").replace(" ", "").removesuffix("đ").removesuffix("VND")
    if not bare:
        return ""
    english, vietnamese = (form.match(bare) for form in _GROUPS)
    if english and vietnamese:  # cannot be: one has commas first, the other dots
        raise Unfit("số không rõ", "an unclear number")
    if english:
        bare = bare.replace(",", "")
    elif vietnamese:
        bare = bare.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d{1,2}|\d{4,},\d+", bare):
        bare = bare.replace(",", ".")
    if not re.fullmatch(r"\d{1,15}(\.\d{1,6})?", bare):
        raise Unfit("không phải số (ví dụ 12500 hoặc 12500.5)", "not a number (such as 12500 or 12500.5)")
    return bare


def _day(text: str) -> str:
    if not text or text.startswith("9999") or text.endswith("9999"):
        return ""
    bare = text.split(" ", maxsplit=1)[0].split("T", maxsplit=1)[0]
    if len(bare) in {12, 14} and bare.isdigit():
        bare = bare[:8]
    for form in _DAY_FORMS:
        try:
            found = datetime.strptime(bare, form).date()  # noqa: DTZ007 -- a calendar day, no instant
        except ValueError:
            continue
        if date(1990, 1, 1) <= found <= date(2200, 1, 1):
            return f"{found:%Y%m%d}"
    raise Unfit("không phải ngày (ví dụ 01/07/2026 hoặc 20260701)", "not a day (such as 01/07/2026 or 20260701)")


def _flag(text: str) -> str:
    bare = plain(text)
    if bare in _YES:
        return "1"
    if bare in _NO:
        return "0" if text else ""
    raise Unfit("chỉ nhận 1/0, có/không, x hoặc trống", "wants 1/0, yes/no, x or nothing")


def _sex(text: str) -> str:
    bare = plain(text)
    if bare in _BOTH:
        return ""
    if bare not in _SEX:
        raise Unfit("giới tính: 1/nam, 2/nữ hoặc trống", "sex: 1/male, 2/female or nothing")
    return _SEX[bare]


def _weekdays(text: str) -> str:
    """Digits 1 (Monday) to 7. As Viet Nam counts, 2 is Monday, CN or 8 Sunday; a text with a 1 counts from Monday."""
    found = re.findall(r"cn|[1-8]", plain(text))
    if not found and text:
        raise Unfit("ngày trong tuần: 2;3;4;5;6;7;CN", "days of the week: 2;3;4;5;6;7;CN")
    days = found if "1" in found else [_WEEKDAY[d] for d in found]
    return "".join(sorted({d for d in days if d in "1234567"}))


def _hours(text: str) -> str:
    spans = []
    for part in re.split(r"[;,]", text.lower()):
        if not part.strip():
            continue
        found = _HOURS.match(part.strip())
        if found is None:
            raise Unfit("giờ làm việc: 0700-1130;1300-1630", "working hours: 0700-1130;1300-1630")
        a, b, c, d = found.groups()
        start, end = f"{int(a):02}{b or '00'}", f"{int(c):02}{d or '00'}"
        if not ("0000" <= start < end <= "2400" and start[2:] < "60" and end[2:] < "60"):
            raise Unfit("giờ bắt đầu phải trước giờ kết thúc", "hours must begin before they end")
        spans.append(f"{start}-{end}")
    return ";".join(spans)


_READERS: Mapping[str, Callable[[str], str]] = {
    "icd": _icd,
    "number": _number,
    "day": _day,
    "flag": _flag,
    "sex": _sex,
    "weekdays": _weekdays,
    "hours": _hours,
}
