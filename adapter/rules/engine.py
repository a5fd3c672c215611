"""Running the rules: a plan per standard and purpose, compiled once; findings out.

Order matters only for the cascade of money rules: structure first, then conditions table by table,
then those on the whole dossier, each in the order its module defines them. A condition looks at all rows of its
table before the next one does: the processor keeps one condition's code at hand, not that of a hundred. Findings
are told row by row all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, localcontext
from operator import itemgetter
from typing import TypeVar

from adapter.dossier.model import Dossier, Purpose
from adapter.errors import ExpressionError
from adapter.rules import checks
from adapter.rules.catalogue import RuleInfo, catalogue
from adapter.rules.context import Context, Options, Override
from adapter.rules.finding import Finding, NotChecked, Report, Severity
from adapter.rules.local.rule import LocalRule
from adapter.rules.needs import unmet
from adapter.rules.registry import RULES, Answer, Answers, DossierCheck, Hit, RowCheck, Rule, TableCheck
from adapter.rules.rows import Rows
from adapter.rules.structure import TablePlan, check_structure, compile_structure
from adapter.rules.values import as_date
from adapter.rules.view import View
from adapter.standard.spec import Standard

K = TypeVar("K")
V = TypeVar("V")
_RANK: Mapping[str, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Plan:
    """The conditions that apply to one purpose under one standard.

    ``conditional`` are the rules that may have to stay out for want of an input, ``needs`` their inputs. ``chosen``
    keeps what is left after a set of rules was taken out, ``without`` what a lack of inputs takes out: both hardly
    ever change from dossier to dossier.
    """

    standard: Standard
    structure: Mapping[str, TablePlan]
    by_table: Mapping[str, tuple[Rule, ...]]
    by_dossier: tuple[Rule, ...]
    conditional: tuple[RuleInfo, ...]
    needs: tuple[str, ...]
    chosen: dict[frozenset[str], Chosen] = field(default_factory=dict)
    without: dict[Hashable, tuple[frozenset[str], tuple[NotChecked, ...]]] = field(default_factory=dict)

    def left(self, out: frozenset[str]) -> Chosen:
        """The conditions without the rules in ``out``."""
        found = self.chosen.get(out)
        if found is None:
            found = Chosen(
                {
                    table: tuple(
                        (r.info, r.by_table, r.by_row) for r in rules if r.by_table is not None and r.id not in out
                    )
                    for table, rules in self.by_table.items()
                },
                tuple(
                    (r.info, r.by_dossier, _home(r.info))
                    for r in self.by_dossier
                    if r.by_dossier is not None and r.id not in out
                ),
            )
            _remember(self.chosen, out, found)
        return found


Condition = tuple[RuleInfo, TableCheck, RowCheck | None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked of a dossier: conditions by table, and on the whole with the table their findings point at."""

    by_table: Mapping[str, tuple[Condition, ...]]
    by_dossier: tuple[tuple[RuleInfo, DossierCheck, str], ...]


def _remember(cache: dict[K, V], key: K, value: V) -> None:
    if len(cache) > 512:
        cache.clear()
    cache[key] = value


_plans: dict[tuple[int, Purpose], Plan] = {}


def plan_for(standard: Standard, purpose: Purpose) -> Plan:
    """The compiled plan; kept for the life of the process, as standards are."""
    key = (id(standard), purpose)
    plan = _plans.get(key)
    if plan is None:
        bound = [r for conditions in RULES.values() for r in conditions if purpose in r.info.purposes]
        by_table: dict[str, list[Rule]] = {}
        for rule in bound:
            if rule.table:
                by_table.setdefault(rule.table, []).append(rule)
        plan = Plan(
            standard,
            compile_structure(standard),
            {table: tuple(rules) for table, rules in by_table.items()},
            tuple(r for r in bound if not r.table),
            tuple({r.id: r.info for r in bound if r.info.needs}.values()),
            tuple(dict.fromkeys(need for r in bound for need in r.info.needs)),
        )
        _plans[key] = plan
    return plan


def check(
    dossier: Dossier,
    *,
    standard: Standard,
    context: Context,
    unreadable: Collection[str] = (),
    local: Sequence[LocalRule] = (),
) -> Report:
    """All findings on one dossier, errors first, and what stayed unchecked. Content never makes it raise.

    ``unreadable`` names parts of its file that could not be read: they are neither absent nor summed.
    ``local`` are the integrator's own rules.
    """
    # Wide enough that no product of four fields, however long their text, is rounded or overflows.
    with localcontext(prec=200):
        return _check(View(dossier, standard, context, unreadable), plan_for(standard, dossier.purpose), local)


