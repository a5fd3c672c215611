"""Every cell of the decision table, and the document that prints it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.gateway.outcome import Outcome, OutcomeKind
from adapter.pipeline.decide import BROKE_OFF, Policy, decide
from adapter.pipeline.states_doc import document
from adapter.store.states import MOVES, State

K = OutcomeKind
POLICY = Policy()
MINUTES10 = timedelta(minutes=10)

CELLS = [
    # outcome, attempts, unknowns, policy → state, wait, hold, counted, facility stops
    (Outcome(K.ACCEPTED), 1, 0, POLICY, State.ACCEPTED, None, None, True, False),
    (Outcome(K.ACCEPTED, remark=True), 1, 0, POLICY, State.ACCEPTED, None, None, True, False),
    (Outcome(K.ACCEPTED, remark=True), 1, 0, Policy(remark="refused"), State.REFUSED, None, None, True, False),
    (Outcome(K.ACCEPTED, remark=True), 1, 0, Policy(remark="hold"), State.ACCEPTED, None, "remark", True, False),
    (Outcome(K.REFUSED_FIXABLE), 1, 0, POLICY, State.REFUSED, None, None, True, False),
    (Outcome(K.REFUSED_FINAL), 9, 0, POLICY, State.REFUSED, None, None, True, False),
    (Outcome(K.UNKNOWN), 1, 0, POLICY, State.UNKNOWN, MINUTES10, None, True, False),
    (Outcome(K.UNKNOWN), 2, 1, POLICY, State.UNKNOWN, MINUTES10, None, True, False),
    (Outcome(K.UNKNOWN), 3, 2, POLICY, State.UNKNOWN, MINUTES10, None, True, False),
    (Outcome(K.UNKNOWN), 4, 3, POLICY, State.UNKNOWN, None, "ask-portal", True, False),
    (Outcome(K.UNKNOWN), 1, 0, Policy(unknown="hold"), State.UNKNOWN, None, "ask-portal", True, False),
    (Outcome(K.AUTH), 1, 0, POLICY, State.SIGNED, None, None, False, True),
    (Outcome(K.THROTTLED, 429), 1, 0, POLICY, State.SIGNED, timedelta(seconds=2.5), None, False, False),
    (Outcome(K.THROTTLED, 429, retry_after=60), 1, 0, POLICY, State.SIGNED, timedelta(minutes=1), None, False, False),
    (Outcome(K.TRANSIENT, case="wire/not-connected"), 30, 0, POLICY, State.SIGNED, None, None, False, False),
    (Outcome(K.TRANSIENT, case=BROKE_OFF), 1, 0, POLICY, State.SIGNED, timedelta(seconds=2.5), None, True, False),
    (Outcome(K.TRANSIENT, case=BROKE_OFF), 20, 0, POLICY, State.SIGNED, None, "budget", True, False),
    (Outcome(K.TRANSIENT, 503), 1, 0, POLICY, State.SIGNED, timedelta(seconds=2.5), None, True, False),
    (Outcome(K.TRANSIENT, 503), 2, 0, POLICY, State.SIGNED, timedelta(seconds=5), None, True, False),
    (Outcome(K.TRANSIENT, 503), 19, 0, POLICY, State.SIGNED, timedelta(seconds=450), None, True, False),
    (Outcome(K.TRANSIENT, 503), 20, 0, POLICY, State.SIGNED, None, "budget", True, False),
]


@pytest.mark.parametrize("cell", CELLS, ids=lambda c: f"{c[0].kind}-{c[1]}-{c[2]}")
def test_each_cell_decides_as_written(cell: Any) -> None:
    outcome, attempts, unknowns, policy, target, wait, hold, counted, stops = cell
    decision = decide(outcome, attempts=attempts, unknowns=unknowns, policy=policy)
    assert decision.target is target
    assert decision.wait == wait
    assert (decision.hold[0] if decision.hold else None) == hold
    assert decision.count is counted
    assert decision.stop_facility is stops
    assert decision.remark is outcome.remark


def test_every_kind_of_outcome_has_a_cell() -> None:
    assert {cell[0].kind for cell in CELLS} == set(OutcomeKind)


@given(
    kind=st.sampled_from(list(OutcomeKind)),
    status=st.none() | st.just(500),
    counts=st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)),
    jitter=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.floats(0, 10**5),
)
def test_whatever_comes_the_decision_is_a_legal_move_and_ends(
    kind: OutcomeKind, status: int | None, counts: tuple[int, int], jitter: float, asked: float | None
) -> None:
    outcome = Outcome(kind, http_status=status, retry_after=asked)
    decision = decide(outcome, attempts=counts[0], unknowns=counts[1], policy=POLICY, jitter=jitter)
    assert decision.target in MOVES[State.SENDING]
    if decision.wait is not None:
        assert timedelta(0) < decision.wait <= timedelta(seconds=max(POLICY.back_off_longest, asked or 0, 600))
        assert decision.hold is None
    if decision.target is State.UNKNOWN:
        assert decision.wait or decision.hold, "unknown must either be repeated or be seen"


def test_the_document_prints_the_table_the_code_decides_by() -> None:
    path = Path(__file__).parents[3] / "docs" / "states.md"
    assert path.read_text(encoding="utf-8") == document(), "run: python -m adapter.pipeline.states_doc"
