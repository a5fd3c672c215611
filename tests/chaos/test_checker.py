"""The judge finds what it is there to find: each kind of harm, done on purpose to a calm world."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos.checker import Judgement, _doubled_and_order, _lost, _Rev

KEY = ("LK1", "claim", "")


def rev(number: int, *, state: str = "accepted", content: str = "", sha: str = "", current: bool = False) -> _Rev:
    return _Rev(KEY, number, state, content or f"c{number}", sha or f"s{number}", current, held=False, receipts=1)


def judged(ours: list[_Rev], arrivals: list[str], wanted: str | None = "c2") -> dict[str, int]:
    result = Judgement()
    _doubled_and_order(result, ours, [("LK1", sha) for sha in arrivals])
    _lost(result, ours, set(arrivals), {KEY: wanted})
    harm = Counter(lost=len(result.lost), doubled=len(result.doubled), order=len(result.order_breaks))
    return {name: count for name, count in harm.items() if count}


CALM = [rev(1), rev(2, current=True)]


def test_a_calm_world_is_clean_and_a_repeat_of_the_same_bytes_is_no_harm() -> None:
    assert judged(CALM, ["s1", "s1", "s2"]) == {}


@pytest.mark.parametrize(
    ("ours", "arrivals", "wanted", "harm"),
    [
        (CALM, ["s2", "s1"], "c2", "order"),
        (CALM, ["s1"], "c2", "lost"),
        (CALM, ["s1", "s2"], "c3", "lost"),
        (CALM, ["s1", "s2", "foreign"], "c2", "doubled"),
        ([rev(1, content="c2"), rev(2, current=True)], ["s1", "s2"], "c2", "doubled"),
        ([rev(1, current=True, state="signed")], [], "c1", "lost"),
        ([], [], "c1", "lost"),
    ],
)
def test_each_harm_is_named(ours: list[_Rev], arrivals: list[str], wanted: str, harm: str) -> None:
    assert harm in judged(ours, arrivals, wanted)


def test_what_is_blocked_is_visible_and_not_lost() -> None:
    assert judged([rev(1, current=True, state="blocked")], [], "c1") == {}


def test_acceptance_without_a_receipt_is_a_loss() -> None:
    bare = _Rev(KEY, 1, "accepted", "c1", "s1", current=True, held=False, receipts=0)
    assert judged([bare], ["s1"], "c1") == {"lost": 1}
