"""Signing in and out, one-time links, and who the caller is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from adapter.access import Principal
from adapter.access.access import Signed
from adapter.api.identity import (
    access_of,
    address_of,
    end_session,
    open_to_all,
    session_token,
    signed_in,
    start_session,
)


class Login(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(extra="forbid")

    login: Annotated[str, Field(max_length=80)]
    password: Annotated[str, Field(max_length=256, repr=False)]


class NewPassword(BaseModel):
    """The password until now, and the one from now on; the user's other sessions end."""

    model_config = ConfigDict(extra="forbid")

    old: Annotated[str, Field(max_length=256, repr=False)]
    new: Annotated[str, Field(max_length=256, repr=False)]


def session_routes() -> APIRouter:
    """``/v1/session`` for programs and pages, ``/enter/{token}`` for one-time links."""
    router = APIRouter(tags=["session"])

    @router.post("/v1/session", summary="Sign in", dependencies=[Depends(open_to_all)])
    def sign_in(asked: Login, request: Request) -> JSONResponse:
        signed = access_of(request).sign_in(asked.login, asked.password, address=address_of(request))
        answer = JSONResponse({**described(signed.principal), "ends_at": signed.ends_at.isoformat()})
        start_session(request, answer, signed)
        return answer

    @router.get("/v1/session", summary="Who the caller is and may do")
    def who(caller: Annotated[Principal, Depends(signed_in)]) -> dict[str, Any]:
        return described(caller)

    @router.delete("/v1/session", summary="Sign out", status_code=204)
    def sign_out(caller: Annotated[Principal, Depends(signed_in)], request: Request) -> Response:
        access_of(request).sign_out(session_token(request), caller)
        answer = Response(status_code=204)
        end_session(request, answer)
        return answer

    @router.post("/v1/session/password", summary="The own new password", status_code=204, response_class=Response)
    def password(asked: NewPassword, caller: Annotated[Principal, Depends(signed_in)], request: Request) -> Response:
        access_of(request).change_password(
            session_token(request), caller, asked.old, asked.new, address=address_of(request)
        )
        return Response(status_code=204)

    @router.get("/enter/{token}", include_in_schema=False, dependencies=[Depends(open_to_all)])
    def enter(token: str, request: Request) -> RedirectResponse:
        signed: Signed = access_of(request).use_link(token)
        answer = RedirectResponse("/", status_code=303)
        start_session(request, answer, signed)
        return answer

    return router


def described(caller: Principal) -> dict[str, Any]:
    """A caller as they may know themselves."""
    return {
        "name": caller.name,
        "display_name": caller.display_name,
        "via": caller.via,
        "roles": list(caller.roles),
        "permissions": sorted(caller.permissions),
        "facilities": None if caller.facilities is None else sorted(caller.facilities),
        "csrf_token": caller.csrf,
    }
