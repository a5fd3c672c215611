"""Logs: one JSON object per line on stderr, with a run id, and never a patient's data."""

from __future__ import annotations

import logging
import secrets
import sys
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


class _Foreign(logging.Handler):
    """A library's warning as one line of ours: its words, no traceback (which may hold what was at work)."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write it."""
        failed = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        log.warning("library", library=record.name, text=record.getMessage()[:300], error=failed)


def take_over(*libraries: str) -> None:
    """Bring the warnings of these libraries into our log."""
    for name in libraries:
        theirs = logging.getLogger(name)
        theirs.handlers, theirs.propagate = [_Foreign(logging.WARNING)], False


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
