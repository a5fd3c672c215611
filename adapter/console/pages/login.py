"""Signing in and out. The functions behind it belong to the room ``access``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from adapter.access import AccessRefused, Principal
from adapter.api.identity import (
    access_of,
    address_of,
    end_session,
    open_to_all,
    session_token,
    signed_in,
    start_session,
)
from adapter.console.core.context import Console
from adapter.console.core.page import go, page


def routes(console: Console) -> APIRouter:
    """``/login`` and ``/logout``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login", dependencies=[Depends(open_to_all)])
    def form(request: Request, next: str = "/", why: str = "") -> Response:  # noqa: A002 -- the address's own word
        return page(console, request, "login.html", next=_inside(next), why=why, problem=None, name="")

    @router.post("/login", dependencies=[Depends(open_to_all)])
    def sign_in(
        request: Request,
        login: Annotated[str, Form(max_length=80)] = "",
        password: Annotated[str, Form(max_length=256)] = "",
        next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002
    ) -> Response:
        try:
            signed = access_of(request).sign_in(login, password, address=address_of(request))
        except AccessRefused as error:
            return page(
                console,
                request,
                "login.html",
                status=error.status,
                next=_inside(next),
                why="",
                problem=error,
                name=login,
            )
        answer = go(_inside(next))
        start_session(request, answer, signed)
        return answer

    @router.post("/logout")
    def sign_out(
        request: Request,
        who: Annotated[Principal, Depends(signed_in)],
        why: Annotated[str, Form(max_length=20)] = "",
        next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002
    ) -> Response:
        access_of(request).sign_out(session_token(request), who)
        answer = go(f"/login?why=idle&next={_inside(next)}" if why == "idle" else "/login?why=out")
        end_session(request, answer)
        return answer

    return router


def _inside(target: str) -> str:
    """An address of this console; never another site's."""
    fine = target.startswith("/") and not target.startswith(("//", "/\\")) and "\n" not in target and "\r" not in target
    return target if fine and not target.startswith(("/login", "/logout", "/part/", "/enter/")) else "/"
