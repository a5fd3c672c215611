"""Who may call which address, made from the application itself: the document and the tests read the same rows."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI

from adapter.access.roles import permissions, roles
from adapter.api.identity import permission_of, routes_of

OPEN, ANYBODY = "*", ""
_HEAD = """# Who may call what

Made from the application and `adapter/access/roles.yaml` by `python -m tests.support.write_matrix`; a test fails
when a route names no permission or this page is out of date. An API key has permissions of its own, not roles.
**open**: nobody need be signed in. **signed in**: anybody with a session or key.
"""


@dataclass(frozen=True, slots=True)
class Address:
    """One method of one route and the permission it asks for; None: it names none."""

    method: str
    path: str
    permission: str | None


def addresses(app: FastAPI) -> list[Address]:
    """Every address the application answers at, by path."""
    return sorted(
        (
            Address(method, route.path, permission_of(route))
            for route in routes_of(app)
            for method in route.methods or ()
        ),
        key=lambda address: (not address.path.startswith("/v1"), address.path, address.method),
    )


def may(role: str, permission: str | None) -> bool:
    """Whether a user of this one role is let in."""
    return permission in (OPEN, ANYBODY) or permission in roles()[role].may


def matrix(app: FastAPI) -> str:
    """The Markdown page."""
    names = list(roles())
    lines = [_HEAD, "## Roles", "", "| role | | |", "|---|---|---|"]
    lines += [f"| {role.name} | {role.vi} | {role.en} |" for role in roles().values()]
    lines += ["", "## Permissions", "", f"| permission | {' | '.join(names)} | meaning |"]
    lines += [f"|---|{'---|' * len(names)}---|"]
    for permission in permissions().values():
        marks = " | ".join("✓" if permission.name in roles()[name].may else "" for name in names)
        lines.append(f"| {permission.name} | {marks} | {permission.en} |")
    for title, api in (("Addresses of the API", True), ("Addresses of the console", False)):
        lines += ["", f"## {title}", "", f"| address | permission | {' | '.join(names)} |"]
        lines += [f"|---|---|{'---|' * len(names)}"]
        for one in addresses(app):
            if one.path.startswith("/v1") is not api:
                continue
            words = {OPEN: "**open**", ANYBODY: "signed in", None: "**none named**"}.get(one.permission, one.permission)
            marks = " | ".join("✓" if may(name, one.permission) else "" for name in names)
            lines.append(f"| {one.method} {one.path} | {words} | {marks} |")
    return "\n".join(lines) + "\n"
