"""The feed face: Bulk Data exports in a folder. Pushed Bundles come through the API, which finds its options here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from adapter.errors import ConfigError, SourceValueError
from connectors.base import Inbox
from connectors.checked import checked_options
from connectors.fhir.gather import Gatherer
from connectors.fhir.resources import Pool, name_of, parse
from connectors.fhir.spec import FhirSpec
from connectors.folders import Steady, move, rest, watched, write

_CHUNK = 100
_TOLD = 1000


class FeedOptions(BaseModel):
    """``facilities[].feeds[].options`` for connector ``fhir``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(default=None, description="in/ is watched; work/, done/, refused/ are made beside it")
    push: bool = Field(default=False, description="POST /v1/fhir/Bundle is open for this facility")
    systems: dict[str, str] = Field(default_factory=dict)
    max_entries: Annotated[int, Field(gt=0)] = 10_000
    max_bytes: Annotated[int, Field(gt=0)] = 50_000_000
    max_resources: Annotated[int, Field(gt=0, description="of one Bulk export")] = 500_000
    every: Annotated[float, Field(gt=0, description="seconds between two looks")] = 5
    steady: Annotated[float, Field(ge=0, description="seconds without a change before an export is read")] = 10


def read_feed_options(options: Mapping[str, Any]) -> FeedOptions:
    """ConfigError names a wrong key, or that there is nothing to do."""
    read = checked_options(FeedOptions, options, "facilities[].feeds[].options", guide="fhir")
    if read.folder is None and not read.push:
        raise ConfigError(
            "Feed fhir cần folder (Bulk NDJSON) hoặc push: true", "A fhir feed needs folder (Bulk NDJSON) or push: true"
        )
    return read


class FhirFeed:
    """Reads each export that appears in ``folder``/in, a folder of ``*.ndjson`` files. Keeps Feed."""

    def __init__(self, spec: FhirSpec, options: FeedOptions) -> None:
        self._gatherer = Gatherer(spec, options.systems)
        self._options = options
        self._steady = Steady(options.steady)

    def run(self, inbox: Inbox, stopping: Callable[[], bool]) -> None:
        """Watch until told to stop. An export is moved only after all of it is kept; what was kept twice is told.

        ConfigError when another process watches the same folder.
        """
        folder = self._options.folder
        if folder is None:  # Bundles come through the API only
            while not stopping():
                rest(self._options.every, stopping)
            return
        folder.mkdir(parents=True, exist_ok=True)
        watched(folder, lambda: self.look(folder, inbox, stopping), self._options.every, stopping)

    def look(self, folder: Path, inbox: Inbox, stopping: Callable[[], bool] = lambda: False) -> int:
        """Read what is steady now; how many exports."""
        inside, work = folder / "in", folder / "work"
        for made in (inside, work):
            made.mkdir(parents=True, exist_ok=True)
        for export in self._steady.among(p for p in inside.iterdir() if p.is_dir()):
            move(export, work)
        number = 0
        for export in sorted(p for p in work.iterdir() if p.is_dir()):
            if stopping():
                break
            self._read(export, folder, inbox)
            number += 1
        return number

    def _read(self, export: Path, folder: Path, inbox: Inbox) -> None:
        report: dict[str, Any] = {"resources": 0, "encounters": 0, "unusable": 0, "problems": []}
        try:
            pool = self._pool(export, report)
            encounters = self._gatherer.encounters(pool)
        except SourceValueError as error:
            report["problems"].append({"vi": error.message_vi, "en": error.message_en})
            encounters = []
        for at in range(0, len(encounters), _CHUNK):
            inbox.put(encounters[at : at + _CHUNK])
        report["encounters"] = len(encounters)
        report["unusable"] = sum(1 for one in encounters if one.problem is not None)
        outcome = "done" if encounters else "refused"
        write(
            folder / outcome / f"{export.name}.report.json",
            json.dumps(report, ensure_ascii=False, indent=2).encode("utf-8"),
        )
        move(export, folder / outcome)

    def _pool(self, export: Path, report: dict[str, Any]) -> Pool:
        pool = Pool()
        for place, text in _lines(export):
            report["resources"] += 1
            if report["resources"] > self._options.max_resources:
                raise SourceValueError(
                    "Bản xuất lớn hơn max_resources: hãy xuất theo khoảng ngày nhỏ hơn",
                    "The export is larger than max_resources: export shorter spans of days",
                )
            try:
                resource = parse(text)
                wrong = pool.add(resource)
            except SourceValueError as error:
                resource, wrong = None, [error.message_en]
            if wrong and len(report["problems"]) < _TOLD:
                report["problems"].append({"at": place, "resource": name_of(resource), "what": wrong})
        return pool


def _lines(export: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(export.rglob("*.ndjson")):
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield f"{file.name}:{number}", line
