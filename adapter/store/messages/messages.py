"""Received messages: kept once, found by visit, marked when their encounter was saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import IntegrityError

from adapter.errors import StoreBusy
from adapter.source import Kept, Message
from adapter.store.messages.schema import message_links, messages
from adapter.store.people.audit import Audit, Entry
from adapter.store.tables.database import Database
from adapter.store.tables.direct import Direct
from adapter.store.tables.statements import Facilities, only
from adapter.vault import Vault

NUMBER, CONTENT, LINK, VISIT, BODY = "message-number", "message-content", "message-link", "visit", "message"
WAITING, COLLECTED, ASIDE, REFUSED = "waiting", "collected", "aside", "refused"
VISIT_LINK = "visit:"
_REFUSED_BYTES = 65_536
_REFUSED_KEPT = 10_000

# The hot path's statements: every message on a quiet line is a transaction of its own.
_KNOWN = select(messages.c.content_blind).where(
    messages.c.facility == bindparam("facility"), messages.c.number_blind == bindparam("number")
)
_ADD = insert(messages).values({c.name: bindparam(c.name) for c in messages.c if c.name != "id"}).inline()
# By the number instead of the row's id, so that no insert has to be asked what it made.
_LINK = insert(message_links).from_select(
    ["message_id", "value", "touches"],
    select(
        messages.c.id,
        bindparam("value", type_=message_links.c.value.type),
        bindparam("touches", type_=message_links.c.touches.type),
    ).where(messages.c.facility == bindparam("facility"), messages.c.number_blind == bindparam("number")),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it was kept. ``state``: waiting, collected, aside, refused."""

    id: int
    facility: str
    feed: str
    received_at: datetime
    kind: str
    state: str
    reason: str
    charset: str
    raw: bytes

    @property
    def text(self) -> str:
        """As people read it: what its charset lacks is shown as a replacement, nothing is refused."""
        return self.raw.decode("utf-8" if self.charset in ("", "utf-8") else "latin-1", "replace")


