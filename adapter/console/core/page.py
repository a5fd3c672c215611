"""Rendering: templates with what every page needs, in the reader's language."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from adapter import resources
from adapter.access import Principal
from adapter.api.identity import CSRF_FIELD
from adapter.console.core import shown
from adapter.console.core.context import Console
from adapter.console.core.words import COOKIE, LANGUAGES, Words, language_of

_YEAR = 365 * 86400


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One line of the menu: where it leads, which text it carries, who sees it."""

    name: str
    path: str
    permission: str
    group: str
    demo: bool = False


@cache
def menu() -> tuple[MenuEntry, ...]:
    """The menu, from ``data/menu.yaml``."""
    document = resources.document("adapter.console", "data", "menu.yaml")
    return tuple(MenuEntry(**entry) for entry in document)


@cache
def environment() -> Environment:
    """Templates escape everything; a name that is not there is an error, never an empty place."""
    made = Environment(
        loader=PackageLoader("adapter.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=shown.number,
        money=shown.money,
        when=shown.when,
        when_exactly=shown.when_exactly,
        day=shown.day,
        weekday=shown.weekday,
        stamped=shown.stamped,
        instant12=partial(shown.wire_value, xml_type="datetime12"),
    )
    return made


@cache
def stamp(name: str) -> str:
    """A few letters of a static file's hash: its address changes when it does."""
    return hashlib.sha256(files("adapter.console").joinpath("static", name).read_bytes()).hexdigest()[:10]


def page(
    console: Console,
    request: Request,
    template: str,
    who: Principal | None = None,
    *,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A whole page or, for a template named ``part/…``, a piece of one."""
    language = language_of(request)
    t = Words(language)
    now = console.clock()

    def ago(value: Any) -> str:
        at = shown.instant(value)
        return "" if at is None else t("ago" if at <= now else "in", span=shown.span(now - at, language))

    def left(value: Any) -> str:
        at = shown.instant(value)
        return "" if at is None else t("overdue" if at <= now else "left", span=shown.span(now - at, language))

    document = (
        environment()
        .get_template(template)
        .render(
            t=t,
            language=language,
            languages=[(code, _with(request, lang=code)) for code in LANGUAGES],
            who=who,
            csrf_name=CSRF_FIELD,
            csrf=who.csrf if who else "",
            menu=[
                m for m in menu() if who is not None and who.may(m.permission) and (console.settings.demo or not m.demo)
            ],
            path=request.url.path,
            here=str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
            address=partial(_with, request),
            demo=console.settings.demo,
            environment_name=console.settings.gateway.environment,
            facility_names={one.code: one.name or one.code for one in console.settings.facilities},
            stamp=stamp,
            idle_minutes=console.settings.access.session_idle_minutes,
            now=now,
            ago=ago,
            left=left,
            span=lambda seconds: shown.span(timedelta(seconds=seconds), language),
            **values,
        )
    )
    answer = HTMLResponse(document, status_code=status)
    if request.query_params.get("lang") in LANGUAGES:
        answer.set_cookie(COOKIE, language, max_age=_YEAR, samesite="lax", httponly=True)
    return answer


def go(path: str) -> RedirectResponse:
    """After a change: look at the result, so that reloading repeats nothing."""
    return RedirectResponse(path, status_code=303)


def _with(request: Request, **changed: Any) -> str:
    """This page's address with other parameters; None or empty takes one away."""
    query = {**request.query_params, **changed}
    kept = {key: value for key, value in query.items() if value not in (None, "")}
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")
