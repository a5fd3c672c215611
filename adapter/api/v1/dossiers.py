"""Dossiers: lists with cursors, and one whole. Personal data is masked; to see it is an act with a reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from adapter.access import Principal
from adapter.api.identity import require
from adapter.api.v1.models import (
    ABSENT,
    ERRORS,
    Detail,
    Event,
    Finding,
    Page,
    Receipt,
    Revealed,
    Revision,
    Search,
    Tables,
    Verdict,
    WhichSent,
    Why,
)
from adapter.api.v1.seen import (
    absent,
    masked_answer,
    masked_finding,
    masked_tables,
    need,
    record,
    revision_of,
)
from adapter.dossier.shown import laid_out
from adapter.settings import Settings
from adapter.store.people.audit import Entry
from adapter.store.store import Store
from adapter.store.views.worklist import Wanted

Reader = Annotated[Principal, Depends(require("dossiers.read"))]
FindingReader = Annotated[Principal, Depends(require("findings.read"))]
Revealer = Annotated[Principal, Depends(require("personal.reveal"))]
Identity = Annotated[int, Path(description="a dossier's id, from a list", examples=[4711])]
Number = Annotated[int | None, Query(ge=1, le=100_000, description="a revision's number; default: the newest")]
_STATES = Literal[
    "translated", "blocked", "ready", "signing", "signed", "sending", "accepted", "refused", "unknown", "skipped"
]
_NO_BODY: dict[int | str, dict[str, Any]] = {
    410: {"description": "The body's retention is over; receipts and hashes stay"}
}


def dossier_routes(settings: Settings, store: Store) -> APIRouter:
    """Everything under /v1/dossiers that only looks."""
    router = APIRouter(prefix="/v1/dossiers", tags=["dossiers"], responses=ERRORS)

    def page(wanted: Wanted) -> dict[str, Any]:
        # No facility at all must find nothing, not everything.
        if not wanted.facilities:
            return {"dossiers": [], "next": None, "previous": None}
        found = store.worklist.page(wanted)
        return {"dossiers": found.rows, "next": found.next, "previous": found.previous}

    def seen(caller: Principal, facility: str | None) -> tuple[str, ...]:
        mine = (one.code for one in settings.facilities if caller.sees(one.code))
        return tuple(code for code in mine if facility in {None, code})

    @router.get("", summary="Dossiers, the most urgent first", response_model=Page)
    def list_(
        *,
        caller: Reader,
        facility: Annotated[str | None, Query(max_length=5)] = None,
        purpose: Literal["claim", "book", "checkin"] | None = None,
        state: Annotated[list[_STATES] | None, Query()] = None,
        held: bool | None = None,
        verdict: Literal["pending", "good", "faulty", "replaced"] | None = None,
        rule: Annotated[str | None, Query(max_length=40)] = None,
        first_day: date | None = None,
        due_before: datetime | None = None,
        sort: Literal["deadline", "-deadline", "-changed"] = "deadline",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=400, description="`next` of the page before")] = None,
    ) -> dict[str, Any]:
        wanted = Wanted(
            facilities=seen(caller, facility),
            purpose=purpose,
            states=tuple(state or ()),
            held=held,
            verdict=verdict,
            rule=rule,
            day=first_day,
            due_before=None if due_before is None else _aware(due_before),
            sort=sort,
            limit=limit,
            after=cursor,
        )
        return page(wanted)

    @router.post("/search", summary="Dossiers of a person or an MA_LK", response_model=Page)
    def search(caller: Reader, asked: Search) -> dict[str, Any]:
        """Looking somebody up is recorded: who asked, and for whom (keyed)."""
        store.audit.record(Entry("personal.search", caller.actor, caller.via, kind="dossier", about=asked.text))
        wanted = Wanted(facilities=seen(caller, asked.facility), text=asked.text, limit=asked.limit, after=asked.cursor)
        return page(wanted)

    @router.get("/{dossier_id}", summary="One dossier", response_model=Detail, responses=ABSENT)
    def show(caller: Reader, dossier_id: Identity) -> dict[str, Any]:
        found = need(store, caller, dossier_id)
        return {name: value for name, value in found.items() if name not in {"revisions", "events"}}

    @router.get("/{dossier_id}/revisions", summary="Its revisions and what was sent of them",
                response_model=list[Revision], responses=ABSENT)  # fmt: skip
    def revisions(caller: Reader, dossier_id: Identity) -> list[dict[str, Any]]:
        return [
            {
                **{name: value for name, value in one.items() if name not in {"findings", "receipts"}},
                "tried": [masked_answer(a, "message") for a in one["tried"]],
            }
            for one in need(store, caller, dossier_id)["revisions"]
        ]

    @router.get("/{dossier_id}/events", summary="What happened", response_model=list[Event], responses=ABSENT)
    def events(caller: Reader, dossier_id: Identity) -> Any:
        return need(store, caller, dossier_id)["events"]

    @router.get("/{dossier_id}/findings", summary="What is wrong with it, values masked",
                response_model=list[Finding], responses=ABSENT)  # fmt: skip
    def findings(caller: FindingReader, dossier_id: Identity, revision: Number = None) -> list[dict[str, Any]]:
        found = revision_of(need(store, caller, dossier_id), revision)
        return [masked_finding(one) for one in found["findings"]]

    @router.get("/{dossier_id}/tables", summary="Its tables, masked",
                response_model=Tables, responses={**ABSENT, **_NO_BODY})  # fmt: skip
    def tables(caller: Reader, dossier_id: Identity, revision: Number = None) -> Any:
        found = revision_of(need(store, caller, dossier_id), revision)
        body = store.queries.dossier(found["id"])
        if body is None:
            return Response(status_code=410)
        return {
            "revision": found["number"],
            "standard": found["standard"],
            "masked": True,
            "tables": masked_tables(body),
        }

    @router.get("/{dossier_id}/receipts", summary="Receipts", response_model=list[Receipt], responses=ABSENT)
    def receipts(caller: Reader, dossier_id: Identity) -> list[dict[str, Any]]:
        return [
            {"revision": one["number"], **masked_answer(receipt, "thongDiep")}
            for one in need(store, caller, dossier_id)["revisions"]
            for receipt in one["receipts"]
        ]

    @router.get("/{dossier_id}/verdicts", summary="Verdicts", response_model=list[Verdict], responses=ABSENT)
    def verdicts(caller: Reader, dossier_id: Identity) -> list[dict[str, Any]]:
        return [
            {"revision": one["number"], "verdict": one["verdict"], "replaced_by": one["replaced_by"]}
            for one in need(store, caller, dossier_id)["revisions"]
        ]

    @router.post("/{dossier_id}/reveal", summary="Everything unmasked; recorded",
                 response_model=Revealed, responses=ABSENT)  # fmt: skip
    def reveal(caller: Revealer, dossier_id: Identity, why: Why) -> dict[str, Any]:
        found = need(store, caller, dossier_id)
        record(store, caller, found, "personal.reveal", why.reason)
        newest = revision_of(found, None)
        body = store.queries.dossier(newest["id"])
        return {
            "tables": None if body is None else laid_out(body),
            "findings": newest["findings"],
            "tried": [a for one in found["revisions"] for a in one["tried"]],
            "receipts": [{"revision": one["number"], **r} for one in found["revisions"] for r in one["receipts"]],
        }

    @router.post("/{dossier_id}/sent", summary="The signed document as sent, byte for byte; recorded",
                 response_class=Response, responses={
                     200: {"content": {"application/xml": {"schema": {"type": "string", "format": "binary"}}}},
                     **ABSENT, **_NO_BODY,
                 })  # fmt: skip
    def sent(caller: Revealer, dossier_id: Identity, which: WhichSent) -> Response:
        found = need(store, caller, dossier_id)
        one = revision_of(found, which.revision)
        if one["sha256"] is None:
            raise absent()
        record(store, caller, found, "personal.download", which.reason, revision=one["number"], sha256=one["sha256"])
        body = store.outbox.signed_bytes(one["id"])
        return Response(status_code=410) if body is None else Response(body, media_type="application/xml")

    return router


def _aware(at: datetime) -> datetime:
    """A time without an offset is Vietnam's."""
    from adapter.clock import VIETNAM

    return at if at.tzinfo is not None else at.replace(tzinfo=VIETNAM)
