"""What the pages work with, made once for the web role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapter.access import Principal
from adapter.clock import Clock, system_clock
from adapter.console.core.kept import Kept
from adapter.console.core.masking import Revealed
from adapter.reception.desk import Desk
from adapter.settings import Facility, Settings
from adapter.store.store import Store


class Practice(Protocol):
    """The demo's invented hospital: what a clerk would do in the HIS, done from the console in practice only."""

    def places(self, ma_lk: str, columns: Sequence[str]) -> Mapping[str, str]:
        """``TABLE.COLUMN`` → the value that stands there now, for those columns that hold one value of the visit."""
        ...

    def correct(self, ma_lk: str, place: str, value: str) -> None:
        """Write a value where :meth:`places` said. ConfigError when it cannot be."""
        ...


@dataclass(slots=True)
class Console:
    """One installation as its console sees it. ``practice`` only in a demo."""

    settings: Settings
    store: Store
    desk: Desk
    clock: Clock = system_clock
    practice: Practice | None = None
    kept: Kept = field(default_factory=Kept)
    revealed: Revealed = field(init=False)

    def __post_init__(self) -> None:
        self.revealed = Revealed(self.clock)

    def facilities(self, who: Principal) -> tuple[str, ...]:
        """Codes of the facilities this person may see, in the configuration's order."""
        return tuple(one.code for one in self.settings.facilities if who.sees(one.code))

    def facility(self, who: Principal, code: str) -> Facility | None:
        """A facility by its code, when this person may see it."""
        return next((one for one in self.settings.facilities if one.code == code and who.sees(code)), None)

    def line(self, who: Principal, dossier_id: int) -> dict[str, Any] | None:
        """Everything about one dossier, when this person may see its facility."""
        found = self.store.queries.show(dossier_id)
        return found if found is not None and who.sees(found["facility"]) else None
