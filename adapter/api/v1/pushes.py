"""``POST /v1/xml/dossiers``: other software hands in GIAMDINHHS or XML0; kept whole before the answer, or refused."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from adapter.access import AccessRefused, Principal
from adapter.api.identity import require
from adapter.api.once import IdempotencyKey, once
from adapter.api.v1.models import ABSENT, ERRORS, REFUSED, Problem, Shape
from adapter.clock import Clock, system_clock
from adapter.engine.plans import plan_path
from adapter.errors import DocumentError
from adapter.settings import Facility, Settings
from adapter.store.store import Store

if TYPE_CHECKING:
    from connectors.base import Inbox
    from connectors.claimxml.options import ClaimXmlOptions
    from connectors.claimxml.reading import Contents

Pusher = Annotated[Principal, Depends(require("sources.push"))]
_TOO_LARGE: dict[int | str, dict[str, Any]] = {413: {"model": Problem, "description": "Larger than max_bytes"}}


class PushedDossier(Shape):
    """One dossier that is kept now. What becomes of it: ``GET /v1/dossiers``."""

    ma_lk: str = Field(examples=["01999.2611.000123"])
    purpose: str = Field(examples=["claim"], description="claim, book, checkin")
    occasion: str = Field(examples=[""], description="for check-ins: first_cost, treating_department")


class Pushed(Shape):
    """What was kept, before this answer was written."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "facility": "01999",
                "sha256": "4f1c5b0e8c1f4f0d0a6a7f3f1f2b6d7f5f0b8f0c7a6f3f9d1c2e3b4a59687f10",
                "dossiers": [{"ma_lk": "01999.2611.000123", "purpose": "claim", "occasion": ""}],
            }
        },
    )
    facility: str
    sha256: str = Field(description="of the document's bytes as they came")
    dossiers: list[PushedDossier]


class _Asked(BaseModel):
    """What makes two requests the same one."""

    facility: str
    sha256: str


class XmlRefused(AccessRefused):
    """The document is kept nowhere; the words say why."""


class XmlDoors:
    """An inbox for every facility with a feed ``claimxml`` that has ``push: true``, under the mapping at work."""

    def __init__(self, settings: Settings, store: Store, clock: Clock = system_clock) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._opening = threading.Lock()
        self._opened: dict[str, tuple[Path, Inbox]] = {}

    def options(self) -> dict[str, ClaimXmlOptions]:
        """Options by code of the facilities that take documents. Raises ConfigError."""
        from connectors.claimxml.options import read_options

        found = {}
        for facility in self._settings.facilities:
            for feed in facility.feeds:
                if feed.connector == "claimxml" and not facility.paused:
                    options = read_options(self._settings.placed(feed.options))
                    if options.push:
                        found[facility.code] = options
        return found

    def inbox(self, facility: Facility) -> Inbox:
        """The inbox of one facility. Raises MappingError, ConfigError, StoreBusy."""
        from adapter.engine.intake import StoreInbox
        from adapter.mapping import load_mapping

        with self._opening:
            path = plan_path(self._settings, facility, self._store)
            before = self._opened.get(facility.code)
            if before is None or before[0] != path:
                before = path, StoreInbox(self._store, facility, load_mapping(path), self._clock)
                self._opened[facility.code] = before
            return before[1]


def push_routes(settings: Settings, store: Store) -> APIRouter:
    """POST /v1/xml/dossiers."""
    router = APIRouter(prefix="/v1/xml", tags=["xml"], responses={**ERRORS, **ABSENT, **REFUSED, **_TOO_LARGE})
    doors = XmlDoors(settings, store)

    @router.post(
        "/dossiers",
        summary="Dossiers of other software, as a GIAMDINHHS or XML0 document",
        response_model=Pushed,
        status_code=202,
    )
    def push(
        *,
        request: Request,
        caller: Pusher,
        document: Annotated[bytes, Body(media_type="application/xml", description="the document's bytes")],
        facility: Annotated[str | None, Query(max_length=5, description="needed when several take documents")] = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Any:
        taking = {code: options for code, options in doors.options().items() if caller.sees(code)}
        code = facility if facility is not None else next(iter(taking)) if len(taking) == 1 else ""
        if code not in taking:
            raise AccessRefused(
                "Không có cơ sở nào nhận hồ sơ XML dưới mã này (?facility=…)",
                "No facility takes XML dossiers under this code (?facility=…)",
                status=404,
                code="FACILITY",
            )
        sha256 = hashlib.sha256(document).hexdigest()

        def work() -> dict[str, Any]:
            contents = _read(document, taking[code], code)
            doors.inbox(settings.facility(code)).put([item.encounter for item in contents.items])
            kept = [{"ma_lk": i.ma_lk, "purpose": i.purpose, "occasion": i.occasion} for i in contents.items]
            return {"facility": code, "sha256": sha256, "dossiers": kept}

        asked = _Asked(facility=code, sha256=sha256)
        return once(store, caller, idempotency_key, request=request, asked=asked, work=work, status=202)

    return router


def _read(document: bytes, options: ClaimXmlOptions, code: str) -> Contents:
    """The dossiers of a document, all of them. Raises XmlRefused."""
    from connectors.claimxml.reading import read_contents

    if len(document) > options.max_bytes:
        raise XmlRefused(
            "Tài liệu lớn hơn giới hạn max_bytes",
            "The document is larger than max_bytes",
            status=413,
            code="DOCUMENT-SIZE",
        )
    try:
        contents = read_contents(document, options)
    except DocumentError as error:
        raise XmlRefused(error.message_vi, error.message_en, status=422, code=error.code) from error
    wrong = [problem for item in contents.items if (problem := item.problem) is not None]
    if contents.lost is not None:
        wrong.append(contents.lost)
    if wrong:
        vi, en = wrong[0]
        raise XmlRefused(f"{vi}; không giữ lại gì", f"{en}; nothing is kept", status=422, code="DOCUMENT-CONTENT")
    if any(item.facility not in {"", code} for item in contents.items):
        raise XmlRefused(
            f"Hồ sơ mang mã cơ sở (MACSKCB) khác với {code}; không giữ lại gì",
            f"A dossier names another facility (MACSKCB) than {code}; nothing is kept",
            status=422,
            code="DOCUMENT-FACILITY",
        )
    return contents
