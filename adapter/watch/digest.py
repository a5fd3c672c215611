"""The daily digest: yesterday in ten lines, also when all is well, so that silence is noticed."""

from __future__ import annotations

from datetime import timedelta

from adapter.clock import VIETNAM
from adapter.settings import Settings
from adapter.store.store import Store
from adapter.watch.tell import Message


def digest(store: Store, settings: Settings) -> Message:
    """Counts per facility, what stands, whether the equations hold. No patient data."""
    now = store.clock()
    vi = settings.language == "vi"
    near = now + timedelta(hours=settings.watch.deadline_hours)
    conserved = store.balance.equations()["conserved"]
    lines = []
    for one in settings.facilities:
        seen = store.watching.figures(one.code, now=now, near_until=near, since=now - timedelta(days=1))
        counts = (
            f"biên nhận {seen.accepted_since}, chờ {seen.waiting}, chặn {seen.blocked}, từ chối {seen.refused}, "
            f"mất câu trả lời {seen.unknown}, giữ {seen.held}, sắp hạn {seen.near}, quá hạn {seen.late}"
            if vi
            else f"receipts {seen.accepted_since}, waiting {seen.waiting}, blocked {seen.blocked}, "
            f"refused {seen.refused}, answer lost {seen.unknown}, held {seen.held}, near {seen.near}, late {seen.late}"
        )
        lines.append(f"[{one.code}] {counts}")
    standing = store.alerts.list()
    if vi:
        lines.append("Đẳng thức bảo toàn: " + ("khớp" if conserved else "KHÔNG KHỚP"))
    else:
        lines.append("Equations: " + ("hold" if conserved else "BROKEN"))
    lines += [f"▲ {one.facility} {one.text_vi if vi else one.text_en}".strip() for one in standing]
    day = now.astimezone(VIETNAM).strftime("%d/%m/%Y")
    title = f"BHYT adapter: 24 giờ qua, {day}" if vi else f"BHYT adapter: the last 24 hours, {day}"
    return Message(title, "\n".join(lines), "info" if conserved and not standing else "warning")
