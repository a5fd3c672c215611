"""Reading ``ds:SignedInfo`` strictly: one set of algorithms, no options."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from lxml import etree

from adapter.signing.xmldsig.problems import Problem, Refused
from adapter.signing.xmldsig.xml import C14N, DS, ENVELOPED, RSA_SHA256, SHA256, canonical_part

_DS = f"{{{DS}}}"


@dataclass(frozen=True, slots=True)
class SignedReference:
    """One ``ds:Reference``: its URI, its transforms' algorithms and the SHA-256 digest it claims."""

    uri: str
    transforms: tuple[str, ...]
    digest: bytes


@dataclass(frozen=True, slots=True)
class SignedInfo:
    """The references, and the canonical bytes the signature value was made over."""

    references: tuple[SignedReference, ...]
    canonical: bytes


def read_signed_info(element: etree._Element) -> SignedInfo:
    """Raises Refused for any algorithm but C14N 1.0, rsa-sha256, sha256, or an unknown structure."""
    children = list(element)
    names = [str(child.tag) for child in children]
    if len(children) < 3 or names[:2] != [f"{_DS}CanonicalizationMethod", f"{_DS}SignatureMethod"]:
        raise _odd("SignedInfo")
    _algorithm(children[0], C14N)
    _algorithm(children[1], RSA_SHA256)
    if any(name != f"{_DS}Reference" for name in names[2:]):
        raise _odd("SignedInfo")
    return SignedInfo(tuple(_reference(child) for child in children[2:]), canonical_part(element))


def digest_problems(reference: SignedReference, data: bytes) -> list[Problem]:
    """Whether the canonical bytes of a signed part are those that were signed."""
    if hashlib.sha256(data).digest() == reference.digest:
        return []
    return [
        Problem(
            "digest",
            "Nội dung đã bị thay đổi sau khi ký (giá trị băm không khớp)",
            "The content was changed after signing (the digest does not match)",
        )
    ]


def _reference(element: etree._Element) -> SignedReference:
    children = list(element)
    transforms: tuple[str, ...] = ()
    if children and children[0].tag == f"{_DS}Transforms":
        transforms = tuple(_transform(child) for child in children[0])
        children = children[1:]
    if [str(child.tag) for child in children] != [f"{_DS}DigestMethod", f"{_DS}DigestValue"]:
        raise _odd("Reference")
    _algorithm(children[0], SHA256)
    uri = element.get("URI")
    if uri is None:
        raise Refused("references", "Reference không có URI", "A Reference has no URI")
    try:
        digest = base64.b64decode("".join((children[1].text or "").split()), validate=True)
    except (ValueError, binascii.Error):
        raise Refused("base64", "DigestValue không phải base64", "DigestValue is not base64") from None
    return SignedReference(uri, transforms, digest)


def _transform(element: etree._Element) -> str:
    if element.tag != f"{_DS}Transform":
        raise _odd("Transforms")
    _algorithm(element, ENVELOPED)
    return ENVELOPED


def _algorithm(element: etree._Element, wanted: str) -> None:
    found = element.get("Algorithm", "")
    if found != wanted:
        name = etree.QName(element).localname
        shown = found if len(found) <= 120 else found[:117] + "..."
        raise Refused(
            "algorithm",
            f"{name}: thuật toán {shown or '(trống)'} không được chấp nhận, chỉ nhận {wanted}",
            f"{name}: algorithm {shown or '(empty)'} is not accepted, only {wanted}",
        )
    if len(element) or (element.text or "").strip():
        raise _odd(etree.QName(element).localname)


def _odd(name: str) -> Refused:
    return Refused("structure", f"Cấu trúc {name} không như quy định", f"The structure of {name} is not as prescribed")
