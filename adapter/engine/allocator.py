"""glibc's memory, given back: without this a process of threads keeps what its largest batches once needed.

By default each thread allocates from an arena of its own, and large blocks end up in arenas that are never trimmed: an
engine that passes dossiers of 100 KB to processes of its pool grows by a third within some thousand of them, although
it holds no more objects than before. One arena, blocks of a megabyte and more mapped by themselves, and a top that is
trimmed keep it level. A mapped block is new pages each time, which cost more than what is done with them: the bodies
of usual dossiers, 100 KB, stay below. Elsewhere than on glibc this does nothing.
"""

from __future__ import annotations

import ctypes
import os
import sys

_CHOICES = {
    "MALLOC_ARENA_MAX": (-8, 1),
    "MALLOC_MMAP_THRESHOLD_": (-3, 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": (-1, 4 * 1024 * 1024),
}
"""Variable a new process reads → number of the same option for ``mallopt`` (malloc.h), value."""


def give_memory_back() -> None:
    """For this process from now on, and for those it starts. What the environment already says stays."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    for name, (option, value) in _CHOICES.items():
        if name in os.environ:
            continue
        os.environ[name] = str(value)
        if mallopt is not None:
            mallopt(option, value)
