"""What each filter of the list is to the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select

from adapter.store.tables.schema import dossiers, findings, search_words
from adapter.store.views.worklist.wanted import PURPOSES, STATES, Wanted

SMALL = 3000
"""Up to so many candidates are gathered and sorted; beyond, an index is walked."""
OF_A_PERSON = 3000
"""More dossiers of one card or number than anybody can have."""

other = search_words.alias("other_words")


def is_word(word: bytes, table: Any = search_words) -> tuple[ColumnElement[bool], ...]:
    """A row of ``table`` is this word of a name."""
    return table.c.kind == "name", table.c.value == word


def having_word(word: bytes) -> Select[Any]:
    """Ids of the dossiers of everybody with this word in the name."""
    return select(search_words.c.dossier_id).where(*is_word(word))


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a name that very many dossiers have; the index of the rarest is walked, the others are looked up."""

    rarest: bytes
    others: tuple[bytes, ...]

    def condition(self) -> ColumnElement[bool]:
        """Every word, looked up for each dossier: its key leads there directly."""
        return and_(
            *(
                exists().where(search_words.c.dossier_id == dossiers.c.id, *is_word(w))
                for w in (self.rarest, *self.others)
            )
        )


def has_rule(rule: str) -> ColumnElement[bool]:
    """The dossier's newest revision has a finding of this rule."""
    return exists().where(findings.c.revision_id == dossiers.c.revision_id, findings.c.rule == rule)


def upto(connection: Connection, statement: Select[Any]) -> int:
    """How many there are, counted to one more than :data:`SMALL`."""
    counted = select(func.count()).select_from(statement.limit(SMALL + 1).subquery())
    return int(connection.execute(counted).scalar_one())


def filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Everything but text and rule, as conditions on each row."""
    where: list[ColumnElement[bool]] = [dossiers.c.facility.in_(wanted.facilities)]
    if wanted.purpose is not None:
        where.append(dossiers.c.purpose == wanted.purpose)
    if wanted.states:
        where.append(dossiers.c.state.in_(wanted.states))
    if wanted.held is not None:
        where.append(dossiers.c.held if wanted.held else ~dossiers.c.held)
    if wanted.verdict is not None:
        where.append(dossiers.c.verdict == wanted.verdict)
    if wanted.rule is not None and wanted.text.strip():
        where.append(has_rule(wanted.rule))
    return where + _beyond_runs(wanted)


def _beyond_runs(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What a run's key does not say."""
    where: list[ColumnElement[bool]] = []
    if wanted.day is not None:
        where.append(dossiers.c.first_day == wanted.day)
    if wanted.due_before is not None:
        where.append(dossiers.c.deadline < wanted.due_before)
    return where


def of_runs(wanted: Wanted, most: int) -> Select[Any]:
    """Ids of a state, flag or deadline, as many as asked for at most, in no order."""
    return (
        select(dossiers.c.id)
        .where(
            dossiers.c.facility.in_(wanted.facilities),
            dossiers.c.purpose.in_((wanted.purpose,) if wanted.purpose is not None else PURPOSES),
            dossiers.c.state.in_(wanted.states or STATES),
            dossiers.c.held.in_((False, True) if wanted.held is None else (wanted.held,)),
            *_beyond_runs(wanted),
        )
        .limit(most)
    )
