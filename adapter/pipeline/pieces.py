"""A few jobs at a time: what goes to a process of the pool at once, and what goes through each step together.

The steps of a dossier are a lot of code. One step for some dossiers, then the next, keeps its code and what it
remembers at hand; all steps for one dossier after another are a tenth slower. What is held meanwhile has a bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

_MOST = 16
_MOST_BYTES = 1 << 20
"""Of bodies; as objects they are some eight times as large."""


class _WithBody(Protocol):
    @property
    def body(self) -> Any: ...


Job = TypeVar("Job", bound=_WithBody)


def in_pieces(jobs: Sequence[Job], *, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> Iterator[Sequence[Job]]:
    """Jobs in their order, a few at a time; long ones alone."""
    piece: list[Job] = []
    size = 0
    for job in jobs:
        if piece and (len(piece) >= most or size + len(job.body) > most_bytes):
            yield piece
            piece, size = [], 0
        piece.append(job)
        size += len(job.body)
    if piece:
        yield piece
