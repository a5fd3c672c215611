"""Remote signing: a provider holds the key, gets a hash and answers with the signature value.

The shape is that of the Cloud Signature Consortium API; what differs between providers is data
(``remote_providers.yaml``). A signature may take as long as its holder needs to confirm it on a
phone: :meth:`RemoteKey.start` hands out the provider's transaction id, which the caller keeps,
and :meth:`RemoteKey.result` asks for the outcome, also after a restart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import string
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx
import yaml
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapter.errors import CertificateError, ConfigError, SignatureInvalid, SignerUnavailable
from adapter.settings import CertificateSettings, read_secret
from adapter.signing.keys import Started


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Part):
    """One call: JSON in by POST, values taken out of the JSON answer by dotted path."""

    path: str
    body: dict[str, Any]
    take: dict[str, str]
    waiting: dict[str, list[str]] = {}
    failed: dict[str, list[str]] = {}


class Provider(_Part):
    """How one remote signing service is spoken to."""

    base_url: str
    headers: dict[str, str]
    login: Step | None
    certificate: Step
    authorize: Step | None
    sign: Step
    status: Step


class RemoteOptions(_Part):
    """``certificate.options`` for kind ``remote``; the secret is in ``certificate.password_file``."""

    provider: str = Field(default="csc", description="csc, vnpt-smartca, viettel-mysign")
    provider_changes: dict[str, Any] = Field(
        default_factory=dict, description="parts of the provider's data to replace"
    )
    base_url: str | None = Field(default=None, description="address; default: the provider's own")
    values: dict[str, str] = Field(
        default_factory=dict, description="credential, user_id, client_id … as the provider asks"
    )
    secret_files: dict[str, Path] = Field(default_factory=dict, description="further secrets by name, such as pin")
    ca_file: Path | None = Field(default=None, description="authority of the provider's TLS certificate")
    timeout: Annotated[float, Field(gt=0)] = 30
    wait: Annotated[float, Field(ge=0)] = Field(default=60, description="seconds sign() waits for a confirmation")
    poll: Annotated[float, Field(gt=0)] = Field(default=2, description="seconds between two questions for the outcome")
    patience: Annotated[float, Field(gt=0)] = Field(
        default=86_400, description="seconds a request may wait for its confirmation before it is asked anew"
    )


class RemoteKey:
    """A key at a remote signing service."""

    def __init__(
        self,
        provider: Provider,
        options: RemoteOptions,
        values: Mapping[str, str],
        client: httpx.Client,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._provider = provider
        self._options = options
        self._values = dict(values)
        self._client = client
        self._sleep = sleep
        self._login()
        taken = self._call(provider.certificate, {})
        self._certificate = _certificate(_need(taken, "certificate"))

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate as the provider gave it at opening."""
        return self._certificate

    @property
    def poll(self) -> timedelta:
        """How long to wait between two questions for one outcome."""
        return timedelta(seconds=self._options.poll)

    @property
    def patience(self) -> timedelta:
        """How long a request may wait for its confirmation."""
        return timedelta(seconds=self._options.patience)

    def start(self, data: bytes) -> Started:
        """Send the SHA-256 of ``data``. Raises SignerUnavailable, or CertificateError when the provider refuses."""
        digest = hashlib.sha256(data).digest()
        values = {"hash_base64": base64.b64encode(digest).decode("ascii"), "hash_hex": digest.hex()}
        if self._provider.authorize is not None:
            values |= self._call(self._provider.authorize, values)
        taken = self._call(self._provider.sign, values)
        if value := taken.get("signature"):
            return Started(taken.get("transaction"), self._checked(value, data))
        return Started(_need(taken, "transaction"), None)

    def result(self, transaction: str, data: bytes) -> bytes | None:
        """The signature value of a transaction, checked against the certificate; None while it waits."""
        taken = self._call(self._provider.status, {"transaction": transaction})
        value = taken.get("signature")
        return self._checked(value, data) if value else None

    def sign(self, data: bytes) -> bytes:
        """Start, then ask until the value is there; SignerUnavailable after ``wait`` seconds."""
        started = self.start(data)
        waited = 0.0
        value = started.value
        while value is None and started.transaction is not None and waited < self._options.wait:
            self._sleep(self._options.poll)
            waited += self._options.poll
            value = self.result(started.transaction, data)
        if value is None:
            raise SignerUnavailable(
                "Chưa có người xác nhận chữ ký ở nhà cung cấp ký số từ xa",
                "Nobody has confirmed the signature at the remote signing service yet",
                hint_vi="xác nhận trên điện thoại, hoặc dùng loại tài khoản ký không cần xác nhận từng lần",
                hint_en="confirm on the phone, or use the kind of account that signs without confirmation",
            )
        return value

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __repr__(self) -> str:
        return f"RemoteKey(serial={self._certificate.serial_number:X})"

    def _login(self) -> None:
        if self._provider.login is not None:
            self._values |= self._call(self._provider.login, {}, again=False)

    def _call(self, step: Step, values: Mapping[str, str], *, again: bool = True) -> dict[str, str]:
        fresh = {"request": str(uuid.uuid4()), "time": datetime.now(UTC).strftime("%Y%m%d%H%M%SZ")}
        filling = {**self._values, **fresh, **values}
        named = {} if step is self._provider.login else _fill(self._provider.headers, filling)
        headers = {name: str(value).encode() for name, value in named.items()}
        try:
            answer = self._client.post(_fill(step.path, filling), json=_fill(step.body, filling), headers=headers)
        except httpx.HTTPError as error:
            raise _silent(type(error).__name__) from error
        if answer.status_code == httpx.codes.UNAUTHORIZED and again and self._provider.login is not None:
            self._login()
            return self._call(step, values, again=False)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            raise _silent(f"HTTP {answer.status_code}")
        if not answer.is_success:
            raise _refused(f"HTTP {answer.status_code}")
        try:
            document = answer.json()
        except ValueError as error:
            raise _silent("not JSON") from error
        if _matches(document, step.failed):
            raise _refused("failed")
        if _matches(document, step.waiting):
            return {}
        found = {name: _dig(document, path) for name, path in step.take.items()}
        return {name: value for name, value in found.items() if value}

    def _checked(self, text: str, data: bytes) -> bytes:
        key = self._certificate.public_key()
        try:
            value = base64.b64decode("".join(text.split()), validate=True)
            if not isinstance(key, rsa.RSAPublicKey):
                raise CertificateError(
                    "Chứng thư số ở nhà cung cấp không phải RSA", "The certificate at the provider is not RSA"
                )
            key.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
        except (binascii.Error, InvalidSignature):
            raise SignatureInvalid(
                "Nhà cung cấp ký số từ xa trả về giá trị chữ ký không khớp với giá trị băm đã gửi",
                "The remote signing service answered with a value that does not fit the hash sent",
                hint_vi="hỏi nhà cung cấp giá trị băm phải ghi bằng hex hay base64, rồi sửa provider_changes",
                hint_en="ask the provider whether the hash is written in hex or base64, then set provider_changes",
            ) from None
        return value


