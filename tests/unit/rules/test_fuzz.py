"""Whatever a foreign file holds, checking it gives findings: never an exception, never a wrong kind of finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import localcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier, Purpose
from adapter.rules import Context, check, check_bytes, structure
from adapter.rules.engine import plan_for
from adapter.rules.needs import unmet
from adapter.rules.registry import forget
from adapter.rules.rows import Row, Rows
from adapter.rules.structure import check_structure, compile_structure
from adapter.rules.values import number
from adapter.rules.view import View
from adapter.standard.spec import Standard, effective_on
from tests.support.rule_cases import Lists, Sent, build, file_of

_STANDARDS = {layout: effective_on(date(2026, 9, 1), layout) for layout in ("130", "4750", "3176")}
_BASES = ("outpatient", "inpatient", "birth", "transfer", "programme", "book", "checkin")
_ODD = st.sampled_from(
    (
        *("", " ", "0", "-1", "1e5", "NaN", "Infinity", "9" * 39, "0." + "9" * 30, "9" * 5000, ";", ";;", "a;b;"),
        *("000101010000", "99991231", "999912312359", "18000101", "20260230", "202609012460", "٣", "²", "1_000"),
        *("+5", "\u200b", "𠀋" * 20, "2*2", "1/0*1*1", "XX4010000000001", "K19.", "K1", "VC.", "23.0001.1494.K."),
        *("_TB", "A.HD.", ".", "†", "G1", "TE1", "0000000000"),
    )
)
_TEXT = st.one_of(_ODD, st.text(max_size=30), st.from_regex(r"[0-9]{1,14}", fullmatch=True))
_CONTEXTS = [
    Context(),
    Context(at=from_datetime12("202609030800"), catalogues=Lists({}), history=Sent({})),
    Context(
        at=from_datetime12("202609030800"),
        catalogues=Lists(
            {n: [] for n in ("icd10", "yhct", "staff", "services", "drugs", "supplies", "facilities", "communes")}
        ),
        history=Sent({"accepted": ["TEST-0001"]}),
        signed=False,
    ),
]


@st.composite
def _damaged(draw: st.DrawFn) -> tuple[Dossier, Standard]:
    base = build({"@base": draw(st.sampled_from(_BASES))})
    tables = {name: [dict(r) for r in rows] for name, rows in base.tables.items()}
    for _ in range(draw(st.integers(1, 25))):
        name = draw(st.sampled_from(sorted(tables)))
        row = tables[name][draw(st.integers(0, len(tables[name]) - 1))]
        row[draw(st.sampled_from(sorted(row)))] = draw(_TEXT)
    if draw(st.booleans()):
        del tables[draw(st.sampled_from(sorted(tables)))]
    layout = draw(st.sampled_from(sorted(_STANDARDS)))
    purpose = draw(st.sampled_from([base.purpose, *Purpose]))
    return Dossier(base.facility, base.ma_lk, purpose, layout, tables), _STANDARDS[layout]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_damaged(), st.sampled_from(_CONTEXTS))
def test_no_content_makes_a_check_fail(damaged: tuple[Dossier, Standard], context: Context) -> None:
    dossier, standard = damaged
    report = check(dossier, standard=standard, context=context)
    for finding in report.findings:
        assert finding.severity in {"error", "warning", "info"}
        assert finding.message_vi
        assert finding.message_en
        assert finding.row is None or 1 <= finding.row <= max(1, len(dossier.rows(finding.table)))
    assert report == check(dossier, standard=standard, context=context)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20_000), st.binary(max_size=6)), max_size=6), st.booleans())
def test_no_bytes_make_a_check_fail(edits: list[tuple[int, bytes]], cut: bool) -> None:
    data = bytearray(file_of({"@base": "outpatient", "@file": {}}))
    for position, piece in edits:
        at = position % len(data)
        data[at : at + len(piece)] = piece
    if cut:
        del data[len(data) // 2 :]
    checked = check_bytes(bytes(data), context=Context(at=from_datetime12("202609030800")))
    assert checked.dossiers


def _grown(dossier: Dossier, copies: int) -> Dossier:
    """The same with every row of the cost and result tables several times."""
    tables = {
        name: [row for row in rows for _ in range(copies if name in {"XML2", "XML3", "XML4", "XML5"} else 1)]
        for name, rows in dossier.tables.items()
    }
    return replace(dossier, tables=tables)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_damaged(), st.sampled_from(_CONTEXTS), st.integers(1, 3))
def test_a_table_asked_at_once_answers_as_its_rows_do_one_by_one(
    damaged: tuple[Dossier, Standard], context: Context, copies: int
) -> None:
    dossier, standard = _grown(damaged[0], copies), damaged[1]
    view = View(dossier, standard, context)
    plan = plan_for(standard, dossier.purpose)
    lacking = unmet(plan.needs, view)
    out = frozenset(info.id for info in plan.conditional if not lacking.keys().isdisjoint(info.needs))
    with localcontext(prec=200):
        for name, records in view.tables.items():
            for info, by_table, by_row in plan.left(out).by_table.get(name, ()):
                ones = [(row.number, _only(records, row)) for row in records]
                alone = [(place, answer) for place, one in ones for _, answer in by_table(view, one) if answer]
                if by_row is not None:
                    assert [(row.number, answer) for row in records if (answer := by_row(view, row))] == alone, info.id
                forget()
                together = [(row.number, answer) for row, answer in by_table(view, records) if answer]
                assert together == alone, info.id
                # what passed is remembered now, and passes
                assert [(row.number, answer) for row, answer in by_table(view, records) if answer] == alone, info.id


def _only(records: Rows, row: Row) -> Rows:
    """A table of this row alone, with its number in the whole."""
    one = Rows(records.name, [records.raw[row.number - 1]])
    one[0].number = row.number
    return one


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_damaged(), st.sampled_from(_CONTEXTS), st.integers(1, 3))
def test_fields_told_column_by_column_are_those_told_row_by_row(
    damaged: tuple[Dossier, Standard], context: Context, copies: int
) -> None:
    dossier, standard = _grown(damaged[0], copies), damaged[1]
    plans = compile_structure(standard)
    view = View(dossier, standard, context)
    by_column = list(check_structure(view, plans))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "_FEW", 1 << 30)
        assert by_column == list(check_structure(view, plans))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_damaged(), st.sampled_from(_CONTEXTS))
def test_what_was_checked_before_changes_nothing(damaged: tuple[Dossier, Standard], context: Context) -> None:
    dossier, standard = damaged
    after_others = check(dossier, standard=standard, context=context)
    forget()
    assert check(dossier, standard=standard, context=context) == after_others


@given(
    st.lists(
        st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["", " ", "\u3000", "x", "1.5", "007", "1e3"])),
        max_size=5,
    )
)
def test_rows_and_columns_read_alike(raw: list[dict[str, str]]) -> None:
    rows = Rows("XML2", raw)
    for field in "ABC":
        texts = [(values.get(field) or "").strip() for values in raw]
        assert [row[field] for row in rows] == texts
        assert [field in row for row in rows] == [bool(text) for text in texts]
        assert list(rows.column(field)) == texts
        assert rows.different(field) == set(texts)
        assert rows.lacks(field) is ("" in texts)
        numbers = [number(text) for text in texts]
        assert rows.number_column(field) == numbers
        assert rows.without_number(field) == {place for place, n in enumerate(numbers) if n is None}
        assert [(row.number, n) for row, n in rows.numbers(field, "A")] == [
            (place, (n, other))
            for place, (n, other) in enumerate(zip(numbers, rows.number_column("A"), strict=True), 1)
            if n is not None and other is not None
        ]
        assert rows.total(field) == (None if None in numbers else sum(numbers))
