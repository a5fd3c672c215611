"""The feed face: in/ → work/ → done/ or refused/, one folder per delivery, each step a rename.

Everything of a delivery is kept in the store before it leaves work/; after a crash it is read again, and what was
kept is told by its content.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapter.errors import SourceValueError
from connectors.base import Inbox
from connectors.folders import PARTIAL, Steady, move, place_in, watched, write
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
        """Read what is complete now; how many deliveries. Raises StoreBusy: what was not kept stays in work/."""
        folder = self._options.folder
        inside, work = folder / "in", folder / "work"
        for made in (inside, work):
            made.mkdir(parents=True, exist_ok=True)
        for delivery in self._steady.among(p for p in inside.iterdir() if p.is_dir()):
            if self._complete(delivery):
                move(delivery, work)
        number = 0
        for delivery in sorted(p for p in work.iterdir() if p.is_dir()):
            if stopping():
                break
            self._read(delivery, inbox)
            number += 1
        return number

    def _complete(self, delivery: Path) -> bool:
        names = [p.name for p in delivery.iterdir()]
        marker = self._options.marker
        return not any(n.endswith(PARTIAL) for n in names) and (marker is None or marker in names)

    def _read(self, delivery: Path, inbox: Inbox) -> None:
        files = [p for p in delivery.iterdir() if p.is_file() and not p.name.startswith((".", "~$"))]
        report: dict[str, Any]
        try:
            gathered = gather(self._spec, delivery.name, files)
        except SourceValueError as error:
            outcome = "refused"
            report = {"delivery": delivery.name, "encounters": 0, "problems": [error.to_dict()]}
        else:
            outcome = "done"
            report = gathered.report(delivery.name)
            for at in range(0, len(gathered.encounters), _CHUNK):
                inbox.put(gathered.encounters[at : at + _CHUNK])
        place = self._options.folder / outcome
        name = place_in(delivery, place).name  # the report comes first: no delivery stands there without one
        write(place / f"{name}.report.json", json.dumps(report, ensure_ascii=False, indent=2).encode("utf-8"))
        move(delivery, place)
