"""Structure: every tag, length, number, time and mandatory field, from the standard's own tables.

PKG-014…018 and the ``REQ-<TABLE>-<FIELD>`` findings come from here, one pass over each row.
A field that a rule of its own judges more sharply is left to that rule, so one fault gives one finding.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cache
from importlib.resources import files

from adapter.rules.catalogue import catalogue
from adapter.rules.finding import Severity
from adapter.rules.registry import RULES, Hit, built_in
from adapter.rules.rows import Rows
from adapter.rules.values import birth_day, instant, number, numeric, parts, real_day
from adapter.rules.view import View
from adapter.standard.spec import FieldSpec, Standard

built_in("structure", "PKG-014", "PKG-015", "PKG-016", "PKG-017", "PKG-018")

_UNLIMITED = 1 << 30
_FEW = 2
_FEW_TEXTS, _REMEMBERED = 8, 512
"""A column with more different texts holds what hardly comes again; how many texts of a field are remembered."""

OWN_RULE: Mapping[tuple[str, str], str] = {
    ("XML0", "NGAY_SINH"): "X0-FMT-001",
    ("XML0", "MA_THE_BHYT"): "X0-FMT-003",
    ("XML0", "MA_DKBD"): "X0-FMT-004",
    ("XML0", "MA_CSKCB"): "X0-FMT-004",
    ("XML0", "GIOI_TINH"): "X0-CODE-001",
    ("XML0", "MA_DOITUONG_KCB"): "X0-CODE-002",
    ("XML0", "MA_LOAI_KCB"): "X0-CODE-003",
    ("XML1", "NGAY_SINH"): "X1-FMT-001",
    ("XML1", "GT_THE_TU"): "X1-FMT-013",
    ("XML1", "GT_THE_DEN"): "X1-FMT-013",
    ("XML1", "NGAY_MIEN_CCT"): "X1-FMT-015",
    ("XML1", "MA_BENH_CHINH"): "X1-FMT-016",
    ("XML1", "MA_LOAI_KCB"): "X1-FMT-020",
    ("XML1", "MA_CSKCB"): "X1-FMT-021",
    ("XML1", "MA_NOI_DI"): "X1-FMT-021",
    ("XML1", "MA_NOI_DEN"): "X1-FMT-021",
    ("XML1", "CAN_NANG"): "X1-FMT-022",
    ("XML1", "NGAY_TAI_KHAM"): "X1-FMT-025",
    ("XML1", "NAM_NAM_LIEN_TUC"): "X1-FMT-026",
    ("XML1", "MA_QUOCTICH"): "X1-FMT-028",
    ("XML1", "MA_DANTOC"): "X1-FMT-028",
    ("XML1", "MATINH_CU_TRU"): "X1-FMT-029",
    ("XML1", "MAXA_CU_TRU"): "X1-FMT-029",
    ("XML1", "GIOI_TINH"): "X1-CODE-001",
    ("XML1", "MA_DOITUONG_KCB"): "X1-CODE-003",
    ("XML1", "KET_QUA_DTRI"): "X1-CODE-004",
    ("XML1", "MA_LOAI_RV"): "X1-CODE-005",
    ("XML1", "MA_KHUVUC"): "X1-CODE-006",
    ("XML1", "MA_TAI_NAN"): "X1-CODE-007",
    ("XML2", "MA_NHOM"): "X2-CODE-001",
    ("XML2", "PHAM_VI"): "X2-CODE-002",
    ("XML2", "TYLE_TT_BH"): "X2-CODE-003",
    ("XML2", "MUC_HUONG"): "X2-CODE-004",
    ("XML2", "MA_PTTT"): "X2-CODE-005",
    ("XML2", "NGUON_CTRA"): "X2-CODE-006",
    ("XML2", "VET_THUONG_TP"): "X2-CODE-007",
    ("XML2", "STT"): "PKG-019",
    ("XML3", "MA_NHOM"): "X3-CODE-001",
    ("XML3", "PHAM_VI"): "X3-CODE-002",
    ("XML3", "TYLE_TT_DV"): "X3-CODE-003",
    ("XML3", "TYLE_TT_BH"): "X3-CODE-005",
    ("XML3", "MUC_HUONG"): "X2-CODE-004",
    ("XML3", "MA_PTTT"): "X2-CODE-005",
    ("XML3", "VET_THUONG_TP"): "X2-CODE-007",
    ("XML3", "PP_VO_CAM"): "X3-CODE-006",
    ("XML3", "TAI_SU_DUNG"): "X3-CODE-007",
    ("XML3", "GOI_VTYT"): "X3-FMT-003",
    ("XML3", "STT"): "PKG-019",
    ("XML4", "GIA_TRI"): "X4-FMT-003",
    ("XML4", "DON_VI_DO"): "X4-FMT-003",
    ("XML4", "STT"): "PKG-019",
    ("XML5", "STT"): "PKG-019",
    ("XML7", "CHAN_DOAN_RV"): "X7-FMT-001",
    ("XML7", "PP_DIEUTRI"): "X7-FMT-001",
    ("XML7", "GHI_CHU"): "X7-FMT-001",
    ("XML7", "MA_THE_TAM"): "X7-FMT-002",
    ("XML7", "MA_DINH_CHI_THAI"): "X7-CODE-002",
    ("XML7", "TUOI_THAI"): "X7-CROSS-005",
    ("XML8", "MA_LOAI_KCB"): "X8-CROSS-003",
    ("XML8", "KET_QUA_DTRI"): "X8-CODE-001",
    ("XML8", "MA_THE_TAM"): "X7-FMT-002",
    ("XML9", "MA_BHXH_NND"): "X9-FMT-001",
    ("XML9", "MA_THE_NND"): "X9-FMT-001",
    ("XML9", "NGAYSINH_NND"): "X9-FMT-002",
    ("XML9", "NGAYCAP_CCCD_NND"): "X9-FMT-002",
    ("XML9", "MA_DANTOC_NND"): "X9-FMT-003",
    ("XML9", "MA_QUOCTICH"): "X9-FMT-003",
    ("XML9", "MATINH_CU_TRU"): "X9-FMT-003",
    ("XML9", "MAXA_CU_TRU"): "X9-FMT-003",
    ("XML9", "MA_THE_TAM"): "X7-FMT-002",
    ("XML9", "GIOI_TINH_CON"): "X9-CODE-001",
    ("XML9", "SINHCON_PHAUTHUAT"): "X9-CODE-001",
    ("XML9", "SINHCON_DUOI32TUAN"): "X9-CODE-001",
    ("XML10", "SO_NGAY"): "X10-CROSS-001",
    ("XML11", "MA_BHXH"): "X11-FMT-001",
    ("XML11", "MA_THE_TAM"): "X7-FMT-002",
    ("XML11", "MAU_SO"): "X11-CODE-001",
    ("XML11", "MA_DINH_CHI_THAI"): "X11-CROSS-003",
    ("XML11", "TUOI_THAI"): "X7-CROSS-005",
    ("XML11", "SO_NGAY_NGHI"): "X11-CROSS-001",
    ("XML13", "MA_LYDO_CT"): "X13-CODE-001",
    ("XML15", "STT"): "PKG-019",
}
"""(table, field) whose form has a rule of its own: length, number and date checks leave it to that rule."""

ALIASES: Mapping[tuple[str, str], str] = {
    ("XML13", "MA_NOI_DI"): "MA_CSKCB_DI",
    ("XML13", "MA_NOI_DEN"): "MA_CSKCB_DEN",
    ("XML13", "PP_DIEU_TRI"): "TINH_TRANG_CT",
}
"""Old tag → its name under 3176; programs of 2024–2026 still write the old ones, both are read."""


@cache
def _tolerated() -> Mapping[tuple[str, str], int]:
    text = files("adapter.rules").joinpath("data", "lengths.csv").read_text(encoding="utf-8")
    return {(r["table"], r["field"]): int(r["tolerated"]) for r in csv.DictReader(text.splitlines())}


Form = Callable[[str], object]


def _is_number(text: str) -> bool:
    return number(text) is not None or numeric(text)


def _is_birth(text: str) -> bool:
    return len(text) == 12 and bool(birth_day(text)) and text[8:10] < "24" and text[10:] < "60"


def _are_instants(text: str) -> bool:
    return all(instant(part) for part in parts(text))


def _are_days(text: str) -> bool:
    return all(real_day(part) for part in parts(text) if part)


_RULE_OF: Mapping[Form, str] = {
    _is_number: "PKG-016",
    instant: "PKG-017",
    _is_birth: "PKG-017",
    _are_instants: "PKG-017",
    real_day: "PKG-018",
    _are_days: "PKG-018",
}
_FORM_OF: Mapping[str, Form] = {
    "datetime12": instant,
    "date8": real_day,
    "datetime12_list": _are_instants,
    "date8_list": _are_days,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """Longest text and form of a field. ``good`` remembers texts that keep both: codes and units come in every row."""

    field: str
    max_len: int
    form: Form | None
    good: set[str] = dataclass_field(default_factory=set, compare=False)

    def doubtful(self, records: Rows) -> bool:
        """Whether some text of the field is too long or not of its form."""
        texts = records.different(self.field)
        if texts <= self.good:
            return False
        if max(map(len, texts)) > self.max_len or not self._well_formed(records, texts):
            return True
        if len(texts) <= _FEW_TEXTS:
            if len(self.good) > _REMEMBERED:
                self.good.clear()
            self.good.update(texts)
        return False

    def _well_formed(self, records: Rows, texts: frozenset[str]) -> bool:
        if self.form is None:
            return True
        if self.form is _is_number:
            # The numbers are read anyway: only what is none of them and not empty needs a look.
            return not any(map(records.column(self.field).__getitem__, records.without_number(self.field)))
        return all(map(self.form, filter(None, texts)))


@dataclass(frozen=True, slots=True)
class TablePlan:
    """The compiled field list of one table: what must be filled, and the limits of each field."""

    required: Sequence[str]
    limits: Sequence[Limit]
    names: frozenset[str]


def _form(spec: FieldSpec) -> Form | None:
    if spec.name == "NGAY_SINH" and spec.xml_type == "datetime12":
        return _is_birth
    found = _FORM_OF.get(spec.xml_type)
    return _is_number if found is None and spec.kind == "N" else found


def _with_required_rule() -> frozenset[tuple[str, str]]:
    """(table, field) that a required rule of the catalogue already asks for."""
    covered: set[tuple[str, str]] = set()
    for conditions in RULES.values():
        for rule in conditions:
            if rule.info.kind == "required" and rule.table:
                covered.update((rule.table, field) for field in rule.info.fields)
    return frozenset(covered)


def compile_structure(standard: Standard) -> Mapping[str, TablePlan]:
    """One plan per table of the standard."""
    covered = _with_required_rule()
    plans: dict[str, TablePlan] = {}
    for name, table in standard.tables.items():
        required: list[str] = []
        limits: list[Limit] = []
        for spec in table.fields:
            place = (name, spec.name)
            # Where the field's own rule only warns, the structural error is told as well.
            own = place in OWN_RULE and catalogue()[OWN_RULE[place]].severity == "error"
            # MA_LK of a detail part is judged by PKG-011 alone.
            asked = place in covered or (spec.name == "MA_LK" and name not in {"XML0", "XML1", "XML12"})
            if spec.required == "Y" and not asked:
                required.append(spec.name)
            form = _form(spec)
            if not own and (form is not None or spec.max_len is not None):
                limits.append(Limit(spec.name, _UNLIMITED if spec.max_len is None else spec.max_len, form))
        plans[name] = TablePlan(tuple(required), tuple(limits), frozenset(table.by_name))
    return plans


def check_structure(view: View, plans: Mapping[str, TablePlan]) -> Iterator[tuple[str, Hit]]:
    """(rule id, hit) for every structural fault. Absent tags are the reader's to tell: the writer adds them."""
    for name, records in view.tables.items():
        plan = plans.get(name)
        if plan is None:
            yield "PKG-014", Hit(name, table=name)
            continue
        yield from _unknown_tags(records, plan)
        required, limits = plan.required, plan.limits
        if len(records) > _FEW:
            # Column by column most fields turn out to hold nothing to tell.
            required = [field for field in required if records.lacks(field)]
            limits = [limit for limit in limits if limit.doubtful(records)]
        if required or limits:
            yield from _by_row(records, required, limits)


