"""Routes of the health book. MA_LK and personal numbers travel in bodies only, never in addresses.

``book.read`` sees the book as a citizen will; ``book.withheld`` alone asks for, and decides about, what others do
not see. A caller without it gets the same answer for a visit that holds something back as for one that does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from adapter.access import Principal
from adapter.access.refusals import not_allowed
from adapter.api.identity import require
from adapter.clock import VIETNAM
from adapter.engine.plans import plan_path
from adapter.errors import BhytError, ConfigError
from adapter.healthbook.pages import book_page, timeline_page, to_pdf, watch_page
from adapter.healthbook.visit_json import shown_json
from adapter.pipeline.books.desk import BookDesk, BookGone

_Key = Annotated[str, Field(min_length=1, max_length=100)]
Reader = Annotated[Principal, Depends(require("book.read"))]
PrivacyOfficer = Annotated[Principal, Depends(require("book.withheld"))]


_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "In the form that was asked for",
        "content": {"text/html": {}, "application/pdf": {}, "application/fhir+json": {}},
    }
}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Visit(_Body):
    """Which visit, in which form; ``withheld`` asks for what others do not see."""

    ma_lk: _Key
    form: Literal["json", "html", "pdf", "fhir"] = "json"
    withheld: bool = False


class Person(_Body):
    """Whose visits."""

    personal_id: _Key
    form: Literal["json", "html"] = "json"


class Look(_Body):
    """A look at VNeID with the patient."""

    ma_lk: _Key
    outcome: Literal["shown", "absent", "wrong"] = "shown"
    note: Annotated[str, Field(max_length=1000)] = ""


class Decided(_Body):
    """A decision about one rule of one visit; ``text`` is the key of a text, for accept and keep."""

    ma_lk: _Key
    rule: _Key
    decision: Literal["send", "withhold", "show", "accept", "keep"]
    ground: Annotated[str, Field(min_length=1, max_length=2000)]
    text: Annotated[str, Field(max_length=64)] = ""


def book_routes(desk: BookDesk) -> APIRouter:
    """Everything under /v1/book."""
    router = APIRouter(prefix="/v1/book", tags=["health book"])
    settings = desk.settings

    @router.post("/show", summary="One visit as the citizen will read it", responses=_FORMS)
    def show(asked: Visit, caller: Reader) -> Response:
        if asked.withheld and not caller.may("book.withheld"):
            raise not_allowed()

        def answer() -> Response:
            found = desk.show(
                asked.ma_lk, may_see_withheld=asked.withheld, actor=caller.actor, facilities=caller.facilities
            )
            if asked.form == "html":
                return HTMLResponse(book_page(found.view))
            if asked.form == "pdf":
                return Response(to_pdf(book_page(found.view)), media_type="application/pdf")
            if asked.form == "fhir":
                from adapter.healthbook.fhir import bundle_json  # its models take a second to load

                document = bundle_json(found.book, base=settings.book.fhir_base, now=desk.clock())
                return Response(document, media_type="application/fhir+json")
            return JSONResponse(
                shown_json(found.view, found.completeness, line=found.line, privacy=found.privacy, checks=found.checks)
            )

        return _guarded(answer)

    @router.post("/timeline", summary="A person's visits, newest first", responses=_FORMS)
    def timeline(asked: Person, caller: Reader) -> Response:
        def answer() -> Response:
            found = desk.timeline(
                asked.personal_id, may_see_withheld=False, actor=caller.actor, facilities=caller.facilities
            )
            books = [one.book for one in found]
            if asked.form == "html":
                return HTMLResponse(timeline_page(books))
            return JSONResponse({"visits": [book.to_json() for book in books]})

        return _guarded(answer)

    @router.get("/gaps", summary="Which fields are empty, why, and what to do")
    def gaps(caller: Reader, facility: str | None = None) -> Response:
        documents = []
        for one in settings.facilities:
            if caller.sees(one.code) and facility in (None, one.code):
                from adapter.mapping import load_mapping

                plan = load_mapping(plan_path(settings, one, desk.store))
                documents.append({"facility": one.code, **desk.gaps(plan, one.code).to_dict()})
        return JSONResponse({"facilities": documents})

    @router.get("/overdue", summary="Received a day ago and not known to be shown: an inference", responses=_FORMS)
    def overdue(caller: Reader, form: Literal["json", "html"] = "json") -> Response:
        hours = settings.book.watch_hours
        rows: list[dict[str, Any]] = [
            {
                "ma_lk": w.ma_lk,
                "facility": w.facility,
                "purpose": w.purpose,
                "received": w.accepted_at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y"),
                "hours": w.hours,
            }
            for w in desk.store.books.overdue(desk.clock(), caller.facilities, hours=hours)
        ]
        if form == "html":
            return _private(HTMLResponse(watch_page(rows, hours=hours)))
        return _private(JSONResponse({"inference": True, "hours": hours, "overdue": rows}))

    @router.post("/seen", summary="Record a look at the patient's VNeID")
    def seen(asked: Look, caller: Reader) -> Response:
        def answer() -> Response:
            desk.seen(asked.ma_lk, asked.outcome, note=asked.note, actor=caller.actor, facilities=caller.facilities)
            return JSONResponse({"recorded": True})

        return _guarded(answer)

    @router.post("/decide", summary="Record a privacy decision with its ground")
    def decide(asked: Decided, caller: PrivacyOfficer) -> Response:
        def answer() -> Response:
            desk.decide(
                asked.ma_lk,
                asked.rule,
                asked.decision,
                ground=asked.ground,
                actor=caller.actor,
                text_key=asked.text,
                facilities=caller.facilities,
            )
            return JSONResponse({"recorded": True})

        return _guarded(answer)

    return router


def _guarded(answer: Callable[[], Response]) -> Response:
    """Nothing about a person is kept on the way; what is not there, or not this caller's, is 404 alike."""
    try:
        return _private(answer())
    except (BookGone, ConfigError) as error:
        return _refused(error, 404)


def _refused(error: BhytError, status: int) -> Response:
    return _private(JSONResponse(error.to_dict(), status_code=status))


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
