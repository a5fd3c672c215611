"""The store: opened once per process, its repositories as attributes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from sqlalchemy import insert, select

from adapter.clock import Clock, system_clock
from adapter.errors import ConfigError, VaultError
from adapter.store import migrations
from adapter.store.book.books import Books
from adapter.store.catalogues.catalogues import Catalogues
from adapter.store.encounters.intake import Intake
from adapter.store.encounters.pending import Pending
from adapter.store.encounters.reconciliation import Reconciliation
from adapter.store.history.history import History
from adapter.store.messages.messages import Messages
from adapter.store.people.audit import Audit
from adapter.store.people.people import People
from adapter.store.portal.confirmations import Confirmations
from adapter.store.portal.elsewhere import Elsewhere
from adapter.store.portal.lookups import Lookups
from adapter.store.portal.mappings import Mappings
from adapter.store.portal.verdicts import Verdicts
from adapter.store.queue import Queue
from adapter.store.readiness.attestations import Attestations
from adapter.store.retention import Purged, purge
from adapter.store.tables.database import Database
from adapter.store.tables.schema import meta
from adapter.store.views.balance import Balance
from adapter.store.views.queries import Queries
from adapter.store.views.trends import Trends
from adapter.store.views.worklist import Worklist
from adapter.store.watch.alerts import Alerts
from adapter.store.watch.figures import Watching
from adapter.store.watch.health import Health
from adapter.store.work.dossiers import Dossiers
from adapter.store.work.gates import Gates
from adapter.store.work.outbox import Outbox
from adapter.vault import Vault

_CHECK = "vault-check"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long bodies stay. Receipts, hashes, events and findings stay with the store."""

    source: timedelta = timedelta(days=90)
    dossier: timedelta = timedelta(days=90)
    signed: timedelta = timedelta(days=3653)


class Store:
    """Open with :meth:`open`; safe to share between threads, never between processes."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, retention: Retention) -> None:
        self.database = database
        self.vault = vault
        self.clock = clock
        self.audit = Audit(database, vault, clock)
        self.intake = Intake(database, vault, keep_source=retention.source)
        self.pending = Pending(database, vault)
        self.history = History(database, vault)
        self.catalogues = Catalogues(database, vault, self.audit)
        self.dossiers = Dossiers(database, vault, self.history, keep_dossier=retention.dossier)
        self.outbox = Outbox(database, vault, keep_signed=retention.signed)
        self.reconciliation = Reconciliation(database, vault)
        self.gates = Gates(database, self.audit)
        self.balance = Balance(database)
        self.health = Health(database)
        self.alerts = Alerts(database)
        self.watching = Watching(database)
        self.queries = Queries(database, vault)
        self.worklist = Worklist(database, vault)
        self.trends = Trends(database, vault)
        self.queue = Queue(database, vault, clock, self.audit)
        self.elsewhere = Elsewhere(database, vault, self.audit)
        self.verdicts = Verdicts(database, vault, self.audit)
        self.confirmations = Confirmations(database, self.audit)
        self.lookups = Lookups(database, vault)
        self.books = Books(database, vault)
        self.messages = Messages(database, vault, self.audit, keep_for=retention.source)
        self.mappings = Mappings(database, self.audit)
        self.people = People(database, vault, clock, self.audit)
        self.attestations = Attestations(database, vault, self.audit)

    @classmethod
    def open(cls, url: str, vault: Vault, clock: Clock = system_clock, *, retention: Retention | None = None) -> Store:
        """Open a SQLite or PostgreSQL store and bring its tables to the newest step.

        Any number of processes may do so at once. Raises ConfigError for an unusable URL or a
        store that a newer program wrote, StoreBusy when it does not answer, VaultError when
        the vault's key is not this store's.
        """
        database = Database(url)
        try:
            _migrate(database)
            _check_vault(database, vault)
        except BaseException:
            database.close()
            raise
        return cls(database, vault, clock, retention or Retention())

    def purge(self) -> Purged:
        """Delete bodies whose retention is over; see :mod:`adapter.store.retention`. The daily hour of tidying."""
        self.history.forget(self.clock())
        self.books.forget(self.clock())
        ended = purge(self.database, self.clock())
        self.database.take_stock()
        return ended

    def close(self) -> None:
        """Give back all connections."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _migrate(database: Database) -> None:
    with database.read() as connection:
        if migrations.version_of(connection) == migrations.HEAD:
            return
    with database.exclusive() as connection:
        stands = migrations.version_of(connection)
        if stands == migrations.HEAD:
            return  # another process was quicker
        if stands is not None and stands > migrations.HEAD:
            raise ConfigError(
                f"Kho lưu ở bước {stands}, chương trình này chỉ biết đến {migrations.HEAD}",
                f"The store stands at step {stands}, this program knows up to {migrations.HEAD}",
                hint_vi="dùng phiên bản chương trình mới hơn, hoặc khôi phục bản sao lưu",
                hint_en="use the newer program, or restore a backup",
            )
        migrations.upgrade(connection)


def _check_vault(database: Database, vault: Vault) -> None:
    """A store remembers its vault: a foreign index key would silently find nobody and send twice."""
    proof = vault.blind("bhyt", _CHECK)
    with database.read() as connection:
        known = connection.execute(select(meta.c.value).where(meta.c.key == _CHECK)).scalar_one_or_none()
    if known is None:
        with database.exclusive() as connection:
            known = connection.execute(select(meta.c.value).where(meta.c.key == _CHECK)).scalar_one_or_none()
            if known is None:
                connection.execute(insert(meta).values(key=_CHECK, value=proof))
                return
    if bytes(known) != proof:
        raise VaultError(
            "Tệp khóa không phải của kho lưu này",
            "The vault's key file is not this store's",
            hint_vi="dùng tệp khóa đi cùng cơ sở dữ liệu này (vault.key_file), hoặc đúng store.url",
            hint_en="use the key file that belongs to this store (vault.key_file), or the right store.url",
        )
