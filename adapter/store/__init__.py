"""The truth: what was read, every revision, every state change, every receipt."""

from typing import TYPE_CHECKING

from adapter.later import faces
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

if TYPE_CHECKING:
    from adapter.store.store import Retention, Store
    from adapter.store.work.claims import Stage
else:
    # A process of the pool takes records and states from here and never a database.
    __getattr__ = faces(__name__, {"Retention": "store", "Store": "store", "Stage": "work.claims"})

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
