"""Which conditions hold. Pure: facts in, conditions out; every threshold is a setting.

The texts carry counts, codes and times and never a patient's data: they leave the house by mail
and messenger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from adapter.clock import VIETNAM
from adapter.errors import GatewayUnreachable, StoreBusy
from adapter.pipeline.deadlines import is_working_day
from adapter.pipeline.flow import AUTH, BREAKER, PAUSE, SOURCE, STOP
from adapter.rules.catalogue import holidays
from adapter.settings import WatchSettings
from adapter.signing.checks import WARN_DAYS
from adapter.store.records import Gate
from adapter.store.watch.alerts import Standing
from adapter.store.watch.figures import Figures
from adapter.store.watch.health import CertificateSeen, StageHealth

_OPENS, _CLOSES = time(7), time(17)
"""The hours of a working day; a whole one without a receipt is silence."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the watch saw at ``now``. ``broken``: days whose equation does not hold; bytes and days as named.

    ``live``: facilities that send; ``resting``: paused ones, whose stages and gates say nothing new.
    """

    now: datetime
    disk_free: int
    broken: int
    unbalanced_pulls: bool
    figures: Sequence[Figures] = ()
    stages: Sequence[StageHealth] = ()
    gates: Sequence[Gate] = ()
    certificates: Sequence[CertificateSeen] = ()
    overdue_books: dict[str, int] = field(default_factory=dict)
    missing_at_source: dict[str, int] = field(default_factory=dict)
    live: frozenset[str] = frozenset()
    resting: frozenset[str] = frozenset()


def conditions(facts: Facts, settings: WatchSettings) -> list[Standing]:
    """Everything that holds now; at most one of a kind and facility."""
    found = [*_installation(facts, settings)]
    for one in facts.figures:
        found += _facility(one, facts, settings)
    # A gate tells why sending fails, better than the stage does: one trouble, one alert.
    gated = {gate.facility for gate in facts.gates if gate.closed and gate.kind in {AUTH, BREAKER}}
    for health in facts.stages:
        if health.facility in facts.resting or not _lasting(health, facts, settings):
            continue
        if health.code == StoreBusy.code:
            found.append(_store(health))  # one store, however many stages need it
        elif health.stage != "send" or health.code == GatewayUnreachable.code or health.facility not in gated:
            found.append(_stage(health))
    for gate in facts.gates:
        found += _gate(gate, facts, settings)
    for certificate in facts.certificates:
        found += _certificate(certificate, facts.now)
    found += [
        Standing(
            "book-overdue", code, "warning",
            f"{count} lượt khám có biên nhận quá 24 giờ chưa rõ đã hiện trên VNeID",
            f"{count} visits with a receipt older than 24 hours are not known to show in VNeID",
        )
        for code, count in sorted(facts.overdue_books.items()) if count >= settings.book_overdue
    ]  # fmt: skip
    found += [
        Standing(
            "source-missing", code, "error",
            f"Đối soát: {count} lượt có trong HIS mà ở đây chưa đọc",
            f"Reconciliation: {count} encounters stand in the HIS and were not read here",
        )
        for code, count in sorted(facts.missing_at_source.items()) if count
    ]  # fmt: skip
    return list({one.key: one for one in found}.values())


def _installation(facts: Facts, settings: WatchSettings) -> Iterator[Standing]:
    if facts.broken or facts.unbalanced_pulls:
        yield Standing(
            "equation", "", "error",
            f"Đẳng thức bảo toàn không khớp ở {facts.broken} ngày: có hồ sơ mất dấu; xem bhyt status",
            f"The equation does not hold on {facts.broken} days: a dossier is not accounted for; see bhyt status",
        )  # fmt: skip
    if facts.disk_free < settings.disk_free_gb * 1024**3:
        left = f"{facts.disk_free / 1024**3:.1f} GB"
        yield Standing(
            "disk", "", "error",
            f"Đĩa chỉ còn {left}; đĩa đầy thì không ghi được gì nữa",
            f"Only {left} of disk are left; on a full disk nothing can be kept",
        )  # fmt: skip


def _facility(one: Figures, facts: Facts, settings: WatchSettings) -> Iterator[Standing]:
    code = one.facility
    if one.late:
        yield Standing(
            "deadline-passed", code, "error",
            f"{one.late} hồ sơ đã quá hạn gửi", f"{one.late} dossiers are past their deadline",
        )  # fmt: skip
    if one.near:
        yield Standing(
            "deadline-near", code, "warning",
            f"{one.near} hồ sơ đến hạn trong {settings.deadline_hours:g} giờ tới mà chưa có biên nhận",
            f"{one.near} dossiers are due within {settings.deadline_hours:g} hours and have no receipt",
        )  # fmt: skip
    if one.faults_due:
        yield Standing(
            "fault-due", code, "warning",
            f"{one.faults_due} hồ sơ cổng báo lỗi sắp hoặc đã quá hạn sửa 2 ngày làm việc",
            f"{one.faults_due} faulty dossiers are at or past the 2 working days for their correction",
        )  # fmt: skip
    handed = one.accepted_since + one.refused_since
    if handed >= settings.refusal_least and one.refused_since / handed >= settings.refusal_share:
        yield Standing(
            "refusals", code, "error",
            f"Cổng từ chối {one.refused_since} trên {handed} hồ sơ trong 24 giờ qua",
            f"The gateway refused {one.refused_since} of {handed} dossiers in the last 24 hours",
        )  # fmt: skip
    if code not in facts.live:
        return
    waited = facts.now - one.oldest_moving if one.oldest_moving is not None else timedelta()
    if waited >= timedelta(hours=settings.queue_hours):
        hours = int(waited.total_seconds() // 3600)
        yield Standing(
            "queue-age", code, "warning",
            f"{one.waiting} hồ sơ đang chờ, lâu nhất {hours} giờ không nhúc nhích",
            f"{one.waiting} dossiers wait, the oldest has not moved for {hours} hours",
        )  # fmt: skip
    if _silent(one, facts, settings):
        yield Standing(
            "silence", code, "error",
            f"Không có biên nhận nào trong {settings.silent_hours:g} giờ qua, cả ngày làm việc",
            f"No receipt for {settings.silent_hours:g} hours, a whole working day among them",
        )  # fmt: skip


def _silent(one: Figures, facts: Facts, settings: WatchSettings) -> bool:
    """The dead man's alert: a hospital that sends every day has sent nothing, whatever the queue says.

    The last receipt of a Friday afternoon is no silence before Monday evening.
    """
    last = one.last_receipt
    if last is None or facts.now - last < timedelta(hours=settings.silent_hours):
        return False
    first, today = last.astimezone(VIETNAM).date(), facts.now.astimezone(VIETNAM).date()
    days = (first + timedelta(days=n) for n in range((today - first).days + 1))
    return any(
        last <= datetime.combine(day, _OPENS, VIETNAM) and datetime.combine(day, _CLOSES, VIETNAM) <= facts.now
        for day in days
        if is_working_day(day, holidays())
    )


def _lasting(health: StageHealth, facts: Facts, settings: WatchSettings) -> bool:
    since = health.failing_since
    return since is not None and facts.now - since >= timedelta(minutes=settings.failing_minutes)


def _stage(health: StageHealth) -> Standing:
    since = _moment(health)
    if health.code == GatewayUnreachable.code:
        # The same trouble as an open breaker, which takes several dossiers to open.
        return Standing(
            "breaker", health.facility, "warning",
            f"Không gửi được từ {since}: {health.message_vi}; hồ sơ nằm chờ, tự gửi lại khi cổng chạy",
            f"Nothing can be sent since {since}: {health.message_en}; dossiers wait and go on by themselves",
        )  # fmt: skip
    return Standing(
        f"stage-{health.stage}", health.facility, "error",
        f"Bước {health.stage} hỏng từ {since}: {health.message_vi}",
        f"Stage {health.stage} has failed since {since}: {health.message_en}",
        step=health.code or "",
    )  # fmt: skip


def _store(health: StageHealth) -> Standing:
    since = _moment(health)
    return Standing(
        "store", "", "error",
        f"{health.message_vi}, từ {since}; mọi bước chờ, không mất gì",
        f"{health.message_en}, since {since}; every stage waits, nothing is lost",
    )  # fmt: skip


def _moment(health: StageHealth) -> str:
    return f"{health.failing_since.astimezone(VIETNAM):%d/%m %H:%M}" if health.failing_since else ""


def _gate(gate: Gate, facts: Facts, settings: WatchSettings) -> Iterator[Standing]:
    # A pause that is over proves nothing: login and breaker are well when the gateway has answered again.
    if not gate.closed:
        return
    lasted = facts.now - gate.changed_at
    if gate.kind == PAUSE:
        if lasted >= timedelta(hours=settings.stop_hours):
            yield _paused(gate, lasted)
    elif gate.facility in facts.resting:
        return
    elif gate.kind == AUTH:
        yield Standing(
            "login", gate.facility, "error",
            f"Cổng từ chối đăng nhập: {gate.reason}", f"The gateway refuses the login: {gate.reason}",
        )  # fmt: skip
    elif gate.kind == BREAKER and lasted >= timedelta(minutes=settings.breaker_minutes):
        yield Standing(
            "breaker", gate.facility, "warning",
            f"Tạm ngừng gửi vì cổng lỗi liên tiếp ({gate.reason}); hồ sơ nằm chờ, tự gửi lại khi cổng chạy",
            f"Sending pauses, the gateway fails in a row ({gate.reason}); dossiers wait and go on by themselves",
        )  # fmt: skip
    elif gate.kind == STOP and lasted >= timedelta(hours=settings.stop_hours):
        yield Standing(
            "stopped", gate.facility, "warning",
            f"Công tắc ngừng gửi đã đóng {lasted.days * 24 + lasted.seconds // 3600} giờ",
            f"The stop switch has been closed for {lasted.days * 24 + lasted.seconds // 3600} hours",
        )  # fmt: skip


def _paused(gate: Gate, lasted: timedelta) -> Standing:
    hours = lasted // timedelta(hours=1)
    what_vi, what_en = ("đọc HIS", "reading the HIS") if gate.service == SOURCE else ("mọi bước", "every stage")
    return Standing(
        "paused", gate.facility, "warning",
        f"Cơ sở tạm dừng {what_vi} đã {hours} giờ; chạy lại bằng bhyt resume",
        f"The facility has paused {what_en} for {hours} hours; bhyt resume ends it",
    )  # fmt: skip


def _certificate(seen: CertificateSeen, now: datetime) -> Iterator[Standing]:
    left = seen.not_after - now
    step = min((days for days in WARN_DAYS if left <= timedelta(days=days)), default=None)
    if step is None:
        return
    days = max(left // timedelta(days=1), 0)
    yield Standing(
        "certificate", seen.facility, "error" if step <= 7 else "warning",
        f"Chứng thư số {seen.serial} còn {days} ngày; gia hạn và đăng ký số sê-ri mới trên cổng",
        f"Certificate {seen.serial} ends in {days} days; renew it and register the new serial on the portal",
        step=str(step),
    )  # fmt: skip
