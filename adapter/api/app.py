"""The web role: liveness, readiness, status. Later rooms hang their routers on this application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from adapter import __version__
from adapter.api.auth import RequireKey
from adapter.errors import BhytError, Terminal, Transient

StatusReader = Callable[[], dict[str, Any]]


def create_app(
    *, key: str, status: StatusReader, ready: Callable[[], None], routers: Sequence[APIRouter] = ()
) -> FastAPI:
    """An application over one installation.

    ``status`` gives the status object of the command contract. ``ready`` returns when requests
    can be served and raises BhytError when they cannot. ``key`` opens everything under /v1,
    ``routers`` too.
    """
    app = FastAPI(title="bhyt-adapter", version=__version__, docs_url=None, redoc_url=None)
    app.add_exception_handler(BhytError, _as_json)
    app.add_exception_handler(RequestValidationError, _not_understood)
    guarded = [Depends(RequireKey(key))]

    @app.get("/livez", tags=["service"], summary="The process answers")
    def livez() -> dict[str, str]:
        return {"status": "alive", "version": __version__}

    @app.get("/readyz", tags=["service"], summary="The store answers and its schema fits")
    def readyz() -> dict[str, str]:
        ready()
        return {"status": "ready"}

    @app.get("/v1/status", tags=["status"], summary="Counts, verdicts and both equations", dependencies=guarded)
    def read_status() -> dict[str, Any]:
        return status()

    for router in routers:
        app.include_router(router, dependencies=guarded)
    return app


def _not_understood(_request: Request, error: Exception) -> JSONResponse:
    """Which field of a request is wrong; never its value, which may be a patient's."""
    if not isinstance(error, RequestValidationError):
        raise error
    fields = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()})
    told = Terminal(
        f"Yêu cầu không đọc được: {', '.join(fields)}", f"The request cannot be read: {', '.join(fields)}", code="API"
    )
    return JSONResponse(told.to_dict(), status_code=422)


def _as_json(_request: Request, error: Exception) -> JSONResponse:
    """One error shape everywhere: the error's own fields. Busy or unreachable is 503, else 500."""
    if not isinstance(error, BhytError):
        raise error
    return JSONResponse(error.to_dict(), status_code=503 if isinstance(error, Transient) else 500)
