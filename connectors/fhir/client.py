"""HTTP towards a FHIR server: login, paging, pauses. Reads only (GET)."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from adapter.errors import ConfigError, SourceSchemaError, SourceUnreachable, SourceValueError
from adapter.settings import SourceSettings, read_secret
from connectors.fhir.options import FhirOptions
from connectors.fhir.resources import name_of, parse

_BACK_OFF = 1.0
_EMPTY_PAGES = 1000
_LONGEST_TOKEN = 86_400
_MARGIN = 30
"""Seconds before its end a token is no longer used."""


class FhirClient:
    """One server. Not shared between threads."""

    def __init__(self, settings: SourceSettings, options: FhirOptions) -> None:
        self._base = settings.url.rstrip("/") + "/"
        self._options = options
        self._settings = settings
        self._http: httpx.Client | None = None
        self._free_at = 0.0
        self._token: str | None = None
        self._token_ends = 0.0
        self.server_time: datetime | None = None
        """The server's clock at the last answer (header ``Date``), None when it never told."""

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A resource. Raises SourceUnreachable, SourceSchemaError (right or search refused), SourceValueError."""
        url = urljoin(self._base, path)
        if urlsplit(url)[:2] != urlsplit(self._base)[:2]:
            # The next page of another host would be sent our token.
            raise SourceSchemaError(
                "Máy chủ FHIR chỉ tới một máy khác để lấy trang tiếp theo",
                "The FHIR server points to another host for the next page",
                hint_vi="sửa địa chỉ công khai (base URL) của máy chủ FHIR, hoặc source.url",
                hint_en="correct the public base URL of the FHIR server, or source.url",
            )
        for attempt in range(1, self._options.tries + 1):
            answer, body = self._ask(url, params)
            again = self._pause(answer, attempt)
            if again is None:
                return self._resource(answer, body)
            time.sleep(again)
        raise AssertionError("the last attempt answers or raises")

    def search(self, kind: str, params: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
        """Pages of resources, following ``next`` links to the end. Raises as :meth:`get`."""
        return self.pages(self.get(kind, {**params}))

    def pages(self, bundle: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """The pages from this one on. Raises SourceSchemaError when they go round in a circle."""
        seen: set[object] = set()
        empty = 0
        while True:
            if bundle.get("resourceType") != "Bundle":
                raise _not_fhir("resourceType")
            entries = bundle.get("entry")
            entries = entries if isinstance(entries, list) else []
            found = [e["resource"] for e in entries if isinstance(e, dict) and isinstance(e.get("resource"), dict)]
            found = [one for one in found if one.get("resourceType") != "OperationOutcome"]
            yield found
            url = _next_of(bundle)
            if url is None:
                return
            # A server that does not understand its own page's token gives the same page under ever new addresses.
            marks: set[object] = {url} | ({tuple(name_of(one) for one in found)} if found else set())
            empty = 0 if found else empty + 1
            if marks & seen or empty > _EMPTY_PAGES:
                raise SourceSchemaError(
                    "Máy chủ FHIR trả lại cùng một trang mãi", "The FHIR server gives the same page again and again"
                )
            seen |= marks
            bundle = self.get(url)

    def close(self) -> None:
        """Give connections back."""
        if self._http is not None:
            self._http.close()
            self._http = None

    # ---- one request -----------------------------------------------------------------------------

    def _ask(self, url: str, params: Mapping[str, str] | None) -> tuple[httpx.Response, bytes]:
        if (rate := self._options.requests_per_second) is not None:
            time.sleep(max(0.0, self._free_at - time.monotonic()))
            self._free_at = time.monotonic() + 1 / rate
        try:
            if self._http is None:
                self._http = self._open()
            headers = {"Accept": "application/fhir+json", **self._authorization(self._http)}
            with self._http.stream("GET", url, params=params, headers=headers, follow_redirects=False) as answer:
                body = bytearray()
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > self._options.max_answer_bytes:
                        raise SourceValueError(
                            "Câu trả lời của máy chủ FHIR vượt giới hạn max_answer_bytes",
                            "The FHIR server's answer is larger than max_answer_bytes",
                        )
            self._note_time(answer)
            return answer, bytes(body)
        except httpx.HTTPError as error:
            self.close()
            raise _unreachable(self._base, type(error).__name__) from None

    def _open(self) -> httpx.Client:
        options, login = self._options, self._options.login
        secret = self._secret() if login.kind == "basic" else ""
        try:
            verify = ssl.create_default_context(cafile=str(options.ca_file) if options.ca_file else None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError("Không đọc được source.options.ca_file", "Cannot read source.options.ca_file") from error
        # Environment proxies are ignored: what leaves the hospital is decided by its configuration alone.
        return httpx.Client(
            auth=(login.user, secret) if login.kind == "basic" else None,
            verify=verify,
            timeout=httpx.Timeout(options.read_timeout, connect=self._settings.connect_timeout),
            trust_env=False,
            proxy=options.proxy,
        )

    def _authorization(self, http: httpx.Client) -> dict[str, str]:
        """The bearer header; asks for a token when there is none or it ends soon (RFC 6749, 4.4)."""
        login = self._options.login
        if login.kind != "client_credentials":
            return {}
        if self._token is None or time.monotonic() >= self._token_ends:
            form = {"grant_type": "client_credentials", **({"scope": login.scope} if login.scope else {})}
            answer = http.post(login.token_url, data=form, auth=(login.user, self._secret()))
            if answer.status_code in (429, 500, 502, 503, 504):
                raise _unreachable(login.token_url, f"HTTP {answer.status_code}")
            given = _json_or_none(answer)
            token = given.get("access_token") if isinstance(given, dict) else None
            if answer.status_code != 200 or not isinstance(token, str):
                raise _denied(f"OAuth2, HTTP {answer.status_code}")
            seconds = given.get("expires_in") if isinstance(given, dict) else None
            self._token = token
            self._token_ends = time.monotonic() + max(
                0, min(seconds if isinstance(seconds, int) else 300, _LONGEST_TOKEN) - _MARGIN
            )
        return {"Authorization": f"Bearer {self._token}"}

    def _secret(self) -> str:
        if self._settings.password_file is None:
            raise ConfigError(
                "Thiếu source.password_file cho máy chủ FHIR", "source.password_file is missing for the FHIR server"
            )
        return read_secret(self._settings.password_file, "FHIR")

    def _pause(self, answer: httpx.Response, attempt: int) -> float | None:
        """Seconds before the same request again; None when this answer stands. Raises SourceUnreachable."""
        status = answer.status_code
        if status == 401 and self._options.login.kind == "client_credentials" and attempt == 1:
            self._token = None  # it may have been withdrawn early: one new login
            return 0.0
        if status not in (429, 500, 502, 503, 504):
            return None
        wait = _retry_after(answer)
        wait = _BACK_OFF * 2 ** (attempt - 1) if wait is None else wait
        if attempt == self._options.tries or wait > self._options.longest_wait:
            raise _unreachable(self._base, f"HTTP {status}")
        return wait

    def _resource(self, answer: httpx.Response, body: bytes) -> dict[str, Any]:
        status = answer.status_code
        if status in (401, 403):
            raise _denied(f"HTTP {status}")
        if status in (404, 410):
            raise SourceSchemaError(
                f"Máy chủ FHIR không có {_kind(answer)} (HTTP {status})",
                f"The FHIR server has no {_kind(answer)} (HTTP {status})",
                hint_vi="kiểm tra source.url",
                hint_en="check source.url",
                code="FHIR-ABSENT",
            )
        if status != 200:
            raise SourceSchemaError(
                f"Máy chủ FHIR không thực hiện phép tìm {_kind(answer)} (HTTP {status})",
                f"The FHIR server does not carry out the search of {_kind(answer)} (HTTP {status})",
                hint_vi="máy chủ phải hỗ trợ các tham số nêu trong docs/vi/connectors/fhir.md",
                hint_en="the server must support the parameters listed in docs/connectors/fhir.md",
            )
        try:
            document = parse(body)
        except SourceValueError:
            raise _not_fhir("JSON") from None
        if not isinstance(document, dict):
            raise _not_fhir("JSON object")
        return document

    def _note_time(self, answer: httpx.Response) -> None:
        try:
            at = parsedate_to_datetime(answer.headers["date"])
        except (KeyError, ValueError, TypeError):
            return
        self.server_time = at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _next_of(bundle: Mapping[str, Any]) -> str | None:
    links = bundle.get("link")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"]) or None
    return None


def _json_or_none(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _retry_after(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo is not None else None


def _kind(answer: httpx.Response) -> str:
    """The resource type of a request; the rest of the URL may hold identifiers."""
    parts = [p for p in answer.request.url.path.split("/") if p[:1].isupper()]
    return parts[-1] if parts else answer.request.url.path.rsplit("/", 1)[-1]


def _denied(what: str) -> SourceSchemaError:
    return SourceSchemaError(
        f"Máy chủ FHIR từ chối quyền đọc ({what})",
        f"The FHIR server denies the right to read ({what})",
        hint_vi="kiểm tra source.options.login, tệp mật khẩu và quyền (scope) của tài khoản",
        hint_en="check source.options.login, the secret's file and the account's scopes",
        code="SOURCE-RIGHT",
    )


def _not_fhir(what: str) -> SourceSchemaError:
    return SourceSchemaError(
        f"Địa chỉ này không trả lời bằng FHIR ({what})",
        f"This address does not answer in FHIR ({what})",
        hint_vi="kiểm tra source.url; thường là …/fhir hoặc …/fhir/R4",
        hint_en="check source.url; often …/fhir or …/fhir/R4",
    )


def _unreachable(base: str, what: str) -> SourceUnreachable:
    return SourceUnreachable(
        f"Máy chủ FHIR {urlsplit(base).hostname} không trả lời ({what})",
        f"The FHIR server {urlsplit(base).hostname} does not answer ({what})",
    )
