"""The desk: one field, the card's answer in plain words, the history, and the proof when the gateway is down."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from adapter.access import Principal
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.page import page
from adapter.console.reads.scan import Scanned, read_scan
from adapter.errors import BhytError
from adapter.reception.desk import DeskRefused, Question

MayAsk = Annotated[Principal, Depends(require("reception.ask"))]
_Text = Annotated[str, Form(max_length=500)]


def routes(console: Console) -> APIRouter:
    """``/reception``. Numbers and names travel in bodies only, never in addresses."""
    router = APIRouter(include_in_schema=False)

    def show(request: Request, who: Principal, status: int = 200, **values: Any) -> Response:
        shown = {
            "asked": Scanned(""),
            "facility": "",
            "card": None,
            "history": None,
            "problem": None,
            "proof": None,
            "missing": (),
            "mine": console.facilities(who),
        }
        return page(console, request, "reception.html", who, status=status, **{**shown, **values})

    @router.get("/reception")
    def desk(request: Request, who: MayAsk, reference: str = "") -> Response:
        if not reference:
            return show(request, who)
        try:
            proof = console.desk.proof(reference)
        except DeskRefused as error:
            return show(request, who, error.status, problem=error)
        return show(request, who, proof=proof if who.sees(proof["facility"]) else None)

    @router.post("/reception")
    def ask(
        request: Request,
        who: MayAsk,
        scan: _Text = "",
        name: _Text = "",
        birth: _Text = "",
        facility: _Text = "",
        want: _Text = "card",
    ) -> Response:
        read = read_scan(scan)
        asked = Scanned(read.number, read.name or name.strip(), read.birth or birth.strip())
        missing = tuple(what for what in ("number", "name", "birth") if not getattr(asked, what))
        if missing:
            return show(request, who, asked=asked, facility=facility, missing=missing)
        mine = console.facilities(who)
        at = facility if facility in mine else (mine[0] if len(mine) == 1 else None)
        question = Question(asked.number, asked.name, asked.birth)
        try:
            answer = console.desk.ask("history" if want == "history" else "card", question, user=who.name, facility=at)
        except BhytError as error:
            return show(request, who, getattr(error, "status", 503), asked=asked, facility=facility, problem=error)
        if want == "history":
            return show(request, who, asked=asked, facility=facility, history=answer)
        return show(request, who, asked=asked, facility=facility, card=answer)

    return router
