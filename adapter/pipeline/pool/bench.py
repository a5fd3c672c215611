"""The pipeline's bench over the pool: the same face and the same results as in one process.

Small work is done here, by the bench that every pool has beside it. A piece of work over which a process died is
tried alone, so that its neighbours are not made to suffer; when its process dies again it is given back
(:class:`~adapter.pipeline.workbench.WorkerLost`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from adapter.errors import BhytError
from adapter.pipeline.needs import Plan
from adapter.pipeline.pieces import in_pieces
from adapter.pipeline.pool.pool import Died, Kit, Pool
from adapter.pipeline.pool.process import CHECK, SIGN, TRANSLATE, AskPeople, CheckKit, SignKit, TranslateKit
from adapter.pipeline.translation import Made, TranslateJob
from adapter.pipeline.workbench import CheckJob, InlineBench, Signed, SignJob, WorkerLost
from adapter.rules.context import Catalogues
from adapter.rules.finding import Report
from adapter.settings import Facility, Settings

_PIECE = {"most": 8, "most_bytes": 384 << 10}
"""What one process is given at once: little enough that no other waits long for its share."""
_TRIES = 2

Job = TypeVar("Job", TranslateJob, CheckJob, SignJob)
Came = TypeVar("Came")


@runtime_checkable
class PortableKey(Protocol):
    """A key in memory that may be handed to a process of our own; keys on tokens and far away stay where they are."""

    def hand_over(self) -> tuple[bytes, bytes]:
        """Certificate (DER) and private key (PKCS#8 DER, not encrypted)."""
        ...


class PoolBench:
    """One facility's work. ``inline`` does what is small, what asks the store, and what a key elsewhere signs."""

    def __init__(
        self,
        pool: Pool,
        inline: InlineBench,
        settings: Settings,
        facility: Facility,
        *,
        key: object = None,
        catalogues: Catalogues | None = None,
    ) -> None:
        """``key``, ``catalogues``: as ``inline`` has them."""
        self._pool, self._inline = pool, inline
        self._settings, self._facility = settings, facility
        self._key, self._catalogues = key, catalogues

    @property
    def ahead(self) -> bool:
        """While processes run."""
        return self._pool.running > 0

    def translate_many(self, jobs: Sequence[TranslateJob], plan: Plan) -> Iterable[Made | BhytError]:
        """By processes that have read the same mapping themselves."""
        path = getattr(plan, "path", None)
        if not isinstance(path, Path) or not self._worth(jobs):
            return self._inline.translate_many(jobs, plan)
        kit = self._pool.kit(
            (TRANSLATE, self._facility.code),
            (path, plan.hash),
            lambda: TranslateKit(self._settings, self._facility, path, plan.hash),
        )

        def here(job: TranslateJob) -> Made | BhytError:
            (made,) = self._inline.translate_many([job], plan)
            return made

        return self.sent(kit, jobs, here)

    def check_many(self, jobs: Sequence[CheckJob]) -> Iterable[Report | BhytError]:
        """By processes that have read rules and options themselves; lists are handed to them."""
        if not self._worth(jobs):
            return self._inline.check_many(jobs)
        kit = self._pool.kit(
            (CHECK, self._facility.code),
            (_Same(self._catalogues), self._local_rules()),
            lambda: CheckKit(self._settings, self._facility, self._catalogues),
        )
        return self.sent(kit, jobs)

    def sign_many(self, jobs: Sequence[SignJob]) -> Iterable[Signed | BhytError]:
        """By processes when the key may be handed over, else here."""
        key = self._key
        if not isinstance(key, PortableKey) or not self._worth(jobs):
            return self._inline.sign_many(jobs)
        kit = self._pool.kit(
            (SIGN, self._facility.code),
            _Same(key),
            lambda: SignKit(self._settings, self._facility, key.hand_over()),
        )
        return self.sent(kit, jobs)

    def _worth(self, jobs: Sequence[Job]) -> bool:
        return self._pool.worth(sum(len(job.body) for job in jobs))

    def _local_rules(self) -> tuple[int, int] | None:
        file = self._settings.rules.local_file
        if file is None:
            return None
        try:
            found = self._settings.path(file).stat()
        except OSError:
            return None  # whoever reads it tells that it is absent
        return found.st_mtime_ns, found.st_size

    def sent(self, kit: Kit, jobs: Sequence[Any], here: Callable[[Any], Any] | None = None) -> Iterable[Any]:
        """At work when this returns; results in the order of the jobs."""
        pieces = [(piece, self._pool.submit(kit, piece)) for piece in in_pieces(jobs, **_PIECE)]
        return self._results(kit, pieces, here)

    def _results(
        self,
        kit: Kit,
        pieces: Sequence[tuple[Sequence[Any], Future[list[Any]]]],
        here: Callable[[Any], Any] | None,
    ) -> Iterator[Any]:
        for piece, future in pieces:
            try:
                came = future.result()
            except Died:
                came = [self._alone(kit, job) for job in piece]
            for job, one in zip(piece, came, strict=True):
                yield here(job) if isinstance(one, AskPeople) and here is not None else one

    def _alone(self, kit: Kit, job: Any) -> Any:
        for _ in range(_TRIES):
            try:
                (came,) = self._pool.submit(kit, [job]).result()
            except Died:
                continue
            return came
        return WorkerLost(
            "Tiến trình xử lý bị dừng khi làm hồ sơ này (thường do thiếu bộ nhớ); hồ sơ được trả lại nguyên vẹn",
            "The process working on this dossier was ended by the system (often for want of memory); it is given back",
            hint_vi="xem nhật ký hệ thống, thêm bộ nhớ hoặc giảm engine.processes",
            hint_en="see the system's log, add memory or lower engine.processes",
        )


class _Same:
    """Equal only to the very same object."""

    def __init__(self, held: object) -> None:
        self._held = held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._held is other._held

    def __hash__(self) -> int:
        return id(self._held)
