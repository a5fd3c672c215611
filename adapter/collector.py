"""Python's cycle collector, asked seldom: the line makes many objects and hardly any cycles.

With Python's own threshold (700 new objects) every batch is walked dozens of times, which costs the line a tenth of
its processor time and a start some more. Cycles there are, in errors and in libraries, are still collected.
"""

from __future__ import annotations

import gc

_NEW, _YOUNG, _OLD = 20_000, 50, 100


def collect_seldom() -> None:
    """For this process, from now on."""
    gc.set_threshold(_NEW, _YOUNG, _OLD)


def settle() -> None:
    """What is loaded stays for good: collect once and leave it out of every later walk."""
    gc.collect()
    gc.freeze()
