"""One pass: every stage of every facility until nothing is due any more. For cron, and for the demo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from adapter.engine.installation import ROUND, FacilityLine, Installation
from adapter.errors import BhytError
from adapter.pipeline.context import StageResult, owner_name
from adapter.pipeline.flow import probe

Progress = Callable[[str, StageResult], None]
"""Told after each stage run: facility code, and what it did."""


@dataclass(slots=True)
class PassResult:
    """What one pass did. ``failures``: (facility, stage, error), each error once."""

    read: int = 0
    sent: int = 0
    logins: int = 0
    failures: list[tuple[str, str, BhytError]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """True when every stage completed; blocked and refused dossiers are outcomes, not failures."""
        return not self.failures


def one_pass(installation: Installation, tell: Progress = lambda _code, _result: None) -> PassResult:
    """Run pull, translate, check, sign and send for each facility, each until it has nothing left to do."""
    result = PassResult()
    before = installation.logins
    for line in installation.lines:
        probe(installation.store, line.facility.code, actor=owner_name(), clock=installation.store.clock)
        for stage in ROUND:
            _drain(line, stage, result, tell)
    result.logins = installation.logins - before
    return result


def _drain(line: FacilityLine, stage: str, result: PassResult, tell: Progress) -> None:
    while True:
        done = line.run(stage)
        tell(line.facility.code, done)
        if stage == "pull":
            result.read += done.done
        elif stage == "send":
            result.sent += done.done
        for error in done.failures:
            result.failures.append((line.facility.code, stage, error))
        if done.failures or not done.more:
            return
