"""The citizen's view beside the dossier: what the health book will show, what it lacks, what it holds back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from adapter.access import Principal
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.masking import shower
from adapter.console.core.page import page
from adapter.console.core.words import Words, language_of
from adapter.console.pages.dossier import NoDossier
from adapter.errors import BhytError
from adapter.healthbook.catalogue import fields
from adapter.healthbook.model import HealthBook
from adapter.pipeline.books.desk import BookDesk

MayRead = Annotated[Principal, Depends(require("book.read"))]


def routes(console: Console) -> APIRouter:
    """``/dossiers/{id}/book``. The look itself is recorded by the desk."""
    router = APIRouter(include_in_schema=False)
    desk = BookDesk(console.settings, console.store, console.clock)

    @router.get("/dossiers/{identity}/book")
    def book(request: Request, who: MayRead, identity: int) -> Response:
        line = console.line(who, identity)
        if line is None or line["purpose"] == "checkin":
            raise NoDossier("Không có hồ sơ này", "There is no such dossier")
        t = Words(language_of(request))
        open_ = console.revealed.is_open(who.actor, identity)
        values: dict[str, Any] = {"sections": [], "empty": [], "withheld": None, "problem": None, "complete": 0}
        try:
            if open_:
                found = desk.show(
                    line["ma_lk"],
                    may_see_withheld=who.may("book.withheld"),
                    actor=who.actor,
                    facilities=frozenset({line["facility"]}),
                )
                values |= {
                    "sections": _sections(found.book, t),
                    "empty": [_label(name, t) for name in fields() if name in found.completeness.empty],
                    "complete": len(found.completeness.filled),
                    "withheld": [
                        {"label": _label(w.field, t), "shown": w.shown, "rule": w.rule, "source": w.source}
                        for w in found.view.withheld
                    ]
                    if who.may("book.withheld")
                    else None,
                }
        except BhytError as error:
            values["problem"] = error
        return page(
            console, request, "book.html", who, line=line, newest=line["revisions"][-1], revealed=open_,
            show=shower(open_), siblings=[], **values,
        )  # fmt: skip

    return router


def _label(name: str, t: Words) -> str:
    about = fields().get(name)
    return t.of(about.label_vi, about.label_en) if about is not None else name


def _sections(book: HealthBook, t: Words) -> list[dict[str, Any]]:
    """The book's four parts: single facts, then each list as a table."""
    found = []
    for name, section in zip(("administrative", "history", "encounter", "papers"), book.sections, strict=True):
        single: list[tuple[str, str]] = []
        lists: list[dict[str, Any]] = []
        for part in type(section).model_fields:
            value = getattr(section, part)
            if isinstance(value, tuple):
                if value:
                    lists.append(_table(part, value, t))
            elif value is not None and hasattr(value, "shown"):
                single.append((_label(value.field, t), value.shown))
        if single or lists:
            found.append({"title": t(f"book.section.{name}"), "single": single, "lists": lists})
    return found


def _table(part: str, rows: Sequence[Any], t: Words) -> dict[str, Any]:
    """A list of the book: columns that hold something in any row."""
    facts = [{fact.field: fact.shown for fact in row.facts()} if hasattr(row, "facts") else {row.field: row.shown}
             for row in rows]  # fmt: skip
    columns = list(dict.fromkeys(name for row in facts for name in row))
    return {
        "title": t(f"book.list.{part}") if t.has(f"book.list.{part}") else part,
        "columns": [_label(name, t) for name in columns],
        "rows": [[row.get(name, "") for name in columns] for row in facts],
    }
