"""What the program can say by itself about a step. Each check answers with words in both languages.

Receipts of the practice gateway prove nothing about the real one: ``Facts.real`` is asked wherever that matters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from adapter.clock import VIETNAM
from adapter.settings import Facility, Settings
from adapter.store.readiness.attestations import Counts
from adapter.store.watch.figures import Figures
from adapter.store.watch.health import CertificateSeen, StageHealth

Held = Literal["yes", "no", "against"]
"""``against``: the program knows that it is not so; no attestation covers that."""

LOOK_BACK = timedelta(days=30)
_FIELDS_ENOUGH = 0.8
_BLOCKED_MANY = 0.2


@dataclass(frozen=True, slots=True)
class Seen:
    """One check: does it hold, and in which words."""

    held: Held
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the checks look at: one facility at ``now``."""

    now: datetime
    settings: Settings
    facility: Facility
    counts: Counts
    figures: Figures
    stages: Sequence[StageHealth]
    certificate: CertificateSeen | None
    overdue: int

    @property
    def real(self) -> bool:
        """True when what is sent reaches BHXH's own gateway in production."""
        return self.settings.gateway.environment == "production"

    def ran(self, stage: str) -> StageHealth | None:
        """How a stage fares."""
        return next((one for one in self.stages if one.stage == stage), None)


def running(facts: Facts) -> Seen:
    ran = [one.last_run_at for one in facts.stages]
    if not ran:
        return Seen("no", "dịch vụ chưa chạy lần nào", "the service has not run yet")
    return Seen("yes", f"dịch vụ chạy lần cuối {_at(max(ran))}", f"the service last ran at {_at(max(ran))}")


def gateway_reached(facts: Facts) -> Seen:
    send = facts.ran("send")
    where = facts.settings.gateway.environment
    if send is None or send.last_ok_at is None or facts.figures.last_receipt is None:
        return Seen("no", "chưa có câu trả lời nào của cổng", "the gateway has not answered yet")
    at = _at(facts.figures.last_receipt)
    return Seen("yes", f"biên nhận gần nhất {at} (môi trường {where})", f"last receipt {at} (environment {where})")


def encounters_read(facts: Facts) -> Seen:
    count = facts.counts.encounters
    held: Held = "yes" if count else "no"
    return Seen(held, f"đã đọc {count} lượt từ HIS", f"{count} encounters read from the HIS")


def accepted_layouts(facts: Facts) -> Seen:
    done = ", ".join(f"{name}: {count}" for name, count in sorted(facts.counts.layouts.items()))
    if not done:
        return Seen("no", "chưa hồ sơ nào được tiếp nhận trong 30 ngày", "no dossier was received in the last 30 days")
    practice = "" if facts.real else " (cổng thử)"
    practice_en = "" if facts.real else " (practice gateway)"
    return Seen("yes", f"hồ sơ được tiếp nhận theo bố cục {done}{practice}", f"received by layout {done}{practice_en}")


def blocked_few(facts: Facts) -> Seen:
    total = max(1, facts.counts.encounters)
    share = facts.figures.blocked / total
    held: Held = "no" if share > _BLOCKED_MANY else "yes"
    return Seen(held, f"{facts.figures.blocked} hồ sơ đang bị chặn", f"{facts.figures.blocked} dossiers are blocked")


def certificate_in_force(facts: Facts) -> Seen:
    seen = facts.certificate
    if seen is None:
        return Seen("no", "chưa ký bằng chứng thư nào", "no certificate has signed yet")
    until = seen.not_after.astimezone(VIETNAM).strftime("%d/%m/%Y")
    if seen.not_after <= facts.now:
        return Seen(
            "against",
            f"chứng thư {seen.serial} hết hạn {until}; gia hạn và đăng ký số mới trên cổng",
            f"certificate {seen.serial} ended on {until}; renew it and register the new serial",
        )
    return Seen("yes", f"chứng thư {seen.serial} có hạn đến {until}", f"certificate {seen.serial} holds until {until}")


def audit_and_users(facts: Facts) -> Seen:
    held: Held = "yes" if facts.counts.users else "no"
    return Seen(
        held,
        f"{facts.counts.users} người dùng có vai trò, nhật ký kiểm tra {facts.counts.audit_rows} dòng",
        f"{facts.counts.users} users with roles, {facts.counts.audit_rows} lines in the audit log",
    )


def bodies_sealed(facts: Facts) -> Seen:
    del facts  # true of every store: no table holds a body that did not pass the vault
    return Seen("yes", "nội dung hồ sơ mã hóa AES-256-GCM trong kho lưu", "bodies are kept under AES-256-GCM")


