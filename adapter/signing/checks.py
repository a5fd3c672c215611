"""What must be true of a certificate before its key is used (Decree 23/2025 art. 15).

The portal knows one serial per facility; another one, or an expired certificate, makes the
gateway refuse every dossier (code 125), so these are found here and not after sending.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from adapter.clock import VIETNAM
from adapter.errors import CertificateError
from adapter.settings import CertificateSettings

WARN_DAYS = (60, 30, 14, 7, 1)
MIN_RSA_BITS = 2048


def serial_hex(certificate: x509.Certificate) -> str:
    """The serial as portals and certificate windows show it: upper-case hex, whole bytes."""
    digits = f"{certificate.serial_number:X}"
    return digits if len(digits) % 2 == 0 else "0" + digits


def same_serial(one: str, other: str) -> bool:
    """Whether two written serials are the same number; blanks, colons, case and leading zeros do not matter."""
    return _plain_serial(one) == _plain_serial(other)


def days_left(certificate: x509.Certificate, at: datetime) -> int:
    """Whole days until the certificate ends; negative once it has ended."""
    return (certificate.not_valid_after_utc - at) // timedelta(days=1)


def expiry_step(certificate: x509.Certificate, at: datetime) -> int | None:
    """The step of ``WARN_DAYS`` that has been reached (the smallest), or None when more than 60 days are left."""
    left = certificate.not_valid_after_utc - at
    return min((step for step in WARN_DAYS if left <= timedelta(days=step)), default=None)


def may_sign(certificate: x509.Certificate) -> bool:
    """Whether the key usage allows signatures; a certificate without the extension allows everything."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def owner_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Organisation, common name and identifiers (``MST:…``) of the subject."""
    wanted = (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME, NameOID.USER_ID, NameOID.ORGANIZATION_IDENTIFIER)
    return tuple(str(a.value) for oid in wanted for a in certificate.subject.get_attributes_for_oid(oid))


def require_usable(certificate: x509.Certificate, settings: CertificateSettings, at: datetime) -> None:
    """Raise CertificateError unless ``certificate`` may sign for the facility at the instant ``at``.

    Checked: validity, key usage, RSA of at least 2,048 bits, the serial registered on the portal
    (``certificate.serial``) and the owner (``certificate.owner``), the last two when they are set.
    """
    if at < certificate.not_valid_before_utc:
        begins = _day(certificate.not_valid_before_utc)
        raise CertificateError(
            f"Chứng thư số chưa có hiệu lực (từ {begins})",
            f"The certificate is not yet valid (from {begins})",
            hint_vi="kiểm tra đồng hồ máy, hoặc chờ đến ngày hiệu lực",
            hint_en="check this machine's clock, or wait for that day",
        )
    if at > certificate.not_valid_after_utc:
        ended = _day(certificate.not_valid_after_utc)
        raise CertificateError(
            f"Chứng thư số đã hết hạn ngày {ended}",
            f"The certificate expired on {ended}",
            hint_vi="gia hạn, đăng ký số sê-ri mới trên cổng, rồi thay certificate.path",
            hint_en="renew it, register the new serial on the portal, then replace certificate.path",
        )
    if not may_sign(certificate):
        raise CertificateError(
            "Chứng thư số không được cấp để ký (key usage)",
            "The certificate was not issued for signing (key usage)",
            hint_vi="dùng chứng thư ký số của cơ sở, không dùng chứng thư mã hoá hay SSL",
            hint_en="use the facility's signing certificate, not one for encryption or TLS",
        )
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < MIN_RSA_BITS:
        raise CertificateError(
            f"Chứng thư số phải dùng khóa RSA từ {MIN_RSA_BITS} bit",
            f"The certificate must hold an RSA key of at least {MIN_RSA_BITS} bits",
        )
    if settings.serial and not same_serial(settings.serial, serial_hex(certificate)):
        raise CertificateError(
            f"Số sê-ri chứng thư {serial_hex(certificate)} khác số đã đăng ký trên cổng ({settings.serial})",
            f"Certificate serial {serial_hex(certificate)} is not the one registered on the portal ({settings.serial})",
            hint_vi="đăng ký chứng thư này trên cổng rồi sửa certificate.serial, hoặc dùng đúng chứng thư đã đăng ký",
            hint_en="register this certificate on the portal and correct certificate.serial, or use the registered one",
        )
    if settings.owner and not any(_same_owner(settings.owner, name) for name in owner_names(certificate)):
        raise CertificateError(
            f"Chứng thư số không thuộc cơ sở: chủ thể không có “{settings.owner}”",
            f"The certificate is not the facility's: its subject does not name “{settings.owner}”",
            hint_vi="dùng chứng thư của đúng cơ sở, hoặc sửa certificate.owner (tên tổ chức hoặc mã số thuế)",
            hint_en="use the right facility's certificate, or correct certificate.owner (organisation or tax code)",
        )


def _plain_serial(text: str) -> str:
    return re.sub(r"[\s:]", "", text).upper().removeprefix("0X").lstrip("0")


def _same_owner(wanted: str, name: str) -> bool:
    # Identifiers stand in the subject with a prefix (MST:0312345678).
    return " ".join(wanted.split()).casefold() in (
        " ".join(name.split()).casefold(),
        name.rpartition(":")[2].strip().casefold(),
    )


def _day(at: datetime) -> str:
    return at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")
