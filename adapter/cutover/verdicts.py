"""Verdicts from the portal's lists, and what the portal has that we do not, and the reverse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from adapter.clock import VIETNAM
from adapter.cutover.matching import Unmatched, match
from adapter.cutover.sheet import Line, Problem, Sheet
from adapter.errors import ConfigError
from adapter.pipeline.deadlines import correction_deadline
from adapter.store.encounters.expected import MA_LK
from adapter.store.portal.imports import Source
from adapter.store.portal.verdicts import Judged, Sent
from adapter.store.states import Verdict
from adapter.store.store import Store

_VERDICTS = {
    "pending": Verdict.PENDING,
    "good": Verdict.GOOD,
    "faulty": Verdict.FAULTY,
    "replaced": Verdict.REPLACED,
}


@dataclass(frozen=True, slots=True)
class VerdictReport:
    """What one list came to. ``counts``: by verdict; ``…_known``, ``older_than_known`` changed nothing."""

    kind: str
    lines: int
    matched: int
    counts: dict[str, int]
    unmatched: tuple[Unmatched, ...]
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "lines": self.lines,
            "revisions": self.matched,
            "counts": self.counts,
            "unmatched": [one.to_dict() for one in self.unmatched],
            "problems": [one.to_dict() for one in self.problems],
        }


def import_verdicts(
    store: Store, facility: str, sheet: Sheet, *, at: datetime | None, now: datetime, actor: str
) -> VerdictReport:
    """Match each line to a revision and record its verdict; lines that match nothing are handed back.

    ``at``: when the list was exported; by default when its file was written, which is never earlier.
    """
    told_at = min(at or sheet.written_at, now)
    matched, unmatched = _match_all(store, facility, sheet, told_at)
    judged = [one for group in matched.values() for one in _judge(sheet.kind, group)]
    source = Source(sheet.kind, sheet.path.name, sheet.sha256, len(sheet.lines), told_at)
    counts = store.verdicts.record(facility, judged, source, due_at=correction_deadline(told_at), now=now, actor=actor)
    return VerdictReport(sheet.kind, len(sheet.lines), len(judged), counts, tuple(unmatched), sheet.problems)


def _match_all(
    store: Store, facility: str, sheet: Sheet, at: datetime
) -> tuple[dict[int, list[tuple[Line, Sent]]], list[Unmatched]]:
    known = store.verdicts.sent(facility, {line.ma_lk for line in sheet.lines})
    marked = store.elsewhere.listed(facility)
    there = {line.ma_lk for line in sheet.lines if line.state != "refused"}
    matched: dict[int, list[tuple[Line, Sent]]] = {}
    unmatched: list[Unmatched] = []
    for line in sheet.lines:
        elsewhere = store.vault.blind(line.ma_lk, MA_LK) in marked
        ours = known.get(line.ma_lk, [])
        found = match(line, ours, at=at, elsewhere=elsewhere)
        if line.state == "refused":
            # Refused at the door is an answer we had at once; it is news only where we hold a receipt and the
            # list knows of no other copy.
            if isinstance(found, Sent) and found.state == "accepted" and line.ma_lk not in there:
                unmatched.append(Unmatched(line.line, line.ma_lk, "refused_there", found.dossier_state))
        elif isinstance(found, Unmatched):
            unmatched.append(found)
        else:
            matched.setdefault(found.revision_id, []).append((line, found))
    return matched, unmatched


def _judge(kind: str, group: Sequence[tuple[Line, Sent]]) -> list[Judged]:
    """One verdict from all lines about a revision."""
    sent = group[0][1]
    lines = [line for line, _ in group]
    payment = any(line.payment_asked for line in lines)
    if kind == "errors":
        faults = tuple(dict.fromkeys((line.code, line.text) for line in lines))
        return [Judged(sent, Verdict.FAULTY, faults, payment)]
    # The same bytes sent twice stand there twice: the older copy as replaced by the newer, which says nothing.
    standing = [line for line in lines if line.state != "replaced"] or lines
    last = max(standing, key=lambda line: (line.sent_at[0].timestamp() if line.sent_at else 0.0, line.line))
    if last.state == "replaced" and last.receipt and sent.received and last.receipt != sent.received[-1][0]:
        return []
    verdict = _VERDICTS[last.state]
    faults = ((last.code, last.text),) if verdict is Verdict.FAULTY and (last.code or last.text) else ()
    return [Judged(sent, verdict, faults, payment)]


# ---- what the portal has that we do not, and the reverse ------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """Both sides over one span of days. Amounts are Decimal đồng."""

    first: date
    last: date
    both: int = 0
    portal_only: tuple[Unmatched, ...] = ()
    ours_only: tuple[Sent, ...] = ()
    verdicts: tuple[tuple[Sent, str], ...] = ()
    amounts: tuple[dict[str, Any], ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def same(self) -> bool:
        """True when both sides hold the same dossiers with the same sums."""
        return not (self.portal_only or self.ours_only or self.amounts or self.problems)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "same": self.same,
            "both": self.both,
            "portal_only": [one.to_dict() for one in self.portal_only],
            "ours_only": [
                {
                    "ma_lk": one.ma_lk,
                    "revision": one.number,
                    "accepted_at": one.accepted_at.isoformat() if one.accepted_at else None,
                    "receipts": [receipt for receipt, _ in one.received],
                }
                for one in self.ours_only
            ],
            "verdicts": [
                {"ma_lk": one.ma_lk, "revision": one.number, "ours": one.verdict, "portal": told}
                for one, told in self.verdicts
            ],
            "amounts": list(self.amounts),
            "problems": [one.to_dict() for one in self.problems],
        }


def difference(
    store: Store, facility: str, sheet: Sheet, *, first: date | None = None, last: date | None = None
) -> Difference:
    """Compare a list of sent dossiers with what was accepted here in the same days.

    The days are those of the list's own times of sending unless given. Changes nothing. Raises
    ConfigError for a list of errors, or one without times when no days are given.
    """
    if sheet.kind != "dossiers":
        raise ConfigError(
            "So sánh cần danh sách hồ sơ đã gửi, không phải danh sách lỗi",
            "A comparison needs the list of sent dossiers, not the list of errors",
        )
    first, last = _days(sheet, first, last)
    inside = [line for line in sheet.lines if line.sent_at is None or first <= _day(line.sent_at[0]) <= last]
    until = datetime.combine(last + timedelta(days=1), time(), VIETNAM)
    narrowed = Sheet(sheet.path, sheet.kind, sheet.sha256, sheet.written_at, tuple(inside), sheet.problems)
    matched, unmatched = _match_all(store, facility, narrowed, until)
    accepted = store.verdicts.accepted_between(facility, datetime.combine(first, time(), VIETNAM), until)
    verdicts: list[tuple[Sent, str]] = []
    amounts: list[dict[str, Any]] = []
    for group in matched.values():
        sent = group[0][1]
        for judged in _judge(sheet.kind, group):
            if judged.verdict is not None and (sent.verdict or "") != judged.verdict.value:
                verdicts.append((sent, judged.verdict.value))
        amounts.extend(_amounts(group[-1][0], sent))
    return Difference(
        first=first,
        last=last,
        both=len(matched),
        portal_only=tuple(unmatched),
        ours_only=tuple(sent for sent in accepted if sent.revision_id not in matched),
        verdicts=tuple(verdicts),
        amounts=tuple(amounts),
        problems=sheet.problems,
    )


def _amounts(line: Line, sent: Sent) -> list[dict[str, Any]]:
    found = []
    for name, theirs, ours in (
        ("T_TONGCHI_BV", line.total, sent.amount_total),
        ("T_BHTT", line.insurance, sent.amount_insurance),
    ):
        if theirs is not None and theirs != (ours if ours is not None else Decimal(0)):
            found.append({"ma_lk": sent.ma_lk, "field": name, "ours": ours, "portal": theirs})
    return found


def _days(sheet: Sheet, first: date | None, last: date | None) -> tuple[date, date]:
    days = [_day(line.sent_at[0]) for line in sheet.lines if line.sent_at is not None]
    first, last = first or min(days, default=None), last or max(days, default=None)
    if first is None or last is None:
        raise ConfigError(
            "Danh sách không có ngày gửi; nêu khoảng ngày bằng --from và --to",
            "The list has no dates of sending; give the days with --from and --to",
        )
    return first, last


def _day(at: datetime) -> date:
    return at.astimezone(VIETNAM).date()


def summed(reports: Sequence[VerdictReport]) -> dict[str, int]:
    """The counts of several lists together."""
    total: Counter[str] = Counter()
    for report in reports:
        total.update(report.counts)
    return dict(total)
