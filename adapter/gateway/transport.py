"""One HTTP exchange with the gateway, told apart by what can have reached the other side.

TLS is always verified (1.2 or newer), redirects are not followed, the environment's proxies are ignored:
the gateway binds a token to the calling address, so the route must be the configured one.
"""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import certifi

from adapter.errors import ConfigError
from adapter.later import later
from adapter.settings import GatewaySettings

if TYPE_CHECKING:
    import httpx
else:
    httpx = later("httpx")

MAX_ANSWER = 64 * 1024


class _Quiet(logging.Filter):
    """httpx logs whole URLs and httpcore headers: both can carry a token, so only warnings pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


for _name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy"):
    logging.getLogger(_name).addFilter(_Quiet())


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Without a status, ``case`` says what happened on the wire instead."""

    status: int | None
    body: bytes
    document: Mapping[str, Any] | None
    headers: Mapping[str, str]
    milliseconds: int
    outgoing: str | None = None
    case: str = ""
    detail: str = ""

    def retry_after(self) -> float | None:
        """Seconds the answer asks to wait; None when it names none."""
        value = self.headers.get("retry-after", "")
        if value.isdigit():
            return float(value)
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(0.0, at.timestamp() - time.time())


class Transport:
    """The pooled connection to one gateway; safe for many threads."""

    def __init__(self, gateway: GatewaySettings, workdir: Path) -> None:
        base = httpx.URL(gateway.base_url)
        if gateway.environment != "simulator" and base.scheme != "https":
            raise ConfigError(
                "gateway.base_url phải dùng https ngoài môi trường mô phỏng",
                "gateway.base_url must use https outside the simulator",
            )
        if gateway.proxy and gateway.source_address:
            raise ConfigError(
                "gateway.proxy và gateway.source_address không dùng cùng lúc: sau proxy, cổng thấy địa chỉ của proxy",
                "gateway.proxy and gateway.source_address exclude each other: the gateway sees the proxy's address",
            )
        limits = httpx.Limits(
            max_connections=gateway.max_in_flight + 1,
            max_keepalive_connections=gateway.max_in_flight + 1,
            keepalive_expiry=4,  # below the idle limit of common servers: a race with their closing would be an unknown
        )
        self._deadline = gateway.read_timeout
        self.through_proxy = gateway.proxy is not None
        self._client = httpx.Client(
            base_url=base,
            transport=httpx.HTTPTransport(
                verify=_trust(gateway.ca_file, workdir),
                limits=limits,
                proxy=httpx.Proxy(gateway.proxy) if gateway.proxy else None,
                local_address=gateway.source_address,
                retries=1,  # of establishing the connection only
            ),
            timeout=httpx.Timeout(gateway.read_timeout, connect=gateway.connect_timeout, pool=gateway.read_timeout),
            headers={"User-Agent": "bhyt-adapter", "Accept": "application/json"},
            follow_redirects=False,
            trust_env=False,
        )

    def post(
        self,
        path: str,
        content: bytes,
        *,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Reply:
        """Send and wait for the whole answer. Never raises for what network or gateway do."""
        handed_over = False

        def trace(event: str, _info: Any) -> None:
            nonlocal handed_over
            if event.endswith("send_request_body.complete"):
                handed_over = True

        started = time.monotonic()

        def failed(case: str, error: Exception) -> Reply:
            return Reply(None, b"", None, {}, _since(started), case=case, detail=type(error).__name__)

        try:
            with self._client.stream(
                method,
                path,
                params=dict(query) if query else None,
                content=content,
                headers={"Content-Type": content_type, **(headers or {})},
                extensions={"trace": trace},
            ) as response:
                outgoing = _outgoing(response)
                body = self._read(response, started)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout) as error:
            return failed("untrusted" if _is_certificate(error) else "not-connected", error)
        except httpx.TimeoutException as error:
            return failed("no-answer" if handed_over else "not-handed-over", error)
        except httpx.TransportError as error:
            return failed("answer-broken" if handed_over else "not-handed-over", error)
        except httpx.DecodingError as error:
            return failed("answer-broken", error)
        headers_seen = {k.lower(): v for k, v in response.headers.items()}
        return Reply(response.status_code, body, _json(body), headers_seen, _since(started), outgoing)

    def close(self) -> None:
        """Close the pooled connections."""
        self._client.close()

    def _read(self, response: httpx.Response, started: float) -> bytes:
        """The body, bounded in size and in time: a gateway that drips bytes must not hold a sender for ever."""
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > MAX_ANSWER:
                break
            if time.monotonic() - started > 2 * self._deadline:
                raise httpx.ReadTimeout("the answer takes too long", request=response.request)
        return b"".join(parts)[:MAX_ANSWER]


def _trust(file: Path | None, workdir: Path) -> ssl.SSLContext:
    """The public authorities, or only the configured ``gateway.ca_file``."""
    path = str(workdir / file) if file is not None else certifi.where()
    try:
        context = ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("Không đọc được gateway.ca_file", "gateway.ca_file cannot be read", tried=[path]) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _is_certificate(error: Exception) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _outgoing(response: httpx.Response) -> str | None:
    stream = response.extensions.get("network_stream")
    address = stream.get_extra_info("client_addr") if stream is not None else None
    return str(address[0]) if address else None


def _json(body: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