def alerts_configured(facts: Facts) -> Seen:
    count = len(facts.settings.alerts)
    if not count:
        return Seen("no", "chưa có kênh cảnh báo (alerts)", "no alert channel (alerts)")
    return Seen("yes", f"{count} kênh cảnh báo", f"{count} alert channels")


def account_belongs(facts: Facts) -> Seen:
    code, account = facts.facility.code, facts.facility.account
    held: Held = "yes" if account.startswith(code) else "no"
    return Seen(held, f"cơ sở {code} gửi bằng tài khoản {account}", f"facility {code} sends by account {account}")


def production_receipt(facts: Facts) -> Seen:
    if not facts.real:
        where = facts.settings.gateway.environment
        return Seen(
            "no", f"đang nối môi trường {where}, chưa phải cổng thật", f"environment {where}, not the real gateway"
        )
    last = facts.figures.last_receipt
    if last is None or last < facts.now - LOOK_BACK:
        return Seen("no", "chưa có biên nhận của cổng thật trong 30 ngày", "no receipt of the real gateway in 30 days")
    return Seen("yes", f"cổng thật đã nhận, gần nhất {_at(last)}", f"the real gateway received, last at {_at(last)}")


def mapping_named(facts: Facts) -> Seen:
    return Seen("yes", f"ánh xạ {facts.facility.mapping}", f"mapping {facts.facility.mapping}")


def desk_asks(facts: Facts) -> Seen:
    count = facts.counts.looked_up.get("card", 0)
    if not count:
        return Seen("no", "chưa tra cứu thẻ lần nào", "no card was looked up yet")
    if not facts.real:
        return Seen(
            "no", f"{count} lượt tra thẻ, chưa trên cổng thật", f"{count} card look-ups, not at the real gateway"
        )
    return Seen("yes", f"{count} lượt tra thẻ trong 30 ngày", f"{count} card look-ups in 30 days")


def persons_found(facts: Facts) -> Seen:
    visits, lost = facts.counts.visits, facts.counts.unreachable
    held: Held = "no" if lost or not visits else "yes"
    return Seen(
        held,
        f"{visits} lượt khám, {lost} lượt thiếu hoặc sai số định danh",
        f"{visits} visits, {lost} without a usable personal number",
    )


def book_filled(facts: Facts) -> Seen:
    share = facts.counts.fields
    if share is None:
        return Seen("no", "chưa có lượt khám nào để đo", "no visit to measure yet")
    held: Held = "yes" if share >= _FIELDS_ENOUGH else "no"
    return Seen(
        held,
        f"trung bình {share:.0%} số trường cần có của QĐ 1332 có nội dung (cần 80%; xem bhyt book gaps)",
        f"{share:.0%} of the expected fields of QĐ 1332 hold something (80% needed; see bhyt book gaps)",
    )


def sent_in_time(facts: Facts) -> Seen:
    sent, late = sum(facts.counts.layouts.values()), facts.counts.late
    vi = f"{sent} hồ sơ ký và gửi trong 30 ngày, {late} quá hạn"
    en = f"{sent} dossiers signed and sent in 30 days, {late} past their deadline"
    if not facts.real:
        return Seen("no", vi + ", chưa trên cổng thật", en + ", not at the real gateway")
    return Seen("against" if late else "yes" if sent else "no", vi, en)


def seen_on_vneid(facts: Facts) -> Seen:
    shown = facts.counts.shown
    vi, en = f"{shown} lượt đã được xem trên VNeID", f"{shown} visits were seen on VNeID"
    return Seen("yes" if shown and facts.real else "no", vi, en)


def nothing_overdue(facts: Facts) -> Seen:
    held: Held = "no" if facts.overdue else "yes"
    return Seen(
        held,
        f"{facts.overdue} lượt quá 24 giờ chưa rõ đã hiện; {facts.counts.good} hồ sơ cổng báo hợp lệ",
        f"{facts.overdue} visits past 24 hours not known to show; {facts.counts.good} judged good by the portal",
    )


def history_asked(facts: Facts) -> Seen:
    count = facts.counts.looked_up.get("history", 0)
    vi, en = f"{count} lượt xem lịch sử khám trong 30 ngày", f"{count} look-ups of history in 30 days"
    return Seen("yes" if count and facts.real else "no", vi, en)


def _at(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")


PROOFS: dict[str, Callable[[Facts], Seen]] = {
    one.__name__: one
    for one in (
        running, gateway_reached, encounters_read, accepted_layouts, blocked_few, certificate_in_force,
        audit_and_users, bodies_sealed, alerts_configured, account_belongs, production_receipt, mapping_named,
        desk_asks, persons_found, book_filled, sent_in_time, seen_on_vneid, nothing_overdue, history_asked,
    )
}  # fmt: skip
"""Name in ``steps.yaml`` → check."""
