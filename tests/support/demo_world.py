"""A source read, translated and checked as the pipeline would, without store, signature or gateway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from adapter.dossier.model import Dossier, Purpose
from adapter.mapping import load_mapping
from adapter.mapping.plan import Plan
from adapter.resources import shipped
from adapter.rules import Context, Report, check
from adapter.settings import SourceSettings
from adapter.source import SourceEncounter
from adapter.standard.spec import effective_on
from connectors.base import PullSource, open_source

FACILITY = "01999"


@dataclass(frozen=True, slots=True)
class Checked:
    """One dossier with its report. ``exempt`` holds the reason when it is not to be sent."""

    dossier: Dossier
    report: Report
    exempt: str

    def rules(self, severity: str = "error") -> set[str]:
        return {f.rule for f in self.report.findings if f.severity == severity}


def open_demo(mapping: str, url: str) -> tuple[Plan, PullSource]:
    """A shipped mapping and its source."""
    plan = load_mapping(shipped("mappings") / mapping / "mapping.yaml")
    return plan, open_source(plan.source, SourceSettings(url=url, batch_size=200))


def read_all(source: PullSource, *, now: datetime) -> Iterator[SourceEncounter]:
    """Every encounter, once."""
    cursor, seen = None, set()
    while True:
        batch = source.pull(cursor, now=now)
        for encounter in batch.encounters:
            if encounter.key not in seen:
                seen.add(encounter.key)
                yield encounter
        cursor = batch.cursor
        if batch.done:
            return


def check_encounter(plan: Plan, encounter: SourceEncounter, *, now: datetime) -> Iterator[Checked]:
    """Each dossier that is due for an encounter."""
    for due in plan.readiness(encounter).due:
        dossier = plan.translate(encounter, due, facility=FACILITY, now=now)
        header = dossier.header
        day = header.get("NGAY_VAO" if due.purpose is Purpose.CHECKIN else "NGAY_RA", "")[:8]
        try:
            on = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007 -- a day of the document
        except ValueError:
            on = now.date()
        report = check(dossier, standard=effective_on(on), context=Context(at=now))
        yield Checked(dossier, report, due.exempt_reason)
