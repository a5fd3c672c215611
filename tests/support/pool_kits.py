"""Work for a pool's processes that is small enough to see through: it counts, it dies when told, it breaks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter.pipeline.pool.process import AskPeople
from adapter.settings import Settings


@dataclass(frozen=True)
class Piece:
    """``text``: what comes back, with the process's number; or what is to happen."""

    text: str

    @property
    def body(self) -> bytes:
        return self.text.encode()


@dataclass(frozen=True)
class TestKit:
    """``die``: end the process; ``die once``: only while the file ``mark`` is absent; ``ask``, ``break``."""

    __test__ = False
    mark: Path
    settings: Settings = field(default_factory=Settings)
    version: str = ""

    def bench(self) -> Callable[[Sequence[Any]], Iterable[Any]]:
        def work(jobs: Sequence[Piece]) -> Iterable[Any]:
            for job in jobs:
                if job.text == "die" or (job.text == "die once" and not self.mark.exists()):
                    self.mark.touch()
                    os._exit(9)
                if job.text == "break":
                    raise ZeroDivisionError("Nguyễn Văn A")
                yield AskPeople() if job.text == "ask" else (job.text, self.version, os.getpid())

        return work
