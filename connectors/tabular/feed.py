"""The feed face: in/ → work/ → done/ or refused/, one folder per delivery, each step a rename.

Everything of a delivery is kept in the store before it leaves work/; after a crash it is read again, and what was
kept is told by its content.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapter.errors import SourceValueError
from connectors.base import Inbox
from connectors.folders import PARTIAL, Steady, move, place_in, watched, write
from connectors.tabular.deliveries import Overdue, delivery, overdue_error
from connectors.tabular.gather import gather
from connectors.tabular.options import FeedOptions
from connectors.tabular.spec import TabularSpec

_CHUNK = 100


class TabularFeed:
    """Keeps :class:`connectors.base.Feed`. One process per folder; a lock file sees to that."""

    def __init__(self, spec: TabularSpec, options: FeedOptions) -> None:
        self._spec = spec
        self._options = options
        self._steady = Steady(options.steady)

    def run(self, inbox: Inbox, stopping: Callable[[], bool]) -> None:
        """Watch until told to stop. ConfigError when another process watches the same folder."""
        folder = self._options.folder
        folder.mkdir(parents=True, exist_ok=True)
        watched(folder, lambda: self.look(inbox, stopping), self._options.every, stopping)

    def look(self, inbox: Inbox, stopping: Callable[[], bool] = lambda: False) -> int:
        """Read what is complete now; how many deliveries.

        Raises StoreBusy: what was not kept stays in work/. Raises SourceValueError, when all else is read, for a
        delivery that waits too long for its marker.
        """
        folder = self._options.folder
        inside, work = folder / "in", folder / "work"
        for made in (inside, work):
            made.mkdir(parents=True, exist_ok=True)
        for path in self._steady.among(p for p in inside.iterdir() if p.is_dir()):
            if self._complete(path):
                move(path, work)
        number = 0
        for path in sorted(p for p in work.iterdir() if p.is_dir()):
            if stopping():
                break
            self._read(path, inbox)
            number += 1
        if late := [one for p in inside.iterdir() if p.is_dir() and (one := self._overdue(p)) is not None]:
            raise overdue_error(late)
        return number

    def _overdue(self, path: Path) -> Overdue | None:
        found = delivery(path.name, list(path.iterdir()))
        marker, hours = self._options.marker, self._options.overdue_hours
        return None if found is None else found.waits_for(marker, hours=hours, now=time.time())

    def _complete(self, path: Path) -> bool:
        names = [p.name for p in path.iterdir()]
        marker = self._options.marker
        return not any(n.endswith(PARTIAL) for n in names) and (marker is None or marker in names)

    def _read(self, path: Path, inbox: Inbox) -> None:
        files = [p for p in path.iterdir() if p.is_file() and not p.name.startswith((".", "~$"))]
        report: dict[str, Any]
        try:
            gathered = gather(self._spec, path.name, files)
        except SourceValueError as error:
            outcome = "refused"
            report = {"delivery": path.name, "encounters": 0, "problems": [error.to_dict()]}
        else:
            outcome = "done"
            report = gathered.report(path.name)
            for at in range(0, len(gathered.encounters), _CHUNK):
                inbox.put(gathered.encounters[at : at + _CHUNK])
        place = self._options.folder / outcome
        name = place_in(path, place).name  # the report comes first: no delivery stands there without one
        write(place / f"{name}.report.json", json.dumps(report, ensure_ascii=False, indent=2).encode("utf-8"))
        move(path, place)
