"""A token through PKCS#11, driven for real with SoftHSM2."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from adapter.errors import CertificateError, ConfigError, SignerUnavailable
from adapter.settings import CertificateSettings
from adapter.signing import profile1
from adapter.signing.devices import pkcs11, pkcs11_process
from adapter.signing.devices.pkcs11 import Pkcs11Key, open_pkcs11
from adapter.signing.verify import verify
from tests.support import xmldsig_softhsm as hsm
from tests.support.xmldsig_world import NOW, dossier, world

pytestmark = pytest.mark.needs("softhsm")


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workdir with a token in ``hsm`` and its PIN in ``pin``."""
    monkeypatch.setenv("SOFTHSM2_CONF", str(hsm.make_token(tmp_path / "hsm")))
    (tmp_path / "pin").write_text(hsm.PIN)
    return tmp_path


def _settings(**changes: Any) -> CertificateSettings:
    options = {"module": str(hsm.driver()), "token": hsm.LABEL} | changes.pop("options", {})
    return CertificateSettings(**{"kind": "pkcs11", "password_file": Path("pin"), "options": options} | changes)


def _pin_tries_left_untouched() -> bool:
    """Whether the token reports no failed PIN, asked in a fresh process."""
    code = (
        "import pkcs11,sys; t=pkcs11.lib(sys.argv[1]).get_token(token_label=sys.argv[2]); "
        "sys.exit(bool(t.flags & pkcs11.TokenFlag.USER_PIN_COUNT_LOW))"
    )
    return subprocess.run([sys.executable, "-c", code, str(hsm.driver()), hsm.LABEL], check=False).returncode == 0


def test_a_token_signs_what_our_verifier_accepts(token: Path) -> None:
    key = open_pkcs11(_settings(), token)
    try:
        assert key.certificate == world().facility.certificate
        for _ in range(3):
            assert verify(profile1.sign(dossier(), key), trust=world().trust, at=NOW).valid
        assert repr(key) == "Pkcs11Key(serial=540100FEDCBA98765432)"
    finally:
        key.close()
        key.close()


def test_one_process_keeps_the_session_and_serves_every_thread(token: Path) -> None:
    key = open_pkcs11(_settings(), token)
    try:
        results: list[bool] = []

        def work() -> None:
            results.extend(verify(profile1.sign(dossier(), key)).valid for _ in range(5))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [True] * 20
    finally:
        key.close()


def test_a_wrong_pin_is_presented_once_and_never_again_until_the_file_changes(
    token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (token / "pin").write_text("0000")
    with pytest.raises(CertificateError) as caught:
        open_pkcs11(_settings(), token)
    assert caught.value.code == "TOKEN-PIN"
    assert "0000" not in str(caught.value)
    with monkeypatch.context() as patched:
        patched.setattr(pkcs11._Child, "__init__", _never)
        for _ in range(3):
            with pytest.raises(CertificateError) as again:
                open_pkcs11(_settings(), token)
            assert again.value.code == "TOKEN-PIN"
    (token / "pin").write_text(hsm.PIN)
    open_pkcs11(_settings(), token).close()
    assert _pin_tries_left_untouched()
    assert not list(token.glob(".pkcs11-*.json"))


def _never(*_: object) -> None:
    raise AssertionError("the token must not be asked again")


def test_the_refused_pin_is_not_written_down(token: Path) -> None:
    (token / "pin").write_text("90210")
    with pytest.raises(CertificateError):
        open_pkcs11(_settings(), token)
    (memory,) = token.glob(".pkcs11-*.json")
    assert "90210" not in memory.read_text()
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600


def test_the_last_try_before_locking_is_left_to_a_person(token: Path) -> None:
    """SoftHSM reports a failed try as low count, not as final; the flag is judged as tokens report it."""
    from pkcs11 import TokenFlag

    class Token:
        flags = TokenFlag.USER_PIN_FINAL_TRY

    with pytest.raises(pkcs11_process._Stop) as caught:
        pkcs11_process._may_try(Token())
    assert caught.value.kind == "locked"


def test_a_token_that_is_not_plugged_in_is_waited_for(token: Path) -> None:
    hsm.take_away(token / "hsm")
    with pytest.raises(SignerUnavailable):
        open_pkcs11(_settings(), token)
    hsm.put_back(token / "hsm")
    open_pkcs11(_settings(), token).close()


def test_a_token_removed_and_put_back_signs_again_without_a_restart(token: Path) -> None:
    key = open_pkcs11(_settings(), token)
    try:
        assert verify(profile1.sign(dossier(), key)).valid
        hsm.take_away(token / "hsm")
        key.close()  # SoftHSM keeps an open session alive without its files; a real token ends it
        for _ in range(2):
            with pytest.raises(SignerUnavailable):
                profile1.sign(dossier(), key)
        hsm.put_back(token / "hsm")
        assert verify(profile1.sign(dossier(), key)).valid
    finally:
        key.close()


def test_a_driver_that_dies_is_started_again_by_the_next_signature(token: Path) -> None:
    key = open_pkcs11(_settings(), token)
    try:
        assert key._child is not None
        key._child._process.kill()
        key._child._process.wait()
        with pytest.raises(SignerUnavailable):
            key.sign(b"x")
        assert verify(profile1.sign(dossier(), key)).valid
    finally:
        key.close()


def test_a_driver_that_hangs_is_given_up_after_the_timeout(token: Path) -> None:
    key = open_pkcs11(_settings(options={"timeout": 20}), token)
    try:
        assert key._child is not None
        key._child._timeout = 0.3
        os.kill(key._child._process.pid, 19)
        begun = time.monotonic()
        with pytest.raises(SignerUnavailable, match="timeout"):
            key.sign(b"x")
        assert time.monotonic() - begun < 10
        assert verify(profile1.sign(dossier(), key)).valid
    finally:
        key.close()


def test_of_several_certificates_the_registered_serial_chooses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = world().issue(serial=0xBEEF).certificate.public_bytes(Encoding.DER)
    mine = world().facility.certificate.public_bytes(Encoding.DER)
    monkeypatch.setenv("SOFTHSM2_CONF", str(hsm.make_token(tmp_path / "hsm", mine, other)))
    (tmp_path / "pin").write_text(hsm.PIN)
    with pytest.raises(CertificateError, match="BEEF"):
        open_pkcs11(_settings(), tmp_path)
    key: Pkcs11Key = open_pkcs11(_settings(serial="be:ef"), tmp_path)
    key.close()
    assert key.certificate.serial_number == 0xBEEF


@pytest.mark.parametrize(
    "change",
    [
        {"options": {"module": "/usr/lib/khong-co.so"}},
        {"options": {"module": __file__}},
        {"options": {"timeout": 0}},
        {"options": {"pin": "4321"}},
        {"password_file": None},
        {"password_file": Path("khong-co")},
    ],
    ids=["no-driver", "not-a-driver", "no-time", "pin-in-the-configuration", "no-pin-file", "pin-file-absent"],
)
def test_a_configuration_that_cannot_work_says_so(token: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        open_pkcs11(_settings(**change), token)
