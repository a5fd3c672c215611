"""``golive import``: what the former software sent is not sent again. All of a list, or nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapter.cutover.sheet import Problem, Sheet
from adapter.store.portal.elsewhere import Marked
from adapter.store.portal.imports import Source
from adapter.store.store import Store

_IN_EFFECT = ("pending", "good", "faulty", "replaced")


@dataclass(frozen=True, slots=True)
class GoliveReport:
    """What an import came to. ``done`` None: nothing was marked because of ``problems``."""

    states: dict[str, int]
    left_faulty: tuple[str, ...]
    problems: tuple[Problem, ...]
    done: Marked | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        done = self.done
        return {
            "imported": done is not None,
            "import_id": done.import_id if done else None,
            "listed": self.states,
            "marked": done.marked if done else 0,
            "already_marked": done.already if done else 0,
            "skipped_now": done.skipped if done else 0,
            "not_read_yet": done.later if done else 0,
            "ours": [{"ma_lk": ma_lk, "state": state} for ma_lk, state in (done.ours if done else ())],
            "left_faulty": list(self.left_faulty),
            "problems": [problem.to_dict() for problem in self.problems],
        }


def import_sent(
    store: Store, facility: str, sheet: Sheet, *, leave_faulty: bool, now: datetime, actor: str
) -> GoliveReport:
    """Mark what the list says the portal has. A refused dossier is not there and is not marked.

    ``leave_faulty``: what the portal calls faulty is not marked either, so that this program sends the
    correction. One unusable line, and nothing at all is marked.
    """
    states = Counter(line.state or "listed" for line in sheet.lines)
    problems = list(sheet.problems)
    if sheet.kind != "dossiers":
        problems.append(
            Problem(
                0,
                "TRANG_THAI_HS",
                "đây là danh sách lỗi; cần danh sách hồ sơ đã gửi",
                "this is a list of errors; the list of sent dossiers is needed",
            )
        )
    newest = {line.ma_lk: line for line in sheet.lines if line.state in _IN_EFFECT and line.state != "replaced"}
    there = {line.ma_lk for line in sheet.lines if line.state in _IN_EFFECT}
    faulty = {ma_lk for ma_lk, line in newest.items() if line.state == "faulty"} if leave_faulty else set()
    if problems:
        return GoliveReport(dict(states), tuple(sorted(faulty)), tuple(problems), None)
    source = Source("sent", sheet.path.name, sheet.sha256, len(sheet.lines), sheet.written_at)
    done = store.elsewhere.mark(facility, sorted(there - faulty), source, now=now, actor=actor)
    return GoliveReport(dict(states), tuple(sorted(faulty)), (), done)
