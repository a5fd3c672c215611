"""A token or HSM through PKCS#11: one process per token, the session kept, the PIN tried once.

Tokens lock after a few wrong PINs, and then nobody can sign until a person travels. So a PIN
that was refused is remembered (as a salted hash beside the workdir's other files) and is not
presented again, not even after a restart, until the PIN file holds something else.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import selectors
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapter.errors import BhytError, CertificateError, ConfigError, SignerUnavailable, Where
from adapter.settings import CertificateSettings, read_secret

_HINTS = {
    "pin": (
        "sửa tệp PIN; PIN sai không được thử lại để thẻ không bị khoá",
        "correct the PIN file; a refused PIN is never tried again, so that the token does not lock",
    ),
    "locked": ("mở khoá thẻ bằng phần mềm của nhà cung cấp", "unlock the token with its vendor's software"),
}


class Pkcs11Options(BaseModel):
    """``certificate.options`` for kind ``pkcs11``; the PIN is in ``certificate.password_file``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    module: Path = Field(description="the driver: a shared library of the token's vendor")
    token: str | None = Field(default=None, description="label of the token; needed when several are plugged in")
    token_serial: str | None = Field(default=None, description="serial number of the token")
    timeout: Annotated[float, Field(gt=0)] = Field(default=30, description="seconds a driver may take for one answer")


class Pkcs11Key:
    """A key holder whose key never leaves the token. Safe to share between threads."""

    def __init__(self, options: Pkcs11Options, pin_file: Path, serial: str | None, workdir: Path) -> None:
        self._options = options
        self._pin_file = pin_file
        self._serial = serial
        name = hashlib.sha256(f"{options.module}|{options.token}|{options.token_serial}".encode()).hexdigest()[:12]
        self._memory = _RefusedPin(workdir / f".pkcs11-{name}.json")
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._certificate = self._start()

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate on the token, as read when the token was opened first."""
        return self._certificate

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256, made by the token.

        Raises SignerUnavailable when the token is gone or does not answer (the next call opens it anew),
        CertificateError when its PIN is refused then, or another certificate is found on it.
        """
        with self._lock:
            if self._child is None and self._start() != self._certificate:
                self._stop()
                raise CertificateError(
                    "Thẻ đang cắm mang chứng thư số khác với lúc mở đầu",
                    "The token now plugged in carries another certificate than at first",
                    hint_vi="cắm lại đúng thẻ, hoặc khởi động lại dịch vụ",
                    hint_en="plug the right token in, or restart the service",
                )
            child = self._child
            assert child is not None  # noqa: S101 -- _start sets it or raises
            try:
                answer = child.ask({"sign": base64.b64encode(data).decode("ascii")})
                return base64.b64decode(answer["value"])
            except BhytError:
                self._stop()
                raise

    def close(self) -> None:
        """End the token's process and with it the session."""
        with self._lock:
            self._stop()

    def __repr__(self) -> str:
        return f"Pkcs11Key(serial={self._certificate.serial_number:X})"

    def _start(self) -> x509.Certificate:
        pin = read_secret(self._pin_file, "certificate.password_file")
        with self._memory.guarded(pin, self._pin_file):
            child = _Child(self._options.timeout)
            try:
                answer = child.ask(
                    {
                        "module": str(self._options.module),
                        "token": self._options.token,
                        "token_serial": self._options.token_serial,
                        "serial": self._serial,
                        "pin": pin,
                    }
                )
            except BaseException:
                child.stop()
                raise
        self._child = child
        return x509.load_der_x509_certificate(base64.b64decode(answer["certificate"]))

    def _stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None


def open_pkcs11(settings: CertificateSettings, workdir: Path) -> Pkcs11Key:
    """Open the token that ``settings.options`` describes (:class:`Pkcs11Options`).

    ``settings.serial`` chooses among several certificates on it. Raises ConfigError for wrong options,
    CertificateError for a refused PIN, a locked token or no single certificate, SignerUnavailable when
    no such token is plugged in.
    """
    try:
        options = Pkcs11Options.model_validate(settings.options)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(["certificate", "options", *map(str, first["loc"])])
        raise ConfigError(
            f"Cấu hình sai ở khóa {key}: {first['msg']}", f"Configuration key {key} is wrong: {first['msg']}"
        ) from error
    if settings.password_file is None:
        raise ConfigError(
            "Thiếu certificate.password_file: tệp chứa PIN của thẻ",
            "certificate.password_file is missing: the file with the token's PIN",
        )
    if not options.module.is_file():
        raise ConfigError(
            "Không có tệp trình điều khiển PKCS#11", "The PKCS#11 driver file is absent", tried=[str(options.module)]
        )
    return Pkcs11Key(options, workdir / settings.password_file, settings.serial, workdir)


