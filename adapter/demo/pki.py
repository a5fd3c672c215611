"""A certificate authority and facility certificates for the demo and for tests. Nobody trusts them.

The authority is made in the workdir, its private key is thrown away; ``ca.pem`` is what
``xmlsec1 --trusted-pem`` and ``bhyt verify --trust`` need.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Issued:
    """A private key and its certificate."""

    key: PrivateKey
    certificate: x509.Certificate

    def p12(self, password: str) -> bytes:
        """The PKCS#12 file as certificate providers hand it out."""
        return pkcs12.serialize_key_and_certificates(
            b"facility", self.key, self.certificate, None, BestAvailableEncryption(password.encode())
        )


@dataclass(frozen=True)
class Authority:
    """A demo certificate authority: issues facility certificates while in memory."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The authority's certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        organisation: str,
        at: datetime,
        *,
        tax_code: str = "",
        days: int = 730,
        key: PrivateKey | None = None,
        serial: int | None = None,
        key_usage: bool | None = True,
    ) -> Issued:
        """A certificate valid from 30 days before ``at`` to ``days`` after it (negative: already ended).

        ``key_usage``: True allows signing, False only encipherment, None leaves the extension out.
        """
        key = key or new_key()
        names = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
        if tax_code:
            names.append(x509.NameAttribute(NameOID.USER_ID, f"MST:{tax_code}"))
        names.append(x509.NameAttribute(NameOID.COMMON_NAME, organisation))
        end = at + timedelta(days=days)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(names))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(min(at, end) - timedelta(days=30))
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if key_usage is not None:
            builder = builder.add_extension(_usage(signing=key_usage), critical=True)
        return Issued(key, builder.sign(self.key, hashes.SHA256()))


def new_key() -> rsa.RSAPrivateKey:
    """An RSA-2048 key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def make_authority(at: datetime, *, name: str = "BHYT Adapter Demo CA (not trusted)") -> Authority:
    """A self-signed authority valid from a year before ``at`` to ten years after."""
    key = new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=365))
        .not_valid_after(at + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(signing=False, authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate)


def write_pki(folder: Path, organisation: str, at: datetime, *, tax_code: str = "") -> Issued:
    """Make ``ca.pem``, ``facility.p12`` and ``facility.pass`` in ``folder``; returns the facility's certificate.

    Existing files are replaced. The two secret files are readable by their owner only.
    """
    authority = make_authority(at)
    issued = authority.issue(organisation, at, tax_code=tax_code)
    password = secrets.token_urlsafe(18)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ca.pem").write_bytes(authority.pem)
    for name, content in (("facility.p12", issued.p12(password)), ("facility.pass", password.encode() + b"\n")):
        path = folder / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
    return issued


def _usage(*, signing: bool, authority: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signing,
        content_commitment=signing,
        key_encipherment=not signing and not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
