"""One dossier: what is wrong and how to correct it, its tables, where each field came from, what was sent."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from adapter.access import Principal
from adapter.access.clear import hidden, is_clear
from adapter.access.refusals import not_allowed
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.masking import shower
from adapter.console.core.page import go, page
from adapter.console.core.shown import wire_value
from adapter.console.core.words import Words, language_of
from adapter.console.reads.acts import act_on, overridable, possible
from adapter.console.reads.beside import beside
from adapter.console.reads.document import parts_of
from adapter.console.reads.rules import field_words, readable, told
from adapter.console.reads.trace import Trace, trace_of
from adapter.console.reads.way import way_of
from adapter.dossier.model import Dossier
from adapter.engine.schedules import period
from adapter.errors import ConfigError
from adapter.standard.spec import written_as
from adapter.store.people.audit import Entry

MayRead = Annotated[Principal, Depends(require("dossiers.read"))]
MayReveal = Annotated[Principal, Depends(require("personal.reveal"))]
_ROWS = 25


class NoDossier(ConfigError):
    """No such dossier, or none this person may see; both are told alike."""

    code = "DOSSIER"
    status = 404


def routes(console: Console) -> APIRouter:
    """``/dossiers/{id}`` and what belongs to it."""
    router = APIRouter(include_in_schema=False)

    def show(request: Request, who: Principal, template: str, line: dict[str, Any], **more: Any) -> Response:
        revealed = console.revealed.is_open(who.actor, line["id"])
        return page(
            console,
            request,
            template,
            who,
            line=line,
            newest=line["revisions"][-1],
            revealed=revealed,
            show=shower(revealed),
            siblings=[
                one
                for one in console.store.queries.list(ma_lk=line["ma_lk"], facility=line["facility"], limit=20)
                if one["id"] != line["id"]
            ],
            **more,
        )

    @router.get("/dossiers/{identity}")
    def summary(request: Request, who: MayRead, identity: int, told_: str = "") -> Response:
        line = _need(console, who, identity)
        return show(request, who, "dossier.html", line, **_summary(console, who, line), done=told_, problem=None)

    @router.get("/part/dossiers/{identity}")
    def part(request: Request, who: MayRead, identity: int) -> Response:
        line = _need(console, who, identity)
        return show(request, who, "part/dossier.html", line, **_summary(console, who, line))

    @router.get("/dossiers/{identity}/tables")
    def tables(request: Request, who: MayRead, identity: int, table: str = "", start: int = 1) -> Response:
        line = _need(console, who, identity)
        return show(request, who, "tables.html", line, **_tables(console, who, request, line, table, start))

    @router.get("/dossiers/{identity}/trace")
    def trace(request: Request, who: MayRead, identity: int, table: str = "XML1", row: int = 1) -> Response:
        line = _need(console, who, identity)
        found = trace_of(console, line)
        here = sorted({t for t, _ in found.rows}, key=lambda t: int(t[3:]))
        table = table if table in here else (here[0] if here else table)
        rows = sorted(r for t, r in found.rows if t == table)
        row = row if row in rows else 1
        return show(request, who, "trace.html", line, trace=found, table=table, tables=here, row=row, rows=len(rows),
                    meaning=_meaning(request, line))  # fmt: skip

    @router.get("/dossiers/{identity}/sent")
    def sent(request: Request, who: MayRead, identity: int, revision: int = 0) -> Response:
        line = _need(console, who, identity)
        chosen = next((r for r in line["revisions"] if r["number"] == revision), line["revisions"][-1])
        body = console.store.outbox.signed_bytes(chosen["id"])
        open_ = console.revealed.is_open(who.actor, line["id"])
        parts = parts_of(body) if body is not None and open_ else []
        return show(request, who, "sent.html", line, chosen=chosen, kept=body is not None,
                    size=len(body) if body else 0, parts=parts)  # fmt: skip

    @router.get("/dossiers/{identity}/sent.xml")
    def download(who: MayReveal, identity: int, revision: int = 0) -> Response:
        line = _need(console, who, identity)
        chosen = next((r for r in line["revisions"] if r["number"] == revision), line["revisions"][-1])
        body = console.store.outbox.signed_bytes(chosen["id"])
        if body is None:
            raise NoDossier("Không còn giữ tệp đã ký", "The signed file is no longer kept")
        _record(console, who, line, "dossier.download", "")
        name = f'attachment; filename="{line["id"]}-{chosen["number"]}.xml"'
        return Response(body, media_type="application/xml", headers={"Content-Disposition": name})

    @router.post("/dossiers/{identity}/reveal")
    def reveal(who: MayReveal, identity: int, reason: Annotated[str, Form(max_length=500)] = "",
               back: Annotated[str, Form(max_length=500)] = "") -> Response:  # fmt: skip
        line = _need(console, who, identity)
        _record(console, who, line, "personal.reveal", reason)
        console.revealed.open(who.actor, line["id"])
        return go(_own(back, identity))

    @router.post("/dossiers/{identity}/mask")
    def mask_(who: MayRead, identity: int, back: Annotated[str, Form(max_length=500)] = "") -> Response:
        console.revealed.close(who.actor, identity)
        return go(_own(back, identity))

    @router.post("/dossiers/{identity}/acts")
    def act(
        request: Request,
        who: MayRead,
        identity: int,
        act: Annotated[str, Form()],
        reason: Annotated[str, Form(max_length=500)] = "",
        receipt: Annotated[str, Form(max_length=200)] = "",
    ) -> Response:
        line = _need(console, who, identity)
        problem = act_on(console, who, line, act, reason, receipt=receipt)
        console.kept.forget()
        if problem is None:
            return go(f"/dossiers/{identity}?told_={act}")
        return show(request, who, "dossier.html", line, **_summary(console, who, line), done="", problem=problem)

    @router.post("/dossiers/{identity}/practice")
    def practice(
        who: Annotated[Principal, Depends(require("dossiers.act"))],
        identity: int,
        place: Annotated[str, Form(max_length=120)],
        value: Annotated[str, Form(max_length=1000)] = "",
    ) -> Response:
        line = _need(console, who, identity)
        if console.practice is None:
            raise not_allowed()
        console.practice.correct(line["ma_lk"], place, value.strip())
        _record(console, who, line, "practice.correct", place)
        console.kept.forget()
        return go(f"/dossiers/{identity}?told_=practice")

    return router


def _need(console: Console, who: Principal, identity: int) -> dict[str, Any]:
    line = console.line(who, identity)
    if line is None:
        raise NoDossier("Không có hồ sơ này", "There is no such dossier")
    return line


def _summary(console: Console, who: Principal, line: dict[str, Any]) -> dict[str, Any]:
    newest = line["revisions"][-1]
    revealed = console.revealed.is_open(who.actor, line["id"])
    found = newest["findings"]
    trace = trace_of(console, line) if found else Trace({})
    dossier = console.store.queries.dossier(newest["id"]) if found else None
    findings = (
        [
            {**_finding(console, line, newest, one, trace, revealed), "beside": _beside(dossier, newest, one, revealed)}
            for one in found
        ]
        if who.may("findings.read")
        else []
    )
    findings.sort(key=lambda f: ("error", "warning", "info").index(f["severity"]))
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for one in findings:
        groups.setdefault((one["severity"], one["rule"], one["field"]), []).append(one)
    return {
        "findings": findings,
        "errors": [group for (severity, _, _), group in groups.items() if severity == "error"],
        "others": [group for (severity, _, _), group in groups.items() if severity != "error"],
        "hidden_findings": len(found) if not who.may("findings.read") else 0,
        "way": way_of(line),
        "possible": possible(who, line),
        "blocking": overridable(line)[0],
        "faults": [t for t in line["tasks"] if t["closed_at"] is None],
        "pull_every": period(console.settings.schedule.pull),
    }


def _finding(
    console: Console, line: dict[str, Any], newest: dict[str, Any], one: dict[str, Any], trace: Trace, revealed: bool
) -> dict[str, Any]:
    about = told(one["rule"])
    clear = revealed or is_clear(one["table"], one["field"])
    source = trace.of(one["table"], one["row"], one["field"])
    # A message may quote the value; where that is masked the rule's own words stand instead.
    quoted = bool(one["value"]) and one["value"] in one["message_vi"] + one["message_en"]
    message = ("message_vi", "message_en") if clear or not quoted or not about["title_vi"] else ("title_vi", "title_en")
    words = {**about, **one}
    vi, en = field_words(newest["standard"], one["table"], one["field"])
    column = str(source.get("from", ""))
    places: dict[str, str] = {}
    if console.practice is not None and one["severity"] == "error" and line["state"] == "blocked":
        columns = [name.rpartition(".")[2] for name in column.replace(",", " ").split()]
        places = dict(console.practice.places(line["ma_lk"], columns)) if columns else {}
    return {
        **one,
        **about,
        "message": (words[message[0]], words[message[1]]),
        "value": readable(newest["standard"], one["table"], one["field"], one["value"])
        if clear
        else hidden(one["value"]),
        "masked": not clear and bool(one["value"]),
        "field_vi": vi,
        "field_en": en,
        "column": column,
        "source_value": str(source.get("source", "")) if clear else hidden(str(source.get("source", ""))),
        "step": source.get("step", ""),
        "file": source.get("file", ""),
        "at_line": source.get("line"),
        "places": places,
    }


def _beside(
    dossier: Dossier | None, newest: dict[str, Any], one: dict[str, Any], revealed: bool
) -> list[dict[str, Any]]:
    if dossier is None:
        return []
    show = shower(revealed)
    return [
        {
            "table": table,
            "field": field,
            "words": field_words(newest["standard"], table, field),
            "value": readable(newest["standard"], table, field, value) if show(table, field, value) == value else "",
            "filled": bool(value),
        }
        for table, field, value in beside(dossier, one)
    ]


def _tables(
    console: Console, who: Principal, request: Request, line: dict[str, Any], table: str, start: int
) -> dict[str, Any]:
    newest = line["revisions"][-1]
    dossier = console.store.queries.dossier(newest["id"])
    if dossier is None:
        return {"tables": [], "table": "", "gone": True}
    layout = written_as(dossier.standard)
    names = [name for name in layout.tables if dossier.rows(name)]
    table = table if table in names else names[0]
    revealed = console.revealed.is_open(who.actor, line["id"])
    show = shower(revealed)
    t = Words(language_of(request))
    faults: dict[tuple[int, str], list[str]] = {}
    for one in newest["findings"]:
        if one["table"] == table:
            faults.setdefault((one["row"] or 1, one["field"]), []).append(f"{one['rule']}")
    rows = dossier.rows(table)
    start = max(1, min(start, len(rows)))
    specs = [spec for spec in layout.tables[table].fields if any(row.get(spec.name) for row in rows) or len(rows) == 1]
    return {
        "gone": False,
        "tables": [(name, layout.tables[name].title_vi, layout.tables[name].title_en, len(dossier.rows(name)))
                   for name in names],
        "table": table,
        "fields": [(s.name, t.of(s.meaning_vi, s.meaning_en), s.kind == "N") for s in specs],
        "rows": [
            (
                number,
                [
                    {
                        "name": s.name,
                        "text": _readable(show, table, s.name, row.get(s.name, ""), s.xml_type),
                        "veiled": show(table, s.name, row.get(s.name, "")) != row.get(s.name, ""),
                        "label": _label(dossier, show, table, s.name, row.get(s.name, ""), s.code_list),
                        "faults": faults.get((number, s.name), []),
                        "required": s.required == "Y",
                    }
                    for s in specs
                ],
            )
            for number, row in list(enumerate(rows, 1))[start - 1 : start - 1 + _ROWS]
        ],
        "count": len(rows),
        "start": start,
        "per_page": _ROWS,
    }  # fmt: skip


def _readable(show: Any, table: str, name: str, value: str, xml_type: str) -> str:
    seen = str(show(table, name, value))
    return wire_value(seen, xml_type) if seen == value else seen


def _label(dossier: Dossier, show: Any, table: str, name: str, value: str, codes: str) -> str:
    if not value or not codes or show(table, name, value) != value:
        return ""
    return str(written_as(dossier.standard).codes(codes).get(value, ""))


def _meaning(request: Request, line: dict[str, Any]) -> Any:
    t = Words(language_of(request))
    layout = line["revisions"][-1]["standard"]
    return lambda table, field: t.of(*field_words(layout, table, field))


def _record(console: Console, who: Principal, line: dict[str, Any], action: str, reason: str) -> None:
    console.store.audit.record(
        Entry(
            action,
            who.actor,
            who.via,
            facility=line["facility"],
            kind="dossier",
            object=str(line["id"]),
            about=line["ma_lk"],
            reason=reason,
        )
    )


def _own(path: str, identity: int) -> str:
    home = f"/dossiers/{identity}"
    return path if path == home or path.startswith((f"{home}/", f"{home}?")) else home
