"""All of the console's addresses, its static files, and errors as pages."""

from __future__ import annotations

from importlib.resources import files
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from starlette.routing import Match

from adapter.api.identity import open_to_all
from adapter.console.core.context import Console
from adapter.console.core.page import go, page
from adapter.console.core.words import Words, language_of
from adapter.console.pages import (
    admin,
    audit,
    book,
    catalogues,
    dossier,
    dossiers,
    findings,
    login,
    overview,
    people,
    practice,
    readiness,
    reception,
    studio,
)
from adapter.errors import BhytError

_KINDS = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_LONG = "public, max-age=31536000, immutable"


def console_routes(console: Console) -> list[APIRouter]:
    """Routers to hang on the web role's application."""
    pages = (
        login,
        overview,
        dossiers,
        dossier,
        book,
        findings,
        reception,
        studio,
        readiness,
        catalogues,
        admin,
        people,
        audit,
        practice,
    )
    return [_static(), *(one.routes(console) for one in pages)]


def error_page(console: Console, request: Request, error: BhytError, status: int) -> Response:
    """What a person sees instead of JSON: the way to the sign-in, or what happened and what to do."""
    if status == 401 and request.url.path.startswith("/enter/"):
        return go("/login?why=used")
    if status == 401 and request.method == "GET" and request.url.path != "/login":
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return go("/login" if here == "/" else f"/login?next={here}")
    t = Words(language_of(request))
    return page(
        console,
        request,
        "error.html",
        getattr(request.state, "principal", None),
        status=status,
        code=error.code,
        message=t.of(error.message_vi, error.message_en),
        hint=t.of(error.hint_vi, error.hint_en),
        number=status,
        back=f"/login?next={quote(_page_of(request))}" if status == 401 else "/",
    )


def _page_of(request: Request) -> str:
    """The page whose form was sent, for browsers name no referrer here: the nearest address above that can be read."""
    path = request.url.path
    if path in {"/dossiers/acts", "/dossiers/confirm"}:
        return "/dossiers"
    while path not in {"", "/"}:
        asked = {**request.scope, "method": "GET", "path": path}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
            return path
        path = path.rpartition("/")[0]
    return "/"


def _static() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{name}", dependencies=[Depends(open_to_all)])
    def static(name: str) -> Response:
        if name not in _KINDS:
            return Response(status_code=404)
        body = files("adapter.console").joinpath("static", name).read_bytes()
        return Response(body, media_type=_KINDS[name], headers={"Cache-Control": _LONG})

    return router
