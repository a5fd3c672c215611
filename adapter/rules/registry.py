"""Binding conditions to ids. A condition is a function of the view (and a row); the id brings the rest.

A row condition answers the name of the faulty field, a :class:`Hit` (another severity, place or a
computed value), several hits, or something false. A table condition looks at all rows of a table at once, which is
quicker where columns tell, and gives such answers with their rows. A dossier condition yields any number of hits.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapter.dossier.model import Purpose
from adapter.rules.catalogue import Certainty, RuleInfo, catalogue
from adapter.rules.finding import Severity
from adapter.rules.rows import Row, Rows
from adapter.rules.view import View


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a condition is violated. ``severity`` None means the rule's own; ``expected`` is shown to the user."""

    field: str
    severity: Severity | None = None
    expected: Decimal | str | None = None
    table: str | None = None
    row: int | None = None
    value: str | None = None
    other_rows: tuple[int, ...] = ()


Answer = str | bool | Hit | Sequence[Hit] | None
RowCheck = Callable[[View, Row], Answer]
Answers = Iterable[tuple[Row, Answer]]
TableCheck = Callable[[View, Rows], Answers]
DossierCheck = Callable[[View], Iterable[Hit]]


def warn(field: str) -> Hit:
    """A hit of severity warning."""
    return Hit(field, "warning")


def info(field: str) -> Hit:
    """A hit of severity info."""
    return Hit(field, "info")


@dataclass(frozen=True, slots=True)
class Rule:
    """An implemented rule: its catalogue row and its condition, on ``table`` or once per dossier.

    ``by_row``: the same as ``by_table`` for a table of one row, where it can be asked directly.
    """

    info: RuleInfo
    table: str
    by_table: TableCheck | None
    by_dossier: DossierCheck | None
    by_row: RowCheck | None = None

    @property
    def id(self) -> str:
        return self.info.id

    @property
    def severity(self) -> Severity:
        return self.info.severity

    @property
    def certainty(self) -> Certainty:
        return self.info.certainty

    @property
    def needs(self) -> tuple[str, ...]:
        return self.info.needs

    @property
    def purposes(self) -> frozenset[Purpose]:
        return self.info.purposes


RULES: dict[str, list[Rule]] = {}
"""Id → its conditions (one per table it looks at), in order of definition."""

BUILT_IN: dict[str, str] = {}
"""Ids decided by the reader, the structure check or the engine, and by which."""


_NOTHING = frozenset({""})
_REMEMBERED, _GIVEN = 4_096, 64
_silent: list[dict[Hashable, set[tuple[str, ...]]]] = []
"""Of each condition on texts alone, by what it was given: the combinations it said nothing of."""
_well_formed: list[set[str]] = []
"""Of each form: texts that have it."""


def _bind(
    rule_id: str,
    table: str,
    by_table: TableCheck | None,
    by_dossier: DossierCheck | None = None,
    by_row: RowCheck | None = None,
) -> None:
    RULES.setdefault(rule_id, []).append(Rule(catalogue()[rule_id], table, by_table, by_dossier, by_row))


def _each(check: RowCheck, groups: Iterable[str] | None, lacking: str = "", filled: str = "") -> TableCheck:
    """The condition asked of every row, or of those of some groups of costs only."""
    wanted = None if groups is None else frozenset(groups)

    def on_all(view: View, rows: Rows) -> Answers:
        if (lacking and not rows.lacks(lacking)) or (filled and rows.different(filled) <= _NOTHING):
            return ()
        some = rows if wanted is None else rows.of_groups(wanted)
        return [(row, answer) for row in some if (answer := check(view, row))]

    return on_all


def rows(
    table: str,
    checks: Mapping[str, RowCheck],
    *,
    groups: Iterable[str] | None = None,
    lacking: str = "",
    filled: str = "",
) -> None:
    """Bind row conditions of one table, id → condition; with ``groups`` for rows of these MA_NHOM only.

    ``lacking`` names a field that every row at fault leaves empty: where all fill it, none is asked; ``filled`` one
    that every row at fault fills.
    """
    for rule_id, check in checks.items():
        by_row = check if groups is None else None
        _bind(rule_id, table, _each(check, groups, lacking, filled), by_row=by_row)


def row_rule(*places: tuple[str, str], groups: Iterable[str] | None = None) -> Callable[[RowCheck], RowCheck]:
    """Bind one row condition to (id, table) pairs, for rules XML2 and XML3 share."""

    def bind(check: RowCheck) -> RowCheck:
        for rule_id, table in places:
            _bind(rule_id, table, _each(check, groups), by_row=check if groups is None else None)
        return check

    return bind


