"""Our own verifier: strict about structure first, then digest, signature, certificate.

Nothing leaves that this module has not accepted. Only the algorithms of the two profiles are
known; every other one is refused by name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from adapter.errors import DocumentError
from adapter.signing.checks import serial_hex
from adapter.signing.problems import Problem, Refused
from adapter.signing.trust import Trust
from adapter.signing.xml import (
    C14N,
    DS,
    ENVELOPED,
    RSA_SHA256,
    SHA256,
    SIGNATURE_PLACE,
    canonical,
    canonical_part,
    parse,
)

_D = f"{{{DS}}}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What the verifier found. ``certificate`` is the signer's, whether or not it is believed."""

    valid: bool
    profile: int | None
    certificate: x509.Certificate | None
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """The shape of the command contract."""
        own = self.certificate
        return {
            "valid": self.valid,
            "profile": self.profile,
            "certificate": None
            if own is None
            else {
                "subject": own.subject.rfc4514_string(),
                "serial": serial_hex(own),
                "not_after": own.not_valid_after_utc.isoformat(),
            },
            "problems": [problem.to_dict() for problem in self.problems],
        }


def verify(document: bytes, trust: Trust | None = None, at: datetime | None = None) -> Verification:
    """Judge a signed document. ``trust`` None: mathematics only; ``at`` None: validity dates are not looked at."""
    profile: int | None = None
    certificate: x509.Certificate | None = None
    try:
        root = parse(document)
        place, signature = _the_signature(root)
        info, value, certificate = _parts(signature)
        digest = _profile_one(info)
        profile = 1
        _check_value(info, value, certificate)
        _check_digest(root, place, signature, digest)
    except DocumentError as error:
        return Verification(
            valid=False,
            profile=None,
            certificate=None,
            problems=(Problem("document", error.message_vi, error.message_en),),
        )
    except Refused as refused:
        return Verification(valid=False, profile=profile, certificate=certificate, problems=(refused.problem,))
    problems = _believed(certificate, trust, at)
    return Verification(not problems, profile, certificate, tuple(problems))


def _the_signature(root: etree._Element) -> tuple[etree._Element, etree._Element]:
    found = list(root.iter(f"{_D}Signature"))
    if not found:
        raise Refused("unsigned", "Tệp chưa ký", "The file is not signed")
    if len(found) > 1:
        raise Refused("several", "Tệp có nhiều chữ ký", "The file holds more than one signature")
    children = [child for child in root if isinstance(child.tag, str)]
    place = children[-1] if children else root
    if place.tag != SIGNATURE_PLACE or found[0].getparent() is not place or len(place) != 1:
        raise Refused(
            "place",
            f"Chữ ký không nằm một mình trong {SIGNATURE_PLACE} ở cuối thẻ gốc",
            f"The signature does not stand alone in {SIGNATURE_PLACE} at the end of the root",
        )
    ids = [value for element in root.iter() for name, value in element.attrib.items() if str(name).lower() == "id"]
    if len(set(ids)) != len(ids):
        raise Refused("duplicate-id", "Hai phần tử mang cùng một Id", "Two elements carry the same Id")
    return place, found[0]


def _children(parent: etree._Element, *names: str) -> list[etree._Element]:
    """The element's children, which must be exactly these, in this order."""
    children = list(parent)
    if [child.tag for child in children] != [_D + name for name in names]:
        raise Refused(
            "structure",
            f"{etree.QName(parent).localname} không có đúng các phần tử {', '.join(names)}",
            f"{etree.QName(parent).localname} does not hold exactly {', '.join(names)}",
        )
    return children


def _parts(signature: etree._Element) -> tuple[etree._Element, bytes, x509.Certificate]:
    info, value, key_info = _children(signature, "SignedInfo", "SignatureValue", "KeyInfo")
    (data,) = _children(key_info, "X509Data")
    certificates = data.findall(f"{_D}X509Certificate")
    if len(certificates) != 1:
        raise Refused(
            "certificate", "Phải có đúng một chứng thư trong KeyInfo", "KeyInfo must hold exactly one certificate"
        )
    try:
        certificate = x509.load_der_x509_certificate(_base64(certificates[0]))
    except ValueError as error:
        raise Refused("certificate", "Chứng thư không đọc được", "The certificate cannot be read") from error
    return info, _base64(value), certificate


def _profile_one(info: etree._Element) -> bytes:
    """The digest that SignedInfo names, after every algorithm in it was checked."""
    method, signing, reference = _children(info, "CanonicalizationMethod", "SignatureMethod", "Reference")
    _algorithm(method, C14N)
    _algorithm(signing, RSA_SHA256)
    if reference.get("URI") != "":
        raise Refused("reference", 'Tham chiếu phải là URI=""', 'The reference must be URI=""')
    transforms, digest_method, digest = _children(reference, "Transforms", "DigestMethod", "DigestValue")
    (transform,) = _children(transforms, "Transform")
    _algorithm(transform, ENVELOPED)
    _algorithm(digest_method, SHA256)
    return _base64(digest)


def _algorithm(element: etree._Element, wanted: str) -> None:
    named = element.get("Algorithm", "")
    if named != wanted or len(element):
        name = etree.QName(element).localname
        raise Refused(
            "algorithm", f"{name}: không nhận thuật toán {named}", f"{name}: algorithm {named} is not accepted"
        )


def _check_value(info: etree._Element, value: bytes, certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Refused("key", "Khóa của chứng thư không phải RSA", "The certificate's key is not RSA")
    try:
        key.verify(value, canonical_part(info), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise Refused(
            "signature",
            "Chữ ký không khớp với chứng thư kèm theo",
            "The signature does not fit the certificate it carries",
        ) from None


def _check_digest(root: etree._Element, place: etree._Element, signature: etree._Element, digest: bytes) -> None:
    # The enveloped transform takes the element only; text around it stays.
    place.text = ((place.text or "") + (signature.tail or "")) or None
    place.remove(signature)
    if hashlib.sha256(canonical(root)).digest() != digest:
        raise Refused("content", "Nội dung đã bị sửa sau khi ký", "The content was changed after it was signed")


def _believed(certificate: x509.Certificate, trust: Trust | None, at: datetime | None) -> list[Problem]:
    problems: list[Problem] = []
    if at is not None and not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        problems.append(
            Problem(
                "expired",
                "Chứng thư số không có hiệu lực vào lúc đó",
                "The certificate is not valid at that time",
            )
        )
    if trust is not None and at is not None:
        problems.extend(trust.problems(certificate, at))
    return problems


def _base64(element: etree._Element) -> bytes:
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        name = etree.QName(element).localname
        raise Refused("base64", f"{name} không phải base64", f"{name} is not base64") from None
