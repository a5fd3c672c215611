"""Logs: one JSON object per line on stderr, with a run id, and never a patient's data."""

from __future__ import annotations

import logging
import secrets
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from adapter.pipeline.context import StageResult

log = structlog.get_logger()


def configure_logs(role: str, *, pretty: bool = False) -> None:
    """Set up structlog for one role. ``pretty``: readable lines for a terminal."""
    renderer = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(role=role, run=secrets.token_hex(4))
    take_over()
    # A stage that still runs is not started a second time: on purpose, and not worth a line a second.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    sys.excepthook = _crashed
    threading.excepthook = lambda hooked: _crashed(hooked.exc_type, hooked.exc_value, hooked.exc_traceback)


class _Foreign(logging.Handler):
    """A library's warning as one line of ours: its own words, but nothing that was put into them, and no exception's
    text or traceback, any of which may hold what was at work."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write it."""
        kind, _, trace = record.exc_info if record.exc_info else (None, None, None)
        failed = kind.__name__ if kind else None
        log.warning("library", library=record.name, text=_words(record), error=failed, at=_places(trace))


def _words(record: logging.LogRecord) -> str:
    """The first line of a message with its numbers only."""
    words = str(record.msg).partition("\n")[0][:300]
    args = record.args
    try:
        if isinstance(args, Mapping):
            return words % {key: _number(value) for key, value in args.items()}
        return words % tuple(_number(value) for value in args or ()) if args else words
    except (TypeError, ValueError, KeyError):
        return words


def _number(value: object) -> object:
    return value if isinstance(value, int | float) else "…"


def _places(trace: TracebackType | None) -> list[str]:
    """Where it went wrong, innermost last: enough to find the line, without its values."""
    return [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in traceback.extract_tb(trace)[-8:]]


def _crashed(kind: type[BaseException], _error: BaseException | None, trace: TracebackType | None) -> None:
    """What nobody caught: its kind and place. Its words may quote a patient."""
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        log.error("crashed", error=kind.__name__, at=_places(trace))


def take_over(*libraries: str) -> None:
    """Bring the warnings of these libraries (all, when none is named) into our log."""
    for name in libraries or (None,):
        theirs = logging.getLogger(name)
        theirs.handlers = [_Foreign(logging.WARNING)]
        theirs.propagate = False


class Teller:
    """Writes what a facility's stages did: work when there was some, each failure once until it ends."""

    def __init__(self, facility: str) -> None:
        self._facility = facility
        self._failing: dict[str, set[str]] = {}
        self._resting: set[str] = set()

    def __call__(self, result: StageResult) -> None:
        """Log one stage run."""
        if ("paused" in result.counts) != (result.stage in self._resting):
            self._resting ^= {result.stage}
            told_of = "stage paused by people" if result.stage in self._resting else "stage goes on"
            log.info(told_of, facility=self._facility, stage=result.stage)
        told = self._failing.get(result.stage, set())
        for error in result.failures:
            if error.code not in told:
                log.warning("stage failed", facility=self._facility, stage=result.stage, **error.to_dict())
        now = {error.code for error in result.failures}
        for code in sorted(told - now):
            log.info("stage works again", facility=self._facility, stage=result.stage, code=code)
        self._failing[result.stage] = now
        if result.done:
            log.info("stage", facility=self._facility, stage=result.stage, done=result.done, **result.counts)
