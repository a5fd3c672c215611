"""The web role's application: liveness, readiness, status, and the routers of the rooms.

Every route names the permission it asks for (:mod:`adapter.api.identity`). One that names none is
open to the installation's own first key only, so that a forgotten line shows no patient to anybody.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from adapter import __version__
from adapter.access import Access, Principal
from adapter.access.passwords import PasswordRefused
from adapter.access.refusals import not_allowed
from adapter.access.roles import permissions
from adapter.api.document import document_routes
from adapter.api.headers import SecurityHeaders
from adapter.api.identity import current, open_to_all, permission_of, require
from adapter.api.limit import BodyLimit
from adapter.api.session import session_routes
from adapter.errors import BhytError, Terminal, Transient
from adapter.store.queue import QueueRefused

_STATUS: dict[type[BhytError], int] = {Transient: 503, QueueRefused: 409, PasswordRefused: 422}
StatusReader = Callable[[Principal], dict[str, Any]]
ErrorPage = Callable[[Request, BhytError, int], Response]
"""What a browser is shown instead of an error's JSON, outside /v1."""


def create_app(
    *,
    access: Access,
    status: StatusReader,
    ready: Callable[[], None],
    routers: Sequence[APIRouter] = (),
    error_page: ErrorPage | None = None,
) -> FastAPI:
    """An application over one installation.

    ``status`` gives the status object of the command contract as far as the caller may see it. ``ready``
    returns when requests can be served and raises BhytError when they cannot. ``error_page`` answers
    errors outside /v1 (the console: a page, or the way to the sign-in).
    """
    app = FastAPI(title="bhyt-adapter", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.access = access
    app.state.error_page = error_page
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(BhytError, _told)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _unexpected)
    core = APIRouter()

    @core.get("/livez", tags=["service"], summary="The process answers", dependencies=[Depends(open_to_all)])
    def livez() -> dict[str, str]:
        return {"status": "alive", "version": __version__}

    @core.get("/readyz", tags=["service"], summary="The store answers", dependencies=[Depends(open_to_all)])
    def readyz() -> dict[str, str]:
        ready()
        return {"status": "ready"}

    @core.get("/v1/status", tags=["status"], summary="Counts, verdicts and both equations")
    def read_status(caller: Annotated[Principal, Depends(require("status.read"))]) -> dict[str, Any]:
        return status(caller)

    for router in (core, session_routes(), document_routes(), *routers):
        app.include_router(router, dependencies=[Depends(_declared)])
    return app


async def _declared(request: Request) -> None:
    """The rule above for routes that name no permission."""
    route = request.scope.get("route")
    if route is None or permission_of(route) is None:
        caller = await current(request)
        if not caller.permissions >= set(permissions()):
            raise not_allowed()


def _not_understood(request: Request, error: Exception) -> Response:
    """Which field of a request is wrong; never its value, which may be a patient's."""
    if not isinstance(error, RequestValidationError):
        raise error
    fields = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()})
    told = Terminal(
        f"Yêu cầu không đọc được: {', '.join(fields)}", f"The request cannot be read: {', '.join(fields)}", code="API"
    )
    return answer_of(request, told, 422)


def _told(request: Request, error: Exception) -> Response:
    """One error shape everywhere: the error's own fields. Busy or unreachable is 503, else 500, or what it says."""
    if not isinstance(error, BhytError):
        raise error
    kind = next((status for known, status in _STATUS.items() if isinstance(error, known)), 500)
    status = getattr(error, "status", kind)
    return answer_of(request, error, status)


def _plain(request: Request, error: Exception) -> Response:
    """The framework's own refusals (no such path, no such method) in the same shape."""
    if not isinstance(error, HTTPException):
        raise error
    words = {
        404: ("Không có địa chỉ này", "There is nothing at this address"),
        413: ("Yêu cầu quá lớn", "The request is too large"),
        405: ("Địa chỉ này không nhận phương thức đó", "This address does not take that method"),
    }
    vi, en = words.get(error.status_code, ("Không phục vụ được yêu cầu", "The request cannot be served"))
    answer = answer_of(request, Terminal(vi, en, code=f"HTTP-{error.status_code}"), error.status_code)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def _unexpected(request: Request, _error: Exception) -> Response:
    """Our own fault: nothing of it is told, it may quote anything."""
    told = Terminal("Lỗi ngoài dự kiến của dịch vụ", "An unexpected fault of the service", code="UNEXPECTED")
    return answer_of(request, told, 500)


def answer_of(request: Request, error: BhytError, status: int) -> Response:
    """An error as this caller reads it: JSON, or a page of the console."""
    page: ErrorPage | None = request.app.state.error_page
    if page is not None and not request.url.path.startswith("/v1/"):
        answer = page(request, error, status)
    else:
        answer = JSONResponse(error.to_dict(), status_code=status)
    if status == 401:
        answer.headers.setdefault("WWW-Authenticate", "Bearer")
    if wait := getattr(error, "wait", 0):
        answer.headers["Retry-After"] = str(math.ceil(wait))
    return answer
