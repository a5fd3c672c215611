"""The console's list of dossiers: search, filter, sort and paging that do not grow slow with the store.

Three ways to find a page, the cheapest wins: a *small set* (one person, one day, a rare rule or
state) is gathered and sorted; *runs* are short pieces of an index, one for each facility, purpose,
state and flag, merged; a *dense* search (a common name, a frequent rule) walks its index, newest
first. Nothing counts the whole table; pages are found by key, not by offset.
"""

from __future__ import annotations

from adapter.store.views.worklist.pages import Worklist
from adapter.store.views.worklist.wanted import OPEN, PURPOSES, STATES, Page, Sort, Wanted

__all__ = ["OPEN", "PURPOSES", "STATES", "Page", "Sort", "Wanted", "Worklist"]
