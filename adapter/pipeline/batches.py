"""How stages work in batches: claim, have the processor's work done, store; and what to do when storing one fails.

With a pool the next batch is claimed and handed over before the one at work is stored, so that the processors never
wait for the store. At most two batches are in memory then, and each has a bound (:mod:`adapter.store.work.claims`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from adapter.errors import BhytError, LeaseLost, Terminal
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.workbench import WorkerLost
from adapter.store import Claimed

AFTER_A_DEATH = timedelta(minutes=15)
"""Before a dossier that a process died over is tried again: it may be the one that needs too much memory."""

Claim = TypeVar("Claim")
Came = TypeVar("Came")
Saved = TypeVar("Saved")


def in_batches(
    claim: Callable[[], Sequence[Claim]],
    begin: Callable[[Sequence[Claim]], Iterable[Came]],
    *,
    ahead: Callable[[], bool],
    stopping: Callable[[], bool],
    result: StageResult,
) -> Iterator[tuple[Sequence[Claim], Iterable[Came]]]:
    """Claimed rows with what comes of them, batch by batch in the order of the claims, until nothing is due.

    ``begin`` hands a batch to the processors; when ``ahead`` says so it has returned at once, and
    reading what it returned waits.
    What was claimed is always given out, also when ``stopping`` says so; ``result.more`` tells that more is left.
    """
    under_way: tuple[Sequence[Claim], Iterable[Came]] | None = None
    while True:
        if stopping():
            result.more = True
            break
        try:
            claimed = claim()
            begun = (claimed, begin(claimed)) if claimed else None
        except BhytError:
            if under_way is not None:
                yield under_way
            raise
        if under_way is not None:
            yield under_way
        under_way = begun
        if begun is None:
            return
        if not ahead():
            yield begun
            under_way = None
    if under_way is not None:
        yield under_way


def apart(
    save: Callable[[Sequence[Claim]], Sequence[Saved | None]], found: Sequence[Claim], result: StageResult
) -> list[Saved | None]:
    """Save a batch in one transaction; when one unit makes it fail, each in a transaction of its own.

    None stands for a lost lease. A unit the store refuses by itself is a failure of the stage and stays leased; the
    others are saved. Raises StoreBusy: then none is.
    """
    if not found:
        return []
    try:
        return list(save(found))
    except LeaseLost:
        if len(found) == 1:
            return [None]
    except (SQLAlchemyError, ValueError, TypeError) as error:
        if len(found) == 1:
            result.failures.append(_refused(error))
            return []
    return [saved for one in found for saved in apart(save, [one], result)]


def give_back(ctx: Context, one: Claimed, error: WorkerLost, result: StageResult) -> None:
    """A dossier over which a process of the pool died: it goes back unharmed, and others come before it."""
    result.failures.append(error)
    try:
        now = ctx.clock()
        ctx.store.outbox.put_back(one, error.code, now=now, actor=ctx.owner, again_at=now + AFTER_A_DEATH)
    except LeaseLost:
        result.count("gave_way")


def _refused(error: Exception) -> Terminal:
    # Its text may hold values; the type says enough to find the place.
    what = type(getattr(error, "orig", None) or error).__name__
    return Terminal(
        f"Kho lưu không nhận kết quả của một hồ sơ ({what}); hồ sơ này sẽ được thử lại, hồ sơ khác không bị ảnh hưởng",
        f"The store does not take the result of one dossier ({what}); it is tried again, the others are not affected",
        hint_vi="báo lỗi kèm phiên bản chương trình nếu lặp lại",
        hint_en="report it with the program's version when it comes again",
        code="STORE-REFUSED",
    )
