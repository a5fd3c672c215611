"""What every answer carries so that a browser keeps to this service, and the refusal of other sites' changes."""

from __future__ import annotations

import json

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_POLICY = "default-src 'none'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
_YEAR = 31536000
_FOREIGN = {
    "code": "ACCESS-SITE",
    "message_vi": "Yêu cầu đến từ trang web khác",
    "message_en": "The request comes from another site",
}


class SecurityHeaders:
    """ASGI middleware. Pages may load what this service serves; answers of the API may load nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        api = scope["path"].startswith("/v1/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", API_POLICY if api else PAGE_POLICY)
                headers.setdefault("Cache-Control", "no-store")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}; includeSubDomains")
            await send(message)

        if scope["method"] not in {"GET", "HEAD", "OPTIONS"} and _from_elsewhere(Headers(scope=scope)):
            await _refuse(send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)


def _from_elsewhere(headers: Headers) -> bool:
    """A browser says which site a request comes from; programs say nothing and carry a key."""
    return headers.get("sec-fetch-site") in {"cross-site", "same-site"}


async def _refuse(send: Send) -> None:
    body = json.dumps(_FOREIGN, ensure_ascii=False).encode("utf-8")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
