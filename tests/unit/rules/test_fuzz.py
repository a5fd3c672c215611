"""Whatever a foreign file holds, checking it gives findings: never an exception, never a wrong kind of finding."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier, Purpose
from adapter.rules import Context, check, check_bytes
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
