"""``/login/oidc``: to the identity provider and back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse

from adapter.access.oidc import SignInElsewhere
from adapter.access.refusals import not_signed_in
from adapter.api.identity import access_of, open_to_all, start_session
from adapter.settings import Settings
from adapter.store.store import Store

_COOKIE = "bhyt-oidc"
_PATH = "/login/oidc"


def oidc_routes(settings: Settings, store: Store) -> APIRouter:
    """The two addresses; 401 when ``access.oidc`` is not set."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(open_to_all)])

    opened: list[SignInElsewhere] = []

    def provider(request: Request) -> SignInElsewhere:
        oidc = settings.access.oidc
        if oidc is None:
            raise not_signed_in()
        if not opened:
            opened.append(SignInElsewhere(settings, oidc, store, access_of(request)))
        return opened[0]

    @router.get(_PATH)
    def begin(request: Request) -> RedirectResponse:
        begun = provider(request).begin()
        answer = RedirectResponse(begun.url, status_code=303)
        secure = request.url.scheme == "https"
        answer.set_cookie(_COOKIE, begun.ticket, max_age=600, httponly=True, secure=secure, samesite="lax", path=_PATH)
        return answer

    @router.get(f"{_PATH}/back")
    def back(
        request: Request,
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
    ) -> RedirectResponse:
        signed = provider(request).finish(request.cookies.get(_COOKIE, ""), state, code)
        answer = RedirectResponse("/", status_code=303)
        start_session(request, answer, signed)
        answer.delete_cookie(_COOKIE, path=_PATH)
        return answer

    return router
