"""Which of our revisions a line of the portal's list speaks about. Never a guess: doubt is told, not resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapter.clock import VIETNAM
from adapter.cutover.sheet import Line
from adapter.store.portal.verdicts import Sent

CLOCKS_DIFFER = timedelta(minutes=10)
"""The gateway's clock and ours, and the way of an answer between them."""

_WHY = {
    "unknown": ("không có MA_LK này ở đây", "this MA_LK is not known here"),
    "elsewhere": ("đã đánh dấu do phần mềm khác gửi", "marked as sent by other software"),
    "never_accepted": (
        "hồ sơ có ở đây nhưng chưa bản nào có biên nhận",
        "the dossier is known, but no revision of it has a receipt",
    ),
    "other_receipt": (
        "mã giao dịch không phải của phần mềm này",
        "the receipt is none of this program's",
    ),
    "answer_lost": (
        "câu trả lời bị mất ở đây; nếu đúng là hồ sơ này, ghi nhận bằng `bhyt queue found`",
        "its answer was lost here; if it is this dossier, settle it with `bhyt queue found`",
    ),
    "other_time": (
        "ngày gửi không khớp lần gửi nào của phần mềm này",
        "the time of sending fits no sending of this program",
    ),
    "later": (
        "bản đã nhận mới hơn danh sách này; xuất lại danh sách hoặc dùng --at",
        "what was accepted is newer than this list; export it again, or use --at",
    ),
    "ambiguous": ("khớp nhiều bản, không đoán", "it fits several revisions; nothing is guessed"),
    "refused_there": (
        "cổng ghi từ chối nhưng ở đây có biên nhận",
        "the portal says refused, but a receipt is kept here",
    ),
}


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A line that speaks about nothing we can name. ``state``: how its dossier stands here, if it is known."""

    line: int
    ma_lk: str
    why: str
    state: str = ""
    receipt: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        vi, en = _WHY[self.why]
        return {
            "line": self.line,
            "ma_lk": self.ma_lk,
            "why": self.why,
            "state": self.state,
            "receipt": self.receipt,
            "message_vi": vi,
            "message_en": en,
        }


def match(line: Line, known: Sequence[Sent], *, at: datetime, elsewhere: bool) -> Sent | Unmatched:
    """The one revision a line means: by receipt, else by time of sending, else the newest accepted at ``at``.

    ``elsewhere``: the MA_LK is marked as sent by other software, which then explains a line of nobody's.
    """
    found = _find(line, known, at)
    if not isinstance(found, str):
        return found
    nobodys = found in ("unknown", "never_accepted", "other_receipt")
    lost = any(sent.state == "unknown" for sent in known)
    why = "answer_lost" if nobodys and lost else "elsewhere" if nobodys and elsewhere else found
    return Unmatched(line.line, line.ma_lk, why, known[-1].dossier_state if known else "", line.receipt)


def _find(line: Line, known: Sequence[Sent], at: datetime) -> Sent | str:
    """The revision, or why there is none."""
    accepted = [sent for sent in known if sent.state == "accepted"]
    if line.receipt and known:
        named = [sent for sent in known if any(receipt == line.receipt for receipt, _ in sent.received)]
        return named[0] if len(named) == 1 else "other_receipt"
    if not accepted:
        return "never_accepted" if known else "unknown"
    if line.sent_at is not None:
        fitting = _at_that_time(accepted, *line.sent_at)
        none = "other_time"
    else:
        before = [sent for sent in accepted if sent.accepted_at is not None and sent.accepted_at <= at]
        newest = {sent.dossier_id: sent for sent in sorted(before, key=lambda sent: sent.number)}
        fitting = list(newest.values())
        none = "later"
    if len(fitting) == 1:
        return fitting[0]
    return "ambiguous" if fitting else none


def _at_that_time(accepted: Sequence[Sent], told: datetime, hour_known: bool) -> list[Sent]:
    if not hour_known:
        day = told.astimezone(VIETNAM).date()
        return [s for s in accepted if any(at.astimezone(VIETNAM).date() == day for _, at in s.received)]
    away = [(min(abs(at - told) for _, at in s.received), s) for s in accepted if s.received]
    near = [(distance, sent) for distance, sent in away if distance <= CLOCKS_DIFFER]
    nearest = min((distance for distance, _ in near), default=None)
    return [sent for distance, sent in near if distance == nearest]
