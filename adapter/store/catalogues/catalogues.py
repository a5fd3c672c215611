"""Keeping the lists: one file is one transaction, all or nothing."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from adapter.catalogue.index import CatalogueIndex
from adapter.catalogue.lists import ListSpec, spec_of, specs
from adapter.catalogue.reader import Entry
from adapter.catalogue.versions import Changes, Kept, plan_changes
from adapter.store.catalogues.schema import catalogue_imports, catalogue_rows
from adapter.store.people.audit import Audit
from adapter.store.people.audit import Entry as AuditLine
from adapter.store.tables.database import Database
from adapter.vault import Vault

NATIONAL = ""
_SEALED = "catalogue-row"


@dataclass(frozen=True, slots=True)
class Source:
    """The file a list came from."""

    name: str
    sha256: str

    @classmethod
    def of(cls, name: str, data: bytes) -> Source:
        """Name and digest of the file's bytes."""
        return cls(name[:200], hashlib.sha256(data).hexdigest())


class Catalogues:
    """Lists of every facility (``facility``) and national ones (``NATIONAL``)."""

    def __init__(self, database: Database, vault: Vault, audit: Audit) -> None:
        self._db = database
        self._vault = vault
        self._audit = audit
        self._lock = threading.Lock()
        self._indexes: dict[str, tuple[int, CatalogueIndex]] = {}

    def take(
        self,
        spec: ListSpec,
        facility: str,
        entries: Sequence[Entry],
        *,
        source: Source,
        since: date,
        whole: bool,
        now: datetime,
        actor: str,
    ) -> Changes:
        """Take a file in: what differs is closed and opened, in one transaction. The caller refused faulty files."""
        with self._db.exclusive() as connection:
            changes = plan_changes(spec, self._held(connection, spec, facility), entries, since=since, whole=whole)
            number = connection.execute(
                insert(catalogue_imports)
                .values(
                    list=spec.name,
                    facility=facility,
                    name=source.name,
                    sha256=source.sha256,
                    since=since,
                    whole=whole,
                    rows=len(entries),
                    opened=len(changes.opened),
                    closed=len(changes.closed),
                    retired=len(changes.retired),
                    at=now,
                    actor=actor,
                )
                .returning(catalogue_imports.c.id)
            ).scalar_one()
            self._write(connection, spec, facility, int(number), changes)
            detail = {"sha256": source.sha256, "opened": len(changes.opened), "closed": len(changes.closed)}
            self._audit.append(
                connection,
                AuditLine(
                    "catalogue.import", actor, facility=facility, kind="catalogue", object=spec.name, detail=detail
                ),
            )
        return changes

    def preview(self, spec: ListSpec, facility: str, entries: Sequence[Entry], *, since: date, whole: bool) -> Changes:
        """What :meth:`take` would change; nothing is written."""
        with self._db.read() as connection:
            return plan_changes(spec, self._held(connection, spec, facility), entries, since=since, whole=whole)

    def _write(self, connection: Connection, spec: ListSpec, facility: str, number: int, changes: Changes) -> None:
        if changes.closed:
            connection.execute(
                update(catalogue_rows)
                .where(catalogue_rows.c.id == bindparam("row"))
                .values(until=bindparam("last"), closed_by=number),
                [{"row": row, "last": last} for row, last in changes.closed.items()],
            )
        if changes.retired:
            connection.execute(
                update(catalogue_rows).where(catalogue_rows.c.id == bindparam("row")).values(retired_by=number),
                [{"row": row} for row in changes.retired],
            )
        rows = [
            {
                "list": spec.name,
                "facility": facility,
                "import_id": number,
                "since": e.since,
                "until": e.until,
                "body": self._body(spec, e),
            }
            for e in changes.opened
        ]
        for at in range(0, len(rows), 5000):
            connection.execute(insert(catalogue_rows), rows[at : at + 5000])

    def _body(self, spec: ListSpec, entry: Entry) -> bytes:
        text = json.dumps([entry.code, entry.values], ensure_ascii=False, separators=(",", ":"))
        return self._vault.seal_text(text, _SEALED) if spec.personal else text.encode("utf-8")

    def _held(self, connection: Connection, spec: ListSpec, facility: str) -> list[Kept]:
        found = connection.execute(
            select(catalogue_rows.c.id, catalogue_rows.c.since, catalogue_rows.c.until, catalogue_rows.c.body)
            .where(
                catalogue_rows.c.list == spec.name,
                catalogue_rows.c.facility == facility,
                catalogue_rows.c.retired_by.is_(None),
            )
            .order_by(catalogue_rows.c.since, catalogue_rows.c.id)
        )
        return [Kept(row.id, self._entry(spec, row.body, row.since, row.until)) for row in found]

    def _entry(self, spec: ListSpec, body: bytes, since: date, until: date | None) -> Entry:
        text = self._vault.open_text(body, _SEALED) if spec.personal else bytes(body).decode("utf-8")
        code, values = json.loads(text)
        return Entry(code, values, since, until)

    # ---- asking ------------------------------------------------------------------------------

    def version(self, facility: str) -> int:
        """Grows with every file taken in for this facility or for all."""
        with self._db.read() as connection:
            return self._version(connection, facility)

    def _version(self, connection: Connection, facility: str) -> int:
        newest = select(func.max(catalogue_imports.c.id)).where(catalogue_imports.c.facility.in_([facility, NATIONAL]))
        return int(connection.execute(newest).scalar_one() or 0)

    def index(self, facility: str) -> CatalogueIndex | None:
        """Everything the rules of this facility may ask, in memory; None when no list was ever taken in.

        One small query when nothing changed since the last call; the same object comes back then.
        """
        with self._lock:
            version = self.version(facility)
            if version == 0:
                return None
            known = self._indexes.get(facility)
            if known is None or known[0] != version:
                known = self._indexes[facility] = self._load(facility)
            return known[1]

    def _load(self, facility: str) -> tuple[int, CatalogueIndex]:
        index = CatalogueIndex()
        with self._db.read() as connection:
            version = self._version(connection, facility)
            for spec in specs().values():
                for owner in (NATIONAL, facility):
                    held = self._held(connection, spec, owner)
                    if held:
                        index.add(spec, (one.entry for one in held))
        return version, index

    def rows(self, name: str, facility: str, on: date | None = None) -> Iterator[Entry]:
        """Rows of a list, those in force on a day when one is given. Raises ConfigError for an unknown list."""
        spec = spec_of(name)
        with self._db.read() as connection:
            held = self._held(connection, spec, facility)
        for one in held:
            entry = one.entry
            if on is None or ((entry.since or date.min) <= on <= (entry.until or date.max)):
                yield entry

    def lists(self, on: date, facility: str | None = None) -> list[dict[str, Any]]:
        """What is loaded: rows in force per list and owner, and the last file taken in."""
        rows = catalogue_rows.c
        counted = (
            select(rows.list, rows.facility, func.count().label("rows"))
            .where(rows.retired_by.is_(None), rows.since <= on, or_(rows.until.is_(None), rows.until >= on))
            .group_by(rows.list, rows.facility)
        )
        newest = select(func.max(catalogue_imports.c.id)).group_by(
            catalogue_imports.c.list, catalogue_imports.c.facility
        )
        last = select(catalogue_imports).where(catalogue_imports.c.id.in_(newest))
        with self._db.read() as connection:
            in_force = {(r.list, r.facility): r.rows for r in connection.execute(counted)}
            found = connection.execute(last.order_by(catalogue_imports.c.facility, catalogue_imports.c.list)).all()
        return [
            {**_told(row._asdict()), "rows_in_force": in_force.get((row.list, row.facility), 0)}
            for row in found
            if facility is None or row.facility in {facility, NATIONAL}
        ]

    def imports(self, limit: int = 100) -> list[dict[str, Any]]:
        """Files taken in, the newest first."""
        statement = select(catalogue_imports).order_by(catalogue_imports.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return [_told(row._asdict()) for row in connection.execute(statement)]


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    spec = specs().get(row["list"])
    return {
        "list": row["list"],
        "title_vi": spec.title_vi if spec else "",
        "title_en": spec.title_en if spec else "",
        "form": spec.form if spec else "",
        "facility": row["facility"] or None,
        "file": row["name"],
        "sha256": row["sha256"],
        "since": row["since"].isoformat(),
        "whole": row["whole"],
        "rows": row["rows"],
        "opened": row["opened"],
        "closed": row["closed"],
        "retired": row["retired"],
        "imported_at": row["at"].isoformat(),
        "by": row["actor"],
        "version": row["id"],
    }
