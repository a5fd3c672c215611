"""The clerks' workbench: what keeps dossiers back, grouped by what to correct and where in the HIS."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from adapter.access import Principal
from adapter.access.clear import hidden, is_clear
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.page import page
from adapter.console.core.words import Words, language_of
from adapter.console.pages.overview import top_findings
from adapter.console.reads.plans import plan_of
from adapter.console.reads.rules import field_words, readable, told
from adapter.console.reads.sheets import workbook
from adapter.errors import BhytError
from adapter.store.people.audit import Entry

MayRead = Annotated[Principal, Depends(require("findings.read"))]
GROUPED = ("fault", "place")
_PER_PAGE = 100
_MOST_EXPORTED = 20_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def routes(console: Console) -> APIRouter:
    """``/findings``, one rule's places, and the same as a spreadsheet."""
    router = APIRouter(include_in_schema=False)

    @router.get("/findings")
    def findings(request: Request, who: MayRead, by: str = "fault") -> Response:
        groups = _groups(console, who)
        by = by if by in GROUPED else "fault"
        return page(
            console,
            request,
            "findings.html",
            who,
            groups=groups,
            places=_by_place(groups) if by == "place" else [],
            by=by,
            ways=GROUPED,
            tasks=_tasks(console, who),
        )

    @router.get("/findings.xlsx")
    def export(request: Request, who: MayRead) -> Response:
        t = Words(language_of(request))
        groups = _groups(console, who)
        places = [
            {**place, "fix": t.of(group["fix_vi"], group["fix_en"]), "column": group["column"]}
            for group in groups
            for place in _places(console, who, group["rule"], f"{group['table']}.{group['field']}", _MOST_EXPORTED, 0)
        ]
        console.store.audit.record(
            Entry("findings.export", who.actor, who.via, kind="findings", detail={"rows": len(places)})
        )
        name = 'attachment; filename="findings.xlsx"'
        return Response(workbook(groups, places, t), media_type=_XLSX, headers={"Content-Disposition": name})

    @router.get("/findings/{rule}")
    def one(request: Request, who: MayRead, rule: str, field: str = "", start: int = 0) -> Response:
        start = max(0, start)
        places = _places(console, who, rule, field, _PER_PAGE + 1, start)
        table, _, name = field.partition(".")
        return page(
            console,
            request,
            "finding.html",
            who,
            rule=rule,
            about=told(rule),
            field=field,
            field_words=field_words("3176", table, name),
            column=_column(console, who, table, name),
            places=places[:_PER_PAGE],
            start=start,
            per_page=_PER_PAGE,
            more=len(places) > _PER_PAGE,
        )

    return router


def _groups(console: Console, who: Principal) -> list[dict[str, Any]]:
    mine = console.facilities(who)
    found = console.kept.get(("findings", mine), lambda: top_findings(console, mine))
    return [
        {
            **one,
            "words": field_words("3176", one["table"], one["field"]),
            "column": _column(console, who, one["table"], one["field"]),
        }
        for one in found
    ]


def _by_place(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same, for who goes through the HIS screen by screen: what is to be corrected in which column."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in groups:
        found.setdefault(one["column"], []).append(one)
    places = [
        {
            "column": column,
            "groups": inside,
            "dossiers": sum(one["dossiers"] for one in inside),
            "soonest": min((one["soonest"] for one in inside if one["soonest"]), default=None),
        }
        for column, inside in found.items()
    ]
    return sorted(places, key=lambda one: (not one["column"], -one["dossiers"], one["column"]))


def _places(console: Console, who: Principal, rule: str, field: str, most: int, start: int) -> list[dict[str, Any]]:
    rows = console.store.worklist.places(console.facilities(who), rule, field=field, limit=most, offset=start)
    about = told(rule)
    return [_masked(row, about) for row in rows]


def _masked(row: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """Lists show no personal value to anybody; who needs it opens the dossier."""
    if is_clear(row["table"], row["field"]) or not row["value"]:
        return {**row, "value": readable("3176", row["table"], row["field"], row["value"]), "masked": False}
    quoted = row["value"] in row["message_vi"] + row["message_en"]
    words = {"message_vi": about["title_vi"], "message_en": about["title_en"]} if quoted else {}
    return {**row, **words, "value": hidden(row["value"]), "masked": True}


def _column(console: Console, who: Principal, table: str, field: str) -> str:
    """The HIS columns that fill a field, over the mappings of this person's facilities."""
    from adapter.mapping.tools.origins import origins

    found: list[str] = []
    for code in console.facilities(who):
        try:
            found += origins(plan_of(console, console.settings.facility(code)), table, field)
        except BhytError:
            continue  # a mapping that does not load is told by the overview and the mapping page
    return ", ".join(dict.fromkeys(found))


def _tasks(console: Console, who: Principal) -> list[dict[str, Any]]:
    """Faults the portal reported that wait for their correction."""
    if not who.may("dossiers.read"):
        return []
    mine = set(console.facilities(who))
    return [task for task in console.store.verdicts.tasks() if task["facility"] in mine]
