"""What a value compiles to: functions of a scope, with the shorter ways callers may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapter.errors import Where
from adapter.mapping.language.scope import Rows, Scope, Thunk
from adapter.standard.model import FieldSpec

if TYPE_CHECKING:
    from adapter.mapping.language.rowtext import RowText

Quick = Callable[["RowText"], str]
"""Writes a value as text of a generated row function; see :mod:`adapter.mapping.language.rowtext`."""

RowsTest = Callable[[Rows, Mapping[str, Any]], Rows]
"""Takes rows and the encounter's own row; gives the rows for which a condition holds, or raises."""

# what a name stands for
VALUE, ROW, LIST = "value", "row", "list"


@dataclass(frozen=True, slots=True)
class Pure:
    """A value that is ``change`` of one column; equal ``key``s mean equal changes, so results may be shared."""

    column: str
    key: tuple[Any, ...]
    change: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled yes or no, and its generated forms: ``fast`` of a scope, ``rows`` of many rows at once."""

    run: Callable[[Scope], bool]
    quick: Quick
    fast: Callable[[Any], Any] | None = None
    rows: RowsTest | None = None

    def kept(self, scopes: list[Scope]) -> list[Scope]:
        """The scopes for which it holds. Raises MappingError."""
        if (fast := self.fast) is not None:
            try:
                return [scope for scope in scopes if fast(scope)]
            except Exception:  # noqa: BLE001, S110 -- nothing is swallowed: the exact way runs next and raises
                pass
        return [scope for scope in scopes if self.run(scope)]

    def kept_rows(self, rows: Rows, scope: Scope) -> Rows | None:
        """The rows for which it holds; None when their scopes must be asked, one by one."""
        if self.rows is None:
            return None
        try:
            return self.rows(rows, scope.run.root.row)
        except Exception:  # noqa: BLE001 -- nothing is swallowed: the scopes are asked next, and say what is wrong
            return None


@dataclass(frozen=True, slots=True)
class Value:
    """A compiled value; ``label`` names its source in messages.

    ``const`` is the text of a value that never changes, ``column`` the row's column a plain selector
    reads, ``pure`` what depends on one column only, ``quick`` writes the value as generated text: all let
    callers take a shorter way.
    """

    run: Thunk
    label: str
    where: Where
    const: str | None = None
    column: str | None = None
    quick: Quick | None = None
    pure: Pure | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What is known where a value stands.

    ``names``: readable names and what they stand for. ``source``: the collection the row at hand comes
    from, "" for the encounter, None when its columns are not known (JSON). ``mapped``: the row at
    hand holds mapped fields. ``table`` and ``spec`` name the target when there is one.
    """

    names: Mapping[str, str]
    source: str | None = ""
    table: str | None = None
    spec: FieldSpec | None = None
    depends: set[str] = field(default_factory=set)

    @property
    def field(self) -> str | None:
        return self.spec.name if self.spec is not None else None


@dataclass(frozen=True, slots=True)
class Target:
    """A table that other fields may refer to: its fields, and whether it has one row only."""

    fields: Mapping[str, FieldSpec]
    single: bool
