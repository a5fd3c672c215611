"""The list of dossiers: search, saved views, filters, paging, and acts on several at once."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Form, Request, Response

from adapter.access import Principal
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.page import page
from adapter.console.core.words import Words, language_of
from adapter.console.pages.overview import MOST_COUNTED, SOON, alarms
from adapter.console.reads.acts import ACTS, act_on
from adapter.console.reads.rules import rule_words
from adapter.store.views.worklist import OPEN, PURPOSES, STATES, Sort, Wanted

MayRead = Annotated[Principal, Depends(require("dossiers.read"))]
MayAct = Annotated[Principal, Depends(require("dossiers.act"))]
VIEWS = ("all", "blocked", "due", "refused", "unknown", "held", "faulty")
SORTS = ("deadline", "-deadline", "-changed")
_PER_PAGE = 50
_MOST_AT_ONCE = 200


def routes(console: Console) -> APIRouter:
    """``/dossiers`` and acts on several."""
    router = APIRouter(include_in_schema=False)

    @router.get("/dossiers")
    def dossiers(
        request: Request,
        who: MayRead,
        view: str = "all",
        q: str = "",
        state: str = "",
        purpose: str = "",
        facility: str = "",
        rule: str = "",
        day: str = "",
        sort: str = "deadline",
        after: str = "",
        before: str = "",
    ) -> Response:
        view = view if view in VIEWS else "all"
        mine = console.facilities(who)
        chosen = (facility,) if facility in mine else mine
        wanted = Wanted(
            chosen,
            text=q,
            purpose=purpose if purpose in PURPOSES else None,
            rule=rule or None,
            day=_day(day),
            sort=cast(Sort, sort if sort in SORTS else "deadline"),
            limit=_PER_PAGE,
            after=after or None,
            before=before or None,
            **_preset(console, view, state),
        )
        found = console.store.worklist.page(wanted) if chosen else None
        return page(
            console,
            request,
            "dossiers.html",
            who,
            found=found,
            view=view,
            views=VIEWS,
            counts=None,
            most=MOST_COUNTED,
            sorts=SORTS,
            states=STATES,
            purposes=PURPOSES,
            mine=mine,
            chosen={
                "q": q,
                "state": state,
                "purpose": purpose,
                "facility": facility,
                "rule": rule,
                "day": day,
                "sort": wanted.sort,
            },
            acts=ACTS,
            rule_words=rule_words(Words(language_of(request))),
        )

    @router.get("/part/views")
    def views(request: Request, who: MayRead, view: str = "all") -> Response:
        """The saved views with how much waits in each, for the list that is already on the screen."""
        found = console.kept.get(("alarms", mine := console.facilities(who)), lambda: alarms(console, mine))
        counts = {**found, "due": found["soon"]}
        return page(console, request, "part/views.html", who, view=view, views=VIEWS, counts=counts, most=MOST_COUNTED)

    @router.post("/dossiers/confirm")
    def confirm(
        request: Request,
        who: MayAct,
        act: Annotated[str, Form()],
        id: Annotated[list[int], Form(max_length=_MOST_AT_ONCE)],  # noqa: A002 -- the form's own word
        back: Annotated[str, Form(max_length=2000)] = "/dossiers",
    ) -> Response:
        lines = [line for one in id if (line := console.line(who, one)) is not None]
        return page(
            console,
            request,
            "bulk.html",
            who,
            act=act if act in ACTS else "retry",
            lines=lines,
            back=_own(back),
            results=None,
        )

    @router.post("/dossiers/acts")
    def acts(
        request: Request,
        who: MayAct,
        act: Annotated[str, Form()],
        id: Annotated[list[int], Form(max_length=_MOST_AT_ONCE)],  # noqa: A002
        reason: Annotated[str, Form(max_length=500)],
        back: Annotated[str, Form(max_length=2000)] = "/dossiers",
    ) -> Response:
        lines = [line for one in id if (line := console.line(who, one)) is not None]
        results = [(line, act_on(console, who, line, act, reason)) for line in lines]
        console.kept.forget()
        return page(
            console,
            request,
            "bulk.html",
            who,
            act=act if act in ACTS else "retry",
            lines=lines,
            back=_own(back),
            results=results,
        )

    return router


def _preset(console: Console, view: str, state: str) -> dict[str, Any]:
    """What a saved view stands for; a state chosen by hand counts in the view of all."""
    presets: dict[str, dict[str, Any]] = {
        **{name: {"states": (name,), "held": False} for name in ("blocked", "refused", "unknown")},
        "held": {"held": True},
        "faulty": {"verdict": "faulty"},
        "due": {"states": OPEN, "due_before": console.clock() + SOON},
    }
    return presets.get(view, {"states": (state,) if state in STATES else ()})


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _own(path: str) -> str:
    return path if path.startswith("/dossiers") else "/dossiers"
