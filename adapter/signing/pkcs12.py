"""The facility's key and certificate in a PKCS#12 file (``.p12``, ``.pfx``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    pkcs12,
)

from adapter.errors import CertificateError, Where
from adapter.settings import CertificateSettings, read_secret


@dataclass(frozen=True, slots=True)
class Pkcs12Key:
    """An RSA key held in memory, with its certificate."""

    certificate: x509.Certificate
    _key: rsa.RSAPrivateKey

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256."""
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def hand_over(self) -> tuple[bytes, bytes]:
        """Certificate (DER) and key (PKCS#8 DER, not encrypted), for the memory of a process of our own alone."""
        key = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return self.certificate.public_bytes(Encoding.DER), key

    @classmethod
    def handed_over(cls, certificate: bytes, key: bytes) -> Pkcs12Key:
        """The inverse of :meth:`hand_over`."""
        opened = load_der_private_key(key, None)
        assert isinstance(opened, rsa.RSAPrivateKey)  # noqa: S101 -- it was one when it was handed over
        return cls(x509.load_der_x509_certificate(certificate), opened)

    def close(self) -> None:
        """Nothing is held open."""

    def __repr__(self) -> str:
        return f"Pkcs12Key(serial={self.certificate.serial_number:X})"


def open_pkcs12(settings: CertificateSettings, workdir: Path) -> Pkcs12Key:
    """Open ``settings.path`` with the password in ``settings.password_file`` (none: no password).

    Raises CertificateError when the file is absent or no PKCS#12, the password is wrong, there is no
    key or no certificate, the key is not RSA or not the certificate's; ConfigError for the password file.
    """
    path = settings.path if settings.path.is_absolute() else workdir / settings.path
    where = Where(str(path))
    password: bytes | None = None
    if settings.password_file is not None:
        secret = settings.password_file
        secret = secret if secret.is_absolute() else workdir / secret
        password = read_secret(secret, "certificate.password_file").encode()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise CertificateError(
            "Không có tệp chứng thư số",
            "The certificate file is absent",
            hint_vi="đặt tệp .p12 của cơ sở vào đó, hoặc sửa certificate.path",
            hint_en="put the facility's .p12 file there, or correct certificate.path",
            where=where,
        ) from None
    except OSError as error:
        raise CertificateError(
            f"Không đọc được tệp chứng thư số: {error.strerror}",
            f"Cannot read the certificate file: {error.strerror}",
            where=where,
        ) from error
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password)
    except ValueError as error:
        raise _unreadable(data, where) from error
    if key is None or certificate is None:
        missing_vi, missing_en = ("khóa riêng", "private key") if key is None else ("chứng thư số", "certificate")
        raise CertificateError(
            f"Tệp .p12 không có {missing_vi}",
            f"The .p12 file holds no {missing_en}",
            hint_vi="xuất lại từ phần mềm quản lý chứng thư, chọn kèm khóa riêng",
            hint_en="export it again with the private key included",
            where=where,
        )
    if not isinstance(key, rsa.RSAPrivateKey):
        raise CertificateError(
            "Khóa trong tệp .p12 không phải RSA; cổng chỉ nhận chữ ký rsa-sha256",
            "The key in the .p12 file is not RSA; the gateway takes rsa-sha256 only",
            hint_vi="dùng chứng thư số RSA của cơ sở",
            hint_en="use the facility's RSA certificate",
            where=where,
        )
    if certificate.public_key() != key.public_key():
        raise CertificateError(
            "Khóa riêng và chứng thư số trong tệp .p12 không khớp nhau",
            "The private key in the .p12 file does not belong to its certificate",
            where=where,
        )
    return Pkcs12Key(certificate, key)


def _unreadable(data: bytes, where: Where) -> CertificateError:
    # The library answers a wrong password and a damaged file alike; a PKCS#12 file is a DER
    # SEQUENCE holding version 3, so the two can be told apart.
    if data[:1] == b"\x30" and b"\x02\x01\x03" in data[:16]:
        return CertificateError(
            "Sai mật khẩu của tệp .p12, hoặc tệp hỏng",
            "Wrong password for the .p12 file, or the file is damaged",
            hint_vi="sửa tệp mật khẩu ở certificate.password_file",
            hint_en="correct the file named by certificate.password_file",
            where=where,
        )
    return CertificateError(
        "Tệp chứng thư số không phải PKCS#12 (.p12, .pfx)",
        "The certificate file is not PKCS#12 (.p12, .pfx)",
        where=where,
    )
