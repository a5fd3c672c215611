"""The web role: API and console as one application, in a process of its own."""

from __future__ import annotations

from functools import partial

import uvicorn
from fastapi import FastAPI
from sqlalchemy import text

from adapter.access import Access
from adapter.access.configuration import note_configuration
from adapter.api.app import create_app
from adapter.api.auth import first_key
from adapter.api.book import book_routes
from adapter.api.catalogues import catalogue_routes
from adapter.api.fhir import Doors, fhir_routes
from adapter.api.metrics import metrics_routes
from adapter.api.oidc import oidc_routes
from adapter.api.readiness import readiness_routes
from adapter.api.reception import reception_routes
from adapter.api.v1 import v1_routes
from adapter.api.v1.pushes import push_routes
from adapter.console import Console, Practice, console_routes, error_page
from adapter.engine.heartbeat import Heart
from adapter.engine.opening import open_store
from adapter.engine.status import status_of
from adapter.engine.supervise import parent_is_gone
from adapter.errors import ConfigError
from adapter.pipeline.books.desk import BookDesk
from adapter.reception.desk import Desk
from adapter.settings import Settings
from adapter.store.store import Store


def web_application(
    settings: Settings, store: Store, desk: Desk, *, key: str, practice: Practice | None = None
) -> FastAPI:
    """The whole application of an installation: every router there is. ``key``: its first API key."""

    def ready() -> None:
        with store.database.read() as connection:
            connection.execute(text("SELECT 1"))

    console = Console(settings, store, desk, practice=practice)
    return create_app(
        access=Access(store, settings.access, first_key=key),
        status=lambda caller: status_of(store, settings, caller.facilities),
        ready=ready,
        routers=[
            *console_routes(console),
            catalogue_routes(settings, store),
            reception_routes(desk),
            *v1_routes(settings, store),
            push_routes(settings, store),
            oidc_routes(settings, store),
            fhir_routes(Doors(settings, store)),
            book_routes(BookDesk(settings, store, store.clock)),
            metrics_routes(settings, store),
            readiness_routes(settings, store),
        ],
        error_page=partial(error_page, console),
    )


def run_web(settings: Settings, *, practice: Practice | None = None) -> None:
    """Serve API and console until SIGTERM or SIGINT. Raises ConfigError when the address is taken.

    ``practice``: the invented hospital of a demo, whose clerk the console may play.
    """
    key = first_key(settings.path(settings.api.key_file))
    with open_store(settings) as store:
        note_configuration(store, settings)
        desk = Desk(settings, store)
        app = web_application(settings, store, desk, key=key, practice=practice)
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.api.host,
                port=settings.api.port,
                log_config=None,  # what it has to say comes into our log, without tracebacks
                access_log=False,
                server_header=False,
            )
        )
        try:
            server.run()
        except SystemExit as error:  # uvicorn's way of saying that it could not bind
            raise ConfigError(
                f"Không mở được địa chỉ {settings.api.host}:{settings.api.port}",
                f"Cannot listen on {settings.api.host}:{settings.api.port}",
                hint_vi="một chương trình khác đang dùng cổng này; đổi api.port",
                hint_en="another program uses this port; change api.port",
            ) from error
        finally:
            desk.close()


class _Server(uvicorn.Server):
    """uvicorn's loop, which gives signs of life and ends with the process that started it."""

    heart = Heart()

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second by the loop that serves requests."""
        self.heart.beat()
        return parent_is_gone() or await super().on_tick(counter)
