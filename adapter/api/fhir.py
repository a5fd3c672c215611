"""``POST /v1/fhir/Bundle``: a HIS pushes encounters and is answered, item by item, once they are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from adapter.access import Principal
from adapter.api.identity import require
from adapter.clock import Clock, system_clock
from adapter.errors import SourceValueError, StoreBusy
from adapter.resources import mapping_file
from adapter.settings import Settings
from adapter.store import Store

if TYPE_CHECKING:
    from connectors.base import Inbox
    from connectors.fhir.bundle import Received
    from connectors.fhir.feed import FeedOptions
    from connectors.fhir.gather import Gatherer

MEDIA = "application/fhir+json"


class Door:
    """One facility's inbox for Bundles."""

    def __init__(self, inbox: Inbox, gatherer: Gatherer, options: FeedOptions) -> None:
        self._inbox, self._gatherer, self.options = inbox, gatherer, options

    def take(self, data: bytes) -> Received:
        """Keep a Bundle's encounters. Raises SourceValueError, StoreBusy."""
        from connectors.fhir.bundle import read_bundle

        received = read_bundle(data, self._gatherer, max_entries=self.options.max_entries)
        if received.encounters:
            self._inbox.put(received.encounters)
        return received


def doors(settings: Settings, store: Store, clock: Clock = system_clock) -> dict[str, Door]:
    """A door for every facility with a feed ``fhir`` that has ``push: true``. Raises MappingError, ConfigError."""
    # FHIR's models and path language take a second to load: at the first Bundle, and only where one may come.
    from adapter.engine.intake import StoreInbox
    from adapter.mapping import load_mapping
    from connectors.fhir.feed import read_feed_options
    from connectors.fhir.gather import Gatherer
    from connectors.fhir.spec import read_spec

    found: dict[str, Door] = {}
    for facility in settings.facilities:
        for feed in facility.feeds:
            if feed.connector != "fhir" or facility.paused:
                continue
            options = read_feed_options(settings.placed(feed.options))
            if options.push:
                plan = load_mapping(mapping_file(facility.mapping, settings.workdir))
                gatherer = Gatherer(read_spec(plan.source), options.systems)
                found[facility.code] = Door(StoreInbox(store, facility, plan, clock), gatherer, options)
    return found


def fhir_routes(open_doors: Callable[[], dict[str, Door]]) -> APIRouter:
    """Routes over the doors by facility code; ``open_doors`` is asked at the first Bundle and may raise."""
    router = APIRouter(tags=["fhir"])
    opened: dict[str, Door] = {}
    opening = threading.Lock()

    def found() -> dict[str, Door]:
        with opening:
            if not opened:
                opened.update(open_doors())
        return opened

    @router.post("/v1/fhir/Bundle", summary="Encounters as a FHIR R4 Bundle", response_class=JSONResponse)
    async def push(
        request: Request, caller: Annotated[Principal, Depends(require("sources.push"))], facility: str | None = None
    ) -> JSONResponse:
        known = {code: door for code, door in (await run_in_threadpool(found)).items() if caller.sees(code)}
        code = facility if facility is not None else next(iter(known)) if len(known) == 1 else ""
        door = known.get(code)
        if door is None:
            return _answer(
                404,
                "not-supported",
                "Không có cơ sở nào nhận Bundle dưới mã này (?facility=…, feeds: connector fhir, push: true)",
                "No facility takes Bundles under this code (?facility=…, feeds: connector fhir, push: true)",
            )
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > door.options.max_bytes:
                return _answer(413, "too-long", "Bundle lớn hơn giới hạn", "The Bundle is larger than the limit")
        try:
            received = await run_in_threadpool(door.take, bytes(body))
        except SourceValueError as error:
            return _answer(400, "structure", error.message_vi, error.message_en)
        except StoreBusy as error:
            return _answer(503, "transient", error.message_vi, error.message_en)
        return JSONResponse(received.outcome(), status_code=422 if received.refused else 200, media_type=MEDIA)

    return router


def _answer(status: int, code: str, vi: str, en: str) -> JSONResponse:
    from connectors.fhir.bundle import Issue, Received

    outcome: dict[str, Any] = Received(issues=[Issue("error", code, "Bundle", vi, en)]).outcome()
    return JSONResponse(outcome, status_code=status, media_type=MEDIA)
