"""A compiled mapping as the pipeline uses it: readiness, dossiers, notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from adapter.dossier.model import Dossier
from adapter.pipeline.notes import Note
from adapter.source import SourceEncounter


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
