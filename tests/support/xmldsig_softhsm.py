"""A SoftHSM2 token for tests: a real PKCS#11 driver without hardware. Each token has its own folder.

``python -m tests.support.xmldsig_softhsm FOLDER KEY.pem CERT.der…`` fills it, in a process of its own,
because a driver reads its configuration once per process.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.xmldsig_world import world

PIN, LABEL = "4321", "benh-vien"


def driver() -> Path:
    """SoftHSM2's library, where Debian and Ubuntu put it."""
    found = [p for p in Path("/usr/lib").glob("**/libsofthsm2.so") if p.is_file()]
    assert found, "libsofthsm2.so is missing: apt-get install softhsm2"
    return found[0]


def configure(folder: Path) -> Path:
    """An empty token store; returns the file that SOFTHSM2_CONF must name."""
    (folder / "tokens").mkdir(parents=True)
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    return conf


def make_token(folder: Path, *certificates: bytes) -> Path:
    """A token labelled ``LABEL`` with the facility's key and certificate (or others); returns its SOFTHSM2_CONF."""
    conf = configure(folder)
    made = _template(certificates or (world().facility.certificate.public_bytes(Encoding.DER),))
    shutil.copytree(made / "tokens", folder / "tokens", dirs_exist_ok=True)
    return conf


@functools.cache
def _template(certificates: tuple[bytes, ...]) -> Path:
    """Made once per process: starting a driver to fill a token is slow."""
    folder = Path(tempfile.mkdtemp(dir=world().folder))
    environment = {**os.environ, "SOFTHSM2_CONF": str(configure(folder))}
    init = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--so-pin", "12345678", "--pin", PIN]
    subprocess.run(init, env=environment, check=True, capture_output=True)
    key = folder / "key.der"
    key.write_bytes(world().facility.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    names = []
    for n, certificate in enumerate(certificates):
        (folder / f"{n}.crt").write_bytes(certificate)
        names.append(str(folder / f"{n}.crt"))
    fill = [sys.executable, "-m", "tests.support.xmldsig_softhsm", str(key), *names]
    subprocess.run(fill, env=environment, check=True, cwd=Path(__file__).resolve().parents[2])
    return folder


def take_away(folder: Path) -> None:
    """Pull the token out."""
    (folder / "tokens").rename(folder / "drawer")
    (folder / "tokens").mkdir()


def put_back(folder: Path) -> None:
    """Plug it in again."""
    shutil.rmtree(folder / "tokens")
    (folder / "drawer").rename(folder / "tokens")


def _fill(key: Path, certificates: list[Path]) -> None:
    import pkcs11
    from cryptography.hazmat.primitives.serialization import load_der_private_key
    from pkcs11.util.rsa import decode_rsa_private_key
    from pkcs11.util.x509 import decode_x509_certificate

    token = pkcs11.lib(str(driver())).get_token(token_label=LABEL)
    pkcs1 = load_der_private_key(key.read_bytes(), None).private_bytes(
        Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    with token.open(rw=True, user_pin=PIN) as session:
        for n, path in enumerate(certificates):
            ident = {pkcs11.Attribute.ID: bytes([n + 1]), pkcs11.Attribute.TOKEN: True}
            session.create_object({**decode_rsa_private_key(pkcs1), **ident, pkcs11.Attribute.SENSITIVE: True})
            session.create_object({**decode_x509_certificate(path.read_bytes()), **ident})


if __name__ == "__main__":
    _fill(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
