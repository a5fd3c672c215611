"""What translate knows of a visit's book. Plain, without a database: it comes from a process that has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapter.healthbook.completeness import Completeness


@dataclass(frozen=True, slots=True)
class BookUnit:
    """What translate knows of a visit's book. ``judged``: matched, waiting, withheld rule ids, cuts proposed.

    ``hold``: something waits for a person, so the dossier may not leave.
    """

    extra: Mapping[str, Any]
    completeness: Completeness
    insured: bool
    visit_type: str
    ended_at: datetime | None
    judged: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hold(self) -> bool:
        """Whether a rule waits for a decision."""
        return bool(self.judged.get("waiting"))
