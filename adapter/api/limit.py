"""How much a request may bring: little for questions, a file's worth where files are handed in."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIB = 1024 * 1024
QUESTION = MIB
FILE = 220 * MIB  # the largest document a reader takes is 200 MiB, and a form has its own words around it
_FILES = ("/v1/fhir/", "/v1/xml/", "/v1/catalogues")


class BodyLimit:
    """ASGI middleware: 413 as soon as more arrives than the address takes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        most = FILE if path.startswith(_FILES) or not path.startswith("/v1/") else QUESTION
        declared = Headers(scope=scope).get("content-length", "")
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > most or (declared.isdigit() and int(declared) > most):
                    raise HTTPException(413)
            return message

        await self._app(scope, counted, send)
