"""The overview: does everything flow, what waits for whom, what to correct first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from adapter.access import Principal
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.page import page
from adapter.console.core.words import Words, language_of
from adapter.console.reads.health import health
from adapter.console.reads.rules import told
from adapter.store.states import COLUMNS
from adapter.store.views.worklist import OPEN, Wanted

MaySee = Annotated[Principal, Depends(require("status.read"))]
SOON = timedelta(days=2)
MOST_COUNTED = 1000
"""What waits is counted so far and no further: beyond it the page says 1.000+."""


def routes(console: Console) -> APIRouter:
    """``/`` with its pieces that renew themselves, and the two charts."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def overview(request: Request, who: MaySee) -> Response:
        return page(console, request, "overview.html", who, **_read(console, who))

    @router.get("/part/overview")
    def part(request: Request, who: MaySee) -> Response:
        return page(console, request, "part/overview.html", who, **_read(console, who))

    @router.get("/charts/{name}.svg")
    def chart(name: str, request: Request, who: MaySee) -> Response:
        from adapter.console.core.charts import flow_chart, time_chart  # brings pygal

        draw = {"flow": flow_chart, "time": time_chart}.get(name)
        if draw is None:
            return Response(status_code=404)
        picture = draw(_month(console, console.facilities(who)), Words(language_of(request)))
        return Response(picture, media_type="image/svg+xml", headers={"Content-Security-Policy": _PICTURE})

    return router


_PICTURE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A chart opened by itself: its own colours, nothing else, no script."""


def _read(console: Console, who: Principal) -> dict[str, Any]:
    mine = console.facilities(who)
    now = console.clock()
    balance = console.kept.get(("balance", mine), lambda: balance_of(console, mine))
    names_patients = who.may("dossiers.read")
    return {
        "today": console.kept.get(("today", mine), lambda: console.store.trends.today(mine, now)),
        "balance": balance,
        "waiting": console.kept.get(("waiting", mine), lambda: console.store.trends.longest_waiting(mine, 5))
        if names_patients
        else [],
        "alarms": console.kept.get(("alarms", mine), lambda: alarms(console, mine)),
        "top": console.kept.get(("top", mine), lambda: top_findings(console, mine, 6))
        if who.may("findings.read")
        else [],
        "health": console.kept.get(("health", mine), lambda: health(console, mine)),
        "month": _month(console, mine),
        "most": MOST_COUNTED,
    }


def _month(console: Console, mine: Sequence[str]) -> Any:
    return console.kept.get(("month", tuple(mine)), lambda: console.store.trends.month(mine, console.clock()))


def balance_of(console: Console, mine: Sequence[str]) -> dict[str, Any]:
    """Both equations over these facilities, with the days that do not come out even."""
    found = console.store.balance.summary(frozenset(mine))
    equation = found["equation"]
    return {
        "pull": equation["pull"],
        "dossiers": equation["dossiers"],
        "columns": COLUMNS,
        "broken": equation["broken"],
        "conserved": equation["conserved"],
        "verdicts": found["verdicts"],
    }


def alarms(console: Console, mine: tuple[str, ...]) -> dict[str, int]:
    """How many dossiers need somebody, each counted up to a thousand."""
    list_ = console.store.worklist
    now = console.clock()

    def most(**wanted: Any) -> int:
        return list_.bounded(Wanted(mine, **wanted), MOST_COUNTED) if mine else 0

    return {
        "overdue": most(states=OPEN, due_before=now),
        "soon": most(states=OPEN, due_before=now + SOON),
        "blocked": most(states=("blocked",), held=False),
        "refused": most(states=("refused",), held=False),
        "unknown": most(states=("unknown",), held=False),
        "held": most(held=True),
        "faulty": console.store.trends.faulty(mine) if mine else 0,
    }


def top_findings(console: Console, mine: Sequence[str], most: int | None = None) -> list[dict[str, Any]]:
    """What keeps dossiers back, with its words and how it is put right."""
    return [{**row, **told(row["rule"])} for row in console.store.trends.blocking(mine)[:most]]
