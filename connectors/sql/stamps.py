"""Change stamps: the forms hospitals keep them in, as comparable text and back.

A :class:`Form` turns a column's value into text of one fixed shape (so that text order is
the source's order), back into a value the driver can bind, and can step back in time for the
look-back window. Sources: landscape notes on five HIS families — NUMBER(14), datetime, timestamp,
ISO text, epoch numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from adapter.clock import VIETNAM
from adapter.errors import SourceSchemaError
from adapter.source import Cursor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"^(\d{4}-\d{2}-\d{2})([ T])(\d{2}:\d{2}(?::\d{2}(?:\.(\d{1,9}))?)?)$")


@dataclass(frozen=True, slots=True)
class Form:
    """One way of keeping an instant (or a counter) in a column."""

    name: str
    to_text: Callable[[Any], str]
    to_bind: Callable[[str], Any]
    at: Callable[[datetime], str] | None
    """The text of an instant (rounded down); None when the column does not tell time."""
    instant: Callable[[str], datetime] | None
    """The instant of a text; None when the column does not tell time."""
    lowest: Any
    highest: Any

    def back(self, text: str, minutes: int, units: int) -> str:
        """The text ``minutes`` (or counter ``units``) earlier, rounded down."""
        if self.at is None or self.instant is None:
            return self.to_text(max(0, int(text) - units))
        try:
            return self.at(self.instant(text) - timedelta(minutes=minutes))
        except (OverflowError, ValueError):
            # A sentinel such as year 1, or digits that are no date (month 00): no window to step into.
            return text


def _digits(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise _unusable("number", value)
    text = str(value.strip()) if isinstance(value, str) else str(int(value))
    if (isinstance(value, Decimal) and value != value.to_integral_value()) or not text.isdigit():
        raise _unusable("number", value)
    return text


def _fixed_digits(length: int) -> Callable[[Any], str]:
    def to_text(value: Any) -> str:
        text = _digits(value)
        if len(text) > length:
            raise _unusable(f"{length} digits", value)
        return text.zfill(length)

    return to_text


def _unusable(expected: str, value: Any) -> SourceSchemaError:
    return SourceSchemaError(
        f"Cột mốc thay đổi (changed_at) không đúng dạng: cần {expected}, nhận kiểu {type(value).__name__}",
        f"A changed_at column has a value of the wrong form: expected {expected}, got a {type(value).__name__}",
        hint_vi="sửa khóa stamp hoặc changed_at trong khối source của tệp ánh xạ",
        hint_en="correct the key stamp or changed_at in the mapping's source block",
    )


def _datetime_text(value: Any) -> str:
    if not isinstance(value, datetime):
        raise _unusable("datetime", value)
    if value.tzinfo is not None:
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat(timespec="microseconds")


def _datetime_at(aware: bool) -> Callable[[datetime], str]:
    def at(instant: datetime) -> str:
        local = instant.astimezone(UTC) if aware else instant.astimezone(VIETNAM).replace(tzinfo=None)
        return local.isoformat(timespec="microseconds")

    return at


def _date_text(value: Any) -> str:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise _unusable("date", value)
    return value.isoformat()


def _iso_instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=VIETNAM)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _unusable("text", value)
    return value


def _number_form(name: str, pattern: str, length: int, *, as_text: bool = False) -> Form:
    def instant(text: str) -> datetime:
        return datetime.strptime(text, pattern).replace(tzinfo=VIETNAM)

    def at(moment: datetime) -> str:
        # Years below 1000 lose their leading zeros in strftime on some platforms.
        return moment.astimezone(VIETNAM).strftime(pattern).zfill(length)

    bind: Callable[[str], Any] = str if as_text else int
    lowest, highest = "0" * length, "9" * length
    return Form(name, _fixed_digits(length), bind, at, instant, bind(lowest), bind(highest))


def _epoch_form(name: str, per_second: int) -> Form:
    to_text = _fixed_digits(20)

    def instant(text: str) -> datetime:
        return _EPOCH + timedelta(microseconds=int(text) * 1_000_000 // per_second)

    def at(moment: datetime) -> str:
        micros = (moment - _EPOCH) // timedelta(microseconds=1)
        return to_text(max(0, micros * per_second // 1_000_000))

    return Form(name, to_text, int, at, instant, 0, 10**18)


def _iso_form(separator: str, fraction: int, length: int) -> Form:
    """ISO text in one exact shape: text order is time order only when all values share it."""

    def at(moment: datetime) -> str:
        spec = "microseconds" if fraction else ("minutes" if length == len("2026-01-01T00:00") else "seconds")
        text = moment.astimezone(VIETNAM).replace(tzinfo=None).isoformat(sep=separator, timespec=spec)
        return text[:length]

    return Form(f"iso{separator}{length}", _text, str, at, _iso_instant, "0001-01-01", "9999-12-31")


_DATETIME_LOW, _DATETIME_HIGH = datetime(1900, 1, 1), datetime(9999, 12, 30)  # noqa: DTZ001 -- naive columns

FORMS: dict[str, Form] = {
    "digits14": _number_form("digits14", "%Y%m%d%H%M%S", 14),
    "digits12": _number_form("digits12", "%Y%m%d%H%M", 12),
    "date8": _number_form("date8", "%Y%m%d", 8),
    "epoch_seconds": _epoch_form("epoch_seconds", 1),
    "epoch_millis": _epoch_form("epoch_millis", 1000),
    "counter": Form("counter", _fixed_digits(20), int, None, None, 0, 10**18),
    "datetime": Form(
        "datetime",
        _datetime_text,
        datetime.fromisoformat,
        _datetime_at(aware=False),
        _iso_instant,
        _DATETIME_LOW,
        _DATETIME_HIGH,
    ),
    "datetime_utc": Form(
        "datetime_utc",
        _datetime_text,
        datetime.fromisoformat,
        _datetime_at(aware=True),
        _iso_instant,
        _DATETIME_LOW.replace(tzinfo=UTC),
        _DATETIME_HIGH.replace(tzinfo=UTC),
    ),
    "date": Form(
        "date",
        _date_text,
        date.fromisoformat,
        lambda moment: moment.astimezone(VIETNAM).date().isoformat(),
        _iso_instant,
        date(1900, 1, 1),
        date(9999, 12, 30),
    ),
    "text14": _number_form("text14", "%Y%m%d%H%M%S", 14, as_text=True),
    "text12": _number_form("text12", "%Y%m%d%H%M", 12, as_text=True),
    "text8": _number_form("text8", "%Y%m%d", 8, as_text=True),
    "iso": _iso_form(" ", 0, len("2026-01-01 00:00:00")),
}


def find_form(samples: Sequence[Any]) -> Form:
    """The form that fits values seen in the changed_at columns (at least one, none of them None).

    Raises SourceSchemaError when they differ among each other or no form fits: guessing would skip rows.
    """
    found = {form.name: form for form in map(_form_of, samples)}
    if len(found) == 1:
        return next(iter(found.values()))
    raise SourceSchemaError(
        f"Các cột changed_at không cùng một dạng: {', '.join(sorted(found))}",
        f"The changed_at columns are not of one form: {', '.join(sorted(found))}",
        hint_vi="chuyển về cùng một kiểu trong câu truy vấn (CAST)",
        hint_en="bring them to one type in the query (CAST)",
    )


def _form_of(value: Any) -> Form:
    if isinstance(value, datetime):
        return FORMS["datetime_utc" if value.tzinfo is not None else "datetime"]
    if isinstance(value, date):
        return FORMS["date"]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return FORMS[_digits_form(_digits(value), "digits14", "digits12", "date8")]
    if isinstance(value, str):
        if value.strip().isdigit():
            return FORMS[_digits_form(value.strip(), "text14", "text12", "text8")]
        if (iso := _ISO.match(value)) is not None:
            return _iso_form(iso[2], len(iso[4] or ""), len(value))
        if re.match(r"^\d{4}-\d{2}-\d{2}$", value):
            return _iso_form(" ", 0, len(value))
    raise _unusable("date, datetime, 14/12/8 digits or ISO text", value)


def _digits_form(text: str, fourteen: str, twelve: str, eight: str) -> str:
    by_length = {14: fourteen, 12: twelve, 8: eight}
    if (name := by_length.get(len(text))) is not None:
        return name
    raise SourceSchemaError(
        f"Cột changed_at là số có {len(text)} chữ số, không tự nhận ra được ý nghĩa",
        f"A changed_at column holds numbers of {len(text)} digits, whose meaning cannot be found by itself",
        hint_vi="khai báo stamp: digits14 | digits12 | date8 | epoch_seconds | epoch_millis | counter",
        hint_en="state stamp: digits14 | digits12 | date8 | epoch_seconds | epoch_millis | counter",
    )


# -- where a scan stands ---------------------------------------------------------------------------
#
# A scan goes once from its low end to the newest row, in pages ordered by (change stamp, key). The next scan
# starts a look-back window earlier, because a transaction may commit late with an early stamp: every stamp is read
# once more after it is older than the window. For that the cursor that ends a scan never lies past the instant
# the scan began, and a scan that was interrupted (even for days) goes on at its page and remembers when it began.
#
# Between scans the cursor is (stamp, key); inside one, ``key`` carries the page's place after a separator. Both are
# text, so the store need not know.

_SEPARATOR = "␟"


@dataclass(frozen=True, slots=True)
class Position:
    """One point of a scan: the last row read, and when the scan began (as a stamp, None for counters)."""

    stamp: str
    key: str
    began: str | None


def read_cursor(cursor: Cursor) -> Position | None:
    """The page a scan stands at; None when the cursor ends a scan."""
    parts = cursor.key.split(_SEPARATOR)
    if len(parts) != 3:
        return None
    key, stamp, began = parts
    return Position(stamp, key, began or None)


def within_scan(position: Position, previous: Cursor | None) -> Cursor:
    """The cursor of an unfinished scan."""
    stamp = _monotonic(position, previous)
    return Cursor(stamp, _SEPARATOR.join((position.key, position.stamp, position.began or "")))


def after_scan(position: Position, previous: Cursor | None) -> Cursor:
    """The cursor of a finished scan, from which the next one looks back."""
    return Cursor(_monotonic(position, previous), position.key)


def _monotonic(position: Position, previous: Cursor | None) -> str:
    """Never past the scan's beginning, never before where the cursor stood."""
    reached = position.stamp if position.began is None else min(position.stamp, position.began)
    return max(reached, previous.stamp) if previous is not None else reached
