"""The repositories of people, under one name."""

from __future__ import annotations

from adapter.clock import Clock
from adapter.store.people.answers import Answers
from adapter.store.people.audit import Audit
from adapter.store.people.keys import Keys
from adapter.store.people.persons import Persons
from adapter.store.people.sessions import Sessions
from adapter.store.people.throttle import Throttle
from adapter.store.people.users import Users
from adapter.store.tables.database import Database
from adapter.vault import Vault


class People:
    """``users``, ``sessions``, ``keys``, ``throttle``: who may use this installation; ``answers``."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, audit: Audit) -> None:
        self.users = Users(database, vault, clock, audit)
        self.sessions = Sessions(database, clock, audit)
        self.keys = Keys(database, clock, audit)
        self.throttle = Throttle(database, vault, clock)
        self.answers = Answers(database, vault, clock)
        self.persons = Persons(database, vault, clock, audit)
