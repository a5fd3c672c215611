"""The truth: what was read, every revision, every state change, every receipt."""

from adapter.store.records import (
    Answer,
    Claimed,
    ClaimedEncounter,
    Counts,
    Expected,
    Gate,
    Position,
    Read,
    Saved,
    Settlement,
    Unit,
)
from adapter.store.states import State, Verdict
from adapter.store.store import Retention, Store
from adapter.store.work.claims import Stage

__all__ = [
    "Answer",
    "Claimed",
    "ClaimedEncounter",
    "Counts",
    "Expected",
    "Gate",
    "Position",
    "Read",
    "Retention",
    "Saved",
    "Settlement",
    "Stage",
    "State",
    "Store",
    "Unit",
    "Verdict",
]
