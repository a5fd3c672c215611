"""How each facility's stages fare, and which certificate signs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from adapter.store.tables.database import Database
from adapter.store.tables.statements import Facilities, only
from adapter.store.watch.schema import certificates, stage_health


@dataclass(frozen=True, slots=True)
class StageHealth:
    """One stage of one facility. ``failing_since`` is None while it works."""

    facility: str
    stage: str
    last_run_at: datetime
    last_ok_at: datetime | None
    failing_since: datetime | None
    code: str | None
    message_vi: str | None
    message_en: str | None
    done: int


@dataclass(frozen=True, slots=True)
class CertificateSeen:
    """The certificate that signing last used."""

    facility: str
    serial: str
    not_after: datetime
    seen_at: datetime


class Health:
    """Written by whoever runs stages, read by alerts, metrics and the console."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def ran(
        self,
        facility: str,
        stage: str,
        *,
        now: datetime,
        failure: tuple[str, str, str] | None = None,
        done: int = 0,
        tried: bool = True,
    ) -> None:
        """A stage ended: well, or with ``failure`` (code, Vietnamese, English; no patient data).

        ``tried`` is false when there was nothing to try it with: that ends no failure.
        """
        values: dict[str, Any] = {"last_run_at": now}
        if done:
            values["done"] = done
        if failure is None and tried:
            values |= {"last_ok_at": now, "failing_since": None, "code": None, "message_vi": None, "message_en": None}
        elif failure is not None:
            values |= {"code": failure[0], "message_vi": failure[1], "message_en": failure[2]}
        here = (stage_health.c.facility == facility, stage_health.c.stage == stage)
        with self._db.write() as connection:
            row = connection.execute(select(stage_health).where(*here)).one_or_none()
            if failure is not None and (row is None or row.failing_since is None):
                values["failing_since"] = now
            if row is None:
                connection.execute(
                    insert(stage_health).values(**{"facility": facility, "stage": stage, "done": 0, **values})
                )
            else:
                connection.execute(update(stage_health).where(*here).values(**values))

    def stages(self, facilities: Facilities = None) -> list[StageHealth]:
        """Every stage that ever ran."""
        statement = only(select(stage_health), stage_health.c.facility, facilities)
        with self._db.read() as connection:
            rows = connection.execute(statement.order_by(stage_health.c.facility, stage_health.c.stage)).all()
        return [StageHealth(**row._mapping) for row in rows]

    def signs_with(self, facility: str, serial: str, not_after: datetime, *, now: datetime) -> None:
        """Remember the certificate in use."""
        values = {"serial": serial, "not_after": not_after, "seen_at": now}
        with self._db.write() as connection:
            changed = connection.execute(
                update(certificates).where(certificates.c.facility == facility).values(**values)
            )
            if not changed.rowcount:
                connection.execute(insert(certificates).values(facility=facility, **values))

    def certificates(self, facilities: Facilities = None) -> list[CertificateSeen]:
        """The certificate of each facility that has signed here."""
        statement = only(select(certificates), certificates.c.facility, facilities)
        with self._db.read() as connection:
            return [CertificateSeen(**row._mapping) for row in connection.execute(statement)]
