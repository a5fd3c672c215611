"""What is written is read back exactly, and what was read is written back exactly."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.dossier.model import Dossier, Purpose, Row
from adapter.dossier.package import FileKind, ProblemKind
from adapter.dossier.reader import read
from adapter.dossier.writer import write, write_xml12
from adapter.standard.spec import layouts, written_as
from tests.support import made_up

TODAY = date(2026, 9, 1)

_LEGAL = st.characters(
    exclude_categories=("Cs",),
    exclude_characters=[chr(c) for c in range(0x20) if c not in (9, 10, 13)] + ["\ufffe", "\uffff"],
)
_TEXT = st.one_of(
    st.just(""),
    st.sampled_from(
        ["0", "39000.00", "202609010930", "Nguyễn Thị Ví Dụ", "CSST<M80_T37>", "A&B", "]]>", "\r\n", " x "]
    ),
    st.text(_LEGAL, max_size=12),
)


@st.composite
def _row(draw: st.DrawFn, table: str, layout: str) -> Row:
    # A few drawn values spread over the fields keep examples small and still reach every field.
    values = draw(st.lists(_TEXT, min_size=1, max_size=7))
    shift = draw(st.integers(0, 6))
    fixed = {"MA_LK": made_up.MA_LK, "MA_CSKCB": made_up.FACILITY}
    names = written_as(layout).tables[table].names
    return {n: fixed.get(n, values[(i + shift) % len(values)]) for i, n in enumerate(names)}


@st.composite
def _dossiers(draw: st.DrawFn) -> Dossier:
    layout = draw(st.sampled_from(layouts()))
    parts = written_as(layout).parts
    chosen = draw(st.sets(st.sampled_from(parts[1:]), max_size=5))
    tables = {"XML1": (draw(_row("XML1", layout)),)}
    for name in parts:
        if name in chosen:
            tables[name] = tuple(draw(st.lists(_row(name, layout), min_size=1, max_size=3)))
    single = [n for n in tables if written_as(layout).tables[n].record_element is None and n not in ("XML1", "XML7")]
    for name in single:
        tables[name] = tables[name][:1]
    uninsured = tables["XML1"][0]["MA_DOITUONG_KCB"] == "9"
    purpose = Purpose.BOOK if uninsured else Purpose.CLAIM
    return Dossier(made_up.FACILITY, made_up.MA_LK, purpose, layout, tables)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(_dossiers())
def test_a_dossier_read_back_is_the_one_that_was_written(dossier: Dossier) -> None:
    data = write(dossier, created_on=TODAY)
    package = read(data, pin=dossier.standard)
    assert package.dossiers == (dossier,)
    assert package.dossiers[0].content_hash() == dossier.content_hash()
    assert {p.kind for p in package.problems} <= {ProblemKind.DUPLICATE_PART}
    assert (package.facility, package.created_on, package.declared_count) == (made_up.FACILITY, "20260901", "1")
    assert not package.signed
    assert write(package.dossiers[0], created_on=TODAY) == data


@pytest.mark.parametrize("layout", ["130", "4750", "3176"])
@pytest.mark.parametrize("table", [f"XML{i}" for i in range(16)])
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_table_of_every_layout_survives_both_ways(table: str, layout: str, data: st.DataObject) -> None:
    if table not in written_as(layout).tables:
        assert layout == "130"
        return
    rows = tuple(data.draw(st.lists(_row(table, layout), min_size=1, max_size=3)))
    if table == "XML12":
        dossier = Dossier("", "", Purpose.CLAIM, layout, {"XML12": rows})
        written, kind = write_xml12(dossier), FileKind.ASSESSMENT
    elif table == "XML0":
        dossier = Dossier(made_up.FACILITY, made_up.MA_LK, Purpose.CHECKIN, layout, {"XML0": rows})
        written, kind = write(dossier, created_on=TODAY), FileKind.CHECKIN
    else:
        if written_as(layout).tables[table].record_element is None and table != "XML7":
            rows = rows[:1]
        header = made_up.row("XML1", layout)
        dossier = Dossier(made_up.FACILITY, made_up.MA_LK, Purpose.CLAIM, layout, {"XML1": (header,), table: rows})
        if table == "XML1" and rows[0]["MA_DOITUONG_KCB"] == "9":
            return
        written, kind = write(dossier, created_on=TODAY), FileKind.DOSSIERS
    package = read(written, pin=layout)
    assert package.kind is kind
    assert package.dossiers == (dossier,)
    again = package.dossiers[0]
    assert (write_xml12(again) if table == "XML12" else write(again, created_on=TODAY)) == written


def test_twins_discharge_letters_are_parts_of_their_own_and_come_back_as_rows() -> None:
    twins = made_up.dossier(XML7=[made_up.row("XML7", SO_LUU_TRU="A"), made_up.row("XML7", SO_LUU_TRU="B")])
    data = write(twins, created_on=TODAY)
    assert data.count(b"<LOAIHOSO>XML7</LOAIHOSO>") == 2
    package = read(data)
    assert package.dossiers == (twins,)
    assert [(p.kind, p.part) for p in package.problems] == [(ProblemKind.DUPLICATE_PART, "XML7")]


def test_a_dossier_of_six_thousand_lines_is_written_and_read_back() -> None:
    big = made_up.dossier(lines=6000)
    data = write(big, created_on=TODAY)
    assert len(data) > 10_000_000
    package = read(data)
    assert package.dossiers == (big,)
    assert package.problems == ()


def test_a_missing_key_is_written_as_an_empty_element() -> None:
    short = made_up.dossier(XML2=[{"MA_LK": made_up.MA_LK, "STT": "1"}])
    package = read(write(short, created_on=TODAY))
    assert package.problems == ()
    assert set(package.dossiers[0].tables["XML2"][0]) == set(written_as("3176").tables["XML2"].names)
    assert package.dossiers[0].tables["XML2"][0]["DU_PHONG"] == ""