class Messages:
    """The store's face towards feeds of messages, and to the stage that collects them."""

    def __init__(self, database: Database, vault: Vault, audit: Audit, *, keep_for: timedelta) -> None:
        self._db = database
        self._vault = vault
        self._audit = audit
        self._keep_for = keep_for
        dialect = database.engine.dialect
        self._known, self._add, self._link = (Direct(one, dialect) for one in (_KNOWN, _ADD, _LINK))

    # ---- what a feed does --------------------------------------------------------------------

    def keep(self, facility: str, feed: str, arrived: Sequence[Message], now: datetime) -> list[Kept]:
        """Keep messages in one transaction; durable when it returns. One answer each, in order.

        A message that is known by sender and number is not kept again. Raises StoreBusy: nothing was kept.
        """
        try:
            with self._db.write_directly() as cursor:
                return self._keep(cursor, facility, feed, arrived, now)
        except IntegrityError as error:
            # PostgreSQL only: another process kept one of these numbers between our look and our insert.
            raise StoreBusy(
                "Tiến trình khác vừa lưu cùng bản tin; sẽ thử lại",
                "Another process has just kept the same message; it is tried again",
            ) from error

    def refuse(self, facility: str, feed: str, raw: bytes, *, kind: str, reason: str, now: datetime) -> None:
        """Note what could not be taken in, with the beginning of its bytes, for people to look at.

        Only the newest 10,000 stay: a broken sender must not fill the disk.
        """
        row = {
            "facility": facility,
            "feed": feed,
            "received_at": now,
            "kind": kind[:20],
            "state": REFUSED,
            "reason": reason,
            "charset": "",
            "body": self._vault.seal(raw[:_REFUSED_BYTES], BODY),
            "keep_until": now + self._keep_for,
        }
        with self._db.write() as connection:
            new = connection.execute(insert(messages).values(row).returning(messages.c.id)).scalar_one()
            if new % 100 == 0:
                self._thin_refused(connection, facility)

    def _thin_refused(self, connection: Connection, facility: str) -> None:
        mine = (messages.c.facility == facility, messages.c.state == REFUSED)
        oldest = connection.execute(
            select(messages.c.id).where(*mine).order_by(messages.c.id.desc()).offset(_REFUSED_KEPT).limit(1)
        ).scalar_one_or_none()
        if oldest is not None:
            connection.execute(delete(messages).where(*mine, messages.c.id <= oldest))

    def _keep(
        self, cursor: DBAPICursor, facility: str, feed: str, arrived: Sequence[Message], now: datetime
    ) -> list[Kept]:
        blind = self._vault.blind
        made: dict[bytes, bytes] = {}
        answers: list[Kept] = []
        rows: list[dict[str, Any]] = []
        links: list[dict[str, Any]] = []
        for message in arrived:
            number, content = blind(f"{message.sender}\n{message.number}", NUMBER), blind(message.content, CONTENT)
            before = made.get(number)
            if before is None:
                found = self._known.run(cursor, {"facility": facility, "number": number}).fetchone()
                before = None if found is None else bytes(found[0])
            if before is not None:
                answers.append(Kept.AGAIN if before == content else Kept.OTHER)
                continue
            made[number] = content
            answers.append(Kept.NEW)
            rows.append(self._row(facility, feed, message, now) | {"number_blind": number, "content_blind": content})
            links += [{"facility": facility, "number": number} | link for link in self._links(message)]
        self._add.run_all(cursor, rows)
        self._link.run_all(cursor, links)
        return answers

    def _row(self, facility: str, feed: str, message: Message, now: datetime) -> dict[str, Any]:
        return {
            "facility": facility,
            "feed": feed,
            "received_at": now,
            "body": self._vault.seal(message.raw, BODY),
            "keep_until": now + self._keep_for,
            **self._use(message),
        }

    def _use(self, message: Message) -> dict[str, Any]:
        """How a message is read: its kind, its visit, and whether it is used."""
        visit = message.visit
        return {
            "kind": message.kind[:20],
            "state": ASIDE if message.aside else WAITING,
            "reason": message.aside or None,
            "visit_blind": self._vault.blind(visit, VISIT) if visit else None,
            "visit_sealed": self._vault.seal_text(visit, VISIT) if visit else None,
            "charset": message.charset,
        }

    def _links(self, message: Message) -> Iterable[dict[str, Any]]:
        for names, touches in ((message.links, False), (message.touches, True)):
            for name in dict.fromkeys(names):
                yield {"value": self._vault.blind(name, LINK), "touches": touches}

    # ---- what collecting does ----------------------------------------------------------------

    def waiting(self, facility: str, limit: int) -> tuple[list[str], list[int]]:
        """Visits that a waiting message belongs to or changes, oldest first; then ids of waiting messages of no visit.

        The second are collected once all visits of this answer are.
        """
        mine = (messages.c.facility == facility, messages.c.state == WAITING)
        with self._db.read() as connection:
            loose = list(
                connection.execute(
                    select(messages.c.id)
                    .where(*mine, messages.c.visit_blind.is_(None))
                    .order_by(messages.c.id)
                    .limit(limit)
                ).scalars()
            )
            found = connection.execute(
                select(messages.c.visit_blind, func.min(messages.c.id).label("first"))
                .where(*mine, messages.c.visit_blind.is_not(None))
                .group_by(messages.c.visit_blind)
                .order_by("first")
                .limit(limit)
            )
            blinds = [bytes(row.visit_blind) for row in found]
            visits = self._texts(connection, facility, blinds)
            names = self._names(connection, loose, touches=True)
            more = self._touched(connection, facility, names) | self._takers(connection, facility, visits)
            others = self._texts(connection, facility, more - set(blinds))
        return [*visits, *others], loose

    def of_visit(self, facility: str, visit: str, also: Sequence[str] = ()) -> list[Stored]:
        """Usable messages of a visit, of the visits it took in (``also``), and those that change it; oldest first."""
        blinds = [self._vault.blind(v, VISIT) for v in (visit, *also)]
        with self._db.read() as connection:
            own = set(
                connection.execute(
                    select(messages.c.id).where(
                        messages.c.facility == facility,
                        messages.c.visit_blind.in_(blinds),
                        messages.c.state.in_((WAITING, COLLECTED)),
                    )
                ).scalars()
            )
            names = self._names(connection, own, touches=False)
            names |= {self._vault.blind(VISIT_LINK + v, LINK) for v in (visit, *also)}
            ids = own | self._touching(connection, facility, names)
            found = [
                row
                for part in _parts(ids)
                for row in connection.execute(select(messages).where(messages.c.id.in_(part)))
            ]
        return [self._stored(row) for row in sorted(found, key=lambda row: row.id)]

    def collected(self, ids: Iterable[int], now: datetime) -> None:
        """The encounter these messages make is saved; their retention starts anew."""
        with self._db.write() as connection:
            for part in _parts(ids):
                connection.execute(
                    update(messages)
                    .where(messages.c.id.in_(part), messages.c.state.in_((WAITING, COLLECTED)))
                    .values(state=COLLECTED, keep_until=now + self._keep_for)
                )

    def set_aside(self, ids: Iterable[int], reason: str) -> None:
        """These messages are kept and not used; ``reason`` tells people why."""
        with self._db.write() as connection:
            for part in _parts(ids):
                connection.execute(
                    update(messages)
                    .where(messages.c.id.in_(part), messages.c.state == WAITING)
                    .values(state=ASIDE, reason=reason)
                )

    # ---- what people see ---------------------------------------------------------------------

    def listing(
        self,
        states: Sequence[str] = (ASIDE, REFUSED),
        *,
        facilities: Facilities = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Stored]:
        """Messages in these states with an id under ``before``, newest first; ``raw`` is empty, see :meth:`show`."""
        columns = [c for c in messages.c if c.name != "body"]
        wanted = only(select(*columns).where(messages.c.state.in_(list(states))), messages.c.facility, facilities)
        if before is not None:
            wanted = wanted.where(messages.c.id < before)
        with self._db.read() as connection:
            rows = connection.execute(wanted.order_by(messages.c.id.desc()).limit(limit)).all()
        return [self._stored(row, with_body=False) for row in rows]

    def counts(self, facilities: Facilities = None) -> dict[str, int]:
        """How many messages are in each state."""
        counted = only(select(messages.c.state, func.count()), messages.c.facility, facilities)
        with self._db.read() as connection:
            rows = connection.execute(counted.group_by(messages.c.state)).all()
        return {WAITING: 0, COLLECTED: 0, ASIDE: 0, REFUSED: 0} | {row[0]: row[1] for row in rows}

    def show(self, id_: int) -> Stored | None:
        """One message with its bytes."""
        with self._db.read() as connection:
            row = connection.execute(select(messages).where(messages.c.id == id_)).one_or_none()
        return None if row is None else self._stored(row)

    def read_anew(self, id_: int, message: Message, *, entry: Entry) -> bool:
        """Put a message that was set aside to use, as ``message`` now reads it; False when it was not aside."""
        with self._db.write() as connection:
            done = connection.execute(
                update(messages).where(messages.c.id == id_, messages.c.state == ASIDE).values(self._use(message))
            )
            if done.rowcount != 1:
                return False
            connection.execute(delete(message_links).where(message_links.c.message_id == id_))
            links = [{"message_id": id_} | link for link in self._links(message)]
            if links:
                connection.execute(insert(message_links), links)
            self._audit.append(connection, entry)
            return True

    # ---- names -------------------------------------------------------------------------------

    def _texts(self, connection: Connection, facility: str, blinds: Iterable[bytes]) -> list[str]:
        found: list[str] = []
        for blind in blinds:
            sealed = connection.execute(
                select(messages.c.visit_sealed)
                .where(messages.c.facility == facility, messages.c.visit_blind == blind)
                .limit(1)
            ).scalar_one()
            found.append(self._vault.open_text(sealed, VISIT))
        return found

    def _names(self, connection: Connection, ids: Iterable[int], *, touches: bool) -> set[bytes]:
        found: set[bytes] = set()
        for part in _parts(ids):
            found |= {
                bytes(value)
                for value in connection.execute(
                    select(message_links.c.value).where(
                        message_links.c.message_id.in_(part), message_links.c.touches.is_(touches)
                    )
                ).scalars()
            }
        return found

    def _touching(self, connection: Connection, facility: str, names: set[bytes]) -> set[int]:
        """Messages that change what has one of these names; a merge leads on to the surviving name's own merges."""
        seen: set[bytes] = set()
        found: set[int] = set()
        while names - seen:
            fresh = names - seen
            seen |= fresh
            ids = self._having(connection, facility, fresh, touches=True) - found
            found |= ids
            names = self._names(connection, ids, touches=False)
        return found

    def _touched(self, connection: Connection, facility: str, names: set[bytes]) -> set[bytes]:
        """Visits that messages touching these names change, through earlier merges too."""
        seen: set[bytes] = set()
        visits: set[bytes] = set()
        while names - seen:
            fresh = names - seen
            seen |= fresh
            ids = self._having(connection, facility, fresh, touches=False)
            visits |= self._visits(connection, ids)
            names = self._names(connection, ids, touches=True)
        return visits

    def _takers(self, connection: Connection, facility: str, visits: Iterable[str]) -> set[bytes]:
        """The visits that took these in, and those these took in."""
        names = {self._vault.blind(VISIT_LINK + visit, LINK) for visit in visits}
        return self._visits(connection, self._having(connection, facility, names, touches=True))

    def _having(self, connection: Connection, facility: str, names: Iterable[bytes], *, touches: bool) -> set[int]:
        found: set[int] = set()
        for part in _parts(names):
            found |= set(
                connection.execute(
                    select(message_links.c.message_id)
                    .join(messages, messages.c.id == message_links.c.message_id)
                    .where(
                        message_links.c.value.in_(part),
                        message_links.c.touches.is_(touches),
                        messages.c.facility == facility,
                        messages.c.state.in_((WAITING, COLLECTED)),
                    )
                ).scalars()
            )
        return found

    def _visits(self, connection: Connection, ids: Iterable[int]) -> set[bytes]:
        found: set[bytes] = set()
        for part in _parts(ids):
            found |= {
                bytes(blind)
                for blind in connection.execute(
                    select(messages.c.visit_blind).where(messages.c.id.in_(part), messages.c.visit_blind.is_not(None))
                ).scalars()
            }
        return found

    def _stored(self, row: Any, *, with_body: bool = True) -> Stored:
        return Stored(
            id=row.id,
            facility=row.facility,
            feed=row.feed,
            received_at=row.received_at,
            kind=row.kind,
            state=row.state,
            reason=row.reason or "",
            charset=row.charset,
            raw=self._vault.open_(row.body, BODY) if with_body else b"",
        )


def _parts(values: Iterable[Any], size: int = 500) -> Iterable[list[Any]]:
    rest = list(values)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]
