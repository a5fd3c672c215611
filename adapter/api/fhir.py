"""``POST /v1/fhir/Bundle``: a HIS pushes encounters and is answered, item by item, once they are kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from adapter.errors import SourceValueError, StoreBusy
from connectors.base import Inbox
from connectors.fhir.bundle import Issue, Received, read_bundle
from connectors.fhir.feed import FeedOptions
from connectors.fhir.gather import Gatherer

MEDIA = "application/fhir+json"


class Door:
    """One facility's inbox for Bundles."""

    def __init__(self, inbox: Inbox, gatherer: Gatherer, options: FeedOptions) -> None:
        self._inbox, self._gatherer, self.options = inbox, gatherer, options

    def take(self, data: bytes) -> Received:
        """Keep a Bundle's encounters. Raises SourceValueError, StoreBusy."""
        received = read_bundle(data, self._gatherer, max_entries=self.options.max_entries)
        if received.encounters:
            self._inbox.put(received.encounters)
        return received


def fhir_routes(open_doors: Callable[[], dict[str, Door]]) -> APIRouter:
    """Routes over the doors by facility code; ``open_doors`` is asked at the first Bundle and may raise."""
    router = APIRouter(tags=["fhir"])
    doors: dict[str, Door] = {}
    opening = threading.Lock()

    def found() -> dict[str, Door]:
        with opening:
            if not doors:
                doors.update(open_doors())
        return doors

    @router.post("/v1/fhir/Bundle", summary="Encounters as a FHIR R4 Bundle", response_class=JSONResponse)
    async def push(request: Request, facility: str | None = None) -> JSONResponse:
        known = await run_in_threadpool(found)
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
    outcome: dict[str, Any] = Received(issues=[Issue("error", code, "Bundle", vi, en)]).outcome()
    return JSONResponse(outcome, status_code=status, media_type=MEDIA)
