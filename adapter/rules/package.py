"""A whole file: what the reader met on the way becomes findings beside those of each dossier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from adapter.clock import VIETNAM, datetime12
from adapter.dossier.model import Dossier, Purpose
from adapter.dossier.package import FileKind, Package, Problem, ProblemKind
from adapter.dossier.reader import ReadLimits, read
from adapter.errors import DocumentError
from adapter.rules.catalogue import catalogue
from adapter.rules.context import Context, Options
from adapter.rules.engine import check, severity_of
from adapter.rules.finding import Finding, Report, Severity
from adapter.rules.local.rule import LocalRule
from adapter.rules.values import as_date, day
from adapter.standard.spec import Standard, effective_on

_RULE: Mapping[ProblemKind, tuple[str, Severity | None]] = {
    ProblemKind.NOT_UTF8: ("PKG-001", None),
    ProblemKind.FACILITY_MISSING: ("PKG-002", None),
    ProblemKind.COUNT_MISMATCH: ("PKG-004", None),
    ProblemKind.NO_DOSSIER: ("PKG-005", None),
    ProblemKind.NO_PART: ("PKG-005", None),
    ProblemKind.UNKNOWN_PART: ("PKG-007", None),
    ProblemKind.BAD_BASE64: ("PKG-008", None),
    ProblemKind.BAD_XML: ("PKG-008", None),
    ProblemKind.BAD_ROOT: ("PKG-008", None),
    ProblemKind.DUPLICATE_PART: ("PKG-010", None),
    ProblemKind.MISSING_ELEMENT: ("PKG-013", None),
    ProblemKind.UNKNOWN_ELEMENT: ("PKG-014", None),
    # The same tag twice in one record: which of the two the gateway takes is not known.
    ProblemKind.REPEATED_ELEMENT: ("PKG-014", "error"),
    ProblemKind.MISPLACED_ELEMENT: ("PKG-014", None),
    ProblemKind.EMPTY_PART: ("PKG-008", "warning"),
    # A decoded copy for people: readable here, but not what a gateway takes.
    ProblemKind.INLINE_CONTENT: ("PKG-008", "warning"),
    ProblemKind.TRUNCATED: ("PKG-014", "info"),
}
"""Problem of the reader → rule, and a lighter or heavier weight than the rule's own."""

_UNREADABLE = frozenset({ProblemKind.BAD_BASE64, ProblemKind.BAD_XML, ProblemKind.BAD_ROOT, ProblemKind.DUPLICATE_PART})
"""A part with one of these is not what the hospital meant to send: nothing is summed over it."""

_PER_RECORD_RULES = frozenset({"PKG-013", "PKG-014"})


@dataclass(frozen=True, slots=True)
class CheckedDossier:
    """One dossier of a file with its report; ``dossier`` is None for what concerns the file alone."""

    dossier: Dossier | None
    standard: Standard | None
    report: Report


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file: its dossiers with their reports, and why it could not be read, if so."""

    dossiers: list[CheckedDossier]
    problem: DocumentError | None


def standard_for(dossier: Dossier, context: Context, *, pin: str | None = None) -> Standard:
    """The standard by the day the visit ended (a check-in: the day of arrival), in the dossier's own layout."""
    header = dossier.header
    name = "NGAY_VAO" if dossier.purpose is Purpose.CHECKIN else "NGAY_RA"
    end, start = day(header.get(name, "")), day(header.get("NGAY_VAO", ""))
    sent = context.at.astimezone(VIETNAM).date() if context.at else None
    known = as_date(end or start) if end or start else sent
    on: date = known or date.today()  # noqa: DTZ011 -- a broken date gives the rules in force now
    return effective_on(on, pin or dossier.standard or None, admitted=as_date(start) if start else None, sent=sent)


def check_package(
    package: Package,
    *,
    context: Context,
    pin: str | None = None,
    purpose: Purpose | None = None,
    local: Sequence[LocalRule] = (),
) -> list[CheckedDossier]:
    """Check every dossier of a file. Faults of the file itself stand with its first dossier.

    ``pin`` forces a layout, ``purpose`` what the dossiers are for. ``context.signed`` is taken from
    the file unless the caller says otherwise.
    """
    if context.signed is None:
        context = replace(context, signed=package.signed)
    checked: list[CheckedDossier] = []
    whole = [p for p in package.problems if p.hoso is None or p.hoso not in package.positions]
    for index, found in enumerate(package.dossiers):
        dossier = replace(found, purpose=purpose) if purpose else found
        standard = standard_for(dossier, context, pin=pin)
        own = package.of_dossier(index)
        unreadable = frozenset(p.part for p in own if p.kind in _UNREADABLE)
        report = check(dossier, standard=standard, context=context, unreadable=unreadable, local=local)
        problems = [*own, *(whole if index == 0 else ())]
        extra = _findings(problems, package, context, first=index == 0)
        checked.append(CheckedDossier(dossier, standard, _merge(extra, report)))
    if not checked:
        findings = tuple(_findings(whole, package, context, first=True))
        checked.append(CheckedDossier(None, None, Report(findings)))
    return checked


