"""Values as people read them: đồng with dots, local times, durations, labels."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from adapter.clock import VIETNAM


def number(value: object) -> str:
    """``1.234.567``, and ``1.234,5`` for what has decimals; other text as it stands."""
    if value is None or value == "":
        return ""
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not exact.is_finite():
        return str(value)
    return f"{exact:,f}".replace(",", "\0").replace(".", ",").replace("\0", ".")


def money(value: object) -> str:
    """An amount in đồng."""
    text = number(value)
    return f"{text} đ" if text else ""


def instant(value: datetime | str | None) -> datetime | None:
    """An instant from the store's ISO text, in Vietnam's time."""
    if value is None or value == "":
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(VIETNAM)


def when(value: datetime | str | None) -> str:
    """``23:59 25/11/2026``."""
    at = instant(value)
    return f"{at:%H:%M %d/%m/%Y}" if at else ""


def when_exactly(value: datetime | str | None) -> str:
    """``23:59:59 25/11/2026``."""
    at = instant(value)
    return f"{at:%H:%M:%S %d/%m/%Y}" if at else ""


def day(value: date | str | None) -> str:
    """``25/11/2026``."""
    if value is None or value == "":
        return ""
    on = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{on:%d/%m/%Y}"


def stamped(value: str) -> str:
    """``04:51:00 18/11/2026`` of a HIS's ``20261118045100``; empty for what is not written so."""
    if len(value) != 14 or not value.isdigit() or value[:2] not in {"19", "20"}:
        return ""
    return f"{value[8:10]}:{value[10:12]}:{value[12:]} {value[6:8]}/{value[4:6]}/{value[:4]}"


_WEEKDAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}


def weekday(value: datetime | str | None, language: str) -> str:
    """``thứ Hai 23/11/2026``: the day it is in Vietnam."""
    at = instant(value)
    return f"{_WEEKDAYS[language][at.weekday()]} {at:%d/%m/%Y}" if at else ""


def span(delta: timedelta, language: str) -> str:
    """A length of time in its largest unit and the next, minutes at least: ``3 ngày 4 giờ``."""
    seconds = int(abs(delta.total_seconds()))
    units = {"vi": ("ngày", "giờ", "phút", "giây"), "en": ("d", "h", "min", "s")}[language]
    if seconds < 60:
        return f"{seconds} {units[3]}"
    days, rest = divmod(seconds // 60, 1440)
    hours, minutes = divmod(rest, 60)
    if days > 6:
        return f"{days} {units[0]}"
    parts = [(days, units[0]), (hours, units[1]), (minutes, units[2])]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def wire_value(text: str, xml_type: str) -> str:
    """A dossier's text made readable: times and days as people write them, numbers with dots."""
    digits = text.isdigit()
    if xml_type == "datetime12" or (xml_type == "date8_or_datetime12" and len(text) == 12):
        if digits and len(text) == 12:
            return f"{text[8:10]}:{text[10:12]} {text[6:8]}/{text[4:6]}/{text[:4]}"
    elif xml_type.startswith("date8") and digits and len(text) == 8:
        return f"{text[6:8]}/{text[4:6]}/{text[:4]}"
    elif xml_type.startswith("decimal") and text:
        return number(text)
    return text
