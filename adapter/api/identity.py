"""Who asks, as FastAPI dependencies: ``current`` and ``require("dossiers.read")``.

A caller is known by an API key (``Authorization: Bearer`` or ``X-API-Key``) or by the session's
cookie. A change asked for with a cookie also carries the session's token, in the header
``X-CSRF-Token`` or the form field ``csrf_token``: another site's page knows neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool

from adapter.access import Access, Principal
from adapter.access.access import Signed
from adapter.access.refusals import forged, not_allowed, not_signed_in

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "x-csrf-token"
_SAFE = {"GET", "HEAD", "OPTIONS"}


async def current(request: Request) -> Principal:
    """The caller. AccessRefused: 401 when nobody is signed in, 403 when a change lacks the session's token."""
    known = getattr(request.state, "principal", None)
    if isinstance(known, Principal):
        return known
    principal = await run_in_threadpool(_recognise, request)
    if principal is None:
        raise not_signed_in()
    if principal.via == "session" and request.method not in _SAFE and not await _carries_token(request, principal):
        raise forged()
    request.state.principal = principal
    return principal


class Require:
    """A dependency: the caller has this permission. The answer to others is the same whatever they asked about."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Principal:
        """The caller, or AccessRefused."""
        principal = await current(request)
        if not principal.may(self.permission):
            # The route's pattern, never the address: that may hold what a patient is found by.
            pattern = getattr(request.scope.get("route"), "path", "")
            await run_in_threadpool(access_of(request).note_denied, principal, self.permission, pattern)
            raise not_allowed()
        return principal


class SignedIn(Require):
    """A dependency: anybody signed in, for what concerns the caller alone (signing out, the own password)."""

    def __init__(self) -> None:
        super().__init__("")

    async def __call__(self, request: Request) -> Principal:
        """The caller, or AccessRefused."""
        return await current(request)


class Open:
    """A dependency that says on purpose: this route needs nobody signed in."""

    permission = "*"

    def __call__(self) -> None:
        """Nothing is asked."""


def require(permission: str) -> Require:
    """``Depends(require("dossiers.read"))`` gives the Principal. Unknown names fail when the route is made."""
    from adapter.access.roles import permissions

    if permission not in permissions():
        raise ValueError(f"no such permission: {permission}")
    return Require(permission)


signed_in = SignedIn()
open_to_all = Open()


def routes_of(app: FastAPI) -> list[Any]:
    """Every route of an application that FastAPI made, also those of included routers."""
    return [route for route in iter_route_contexts(app.routes) if getattr(route, "dependant", None) is not None]


def permission_of(route: Any) -> str | None:
    """The permission a route asks for: a name, "" any signed-in caller, "*" open; None: it names none."""
    for dependency in _calls(route.dependant):
        if isinstance(dependency, Require | Open):
            return dependency.permission
    return None


def access_of(request: Request) -> Access:
    """The room that knows users and sessions."""
    access: Access = request.app.state.access
    return access


def start_session(request: Request, response: Response, signed: Signed) -> None:
    """Hand the session to the browser: no script may read it, no other site may send it."""
    secure = request.url.scheme == "https"
    response.set_cookie(cookie_name(request), signed.token, httponly=True, secure=secure, samesite="lax", path="/")


def session_token(request: Request) -> str:
    """The session's token of this request, or nothing."""
    return request.cookies.get(cookie_name(request), "")


def end_session(request: Request, response: Response) -> None:
    """Take the cookie back; the session itself ends with :meth:`Access.sign_out`."""
    secure = request.url.scheme == "https"
    response.delete_cookie(cookie_name(request), httponly=True, secure=secure, samesite="lax", path="/")


def cookie_name(request: Request) -> str:
    """``__Host-``: over TLS browsers bind the cookie to this very host."""
    return "__Host-bhyt" if request.url.scheme == "https" else "bhyt"


def address_of(request: Request) -> str:
    """The caller's address, as the server (or the proxy it trusts) knows it."""
    return request.client.host if request.client is not None else ""


def _recognise(request: Request) -> Principal | None:
    access = access_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    key = token if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if key:
        return access.of_key(key)
    cookie = session_token(request)
    return access.of_session(cookie) if cookie else None


async def _carries_token(request: Request, principal: Principal) -> bool:
    import hmac

    given = request.headers.get(CSRF_HEADER, "")
    kind = request.headers.get("content-type", "")
    if not given and kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        value = (await request.form()).get(CSRF_FIELD)
        given = value if isinstance(value, str) else ""
    return bool(principal.csrf) and hmac.compare_digest(given.encode("utf-8"), principal.csrf.encode("ascii"))


def _calls(dependant: Any) -> list[Callable[..., Any]]:
    found: list[Callable[..., Any]] = []
    for one in dependant.dependencies:
        if one.call is not None:
            found.append(one.call)
        found += _calls(one)
    return found


__all__ = [
    "CSRF_FIELD",
    "Principal",
    "access_of",
    "address_of",
    "current",
    "end_session",
    "open_to_all",
    "permission_of",
    "require",
    "routes_of",
    "session_token",
    "signed_in",
    "start_session",
]
