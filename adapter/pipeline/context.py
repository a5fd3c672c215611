"""What the stage functions are handed, and what they hand back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from adapter.clock import Clock
from adapter.dossier.model import Dossier
from adapter.errors import BhytError, ConfigError
from adapter.gateway.client import Gateway
from adapter.pipeline.notes import Note
from adapter.pipeline.owners import owner_name
from adapter.pipeline.workbench import Bench
from adapter.settings import Facility, Settings
from adapter.signing.keys import KeyHolder
from adapter.signing.trust import Trust
from adapter.source import SourceEncounter
from adapter.store import Store
from connectors.base import PullSource


class Due(Protocol):
    """One dossier an encounter is ready for."""

    @property
    def purpose(self) -> str: ...
    @property
    def occasion(self) -> str: ...
    @property
    def exempt_reason(self) -> str | None: ...


class Readiness(Protocol):
    """What an encounter is ready for; ``reason`` says why for nothing."""

    @property
    def ma_lk(self) -> str: ...
    @property
    def due(self) -> tuple[Due, ...]: ...
    @property
    def reason(self) -> str: ...


class Translation(Protocol):
    """A dossier and what was noted while it was made."""

    @property
    def dossier(self) -> Dossier: ...
    @property
    def notes(self) -> Sequence[Note]: ...


class Plan(Protocol):
    """A compiled mapping, as the pipeline uses it."""

    @property
    def name(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def source(self) -> Mapping[str, Any]: ...

    def readiness(self, encounter: SourceEncounter) -> Readiness:
        """What the encounter is ready for. Raises MappingError."""
        ...

    def translate_noted(
        self,
        encounter: SourceEncounter,
        due: Any,
        *,
        facility: str,
        now: datetime,
        uninsured_tables: tuple[str, ...],
        standard: str | None,
    ) -> Translation:
        """The dossier of one due, in the facility's pinned layout if it has one. Raises MappingError."""
        ...


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


__all__ = ["Context", "Due", "Plan", "Readiness", "StageResult", "owner_name"]
