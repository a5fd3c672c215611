"""Routes of the reception desk: card and history look-ups, and the proof that one was made."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from adapter.api.identity import require
from adapter.reception.desk import Desk, DeskRefused, Question, status_of_answer

_Text = Annotated[str, Field(max_length=200)]


class Person(BaseModel):
    """Whom a question is about."""

    model_config = ConfigDict(extra="forbid")

    number: _Text = Field(description="card (15), citizen (12) or insurance number (10)")
    name: _Text
    birth_date: _Text = Field(description="dd/mm/yyyy, mm/yyyy, yyyy or yyyy-mm-dd")


class Lookup(Person):
    """A question; ``user`` is who asks, ``facility`` is needed when there are several."""

    user: _Text
    facility: _Text | None = None


def reception_routes(desk: Desk) -> APIRouter:
    """Everything under /v1 that a reception asks. Numbers and names travel in bodies only, never in addresses."""
    router = APIRouter(prefix="/v1", tags=["reception"], dependencies=[Depends(require("reception.ask"))])

    @router.post("/cards/lookup", summary="Is this card good for this person")
    def card(asked: Lookup) -> JSONResponse:
        return _answer(desk, "card", asked)

    @router.post("/history/lookup", summary="What was this person treated for")
    def history(asked: Lookup) -> JSONResponse:
        return _answer(desk, "history", asked)

    @router.get("/lookups/{reference}", summary="The proof of a look-up")
    def proof(reference: str) -> JSONResponse:
        try:
            return JSONResponse(desk.proof(reference))
        except DeskRefused as error:
            return _refused(error)

    @router.post("/lookups/{reference}/verify", summary="Was that look-up about this person")
    def verify(reference: str, person: Person) -> JSONResponse:
        try:
            return JSONResponse({"reference": reference, "same": desk.is_about(reference, _question(person))})
        except DeskRefused as error:
            return _refused(error)

    return router


def _answer(desk: Desk, service: str, asked: Lookup) -> JSONResponse:
    try:
        document = desk.ask(service, _question(asked), user=asked.user, facility=asked.facility)
    except DeskRefused as error:
        return _refused(error)
    return _private(JSONResponse(document, status_code=status_of_answer(document)))


def _question(person: Person) -> Question:
    return Question(person.number, person.name, person.birth_date)


def _refused(error: DeskRefused) -> JSONResponse:
    headers: dict[str, Any] = {"Retry-After": str(math.ceil(error.wait))} if error.wait else {}
    return _private(JSONResponse(error.to_dict(), status_code=error.status, headers=headers))


def _private(response: JSONResponse) -> JSONResponse:
    response.headers["Cache-Control"] = "no-store"
    return response