def _check(view: View, plan: Plan, local: Sequence[LocalRule]) -> Report:
    run = _Run(view)
    for rule_id, hit in check_structure(view, plan.structure):
        run.structural(rule_id, hit)
    if view.tables.keys() == {"XML12"}:
        # A medical assessment goes to the portal by hand: only its structure can be judged.
        return run.report()
    left = plan.left(run.left_out(plan))
    for table, records in view.tables.items():
        run.table(left.by_table.get(table, ()), records)
    for own in local:
        run.local(own)
    for info, by_dossier, home in left.by_dossier:
        for hit in by_dossier(view):
            run.take(info, hit, home, None)
    return run.report()


def _hits(answer: Answer) -> Iterable[Hit]:
    if isinstance(answer, str):
        return (Hit(answer),)
    if isinstance(answer, Hit):
        return (answer,)
    return answer if isinstance(answer, list | tuple) else ()


def _home(info: RuleInfo) -> str:
    """The table a dossier-wide finding points at: the one its id is named after."""
    prefix = info.id.split("-")[0]
    if prefix == "X1X3":
        return "XML3"
    if prefix == "DUP":
        return "XML1"
    return f"XML{prefix[1:]}" if prefix.startswith("X") else ""


class _Run:
    """One check under way: collects findings, remembers what could not run."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.findings: list[Finding] = []
        self.not_checked: list[NotChecked] = []
        self._levels = _levels(view.options, as_date(view.ra) if view.ra else None)

    def left_out(self, plan: Plan) -> frozenset[str]:
        """Rules that are off or lack an input; the latter are noted as unchecked."""
        off = frozenset(rule for rule, chosen in self._levels.items() if chosen.severity == "off")
        lacking = unmet(plan.needs, self.view)
        key = (off, tuple(lacking.items()), frozenset(self.view.tables))
        known = plan.without.get(key)
        if known is None:
            out, waiting = set(off), []
            for info in plan.conditional:
                wanted = next((lacking[need] for need in info.needs if need in lacking), None)
                if info.id not in out and wanted is not None:
                    out.add(info.id)
                    if self._concerns(info):
                        waiting.append(NotChecked(info.id, wanted))
            known = frozenset(out), tuple(waiting)
            _remember(plan.without, key, known)
        self.not_checked += known[1]
        return known[0]

    def _concerns(self, info: RuleInfo) -> bool:
        """Rules of a table are not missed where the table is absent."""
        own = [t for t in info.tables if t != "X1" and t.startswith("X") and t[1:].isdigit()]
        return any(f"XML{t[1:]}" in self.view.tables for t in own) if own else True

    def structural(self, rule_id: str, hit: Hit) -> None:
        """A structural fault; a missing field has no catalogue row and brings its own words."""
        if rule_id.startswith("REQ-"):
            self._add(rule_id, "error", hit, (hit.table or "", hit.row), _missing_field(self.view, hit))
            return
        self.take(catalogue()[rule_id], hit, hit.table or "", hit.row)

    def table(self, conditions: Iterable[Condition], records: Rows) -> None:
        """Ask all conditions of one table; what they find is told row by row."""
        found: list[tuple[int, RuleInfo, Hit, str, int | None]] = []
        view = self.view
        single = records[0] if len(records) == 1 else None
        for info, by_table, by_row in conditions:
            answers: Answers
            if single is not None and by_row is not None:
                if not (said := by_row(view, single)):
                    continue
                answers = ((single, said),)
            else:
                answers = by_table(view, records)
            for row, answer in answers:
                for hit in _hits(answer):
                    found.append((row.number, info, hit, *self._mark(info, hit, row.table, row.number)))
        found.sort(key=itemgetter(0))
        for _, info, hit, place, number in found:
            self._tell(info, hit, place, number)

    def take(self, info: RuleInfo, hit: Hit, table: str, row: int | None) -> None:
        """Turn a hit into a finding."""
        self._tell(info, hit, *self._mark(info, hit, table, row))

    def _mark(self, info: RuleInfo, hit: Hit, table: str, row: int | None) -> tuple[str, int | None]:
        """Where a hit lies, kept for the rules that stay silent after this one."""
        place = hit.table or table
        number = hit.row if hit.row is not None else (row if place == table else None)
        if number is None and place == "XML1":
            number = 1
        self.view.mark(info.id, place, number)
        return place, number

    def _tell(self, info: RuleInfo, hit: Hit, place: str, number: int | None) -> None:
        severity = hit.severity or info.severity
        self._add(info.id, severity, hit, (place, number), _words(self.view, info, hit, place))

    def _add(
        self, rule: str, severity: Severity, hit: Hit, place: tuple[str, int | None], words: tuple[str, str]
    ) -> None:
        table, row = place
        final = _weigh(rule, severity, self._levels)
        if final is None:
            return
        value = hit.value
        if value is None:
            rows = self.view.rows(table)
            value = rows[row - 1].get(hit.field, "") if row is not None and 0 < row <= len(rows) else ""
        chosen = self._levels.get(rule)
        why = chosen.told() if chosen is not None and final != severity else ""
        self.findings.append(Finding(rule, final, table, row, hit.field, value, *words, override=why))

    def local(self, rule: LocalRule) -> None:
        """Run an integrator's rule; what its expression cannot work out is told as unchecked."""
        chosen = self._levels.get(rule.id)
        if self.view.purpose not in rule.purposes or (chosen is not None and chosen.severity == "off"):
            return
        for row in self.view.rows(rule.table):
            try:
                violated = rule.violated(self.view, row)
            except ExpressionError as error:
                if all(n.rule != rule.id for n in self.not_checked):
                    self.not_checked.append(NotChecked(rule.id, f"{rule.table}[{row.number}]: {error.message_en}"))
                continue
            if violated:
                words = (rule.message_vi, rule.message_en)
                self._add(rule.id, rule.severity, Hit(rule.field), (rule.table, row.number), words)

    def report(self) -> Report:
        """The result, errors first, otherwise in the order found; the same words about one place once."""
        ordered = sorted(self.findings, key=lambda f: _RANK[f.severity])
        off = tuple(f"{o.rule} ({o.told()})" for o in self._levels.values() if o.severity == "off")
        return Report(tuple(dict.fromkeys(ordered)), tuple(self.not_checked), off)