class _Child:
    """The process of one token, asked one thing at a time."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._process = subprocess.Popen(
            [sys.executable, "-m", "adapter.signing.devices.pkcs11_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, question: dict[str, Any]) -> dict[str, str]:
        assert self._process.stdin is not None  # noqa: S101 -- opened as a pipe above
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise _gone("process") from None
        line = self._line()
        if not line:
            raise _gone("process")
        answer: dict[str, str] = json.loads(line)
        if "error" in answer:
            raise _error(answer["error"], answer["detail"])
        return answer

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _line(self) -> bytes:
        out = self._process.stdout
        assert out is not None  # noqa: S101 -- opened as a pipe above
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            if not selector.select(self._timeout):
                self._process.kill()
                raise _gone("timeout")
        return out.readline()


class _RefusedPin:
    """Remembers that a PIN was refused, without remembering the PIN."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def guarded(self, pin: str, pin_file: Path) -> Iterator[None]:
        """Around one try: refuses a PIN refused before, and two tries at the same time."""
        with _exclusive(self._path.with_suffix(".lock")):
            if self._knows(pin):
                raise _error("pin", "remembered", Where(str(pin_file)))
            try:
                yield
            except CertificateError as error:
                if error.code == "TOKEN-PIN":
                    self._remember(pin)
                raise
            self._path.unlink(missing_ok=True)

    def _knows(self, pin: str) -> bool:
        try:
            known = json.loads(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return False
        return bool(secrets.compare_digest(known["hash"], _hash(pin, bytes.fromhex(known["salt"]))))

    def _remember(self, pin: str) -> None:
        salt = secrets.token_bytes(16)
        self._path.touch(mode=0o600)
        self._path.write_text(json.dumps({"salt": salt.hex(), "hash": _hash(pin, salt)}), encoding="ascii")


def _hash(pin: str, salt: bytes) -> str:
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**14, r=8, p=1).hex()


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    import fcntl

    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _gone(detail: str) -> SignerUnavailable:
    return SignerUnavailable(
        f"Thẻ ký số không có hoặc không trả lời ({detail})",
        f"The signing token is absent or does not answer ({detail})",
        hint_vi="cắm lại thẻ; hồ sơ chờ và được ký khi thẻ có lại",
        hint_en="plug the token in again; dossiers wait and are signed once it is back",
    )


def _error(kind: str, detail: str, where: Where | None = None) -> BhytError:
    match kind:
        case "gone":
            return _gone(detail)
        case "config":
            return ConfigError(f"Không mở được thẻ ký số: {detail}", f"Cannot open the signing token: {detail}")
        case "certificate":
            return CertificateError(
                f"Thẻ phải có đúng một chứng thư số RSA kèm khóa (tìm thấy: {detail})",
                f"The token must hold exactly one RSA certificate with its key (found: {detail})",
                hint_vi="đặt certificate.serial là số sê-ri đã đăng ký trên cổng",
                hint_en="set certificate.serial to the serial registered on the portal",
            )
        case "locked":
            said_vi, said_en = (
                f"Thẻ ký số bị khoá hoặc chỉ còn một lần thử PIN ({detail})",
                f"The token is locked or has one PIN try left ({detail})",
            )
        case _:
            said_vi, said_en = "PIN của thẻ ký số bị từ chối", "The token's PIN was refused"
    hint_vi, hint_en = _HINTS["locked" if kind == "locked" else "pin"]
    return CertificateError(
        said_vi,
        said_en,
        hint_vi=hint_vi,
        hint_en=hint_en,
        where=where,
        code="TOKEN-LOCKED" if kind == "locked" else "TOKEN-PIN",
    )
