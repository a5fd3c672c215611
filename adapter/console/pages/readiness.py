"""The pilot's 14 steps as a checklist with evidence, and a person's word where only a person can know."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Form, Request, Response

from adapter.access import Principal
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.page import go, page
from adapter.console.pages.studio import NoMapping
from adapter.errors import BhytError
from adapter.readiness.steps import attest, readiness_of, withdraw

MayRead = Annotated[Principal, Depends(require("readiness.read"))]
MayAttest = Annotated[Principal, Depends(require("readiness.attest"))]


def routes(console: Console) -> APIRouter:
    """``/readiness``, printable."""
    router = APIRouter(include_in_schema=False)

    def show(
        request: Request, who: Principal, code: str, *, problem: BhytError | None = None, told: str = ""
    ) -> Response:
        mine = console.facilities(who)
        facility = console.facility(who, code or (mine[0] if mine else ""))
        if facility is None:
            raise NoMapping("Không có cơ sở này", "There is no such facility")
        steps = console.kept.get(
            ("readiness", facility.code), lambda: readiness_of(console.store, console.settings, facility)
        )
        counts = {
            state: sum(1 for one in steps if one.state == state)
            for state in ("proven", "attested", "missing", "not_applicable")
        }
        return page(
            console, request, "readiness.html", who, status=422 if problem else 200, facility=facility, mine=mine,
            steps=steps, counts=counts, problem=problem, told=told,
        )  # fmt: skip

    @router.get("/readiness")
    def readiness(request: Request, who: MayRead, facility: str = "", told: str = "") -> Response:
        return show(request, who, facility, told=told)

    @router.post("/readiness")
    def say(
        request: Request,
        who: MayAttest,
        facility: Annotated[str, Form(max_length=5)],
        n: Annotated[int, Form()],
        do: Annotated[str, Form(max_length=20)] = "done",
        person: Annotated[str, Form(max_length=200)] = "",
        note: Annotated[str, Form(max_length=2000)] = "",
    ) -> Response:
        one = console.facility(who, facility)
        if one is None:
            raise NoMapping("Không có cơ sở này", "There is no such facility")
        try:
            if do == "withdraw":
                withdraw(console.store, one, n, actor=who.actor, reason=note)
            else:
                kind = cast(Literal["done", "not_applicable"], do if do == "not_applicable" else "done")
                attest(console.store, one, n, person=person, note=note, actor=who.actor, kind=kind)
        except BhytError as error:
            return show(request, who, facility, problem=error)
        console.kept.forget()
        return go(f"/readiness?facility={facility}&told=kept#step-{n}")

    return router
