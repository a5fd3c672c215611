"""Profile 1: one enveloped signature over the whole document, inside ``CHUKYDONVI``.

The form hospitals send for QĐ 130/4750/3176 files: inclusive C14N 1.0, rsa-sha256, one
reference ``URI=""`` with the enveloped transform, sha256, KeyInfo with the signer's
certificate and its subject. Built directly: one canonicalisation, a fixed SignedInfo in the
namespaces of its final place, and the bytes outside ``CHUKYDONVI`` stay as they were.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from adapter.errors import DocumentError
from adapter.signing.keys import KeyHolder
from adapter.signing.place import find_place
from adapter.signing.xml import (
    C14N,
    DS,
    ENVELOPED,
    RSA_SHA256,
    SHA256,
    SIGNATURE_PLACE,
    Scope,
    canonical,
    escape_attribute,
    escape_text,
    parse,
)


def new_id() -> str:
    """A fresh GUID for the signature's ``Id``; an XML name may not begin with a digit."""
    return f"sig-{uuid.uuid4()}"


def sign(document: bytes, key: KeyHolder, *, make_id: Callable[[], str] = new_id, replace: bool = False) -> bytes:
    """The document with its signature.

    ``replace``: take an older signature out first. Raises DocumentError when ``CHUKYDONVI`` is
    missing, misplaced or (without ``replace``) already filled, CertificateError or a Transient
    error when the key cannot sign.
    """
    place = find_place(document)
    if not place.empty and not replace:
        raise DocumentError(
            f"Tệp đã có nội dung trong {SIGNATURE_PLACE}",
            f"{SIGNATURE_PLACE} is filled already",
            hint_vi="tệp đã ký rồi; muốn ký lại phải bỏ chữ ký cũ trước",
            hint_en="the file is signed; to sign it again the older signature has to go first",
        )
    root = parse(place.fill(b""))
    parent = _last_child(root)
    digest = base64.b64encode(hashlib.sha256(canonical(root)).digest()).decode("ascii")
    signed_info = _signed_info(digest)
    start = Scope.of(parent).start_tag("SignedInfo", default_namespace=DS)
    value = base64.b64encode(key.sign(f"{start}{signed_info}</SignedInfo>".encode())).decode("ascii")
    der = base64.b64encode(key.certificate.public_bytes(Encoding.DER)).decode("ascii")
    subject = escape_text(key.certificate.subject.rfc4514_string())
    return place.fill(
        (
            f'<Signature xmlns="{DS}" Id="{escape_attribute(make_id())}">'
            f"<SignedInfo>{signed_info}</SignedInfo>"
            f"<SignatureValue>{value}</SignatureValue>"
            f"<KeyInfo><X509Data><X509SubjectName>{subject}</X509SubjectName>"
            f"<X509Certificate>{der}</X509Certificate></X509Data></KeyInfo>"
            "</Signature>"
        ).encode()
    )


def _last_child(root: etree._Element) -> etree._Element:
    children = [child for child in root if isinstance(child.tag, str)]
    if not children or children[-1].tag != SIGNATURE_PLACE:
        raise DocumentError(
            f"{SIGNATURE_PLACE} không phải thẻ con cuối cùng của thẻ gốc",
            f"{SIGNATURE_PLACE} is not the last child of the root",
        )
    return children[-1]


def _signed_info(digest: str) -> str:
    # Written as Canonical XML writes it, so that these characters are what gets signed.
    return (
        f'<CanonicalizationMethod Algorithm="{C14N}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{RSA_SHA256}"></SignatureMethod>'
        '<Reference URI=""><Transforms>'
        f'<Transform Algorithm="{ENVELOPED}"></Transform></Transforms>'
        f'<DigestMethod Algorithm="{SHA256}"></DigestMethod>'
        f"<DigestValue>{digest}</DigestValue></Reference>"
    )
