"""A certificate authority and a facility certificate for trying things out; worth nothing anywhere else."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import NameOID

_YEARS = timedelta(days=3 * 365)


def make_demo_pki(workdir: Path, *, facility_code: str, facility_name: str, now: datetime) -> None:
    """Write ``ca.pem``, ``facility.p12`` and ``facility.pass`` into ``workdir``; valid around ``now``."""
    ca_key, ca = make_ca("Demo CA bhyt-adapter", now=now)
    key, certificate = issue(ca_key, ca, name=facility_name, identifier=f"CSKCB:{facility_code}", now=now)
    password = secrets.token_urlsafe(24)
    _write(workdir / "facility.pass", password.encode("ascii") + b"\n")
    _write(
        workdir / "facility.p12",
        pkcs12.serialize_key_and_certificates(
            facility_code.encode("ascii"), key, certificate, [ca], BestAvailableEncryption(password.encode("ascii"))
        ),
    )
    (workdir / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))


def make_ca(name: str, *, now: datetime) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A self-signed authority."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(subject, subject, key.public_key(), now - timedelta(days=365), now + 2 * _YEARS)
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def issue(
    ca_key: rsa.RSAPrivateKey,
    ca: x509.Certificate,
    *,
    name: str,
    identifier: str,
    now: datetime,
    valid: tuple[timedelta, timedelta] = (timedelta(days=-30), _YEARS),
    signing: bool = True,
) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """An organisation's certificate. ``valid`` counts from ``now``; ``signing`` False leaves encryption only."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.USER_ID, identifier),
        ]
    )
    builder = _builder(subject, ca.subject, key.public_key(), now + valid[0], now + valid[1])
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False, signing=signing), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return key, certificate


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _usage(*, authority: bool, signing: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority and signing,
        content_commitment=not authority and signing,
        key_encipherment=not authority and not signing,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
