"""Mapping errors in one shape: where, what, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from adapter.errors import MappingError, Where


def broken(
    code: str,
    where: Where,
    vi: str,
    en: str,
    *,
    hint: tuple[str, str] = ("", ""),
    near: tuple[str, Iterable[str]] | None = None,
) -> MappingError:
    """A MappingError. ``near`` is (what was written, what is possible); the nearest becomes the hint."""
    if near is not None:
        hint = suggest(*near) or hint
    return MappingError(vi, en, hint_vi=hint[0], hint_en=hint[1], where=where, code=code)


def suggest(written: str, possible: Iterable[str], *, limit: int = 12) -> tuple[str, str] | None:
    """ "Did you mean" for the nearest name, or the list of names when it is short."""
    names = sorted(set(possible))
    found = difflib.get_close_matches(written, names, 1, 0.6) or [n for n in names if n.upper() == written.upper()]
    if found:
        return f"có phải '{found[0]}'?", f"did you mean '{found[0]}'?"
    if names and len(names) <= limit:
        return f"có: {', '.join(names)}", f"there are: {', '.join(names)}"
    return None


def at_field(where: Where, table: str | None, field: str | None, row: int | None = None) -> Where:
    """The same place with the target named."""
    return Where(where.file, where.line, where.column, table, row, field)