def check_bytes(
    data: bytes,
    *,
    context: Context,
    pin: str | None = None,
    purpose: Purpose | None = None,
    limits: ReadLimits | None = None,
    local: Sequence[LocalRule] = (),
) -> CheckedFile:
    """Read and check one file's bytes. What cannot be read at all becomes a PKG-001 finding, never an exception."""
    try:
        package = read(data, limits=limits or ReadLimits(), pin=pin)
    except DocumentError as error:
        return unreadable(error, context)
    return CheckedFile(check_package(package, context=context, pin=pin, purpose=purpose, local=local), None)


def unreadable(error: DocumentError, context: Context) -> CheckedFile:
    """What is told about a file that yields nothing: PKG-001 with the reader's own reason."""
    found = finding("PKG-001", context, field="", value="")
    if found is None:
        return CheckedFile([], error)
    vi, en = f"{found.message_vi} ({error.text('vi')})", f"{found.message_en} ({error.text('en')})"
    told = Report((replace(found, message_vi=vi, message_en=en),))
    return CheckedFile([CheckedDossier(None, None, told)], error)


def _findings(problems: list[Problem], package: Package, context: Context, *, first: bool) -> list[Finding]:
    found: dict[tuple[str, str, str, str], Finding] = {}
    for problem in map(_once_per_file, problems):
        if problem.kind is ProblemKind.DUPLICATE_PART and _twins_allowed(problem, context):
            continue
        if problem.kind not in _RULE:
            continue
        rule, weight = _RULE[problem.kind]
        row = problem.row
        field = problem.field or _envelope_field(rule)
        key = (rule, problem.part, field, "" if rule in _PER_RECORD_RULES else str(row))
        if key not in found and (made := _of(problem, rule, field, weight, context)):
            found[key] = made
    if first and package.kind is FileKind.DOSSIERS:
        if len(package.facility) not in {0, 5} and (
            made := finding("PKG-002", context, field="MACSKCB", value=package.facility)
        ):
            found["PKG-002", "", "MACSKCB", ""] = made
        several = package.hoso_count > 1 and _options(context).one_dossier_per_file
        if several and (made := finding("PKG-006", context, field="DANHSACHHOSO", value=str(package.hoso_count))):
            found["PKG-006", "", "", ""] = made
    return list(found.values())


def _once_per_file(problem: Problem) -> Problem:
    """Content not in base64 is a habit of the program, not of one part."""
    return replace(problem, part="", row=None) if problem.kind is ProblemKind.INLINE_CONTENT else problem


def _of(problem: Problem, rule: str, field: str, weight: Severity | None, context: Context) -> Finding | None:
    place = problem.row
    return finding(rule, context, table=problem.part, row=place, field=field, value=problem.detail, weight=weight)


def _envelope_field(rule: str) -> str:
    first = catalogue()[rule].fields[0]
    return "" if " " in first else first.rpartition(".")[2]


def _twins_allowed(problem: Problem, context: Context) -> bool:
    return problem.part == "XML7" and _options(context).second_discharge_letter


def _options(context: Context) -> Options:
    """What concerns a file is decided on the day it is sent, not on a visit's."""
    return context.options.on(datetime12(context.at) if context.at else "")


def finding(
    rule: str,
    context: Context,
    *,
    field: str,
    value: str,
    table: str = "",
    row: int | None = None,
    weight: Severity | None = None,
) -> Finding | None:
    """A finding outside a dossier, in the catalogue's words; None when the facility switched the rule off."""
    info = catalogue()[rule]
    own = weight or info.severity
    on = context.at.astimezone(VIETNAM).date() if context.at else None
    severity = severity_of(rule, own, context.options, on)
    if severity is None:
        return None
    why = next((o.told() for o in reversed(context.options.overrides) if o.rule == rule), "") if severity != own else ""
    return Finding(rule, severity, table, row, field, value, info.message_vi, info.message_en, override=why)


def _merge(extra: list[Finding], report: Report) -> Report:
    """The reader's findings first; what a rule of the dossier says about the same place again is dropped."""
    places = {(f.rule, f.table, f.field) for f in extra}
    own = [f for f in report.findings if (f.rule, f.table, f.field) not in places]
    rank = {"error": 0, "warning": 1, "info": 2}
    ordered = sorted([*extra, *own], key=lambda f: rank[f.severity])
    return replace(report, findings=tuple(ordered))
