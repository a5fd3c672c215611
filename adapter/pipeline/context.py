"""What the stage functions are handed, and what they hand back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from adapter.clock import Clock
from adapter.errors import BhytError, ConfigError
from adapter.gateway.client import Gateway
from adapter.healthbook.privacy import Decision
from adapter.pipeline.needs import Due, Plan, Readiness, Translation
from adapter.pipeline.owners import owner_name
from adapter.pipeline.workbench import Bench
from adapter.settings import Facility, Settings
from adapter.signing.keys import KeyHolder
from adapter.signing.trust import Trust
from adapter.store import Store
from connectors.base import PullSource


@dataclass(frozen=True, slots=True)
class Context:
    """Everything one facility's stages need. Parts a stage does not use may be None.

    ``stopping`` is asked between units of work: a stage ends early and leaves the rest where it is.
    ``bench`` does the processor's work (rules, writing, signing); the default works inline.
    """

    settings: Settings
    facility: Facility
    store: Store
    clock: Clock
    plan: Plan | None = None
    source: PullSource | None = None
    key: KeyHolder | None = None
    trust: Trust | None = None
    gateway: Gateway | None = None
    bench: Bench | None = None
    owner: str = field(default_factory=owner_name)
    batch: int = 50
    stopping: Callable[[], bool] = lambda: False
    lease: timedelta = timedelta(minutes=5)

    def need(self, part: str) -> Any:
        """A part this stage cannot do without; ConfigError when the engine gave none."""
        value = getattr(self, part)
        if value is None:
            raise ConfigError(
                f"Giai đoạn này cần '{part}' nhưng chưa được cấu hình",
                f"This stage needs '{part}', which is not set up",
            )
        return value

    def decisions(self, ma_lk: str) -> Sequence[Decision]:
        """What people decided about one visit's privacy."""
        return self.store.books.decisions(self.facility.code, ma_lk)

    @property
    def send_lease(self) -> timedelta:
        """Longer than a sending can take, with a second login and a repeat after it."""
        gateway = self.settings.gateway
        return timedelta(seconds=4 * (gateway.connect_timeout + gateway.read_timeout) + 5)


@dataclass(slots=True)
class StageResult:
    """What one run of one stage did. ``failures`` are what a person must see; state stays as it was.

    ``done``: units finished. ``more``: stopped early, there is work left. ``counts``: by outcome.
    """

    stage: str
    done: int = 0
    failures: list[BhytError] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False

    @property
    def ok(self) -> bool:
        """True when the stage completed: blocked and refused are outcomes, not failures."""
        return not self.failures

    def count(self, what: str, n: int = 1) -> None:
        """Add to a count."""
        self.counts[what] = self.counts.get(what, 0) + n


__all__ = ["Context", "Due", "Plan", "Readiness", "StageResult", "Translation", "owner_name"]