def _levels(options: Options, on: date | None) -> dict[str, Override]:
    """Severities this facility chose, in force on the day the visit ended; a later line stands over an earlier one."""
    levels: dict[str, Override] = {}
    for o in options.overrides:
        dated = o.since is not None or o.until is not None
        if dated and on is None:
            continue
        if on is not None and ((o.since and on < o.since) or (o.until and on > o.until)):
            continue
        levels[o.rule] = o
    return levels


def _weigh(rule: str, severity: Severity, levels: Mapping[str, Override]) -> Severity | None:
    """The weight of a hit under the facility's choices; None when the rule is off.

    An override replaces the rule's own weight; a hit the rule itself holds lighter stays lighter.
    """
    chosen = levels.get(rule)
    if chosen is None:
        return severity
    level = chosen.severity
    if level == "off":
        return None
    base = catalogue()[rule].severity if rule in catalogue() else severity
    return level if severity == base or _RANK[level] > _RANK[severity] else severity


def severity_of(rule: str, severity: Severity, options: Options, on: date | None) -> Severity | None:
    """What a finding of this weight becomes under the facility's overrides; None when switched off."""
    return _weigh(rule, severity, _levels(options, on))


def _label(view: View, table: str, field: str) -> tuple[str, str]:
    plan = view.standard.tables.get(table)
    spec = plan.by_name.get(field) if plan else None
    return (spec.meaning_vi, spec.meaning_en) if spec else ("", "")


def _missing_field(view: View, hit: Hit) -> tuple[str, str]:
    vi, en = _label(view, hit.table or "", hit.field)
    table = hit.table or ""
    return (
        f"Bảng {table} thiếu trường bắt buộc {hit.field}{f' ({vi})' if vi else ''}; bổ sung trên HIS rồi gửi lại.",
        f"{table} lacks the mandatory field {hit.field}{f' ({en})' if en else ''}; fill it in the HIS.",
    )


def _words(view: View, info: RuleInfo, hit: Hit, table: str) -> tuple[str, str]:
    vi, en = info.message_vi, info.message_en
    if len(info.fields) > 1 and info.kind == "required" and hit.field:
        label_vi, label_en = _label(view, table, hit.field)
        vi = f"{vi.rstrip('.')}: {hit.field}{f' ({label_vi})' if label_vi else ''}."
        en = f"{en.rstrip('.')}: {hit.field}{f' ({label_en})' if label_en else ''}."
    if hit.expected is not None:
        shown = _plain(hit.expected)
        if info.id == "PKG-015":
            return f"{vi.rstrip('.')} (tối đa {shown}).", f"{en.rstrip('.')} (at most {shown})."
        vi = f"{vi.rstrip('.')} (đúng ra: {shown})."
        en = f"{en.rstrip('.')} (expected: {shown})."
    return vi, en


def _plain(value: Decimal | str) -> str:
    return value if isinstance(value, str) else f"{value:f}"


__all__ = ["Plan", "check", "checks", "plan_for", "severity_of"]