def _by_row(records: Rows, required: Sequence[str], limits: Sequence[Limit]) -> Iterator[tuple[str, Hit]]:
    """The faults of the doubtful fields, row by row."""
    name = records.name
    for row in records:
        for field in required:
            if field not in row:
                yield f"REQ-{name}-{field}", Hit(field, table=name, row=row.number)
        for limit in limits:
            field, form = limit.field, limit.form
            value = row[field]
            if not value:
                continue
            if len(value) > limit.max_len:
                tolerated = len(value) <= _tolerated().get((name, field), 0)
                severity: Severity | None = "warning" if tolerated else None
                yield "PKG-015", Hit(field, severity, str(limit.max_len), table=name, row=row.number)
            if form is not None and not form(value):
                yield _RULE_OF[form], Hit(field, table=name, row=row.number)


def _unknown_tags(records: Rows, plan: TablePlan) -> Iterator[tuple[str, Hit]]:
    """Unknown tags, once per table and tag: the fault lies in the program, not in a row."""
    if all(map(plan.names.issuperset, records.tags())):
        return
    unknown: dict[str, int] = {}
    for row_number, values in enumerate(records.raw, 1):
        for tag in values:
            if tag not in plan.names and ALIASES.get((records.name, tag)) not in plan.names:
                unknown.setdefault(tag, row_number)
    for tag, first in unknown.items():
        yield "PKG-014", Hit(tag, table=records.name, row=first)