def open_remote(settings: CertificateSettings, workdir: Path) -> RemoteKey:
    """Open the credential that ``settings.options`` describes (:class:`RemoteOptions`).

    Raises ConfigError for wrong options, CertificateError when the provider refuses, SignerUnavailable
    when it does not answer.
    """
    try:
        options = RemoteOptions.model_validate(settings.options)
        known = providers()
        if options.provider not in known:
            raise ConfigError(
                f"Không có nhà cung cấp {options.provider}",
                f"No provider {options.provider}",
                hint_vi=f"dùng một trong: {', '.join(known)}",
                hint_en=f"use one of: {', '.join(known)}",
            )
        provider = Provider.model_validate({**known[options.provider], **options.provider_changes})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(["certificate", "options", *map(str, first["loc"])])
        raise ConfigError(
            f"Cấu hình sai ở khóa {key}: {first['msg']}", f"Configuration key {key} is wrong: {first['msg']}"
        ) from error
    base = options.base_url or provider.base_url
    _require_tls(base)
    values = {"description": "BHYT", "serial": settings.serial or "", **options.values}
    for name, path in options.secret_files.items():
        values[name] = read_secret(workdir / path, f"certificate.options.secret_files.{name}")
    if settings.password_file is not None:
        values["secret"] = read_secret(workdir / settings.password_file, "certificate.password_file")
    verify: Any = True
    if options.ca_file is not None:
        import ssl

        verify = ssl.create_default_context(cafile=str(workdir / options.ca_file))
    client = httpx.Client(base_url=base, timeout=options.timeout, verify=verify)
    try:
        return RemoteKey(provider, options, values, client)
    except BaseException:
        client.close()
        raise


def providers() -> dict[str, dict[str, Any]]:
    """The shipped providers by name, as data."""
    text = (files("adapter.signing.devices") / "remote_providers.yaml").read_text(encoding="utf-8")
    document: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return document


def _require_tls(base: str) -> None:
    parts = urlsplit(base)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"):
        return
    raise ConfigError(
        "certificate.options.base_url phải là địa chỉ https",
        "certificate.options.base_url must be an https address",
    )


def _fill(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
        missing = [name for name in names if name not in values]
        if missing:
            raise ConfigError(
                f"Thiếu certificate.options.values.{missing[0]} cho nhà cung cấp ký số từ xa",
                f"certificate.options.values.{missing[0]} is missing for the remote signing service",
            )
        return template.format_map(values) if names else template
    if isinstance(template, dict):
        return {key: _fill(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_fill(value, values) for value in template]
    return template


def _dig(document: Any, path: str) -> str:
    for part in path.split("."):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return ""
    return str(document) if isinstance(document, str | int) else ""


def _matches(document: Any, conditions: Mapping[str, list[str]]) -> bool:
    return any(_dig(document, path) in wanted for path, wanted in conditions.items())


def _need(taken: Mapping[str, str], name: Literal["certificate", "transaction"]) -> str:
    if name not in taken:
        raise _refused(f"no {name}")
    return taken[name]


def _certificate(text: str) -> x509.Certificate:
    try:
        if "BEGIN CERTIFICATE" in text:
            return x509.load_pem_x509_certificate(text.encode())
        return x509.load_der_x509_certificate(base64.b64decode("".join(text.split()), validate=True))
    except ValueError as error:
        raise CertificateError(
            "Không đọc được chứng thư số do nhà cung cấp trả về", "The provider's certificate cannot be read"
        ) from error


def _silent(detail: str) -> SignerUnavailable:
    return SignerUnavailable(
        f"Dịch vụ ký số từ xa không trả lời ({detail})",
        f"The remote signing service does not answer ({detail})",
        hint_vi="kiểm tra mạng; hồ sơ chờ và được ký khi dịch vụ có lại",
        hint_en="check the network; dossiers wait and are signed once it is back",
    )


def _refused(detail: str) -> CertificateError:
    return CertificateError(
        f"Dịch vụ ký số từ xa từ chối yêu cầu ({detail})",
        f"The remote signing service refused the request ({detail})",
        hint_vi="kiểm tra tài khoản, mật khẩu và chứng thư ở nhà cung cấp",
        hint_en="check account, password and certificate at the provider",
    )
