"""``POST /v1/fhir/Bundle``: a HIS pushes encounters and is answered, item by item, once they are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from adapter.access import Principal
from adapter.api.identity import require
from adapter.clock import Clock, system_clock
from adapter.engine.plans import plan_path
from adapter.errors import SourceValueError, StoreBusy
from adapter.settings import Facility, Settings
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


class Doors:
    """A door for every facility with a feed ``fhir`` that has ``push: true``, under the mapping at work just now."""

    def __init__(self, settings: Settings, store: Store, clock: Clock = system_clock) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._opening = threading.Lock()
        self._opened: dict[str, tuple[Path, Door]] = {}

    def __call__(self) -> dict[str, Door]:
        """Doors by facility code. Raises MappingError, ConfigError, StoreBusy."""
        # FHIR's models and path language take a second to load: at the first Bundle, and only where one may come.
        from connectors.fhir.feed import read_feed_options

        with self._opening:
            for facility in self._settings.facilities:
                for feed in facility.feeds:
                    if feed.connector != "fhir" or facility.paused:
                        continue
                    options = read_feed_options(self._settings.placed(feed.options))
                    if options.push:
                        self._open(facility, options)
            return {code: door for code, (_, door) in self._opened.items()}

    def _open(self, facility: Facility, options: FeedOptions) -> None:
        from adapter.engine.intake import StoreInbox
        from adapter.mapping import load_mapping
        from connectors.fhir.gather import Gatherer
        from connectors.fhir.spec import read_spec

        path = plan_path(self._settings, facility, self._store)
        before = self._opened.get(facility.code)
        if before is None or before[0] != path:
            plan = load_mapping(path)
            gatherer = Gatherer(read_spec(plan.source), options.systems)
            door = Door(StoreInbox(self._store, facility, plan, self._clock), gatherer, options)
            self._opened[facility.code] = (path, door)


def fhir_routes(open_doors: Callable[[], dict[str, Door]]) -> APIRouter:
    """Routes over the doors by facility code; ``open_doors`` is asked at every Bundle and may raise."""
    router = APIRouter(tags=["fhir"])

    @router.post("/v1/fhir/Bundle", summary="Encounters as a FHIR R4 Bundle", response_class=JSONResponse)
    async def push(
        request: Request, caller: Annotated[Principal, Depends(require("sources.push"))], facility: str | None = None
    ) -> JSONResponse:
        known = {code: door for code, door in (await run_in_threadpool(open_doors)).items() if caller.sees(code)}
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
