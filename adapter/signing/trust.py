"""Which certificate authorities are believed, and whether a certificate hangs on one of them."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from adapter.errors import CertificateError, Where
from adapter.signing.xmldsig.problems import Problem


@dataclass(frozen=True, slots=True)
class Trust:
    """Every certificate listed is believed in itself, as ``xmlsec1 --trusted-pem`` does."""

    anchors: tuple[x509.Certificate, ...]

    @classmethod
    def from_files(cls, paths: Iterable[Path]) -> Trust:
        """Read PEM files of one or more certificates each; CertificateError when one cannot be read."""
        anchors: list[x509.Certificate] = []
        for path in paths:
            where = Where(str(path))
            try:
                anchors.extend(x509.load_pem_x509_certificates(path.read_bytes()))
            except OSError as error:
                raise CertificateError(
                    f"Không đọc được tệp chứng thư tin cậy: {error.strerror}",
                    f"Cannot read the file of trusted certificates: {error.strerror}",
                    where=where,
                ) from error
            except ValueError as error:
                raise CertificateError(
                    "Tệp chứng thư tin cậy không phải PEM",
                    "The file of trusted certificates is not PEM",
                    where=where,
                ) from error
        return cls(tuple(anchors))

    def problems(self, certificate: x509.Certificate, at: datetime) -> list[Problem]:
        """Why ``certificate`` cannot be believed at the instant ``at``; empty when it can.

        Issuers are looked for among the anchors only; an intermediate authority must be listed too.
        """
        if certificate in self.anchors:
            return []
        issuers = [anchor for anchor in self.anchors if _issued(certificate, anchor)]
        if not issuers:
            return [
                Problem(
                    "untrusted",
                    "Chứng thư số không do tổ chức nào trong danh sách tin cậy cấp",
                    "The certificate was not issued by any trusted authority",
                )
            ]
        if not any(a.not_valid_before_utc <= at <= a.not_valid_after_utc for a in issuers):
            return [
                Problem(
                    "authority-expired",
                    "Chứng thư của tổ chức cấp không còn (hoặc chưa) hiệu lực",
                    "The issuing authority's certificate is not valid at that time",
                )
            ]
        return []


@functools.lru_cache(maxsize=256)
def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether one signed the other: true or false for good. When they are valid is asked every time."""
    if not _is_authority(authority):
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except x509.ExtensionNotFound:
        return False
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True
