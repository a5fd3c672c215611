"""Signatures as the gateway would judge them: read on our own, verified with signxml.

Profile 1 (api: check-in and dossier): one enveloped reference over the whole document, in
``CHUKYDONVI``. Profile 2 (catalogues, 09/BH, certificates): two references without transforms,
the signed element and an Object with the signing time. ``docs/simulator.md`` says what is assumed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from adapter.errors import CertificateError
from adapter.simulator.checks.parsing import Element, parser
from adapter.simulator.config import SimFacility

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_NS = {"ds": DS}
HOLDER = "CHUKYDONVI"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a signature is refused. ``code`` 123: the element is missing; 125: anything else (09/BH, B)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """A registered certificate, ready for comparing."""

    certificate: x509.Certificate
    fingerprint: bytes
    serial: str

    @property
    def label(self) -> str:
        return f"{self.certificate.subject.rfc4514_string()} · {self.serial}"


@dataclass(frozen=True, slots=True)
class Registration:
    """What a facility registered: certificates themselves, or serial numbers under a CA."""

    certificates: tuple[Certificate, ...]
    serials: frozenset[str]
    authorities: tuple[x509.Certificate, ...]

    @classmethod
    def of(cls, facility: SimFacility) -> Registration:
        """Raises CertificateError when a PEM text cannot be read."""
        return _registration(facility.certificates, facility.serials, facility.ca)

    def knows(self, certificate: x509.Certificate) -> bool:
        """Registered itself; or its serial is, and a registered CA issued it."""
        fingerprint = certificate.fingerprint(hashes.SHA256())
        if any(own.fingerprint == fingerprint for own in self.certificates):
            return True
        if f"{certificate.serial_number:x}" not in self.serials:
            return False
        return any(_issued_by(certificate, authority) for authority in self.authorities)


@lru_cache(maxsize=256)
def _registration(pems: tuple[str, ...], serials: tuple[str, ...], ca: str) -> Registration:
    try:
        loaded = [c for pem in pems for c in x509.load_pem_x509_certificates(pem.encode())]
        authorities = tuple(x509.load_pem_x509_certificates(ca.encode())) if ca.strip() else ()
    except ValueError as error:
        raise CertificateError(
            "Chứng thư đăng ký không đọc được (cần PEM)", "A registered certificate cannot be read (PEM is needed)"
        ) from error
    certificates = tuple(Certificate(c, c.fingerprint(hashes.SHA256()), f"{c.serial_number:x}") for c in loaded)
    return Registration(certificates, frozenset(serials), authorities)


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, WrongSignature):
        return False
    return True


class _Bad(Exception):
    """A jump out of a check; never seen outside this module."""

    def __init__(self, message: str, code: str = "125") -> None:
        self.problem = Problem(code, message)
        super().__init__(code)


def check_profile1(root: Element, registrations: tuple[Registration, ...], at: datetime) -> Problem | None:
    """None when the whole document is signed by a registered, currently valid certificate.

    ``root`` is not changed. The verification time is ``at`` (assumed: the facts do not say).
    """
    try:
        _profile1(root, registrations, at)
    except _Bad as bad:
        return bad.problem
    return None


def check_profile2(root: Element, registrations: tuple[Registration, ...], at: datetime) -> Problem | None:
    """None when both references and the signature value hold and the certificate is registered."""
    try:
        _profile2(root, registrations, at)
    except _Bad as bad:
        return bad.problem
    return None


class _Verifier(XMLVerifier):
    """signxml, with SignedInfo canonicalised as a document of its own (see :func:`_canonical`).

    Its switch ``excise_empty_xmlns_declarations`` mends the same, but also drops that text from the
    signed content, so a change there would go unseen.
    """

    def _c14n(self, nodes: Any, algorithm: Any, inclusive_ns_prefixes: Any = None) -> bytes:
        alone = etree.fromstring(etree.tostring(nodes, with_tail=False), parser())
        result: bytes = super()._c14n(alone, algorithm=algorithm, inclusive_ns_prefixes=inclusive_ns_prefixes)
        return result


def _profile1(root: Element, registrations: tuple[Registration, ...], at: datetime) -> None:
    signature = _the_signature(root)
    (reference,) = _references(signature, 1)
    transforms = [t.get("Algorithm") for t in reference.findall("ds:Transforms/ds:Transform", _NS)]
    if reference.get("URI") != "" or transforms != [ENVELOPED]:
        raise _Bad("Chữ ký không bao trùm toàn bộ tài liệu (cần URI rỗng, enveloped-signature)")
    certificate = _trusted(signature, registrations, at)
    try:
        _Verifier().verify(
            root,
            x509_cert=certificate,
            parser=parser(),
            # A GUID as Id (what hospitals' signers write) is not an xs:ID, so the schema would refuse real files.
            validate_schema=False,
            expect_config=SignatureConfiguration(
                location=f"./{HOLDER}/",
                expect_references=1,
                signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
                digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
                verification_time=at,
            ),
        )
    except (SignXMLException, ValueError, etree.XMLSyntaxError) as error:
        raise _Bad("Chữ ký số không đúng: nội dung đã thay đổi hoặc chữ ký hỏng") from error


def _profile2(root: Element, registrations: tuple[Registration, ...], at: datetime) -> None:
    signature = _the_signature(root)
    references = _references(signature, 2)
    if any(reference.find("ds:Transforms", _NS) is not None for reference in references):
        raise _Bad("Chữ ký danh mục/chứng từ không dùng Transforms")
    uris = [reference.get("URI", "") for reference in references]
    content = [uri for uri in uris if not uri.startswith(f"#Object-{HOLDER}-")]
    if len(content) != 1 or f"#Object-{HOLDER}-{content[0][1:]}" not in uris:
        raise _Bad("Hai tham chiếu phải là Object-CHUKYDONVI-<Id> và <Id> của phần được ký")
    name = content[0][1:]
    signed = _by_id(root, name)
    if len(signed) != 1 or signed[0].getparent() is not root:
        raise _Bad("Phần được ký phải là một phần tử duy nhất ngay dưới gốc")
    if not _is_signing_time(signature.findtext(f"ds:Object[@Id='Object-{HOLDER}-{name}']//SigningTime", "", _NS)):
        raise _Bad("Thiếu SigningTime dạng yyyy-MM-ddTHH:mm:ss")
    certificate = _trusted(signature, registrations, at)
    for reference in references:
        targets = _by_id(root, reference.get("URI", "")[1:])
        if len(targets) != 1 or hashlib.sha256(_canonical(targets[0])).digest() != _bytes(reference, "ds:DigestValue"):
            raise _Bad("Chữ ký số không đúng: nội dung đã thay đổi sau khi ký")
    _check_value(signature, certificate)


def _the_signature(root: Element) -> Element:
    holder = root[-1] if len(root) else None
    if holder is None or holder.tag != HOLDER:
        raise _Bad(f"Thiếu thẻ {HOLDER} ở cuối phần tử gốc", "123")
    everywhere = root.findall(f".//{{{DS}}}Signature")
    if not everywhere:
        raise _Bad("Tệp chưa ký số")
    if len(everywhere) != 1 or everywhere[0].getparent() is not holder:
        raise _Bad(f"Phải có đúng một chữ ký, nằm ngay trong {HOLDER}")
    return everywhere[0]


def _references(signature: Element, count: int) -> list[Element]:
    """The references, after the algorithms were found to be the only ones allowed."""
    info = signature.findall("ds:SignedInfo", _NS)
    if len(info) != 1 or len(signature.findall("ds:SignatureValue", _NS)) != 1:
        raise _Bad("Cấu trúc chữ ký sai")
    references = info[0].findall("ds:Reference", _NS)
    if len(references) != count:
        raise _Bad(f"Chữ ký phải có {count} tham chiếu")
    wanted = [
        (info[0].findall("ds:CanonicalizationMethod", _NS), C14N, 1),
        (info[0].findall("ds:SignatureMethod", _NS), RSA_SHA256, 1),
        (info[0].findall("ds:Reference/ds:DigestMethod", _NS), SHA256, count),
    ]
    for elements, algorithm, number in wanted:
        if len(elements) != number or any(e.get("Algorithm") != algorithm for e in elements):
            raise _Bad(f"Thuật toán của chữ ký không được chấp nhận (cần {algorithm})")
    return references


def _trusted(signature: Element, registrations: tuple[Registration, ...], at: datetime) -> x509.Certificate:
    texts = signature.findall("ds:KeyInfo/ds:X509Data/ds:X509Certificate", _NS)
    if len(texts) != 1 or not texts[0].text:
        raise _Bad("KeyInfo phải chứa đúng một X509Certificate")
    try:
        certificate = _load_der("".join(texts[0].text.split()))
    except (ValueError, binascii.Error) as error:
        raise _Bad("X509Certificate không đọc được") from error
    if not any(registration.knows(certificate) for registration in registrations):
        raise _Bad("Chứng thư số chưa đăng ký hoặc sai số serial")
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise _Bad("Chứng thư số hết hạn hoặc chưa có hiệu lực")
    return certificate


@lru_cache(maxsize=256)
def _load_der(text: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(text, validate=True))


def _check_value(signature: Element, certificate: x509.Certificate) -> None:
    info = signature.find("ds:SignedInfo", _NS)
    key = certificate.public_key()
    if info is None or not isinstance(key, rsa.RSAPublicKey):
        raise _Bad("Chứng thư phải dùng khóa RSA")
    try:
        key.verify(_bytes(signature, "ds:SignatureValue"), _canonical(info), padding.PKCS1v15(), hashes.SHA256())
    except WrongSignature as error:
        raise _Bad("Chữ ký số không đúng: giá trị chữ ký không khớp chứng thư") from error


def _bytes(element: Element, path: str) -> bytes:
    try:
        return base64.b64decode("".join(element.findtext(path, "", _NS).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Bad("Giá trị base64 trong chữ ký hỏng") from error


def _canonical(element: Element) -> bytes:
    # lxml canonicalises a sub-element with a false xmlns="" under an inherited default namespace;
    # parsed anew as a document of its own, with the namespaces in scope written out, it comes right.
    alone = etree.fromstring(etree.tostring(element, with_tail=False), parser())
    return etree.tostring(alone, method="c14n", exclusive=False, with_comments=False)


def _by_id(root: Element, name: str) -> list[Element]:
    return [element for element in root.iter(etree.Element) if element.get("Id") == name] if name else []


def _is_signing_time(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 -- local time without a zone, by the profile
    except ValueError:
        return False
    return True
