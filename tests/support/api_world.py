"""The web role's whole application over a small store, as real callers meet it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI

from adapter.access import Access
from adapter.access.accounts import Accounts, By
from adapter.clock import system_clock
from adapter.reception.desk import Desk
from adapter.settings import Facility, Settings, SourceSettings
from adapter.store.store import Store
from adapter.web import web_application
from tests.support.pipeline_world import FACILITY, FakeSource, Time, World, vault
from tests.support.web import serve

KEY = "bhyt_first-key-of-a-test"
OTHER = "01998"
PATIENT = "Trần Văn Bí Mật"
BY = By("cli:test")


class ApiWorld:
    """Facilities 01999 (with dossiers) and 01998 (with none), the application, and clients by role."""

    def __init__(self, folder: Path, stack: ExitStack, **facility: Any) -> None:
        self.settings = Settings(
            demo=True,  # some pages exist in practice only
            workdir=folder,
            facilities=tuple(
                Facility(
                    code=code,
                    account=f"{code}_BV",
                    password_file=Path("none"),
                    **{"mapping": "demo-his-b", "source": SourceSettings(url="sqlite:///none.db"), **facility},
                )
                for code in (FACILITY, OTHER)
            ),
        )
        self.store = stack.enter_context(Store.open(f"sqlite:///{folder / 'state.db'}", vault(), system_clock))
        self.access = Access(self.store, self.settings.access, first_key=KEY)
        self.accounts = Accounts(self.store, self.settings)
        desk = Desk(self.settings, self.store)
        stack.callback(desk.close)
        self.app: FastAPI = web_application(self.settings, self.store, desk, key=KEY)
        self._stack = stack
        self._made = 0
        self._url = ""

    @property
    def url(self) -> str:
        """Where the application is served, from the first question on."""
        if not self._url:
            self._url = self._stack.enter_context(serve(self.app))
        return self._url

    def fill(self) -> None:
        """LKok accepted, LKbad blocked by a rule one may pass over; both of one named patient."""
        source = FakeSource()
        source.put("ok", name=PATIENT)
        source.put("bad", name=PATIENT, rule="X1-FMT-007")
        world = World(self.store, Time(system_clock()), source)
        world.run()
        self.pipeline = world

    def id_of(self, ma_lk: str) -> int:
        return int(self.store.queries.list(ma_lk=ma_lk)[0]["id"])

    def client(self, **options: Any) -> httpx.Client:
        """Nobody signed in."""
        return self._stack.enter_context(httpx.Client(base_url=self.url, timeout=30, **options))

    def with_key(self, key: str = KEY) -> httpx.Client:
        return self.client(headers={"X-API-Key": key})

    def scoped(self, *permissions: str, facilities: tuple[str, ...] | None = None) -> httpx.Client:
        """A key with these scopes."""
        self._made += 1
        key = self.accounts.add_key(f"k{self._made}", permissions=permissions, facilities=facilities, days=None, by=BY)
        return self.with_key(key)

    def signed_in(self, role: str, facilities: tuple[str, ...] | None = None) -> httpx.Client:
        """A user of one role with a session, as a browser holds it; its token goes along with every change."""
        self._made += 1
        user = self.accounts.add_user(
            f"{role}{self._made}", display_name="", roles=[role], facilities=facilities, password=None, by=BY
        )
        signed = self.access.open_session(user, how="link")
        client = self.client(headers={"X-CSRF-Token": signed.principal.csrf})
        client.cookies.set("bhyt", signed.token)
        return client


@contextmanager
def api_world(folder: Path, **facility: Any) -> Iterator[ApiWorld]:
    """``facility``: settings of both facilities that differ from the usual ones."""
    with ExitStack() as stack:
        yield ApiWorld(folder, stack, **facility)


def quick_hashes() -> PasswordHasher:
    """argon2id with the least memory it takes."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


__all__ = ["FACILITY", "KEY", "OTHER", "PATIENT", "ApiWorld", "api_world", "quick_hashes"]
