"""The process that alone talks to one token. Started by :mod:`adapter.signing.devices.pkcs11`, never by hand.

A vendor's driver may crash, hang or print; here it can do so without harm to the service. One
JSON document a line comes in and goes out: first the opening ``{module, token, pin, …}``, answered
with the certificate; then ``{"sign": base64}`` as often as wanted. An answer ``{"error": kind,
"detail": …}`` ends the process. The PIN is presented exactly once.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import Any, BinaryIO

from cryptography import x509


class _Stop(Exception):
    """``kind``: config, pin, locked, certificate or gone."""

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        self.detail = detail
        super().__init__(detail)


def main() -> None:
    """Serve one token until standard input ends."""
    # Drivers print to standard output; the answers go where only the parent listens.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        order = json.loads(sys.stdin.buffer.readline())
        certificate, key, mechanism = _open(order)
        _say(answers, {"certificate": base64.b64encode(certificate).decode("ascii")})
        for line in sys.stdin.buffer:
            data = base64.b64decode(json.loads(line)["sign"])
            _say(answers, {"value": base64.b64encode(_sign(key, data, mechanism, order["pin"])).decode("ascii")})
    except _Stop as stop:
        _say(answers, {"error": stop.kind, "detail": stop.detail})


def _open(order: dict[str, Any]) -> tuple[bytes, Any, Any]:
    try:
        import pkcs11
        from pkcs11 import exceptions
    except ImportError as error:
        raise _Stop("config", "python-pkcs11 is not installed: pip install bhyt-adapter[pkcs11]") from error
    try:
        library = pkcs11.lib(order["module"])
    except Exception as error:
        raise _Stop("config", f"driver: {type(error).__name__}") from error
    try:
        token = _token(library, order)
        _may_try(token)
        session = token.open(user_pin=order["pin"])
    except (exceptions.PinIncorrect, exceptions.PinInvalid, exceptions.PinLenRange) as error:
        raise _Stop("pin", type(error).__name__) from error
    except (exceptions.PinLocked, exceptions.PinExpired) as error:
        raise _Stop("locked", type(error).__name__) from error
    except exceptions.PKCS11Error as error:
        raise _Stop("gone", type(error).__name__) from error
    try:
        return _choose(session, token, order)
    except exceptions.PKCS11Error as error:
        raise _Stop("gone", type(error).__name__) from error


def _token(library: Any, order: dict[str, Any]) -> Any:
    from pkcs11.exceptions import MultipleTokensReturned, NoSuchToken

    wanted: dict[str, Any] = {}
    if order.get("token"):
        wanted["token_label"] = order["token"]
    if order.get("token_serial"):
        wanted["token_serial"] = str(order["token_serial"]).encode()
    tokens = [t for t in library.get_tokens(**wanted) if t.label or wanted]
    if not tokens:
        raise NoSuchToken("token")
    if len(tokens) > 1:
        labels = ", ".join(sorted(str(t.label) for t in tokens))
        raise _Stop("config", f"{MultipleTokensReturned.__name__}: {labels}")
    return tokens[0]


def _may_try(token: Any) -> None:
    from pkcs11 import TokenFlag

    if token.flags & TokenFlag.USER_PIN_LOCKED:
        raise _Stop("locked", "USER_PIN_LOCKED")
    if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
        # The last try belongs to a person who knows the PIN.
        raise _Stop("locked", "USER_PIN_FINAL_TRY")


def _choose(session: Any, token: Any, order: dict[str, Any]) -> tuple[bytes, Any, Any]:
    from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

    keys = {bytes(key[Attribute.ID]): key for key in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})}
    found: list[tuple[bytes, Any]] = []
    for item in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        der = bytes(item[Attribute.VALUE])
        key = keys.get(bytes(item[Attribute.ID]))
        if key is not None and _wanted(x509.load_der_x509_certificate(der), order.get("serial")):
            found.append((der, key))
    if len(found) != 1:
        serials = ", ".join(f"{x509.load_der_x509_certificate(der).serial_number:X}" for der, _ in found) or "-"
        raise _Stop("certificate", f"{len(found)}: {serials}")
    der, key = found[0]
    if key.key_type != KeyType.RSA:
        raise _Stop("certificate", "not RSA")
    hashing = Mechanism.SHA256_RSA_PKCS in token.slot.get_mechanisms()
    return der, key, Mechanism.SHA256_RSA_PKCS if hashing else Mechanism.RSA_PKCS


def _wanted(certificate: x509.Certificate, serial: str | None) -> bool:
    from adapter.signing.checks import same_serial, serial_hex

    return not serial or same_serial(serial, serial_hex(certificate))


_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""DER of DigestInfo up to the digest, for devices that do not hash themselves (RFC 8017 §9.2)."""


def _sign(key: Any, data: bytes, mechanism: Any, pin: str) -> bytes:
    import hashlib

    from pkcs11 import Attribute, Mechanism
    from pkcs11.exceptions import PKCS11Error

    if mechanism == Mechanism.RSA_PKCS:
        data = _SHA256_INFO + hashlib.sha256(data).digest()
    try:
        if _always_authenticate(key, Attribute.ALWAYS_AUTHENTICATE):
            return bytes(key.sign(data, mechanism=mechanism, pin=pin))
        return bytes(key.sign(data, mechanism=mechanism))
    except PKCS11Error as error:
        raise _Stop("gone", type(error).__name__) from error


def _always_authenticate(key: Any, attribute: Any) -> bool:
    from pkcs11.exceptions import PKCS11Error

    try:
        return bool(key[attribute])
    except PKCS11Error:
        return False


def _say(out: BinaryIO, answer: dict[str, str]) -> None:
    out.write(json.dumps(answer).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
