"""Tell people: mail, messenger or whatever Apprise reaches. One message a round, however much is new."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from adapter.clock import VIETNAM
from adapter.errors import ConfigError
from adapter.settings import Settings, read_secret
from adapter.store.watch.alerts import Alert

BY_FILE = "file:"


@dataclass(frozen=True, slots=True)
class Message:
    """What leaves the house: a line and a text, no patient data in either."""

    title: str
    text: str
    severity: Literal["info", "warning", "error"]


Tell = Callable[[Message], bool]
"""True when at least one channel took it."""


def message(starts: Sequence[Alert], ends: Sequence[Alert], language: str) -> Message:
    """Everything new in one message: first what began, the worst first, then what ended."""
    vi = language == "vi"
    order = {"error": 0, "warning": 1}
    lines = [
        f"{_mark(one)} {_where(one)}{one.text_vi if vi else one.text_en} "
        f"({'từ' if vi else 'since'} {one.opened_at.astimezone(VIETNAM):%d/%m %H:%M})"
        for one in sorted(starts, key=lambda one: (order.get(one.severity, 2), one.facility, one.id))
    ]
    lines += [f"✔ {_where(one)}{'đã hết' if vi else 'over'}: {one.text_vi if vi else one.text_en}" for one in ends]
    severity: Literal["info", "warning", "error"] = "info"
    if any(one.severity == "error" for one in starts):
        severity = "error"
    elif starts:
        severity = "warning"
    count = f"{len(starts)} cảnh báo mới, {len(ends)} đã hết" if vi else f"{len(starts)} new alerts, {len(ends)} over"
    return Message(f"BHYT adapter: {count}", "\n".join(lines), severity)


def channels(settings: Settings) -> Tell:
    """The channels of ``alerts[]``; ``file:NAME`` keeps an address and its password out of the configuration.

    Raises ConfigError for an address Apprise does not know, before anything went wrong at night.
    """
    import apprise

    book = apprise.Apprise()
    for number, entry in enumerate(settings.alerts):
        address = entry
        if entry.startswith(BY_FILE):
            address = read_secret(settings.path(Path(entry.removeprefix(BY_FILE))), f"alerts[{number}]")
        if not book.add(address):
            kind = address.split(":", 1)[0]
            raise ConfigError(
                f"alerts[{number}]: không hiểu địa chỉ cảnh báo kiểu {kind}",
                f"alerts[{number}]: an alert address of kind {kind} is not understood",
                hint_vi="dùng địa chỉ Apprise, ví dụ mailtos://…, tgram://…, hoặc file:TÊN-TỆP chứa địa chỉ",
                hint_en="use an Apprise address such as mailtos://… or tgram://…, or file:NAME of a file holding it",
            )

    def tell(what: Message) -> bool:
        kinds: dict[str, Any] = {
            "info": apprise.NotifyType.INFO,
            "warning": apprise.NotifyType.WARNING,
            "error": apprise.NotifyType.FAILURE,
        }
        return bool(book.notify(body=what.text, title=what.title, notify_type=kinds[what.severity]))

    return tell


def _mark(one: Alert) -> str:
    return "✖" if one.severity == "error" else "▲"


def _where(one: Alert) -> str:
    return f"[{one.facility}] " if one.facility else ""