def table_rule(*places: tuple[str, str]) -> Callable[[TableCheck], TableCheck]:
    """Bind one condition on a whole table to (id, table) pairs. It must answer in the order of the rows."""

    def bind(check: TableCheck) -> TableCheck:
        for rule_id, table in places:
            _bind(rule_id, table, check)
        return check

    return bind


def pure_rule(
    *places: tuple[str, str],
    fields: Sequence[str],
    given: Callable[[View], Hashable] = lambda _: None,
    unless: Callable[[View, Row], bool] | None = None,
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Bind a condition on the texts of some fields of a row to (id, table) pairs.

    It is called with what ``given`` makes of the view and with the texts, and can know nothing else: so a combination
    that passed once passes always, and is not asked again while it is remembered. A hospital's prices, quantities
    and rates meet in the same combinations all day. What it finds is kept back for a row where ``unless`` holds.
    """

    def bind(check: Callable[..., Answer]) -> Callable[..., Answer]:
        passed: dict[Hashable, set[tuple[str, ...]]] = {}
        _silent.append(passed)

        def on_table(view: View, rows: Rows) -> Answers:
            known = given(view)
            silent = passed.setdefault(known, set())
            combinations = list(rows.texts(*fields))
            fresh = set(combinations) - silent
            if not fresh:
                return ()
            telling = {texts for texts in fresh if check(known, *texts)}
            if len(passed) > _GIVEN or sum(map(len, passed.values())) > _REMEMBERED:
                passed.clear()
            passed.setdefault(known, set()).update(fresh - telling)
            if not telling:
                return ()
            found = [(row, t) for row, t in zip(rows, combinations, strict=True) if t in telling]
            return [(row, check(known, *t)) for row, t in found if unless is None or not unless(view, row)]

        for rule_id, table in places:
            _bind(rule_id, table, on_table)
        return check

    return bind


def forget() -> None:
    """Forget which texts passed; for tests."""
    for passed in _silent:
        passed.clear()
    for good in _well_formed:
        good.clear()


def rule(rule_id: str) -> Callable[[DossierCheck], DossierCheck]:
    """Bind a condition that looks at the whole dossier."""

    def bind(check: DossierCheck) -> DossierCheck:
        _bind(rule_id, "", None, check)
        return check

    return bind


def required(rule_id: str, table: str, *fields: str, warning: Iterable[str] = ()) -> None:
    """Each of these fields must be filled in every row; those in ``warning`` only warn."""
    weak = frozenset(warning)

    def check(view: View, rows: Rows) -> Answers:
        lacking = [f for f in fields if rows.lacks(f)]
        if not lacking:
            return ()
        # An older layout cannot be asked for fields that came later.
        known = view.field_names(table)
        asked = [f for f in lacking if f in known]
        return [(row, [Hit(f, "warning" if f in weak else None) for f in asked if f not in row]) for row in rows]

    _bind(rule_id, table, check)


def form(rule_id: str, table: str, fields: str | tuple[str, ...], well_formed: Callable[[str], object]) -> None:
    """These fields, where filled, must be well formed. A text that was so once is so always, and is remembered."""
    asked = (fields,) if isinstance(fields, str) else fields
    good: set[str] = set()
    _well_formed.append(good)

    def check(_: View, rows: Rows) -> Answers:
        wrong: dict[str, set[str]] = {}
        for field in asked:
            fresh = rows.different(field) - good
            if not fresh:
                continue
            bad = {text for text in fresh if text and not well_formed(text)}
            if len(good) > _REMEMBERED:
                good.clear()
            good.update(fresh - bad)
            if bad:
                wrong[field] = bad
        if not wrong:
            return ()
        return [(row, [Hit(field) for field, bad in wrong.items() if row[field] in bad]) for row in rows]

    _bind(rule_id, table, check)


def one_of(rule_id: str, table: str, field: str, codes: Iterable[str]) -> None:
    """A filled field must hold exactly one of the codes."""
    form(rule_id, table, field, frozenset(codes).__contains__)


def built_in(by: str, *rule_ids: str) -> None:
    """Say that these ids are decided elsewhere (reader, structure check)."""
    for rule_id in rule_ids:
        BUILT_IN[rule_id] = by


def implemented() -> frozenset[str]:
    """Ids of the catalogue that are checked."""
    from adapter.rules import checks  # noqa: F401 -- importing the package binds its conditions

    return frozenset(RULES) | frozenset(BUILT_IN)
