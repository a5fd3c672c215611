"""Opening keys, and what must be true of a certificate before it signs."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from adapter.demo.pki import write_pki
from adapter.errors import CertificateError, ConfigError
from adapter.settings import CertificateSettings
from adapter.signing.checks import days_left, expiry_step, require_usable, same_serial, serial_hex
from adapter.signing.keys import KeyHolder, open_signer
from adapter.signing.pkcs12 import open_pkcs12
from tests.support.xmldsig_world import NOW, world

SETTINGS = CertificateSettings(path=Path("facility.p12"), password_file=Path("facility.pass"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "facility.p12").write_bytes(world().facility.p12("mật khẩu"))
    (tmp_path / "facility.pass").write_text("mật khẩu\n", encoding="utf-8")
    return tmp_path


def test_the_registered_kind_opens_the_facilitys_key(folder: Path) -> None:
    key = open_signer(SETTINGS, folder)
    assert isinstance(key, KeyHolder)
    assert key.certificate == world().facility.certificate
    key.close()


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        open_signer(CertificateSettings(kind="usb"), Path())
    assert "pkcs12" in caught.value.hint_en


def test_the_demo_makes_a_key_that_opens_and_whose_secrets_are_private(tmp_path: Path) -> None:
    issued = write_pki(tmp_path / "demo", "Bệnh viện Ví Dụ", NOW, tax_code="0199900000")
    key = open_pkcs12(SETTINGS, tmp_path / "demo")
    assert key.certificate == issued.certificate
    require_usable(key.certificate, SETTINGS, NOW)
    assert {p.name: p.stat().st_mode & 0o077 for p in (tmp_path / "demo").iterdir() if p.name != "ca.pem"} == {
        "facility.p12": 0,
        "facility.pass": 0,
    }
    assert b"PRIVATE" not in (tmp_path / "demo" / "ca.pem").read_bytes()


_PASSWORD = "mật khẩu".encode()


def _p12(key: object, certificate: object) -> bytes:
    return pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, BestAvailableEncryption(_PASSWORD))  # type: ignore[arg-type]


def _other_key() -> bytes:
    return _p12(rsa.generate_private_key(public_exponent=65537, key_size=2048), None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: (d / "facility.p12").unlink(), "absent"),
        (lambda d: ((d / "facility.p12").unlink(), (d / "facility.p12").mkdir()), "Cannot read"),
        (lambda d: (d / "facility.pass").write_text("sai"), "Wrong password"),
        (lambda d: (d / "facility.p12").write_bytes(b"PK\x03\x04"), "not PKCS#12"),
        (lambda d: (d / "facility.p12").write_bytes(b""), "not PKCS#12"),
        (lambda d: (d / "facility.p12").write_bytes((d / "facility.p12").read_bytes()[:900]), "damaged"),
        (lambda d: (d / "facility.p12").write_bytes(_p12(None, world().facility.certificate)), "no private key"),
        (lambda d: (d / "facility.p12").write_bytes(_other_key()), "no certificate"),
    ],
    ids=["absent", "folder", "wrong-password", "zip", "empty", "cut-off", "no-key", "no-certificate"],
)
def test_a_key_file_that_cannot_be_used_says_which_and_why(folder: Path, change: object, said: str) -> None:
    change(folder)  # type: ignore[operator]
    with pytest.raises(CertificateError) as caught:
        open_pkcs12(SETTINGS, folder)
    assert said in caught.value.message_en
    assert str(folder / "facility.p12") in str(caught.value.where)
    assert "mật khẩu\n" not in str(caught.value)


def test_an_elliptic_curve_key_is_refused(folder: Path) -> None:
    issued = world().authority.issue("Bệnh viện", NOW, key=ec.generate_private_key(ec.SECP256R1()))
    (folder / "facility.p12").write_bytes(issued.p12("mật khẩu"))
    with pytest.raises(CertificateError, match="not RSA"):
        open_pkcs12(SETTINGS, folder)


def test_a_missing_or_empty_password_file_is_a_configuration_error(folder: Path) -> None:
    (folder / "facility.pass").write_text("\n")
    with pytest.raises(ConfigError):
        open_pkcs12(SETTINGS, folder)
    (folder / "facility.pass").unlink()
    with pytest.raises(ConfigError):
        open_pkcs12(SETTINGS, folder)


def test_the_old_encryption_of_windows_exports_opens(folder: Path) -> None:
    (folder / "k.pem").write_bytes(
        world().facility.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + world().facility.certificate.public_bytes(Encoding.PEM)
    )
    subprocess.run(
        ["openssl", "pkcs12", "-export", "-legacy", "-in", "k.pem", "-out", "facility.p12", "-passout", "pass:abc"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    (folder / "facility.pass").write_text("abc")
    assert open_pkcs12(SETTINGS, folder).certificate == world().facility.certificate


def test_a_key_never_shows_itself_in_a_log(folder: Path) -> None:
    assert repr(open_pkcs12(SETTINGS, folder)) == "Pkcs12Key(serial=540100FEDCBA98765432)"


def _refusal(certificate: x509.Certificate, at: datetime = NOW, **settings: str) -> str:
    with pytest.raises(CertificateError) as caught:
        require_usable(certificate, CertificateSettings(**settings), at)
    assert caught.value.message_vi
    return caught.value.message_en


def _accepts(certificate: x509.Certificate, at: datetime = NOW, **settings: str) -> bool:
    require_usable(certificate, CertificateSettings(**settings), at)
    return True


def test_before_use_validity_usage_serial_and_owner_are_checked() -> None:
    mine = world().facility.certificate
    assert _accepts(mine)
    assert "expired on" in _refusal(mine, NOW + timedelta(days=731))
    assert "not yet valid" in _refusal(mine, NOW - timedelta(days=31))
    assert "not issued for signing" in _refusal(world().issue(key_usage=False).certificate)
    assert _accepts(world().issue(key_usage=None).certificate)
    assert _accepts(mine, serial="54:01:00:fe dc:ba:98:76:54:32")
    assert "540100FEDCBA98765432" in _refusal(mine, serial="5401")
    assert _accepts(mine, owner="0199900000")
    assert _accepts(mine, owner="bệnh viện ví dụ & cộng sự")
    assert "is not the facility's" in _refusal(mine, owner="Bệnh viện Khác")


@pytest.mark.parametrize(
    ("days", "step"),
    [(61, None), (60, 60), (31, 60), (30, 30), (14, 14), (8, 14), (7, 7), (2, 7), (1, 1), (0, 1), (-3, 1)],
)
def test_the_end_is_announced_60_30_14_7_and_1_days_ahead(days: int, step: int | None) -> None:
    certificate = world().facility.certificate
    at = certificate.not_valid_after_utc - timedelta(days=days)
    assert (days_left(certificate, at), expiry_step(certificate, at)) == (days, step)


def test_serials_are_compared_as_numbers_and_shown_as_whole_bytes() -> None:
    assert serial_hex(world().issue(serial=0xABC).certificate) == "0ABC"
    assert same_serial("0x0ABC", "ab c")
    assert not same_serial("ABC", "ABCD")
