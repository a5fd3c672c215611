"""Routes of the reception desk: card and history look-ups, and the proof that one was made."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from adapter.access import Principal
from adapter.api.identity import require
from adapter.api.v1.models import ERRORS
from adapter.reception.desk import Desk, DeskRefused, Question, no_reference, status_of_answer

Asker = Annotated[Principal, Depends(require("reception.ask"))]
_Text = Annotated[str, Field(max_length=200)]


class Person(BaseModel):
    """Whom a question is about."""

    model_config = ConfigDict(extra="forbid")

    number: _Text = Field(description="card (15), citizen (12) or insurance number (10)")
    name: _Text
    birth_date: _Text = Field(description="dd/mm/yyyy, mm/yyyy, yyyy or yyyy-mm-dd")


class Lookup(Person):
    """A question. ``user``: who asks, for programs with a key; people who signed in ask as themselves.

    ``facility`` is needed when the caller may ask for several.
    """

    user: _Text | None = None
    facility: _Text | None = None


def reception_routes(desk: Desk) -> APIRouter:
    """Everything under /v1 that a reception asks. Numbers and names travel in bodies only, never in addresses."""
    router = APIRouter(prefix="/v1", tags=["reception"], responses=ERRORS)

    @router.post("/cards/lookup", summary="Is this card good for this person")
    def card(asked: Lookup, caller: Asker) -> JSONResponse:
        return _answer(desk, "card", asked, caller)

    @router.post("/history/lookup", summary="What was this person treated for")
    def history(asked: Lookup, caller: Asker) -> JSONResponse:
        return _answer(desk, "history", asked, caller)

    @router.get("/lookups/{reference}", summary="The proof of a look-up")
    def proof(reference: str, caller: Asker) -> JSONResponse:
        try:
            return JSONResponse(_proof(desk, reference, caller))
        except DeskRefused as error:
            return _refused(error)

    @router.post("/lookups/{reference}/verify", summary="Was that look-up about this person")
    def verify(reference: str, person: Person, caller: Asker) -> JSONResponse:
        try:
            _proof(desk, reference, caller)
            return JSONResponse({"reference": reference, "same": desk.is_about(reference, _question(person))})
        except DeskRefused as error:
            return _refused(error)

    return router


def _answer(desk: Desk, service: str, asked: Lookup, caller: Principal) -> JSONResponse:
    user = caller.name if caller.via == "session" else asked.user or ""
    try:
        facility = desk.facility_for(asked.facility, caller.sees)
        document = desk.ask(service, _question(asked), user=user, facility=facility, actor=caller.actor)
    except DeskRefused as error:
        return _refused(error)
    return _private(JSONResponse(document, status_code=status_of_answer(document)))


def _proof(desk: Desk, reference: str, caller: Principal) -> dict[str, Any]:
    """Another facility's proof is told like one that does not exist."""
    found = desk.proof(reference)
    if not caller.sees(found["facility"]):
        raise no_reference()
    return found


def _question(person: Person) -> Question:
    return Question(person.number, person.name, person.birth_date)


def _refused(error: DeskRefused) -> JSONResponse:
    headers: dict[str, Any] = {"Retry-After": str(math.ceil(error.wait))} if error.wait else {}
    return _private(JSONResponse(error.to_dict(), status_code=error.status, headers=headers))


def _private(response: JSONResponse) -> JSONResponse:
    response.headers["Cache-Control"] = "no-store"
    return response
