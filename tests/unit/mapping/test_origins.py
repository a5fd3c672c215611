"""Where a field comes from, in the words of the HIS: what a clerk is told to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.mapping import Plan, load_mapping
from adapter.mapping.tools.origins import origins
from adapter.resources import mapping_file


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_mapping(mapping_file("demo-his-b", Path()))


@pytest.mark.parametrize(
    ("table", "field", "columns"),
    [
        ("XML1", "MA_LK", "EPISODE_CODE"),
        ("XML10", "SO_NGAY", "SICK_LEAVE_FROM, SICK_LEAVE_TO"),  # an expression
        ("XML1", "MA_DOITUONG_KCB", "payer.RIGHT_ROUTE_TYPE_CODE"),  # one of several branches
        ("XML1", "GT_THE_TU", "payers.CARD_FROM_TIME"),  # of every row of a collection
        ("XML1", "MA_BN", "KEPT_PATIENT_CODE, PATIENT_CODE"),  # the first that is filled
    ],
)
def test_a_field_names_the_columns_it_is_made_of(plan: Plan, table: str, field: str, columns: str) -> None:
    assert origins(plan, table, field) == (columns,)


def test_no_field_that_reads_a_column_is_said_to_come_from_an_expression(plan: Plan) -> None:
    found = {label for table in plan.tables for name in _names(plan, table) for label in origins(plan, table, name)}
    assert "choose" not in found
    assert "expr" not in found


def _names(plan: Plan, table: str) -> set[str]:
    return {step.name for block in plan.tables[table] for step in block.fields}
