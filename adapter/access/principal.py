"""Who asks: what every room above needs to know about a caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Via = Literal["session", "key", "cli"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. ``facilities`` None means all of them; ``csrf`` is the session's token for forms, else empty.

    ``name`` is the login or the key's name, ``display_name`` what people read.
    """

    user_id: int | None
    name: str
    permissions: frozenset[str]
    facilities: frozenset[str] | None
    via: Via
    csrf: str = ""
    display_name: str = ""
    roles: tuple[str, ...] = ()

    @property
    def actor(self) -> str:
        """How this caller is written down beside what they did."""
        return {"session": "user", "key": "key", "cli": "cli"}[self.via] + f":{self.name}"

    def may(self, permission: str) -> bool:
        """True when the caller has the permission."""
        return permission in self.permissions

    def sees(self, facility: str) -> bool:
        """True when the caller may know anything about this facility."""
        return self.facilities is None or facility in self.facilities
