"""Statistics and open tasks: counts of the caller's facilities, never a person."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from adapter.access import Principal
from adapter.api.identity import require
from adapter.api.v1.models import ERRORS, Shape
from adapter.settings import Settings
from adapter.store.store import Store

Counter = Annotated[Principal, Depends(require("status.read"))]
Reader = Annotated[Principal, Depends(require("dossiers.read"))]
Code = Annotated[str | None, Query(max_length=5, description="a facility's code; default: all the caller may see")]


class Day(Shape):
    """Both sides of the equation for one facility, day and group."""

    facility: str = Field(examples=["01999"])
    day: str = Field(examples=["2026-11-22"])
    of: str = Field(description="dossiers or checkins")
    expected: int
    accepted: int
    refused: int
    unknown: int
    blocked: int
    waiting: int
    held: int
    skipped: int
    conserved: bool


class Statistics(Shape):
    """Days, what happened today, and which rules block how many dossiers."""

    days: list[Day]
    today: dict[str, int] = Field(examples=[{"read": 120, "receipt": 117}])
    blocked_rules: dict[str, int] = Field(examples=[{"X1-FMT-MA_THE_BHYT": 3}])


class Tasks(Shape):
    """Faults the portal reported, the soonest due first."""

    open: int
    overdue: int


def number_routes(settings: Settings, store: Store) -> APIRouter:
    """/v1/statistics and /v1/tasks."""
    router = APIRouter(prefix="/v1", tags=["statistics"], responses=ERRORS)

    def seen(caller: Principal, facility: str | None) -> frozenset[str]:
        mine = (one.code for one in settings.facilities if caller.sees(one.code))
        return frozenset(code for code in mine if facility in {None, code})

    @router.get("/statistics", summary="Days, today's stations, blocking rules", response_model=Statistics)
    def statistics(caller: Counter, facility: Code = None) -> dict[str, Any]:
        codes = seen(caller, facility)
        blocked: dict[str, int] = {}
        for code in codes:
            for rule, count in store.queries.blocked_rules(code).items():
                blocked[rule] = blocked.get(rule, 0) + count
        return {
            "days": [line.to_dict() for line in store.balance.lines(codes)],
            "today": store.trends.today(sorted(codes), store.clock()),
            "blocked_rules": dict(sorted(blocked.items())),
        }

    @router.get("/tasks", summary="How many faults wait for correction", response_model=Tasks)
    def tasks(caller: Reader, facility: Code = None) -> dict[str, int]:
        return store.verdicts.open_tasks(store.clock(), seen(caller, facility))

    return router
