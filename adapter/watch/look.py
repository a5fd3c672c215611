"""Look once: gather the facts, keep what holds, tell what is new."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapter.clock import VIETNAM
from adapter.errors import StoreBusy
from adapter.pipeline.flow import PAUSE
from adapter.settings import Settings
from adapter.store.store import Store
from adapter.store.work.gates import ALL
from adapter.watch.conditions import Facts, conditions
from adapter.watch.tell import Message, Tell, message


def facts(store: Store, settings: Settings, *, free_bytes: int | None = None) -> Facts:
    """What the store and the machine say now."""
    now = store.clock()
    watch = settings.watch
    codes = [one.code for one in settings.facilities]
    equations = store.balance.equations()
    pull = equations["pull"]
    gates = [gate for gate in store.gates.all() if gate.facility in codes]
    resting = {one.code for one in settings.facilities if one.paused} | {
        gate.facility for gate in gates if gate.kind == PAUSE and gate.closed and gate.service == ALL
    }
    overdue = {code: len(store.books.overdue(now, code)) for code in codes} if watch.book_overdue else {}
    return Facts(
        now=now,
        disk_free=shutil.disk_usage(settings.workdir).free if free_bytes is None else free_bytes,
        broken=len(equations["broken"]),
        unbalanced_pulls=bool(pull["unbalanced"]),
        figures=[
            store.watching.figures(
                code, now=now, near_until=now + timedelta(hours=watch.deadline_hours), since=now - timedelta(days=1)
            )
            for code in codes
        ],
        stages=[one for one in store.health.stages() if one.facility in codes],
        gates=gates,
        certificates=[one for one in store.health.certificates() if one.facility in codes],
        overdue_books=overdue,
        missing_at_source=store.reconciliation.missing(codes, now=now),
        live=frozenset(one.code for one in settings.facilities if one.mode == "live") - resting,
        resting=frozenset(resting),
    )


def look(store: Store, settings: Settings, tell: Tell, *, free_bytes: int | None = None) -> int:
    """One round of the watch; how many messages left. What cannot be told now is told next time."""
    now = store.clock()
    store.alerts.observe(conditions(facts(store, settings, free_bytes=free_bytes), settings.watch), now=now)
    starts, ends = store.alerts.to_tell(ended_before=now - timedelta(minutes=settings.watch.settle_minutes))
    if not starts and not ends:
        return 0
    if not tell(message(starts, ends, settings.language)):
        return 0
    store.alerts.told(starts, ends, now=now)
    return 1


@dataclass(slots=True)
class Watch:
    """Rounds of the watch that go on where alerts cannot be kept: a full disk is told of without the store.

    What it remembers is this process's: after a restart such a trouble is told again.
    """

    store: Store
    settings: Settings
    tell: Tell
    _since: datetime | None = None
    _told: bool = False

    def look(self, *, free_bytes: int | None = None) -> int:
        """One round. Raises StoreBusy, told or not: nothing else of the round was done."""
        now = self.store.clock()
        try:
            sent = look(self.store, self.settings, self.tell, free_bytes=free_bytes)
        except StoreBusy as error:
            self._since = self._since or now
            if not self._told and now - self._since >= timedelta(minutes=self.settings.watch.failing_minutes):
                self._told = self.tell(self._trouble(error, self._since))
            raise
        if self._told and self.tell(self._over()):
            sent += 1
            self._told = False
        if not self._told:
            self._since = None
        return sent

    def _trouble(self, error: StoreBusy, since: datetime) -> Message:
        vi = self.settings.language == "vi"
        at = since.astimezone(VIETNAM)
        text = f"✖ {error.text(self.settings.language)} ({'từ' if vi else 'since'} {at:%d/%m %H:%M})"
        return Message(
            f"BHYT adapter: {'kho lưu không ghi được' if vi else 'the store cannot be written'}", text, "error"
        )

    def _over(self) -> Message:
        vi = self.settings.language == "vi"
        text = "✔ kho lưu ghi được trở lại" if vi else "✔ the store can be written again"
        return Message(f"BHYT adapter: {'kho lưu ghi được trở lại' if vi else 'the store works again'}", text, "info")
