"""Permissions and roles, read from ``roles.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from adapter import resources
from adapter.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that may be done, in the words of both languages."""

    name: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions."""

    name: str
    vi: str
    en: str
    may: frozenset[str]


@cache
def permissions() -> Mapping[str, Permission]:
    """Every permission there is, by name."""
    return {name: Permission(name, **words) for name, words in _document()["permissions"].items()}


@cache
def roles() -> Mapping[str, Role]:
    """Every role there is, by name. A role that names an unknown permission fails here, at start."""
    known = permissions()
    made: dict[str, Role] = {}
    for name, words in _document()["roles"].items():
        foreign = set(words["may"]) - set(known)
        if foreign:
            raise ConfigError(
                f"Vai trò {name} nêu quyền không có: {', '.join(sorted(foreign))}",
                f"Role {name} names permissions that do not exist: {', '.join(sorted(foreign))}",
            )
        made[name] = Role(name, words["vi"], words["en"], frozenset(words["may"]))
    return made


def granted(names: Iterable[str]) -> frozenset[str]:
    """What these roles may do together. A name that is no role any more grants nothing."""
    known = roles()
    return frozenset(permission for name in names if name in known for permission in known[name].may)


def require_roles(names: Iterable[str]) -> tuple[str, ...]:
    """The names, sorted; ConfigError when one is no role or none is given."""
    wanted = sorted(set(names))
    foreign = [name for name in wanted if name not in roles()]
    if foreign or not wanted:
        raise ConfigError(
            f"Không có vai trò: {', '.join(foreign)}" if foreign else "Cần ít nhất một vai trò",
            f"No such role: {', '.join(foreign)}" if foreign else "At least one role is needed",
            hint_vi=f"chọn trong: {', '.join(roles())}",
            hint_en=f"choose among: {', '.join(roles())}",
        )
    return tuple(wanted)


def require_permissions(names: Iterable[str]) -> tuple[str, ...]:
    """The names, sorted; ConfigError when one is no permission or none is given."""
    wanted = sorted(set(names))
    foreign = [name for name in wanted if name not in permissions()]
    if foreign or not wanted:
        raise ConfigError(
            f"Không có quyền: {', '.join(foreign)}" if foreign else "Cần ít nhất một quyền",
            f"No such permission: {', '.join(foreign)}" if foreign else "At least one permission is needed",
            hint_vi=f"chọn trong: {', '.join(permissions())}",
            hint_en=f"choose among: {', '.join(permissions())}",
        )
    return tuple(wanted)


@cache
def _document() -> Mapping[str, Any]:
    document: Mapping[str, Any] = resources.document("adapter.access", "roles.yaml")
    return document
