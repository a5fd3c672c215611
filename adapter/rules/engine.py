"""Running the rules: a plan per standard and purpose, compiled once; findings out.

Order matters only for the cascade of money rules: structure first, then rows table by table,
then conditions on the whole dossier, each in the order its module defines them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.dossier.model import Dossier, Purpose
from adapter.rules import checks
from adapter.rules.catalogue import RuleInfo, catalogue
from adapter.rules.context import Context, Level, Options
from adapter.rules.finding import Finding, NotChecked, Report, Severity
from adapter.rules.needs import missing
from adapter.rules.registry import RULES, Answer, Hit, Rule
from adapter.rules.structure import TablePlan, check_structure, compile_structure
from adapter.rules.values import as_date
from adapter.rules.view import View
from adapter.standard.spec import Standard

_RANK: Mapping[str, int] = {"error": 0, "warning": 1, "info": 2}
_PACKAGE_RULES = frozenset({"PKG-012"})


@dataclass(frozen=True, slots=True)
class Plan:
    """The conditions that apply to one purpose under one standard."""

    standard: Standard
    structure: Mapping[str, TablePlan]
    by_table: Mapping[str, tuple[Rule, ...]]
    by_dossier: tuple[Rule, ...]


_plans: dict[tuple[int, Purpose], Plan] = {}


def plan_for(standard: Standard, purpose: Purpose) -> Plan:
    """The compiled plan; kept for the life of the process."""
    key = (id(standard), purpose)
    plan = _plans.get(key)
    if plan is None:
        chosen = [r for conditions in RULES.values() for r in conditions if purpose in r.info.purposes]
        by_table: dict[str, list[Rule]] = {}
        for rule in chosen:
            if rule.table:
                by_table.setdefault(rule.table, []).append(rule)
        plan = Plan(
            standard,
            compile_structure(standard),
            {table: tuple(rules) for table, rules in by_table.items()},
            tuple(r for r in chosen if not r.table),
        )
        _plans[key] = plan
    return plan


def check(dossier: Dossier, *, standard: Standard, context: Context) -> Report:
    """All findings on one dossier, errors first, and what stayed unchecked. Content never makes it raise."""
    view = View(dossier, standard, context)
    run = _Run(view)
    plan = plan_for(standard, dossier.purpose)
    for rule_id, hit in check_structure(view, plan.structure):
        run.structural(rule_id, hit)
    for table in view.tables:
        rules = [r for r in plan.by_table.get(table, ()) if run.may(r)]
        for row in view.tables[table]:
            for rule in rules:
                if rule.by_row is not None and (answer := rule.by_row(view, row)):
                    run.take(rule.info, _hits(answer), table, row.number)
    for rule in plan.by_dossier:
        if rule.by_dossier is not None and run.may(rule):
            run.take(rule.info, rule.by_dossier(view), _home(rule.info), None)
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


def short(table: str) -> str:
    """``XML3`` as the catalogue writes it: ``X3``."""
    return f"X{table[3:]}" if table.startswith("XML") else table


class _Run:
    """One check under way: collects findings, remembers what could not run."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.findings: list[Finding] = []
        self.not_checked: dict[str, NotChecked] = {}
        self._may: dict[str, bool] = {}
        self._levels = _levels(view.options, as_date(view.ra) if view.ra else None)

    def may(self, rule: Rule) -> bool:
        """Whether the rule is on and has what it needs; notes it as unchecked when it has not."""
        known = self._may.get(rule.id)
        if known is None:
            known = self._decide(rule)
            self._may[rule.id] = known
        return known

    def _decide(self, rule: Rule) -> bool:
        if self._levels and self._levels.get(rule.id) == "off":
            return False
        if not rule.info.needs:
            return True
        wanted = missing(rule.info, self.view)
        if wanted is None:
            return True
        if self._concerns(rule.info):
            self.not_checked[rule.id] = NotChecked(rule.id, wanted)
        return False

    def _concerns(self, info: RuleInfo) -> bool:
        """Rules of a table are not missed where the table is absent."""
        if info.id in _PACKAGE_RULES:
            return False
        present = {short(t) for t in self.view.tables}
        own = {t for t in info.tables if t.startswith("X") and t != "X1"}
        return bool(own & present) if own else True

    def structural(self, rule_id: str, hit: Hit) -> None:
        """A structural fault; a missing field has no catalogue row and brings its own words."""
        if rule_id.startswith("REQ-"):
            self._add(rule_id, "error", hit, (hit.table or "", hit.row), _missing_field(self.view, hit))
            return
        info = catalogue()[rule_id]
        self.take(info, (hit,), hit.table or "", hit.row)

    def take(self, info: RuleInfo, hits: Iterable[Hit], table: str, row: int | None) -> None:
        """Turn hits into findings."""
        for hit in hits:
            place = hit.table or table
            number = hit.row if hit.row is not None else (row if place == table else None)
            if number is None and place in {"XML1"}:
                number = 1
            severity = hit.severity or info.severity
            self.view.mark(info.id, place, number)
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
        self.findings.append(Finding(rule, final, table, row, hit.field, value, *words))

    def report(self) -> Report:
        """The result, errors first, otherwise in the order found; the same words about one place once."""
        ordered = sorted(self.findings, key=lambda f: _RANK[f.severity])
        return Report(tuple(dict.fromkeys(ordered)), tuple(self.not_checked.values()))


def _levels(options: Options, on: date | None) -> dict[str, Level]:
    """Severities this facility chose, in force on the day the visit ended."""
    levels: dict[str, Level] = {}
    for o in options.overrides:
        dated = o.since is not None or o.until is not None
        if dated and on is None:
            continue
        if on is not None and ((o.since and on < o.since) or (o.until and on > o.until)):
            continue
        levels[o.rule] = o.severity
    return levels


def _weigh(rule: str, severity: Severity, levels: Mapping[str, Level]) -> Severity | None:
    """The weight of a hit under the facility's choices; None when the rule is off.

    An override replaces the rule's own weight; a hit the rule itself holds lighter stays lighter.
    """
    level = levels.get(rule)
    if level is None:
        return severity
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
        vi = f"{vi.rstrip('.')} (tính được: {shown})."
        en = f"{en.rstrip('.')} (computed: {shown})."
    return vi, en


def _plain(value: Decimal | str) -> str:
    return value if isinstance(value, str) else f"{value:f}"


__all__ = ["Plan", "check", "checks", "plan_for", "short"]
