"""The audit log, newest first, and the proof that it holds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from adapter.access import Principal
from adapter.access.refusals import not_allowed
from adapter.api.identity import require
from adapter.api.v1.models import ERRORS, Shape
from adapter.store.people.audit import Entry
from adapter.store.store import Store

Auditor = Annotated[Principal, Depends(require("audit.read"))]


class AuditLine(Shape):
    """Who did what to which object. ``about`` is keyed: find it by asking with the MA_LK."""

    seq: int
    at: str
    actor: str = Field(examples=["user:lan"])
    via: str = Field(examples=["session"])
    action: str = Field(examples=["dossier.hold"])
    facility: str
    kind: str
    object: str
    about: str | None
    reason: str
    outcome: str
    detail: dict[str, Any]
    digest: str


class AuditPage(Shape):
    """``next`` is the ``before`` of the following page, null at the end."""

    lines: list[AuditLine]
    next: int | None


class Asked(BaseModel):
    """Lines about an MA_LK, a card or a search text. In the body, never in the address."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"about": "01999.2611.000123"}})
    about: Annotated[str, Field(min_length=1, max_length=200)]
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class Chain(Shape):
    """``head`` is worth noting outside: a later check against it shows a cut end."""

    rows: int
    head: str
    valid: bool
    problem: str | None
    seq: int | None


def audit_routes(store: Store) -> APIRouter:
    """/v1/audit. Who is bound to facilities sees their lines only, and cannot judge the whole chain."""
    router = APIRouter(prefix="/v1/audit", tags=["audit"], responses=ERRORS)

    @router.get("", summary="Lines, newest first", response_model=AuditPage)
    def lines(
        *,
        caller: Auditor,
        actor: Annotated[str | None, Query(max_length=120)] = None,
        action: Annotated[str | None, Query(max_length=40, description="or its beginning")] = None,
        first: datetime | None = None,
        last: datetime | None = None,
        before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        rows = store.audit.list(
            facilities=caller.facilities,
            actor=actor,
            action=action,
            first=_aware(first),
            last=_aware(last),
            before=before,
            limit=limit,
        )
        return {"lines": rows, "next": rows[-1]["seq"] if len(rows) == limit else None}

    @router.post("/about", summary="Lines about one dossier or person; recorded", response_model=AuditPage)
    def about(caller: Auditor, asked: Asked) -> dict[str, Any]:
        store.audit.record(Entry("audit.search", caller.actor, caller.via, kind="audit", about=asked.about))
        rows = store.audit.list(facilities=caller.facilities, about=asked.about, limit=asked.limit)
        return {"lines": rows, "next": None}

    @router.get("/verify", summary="Does the chain hold", response_model=Chain)
    def verify(caller: Auditor) -> dict[str, Any]:
        if caller.facilities is not None:
            raise not_allowed()
        found = store.audit.verify()
        return {
            "rows": found.rows,
            "head": f"{found.rows}:{found.head}",
            "valid": not found.problem,
            "problem": found.problem or None,
            "seq": found.seq,
        }

    return router


def _aware(at: datetime | None) -> datetime | None:
    from adapter.clock import VIETNAM

    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=VIETNAM)
