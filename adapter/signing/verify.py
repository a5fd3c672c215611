"""Our own verifier: nothing leaves unless it passes, and foreign files can be checked with it.

It is closed: it knows the two profiles of the gateway, their place and their algorithms, and
refuses everything else with a reason. What XML-DSig would allow beyond (other transforms, other
references, a signature elsewhere) is where wrapping attacks live.
"""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from adapter.clock import VIETNAM
from adapter.errors import DocumentError, SignatureInvalid
from adapter.signing import checks
from adapter.signing.trust import Trust
from adapter.signing.verify2 import is_profile2, two_references
from adapter.signing.xmldsig.problems import Problem, Refused
from adapter.signing.xmldsig.signedinfo import SignedInfo, SignedReference, digest_problems, read_signed_info
from adapter.signing.xmldsig.xml import DS, ENVELOPED, SIGNATURE_PLACE, canonical_at_last, holds_comments, parse

_DS = f"{{{DS}}}"


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What people ask about a signer: subject (RFC 4514), serial (hex), end of validity."""

    subject: str
    serial: str
    not_after: datetime

    def to_dict(self) -> dict[str, str]:
        """JSON form; ``not_after`` in Vietnam's time."""
        return {
            "subject": self.subject,
            "serial": self.serial,
            "not_after": self.not_after.astimezone(VIETNAM).isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer about one document. ``chain_checked`` is False when no trust was given."""

    valid: bool
    profile: int | None
    certificate: CertificateFacts | None
    problems: tuple[Problem, ...]
    chain_checked: bool = False
    signing_time: str | None = None

    def to_dict(self) -> dict[str, object]:
        """The shape of ``bhyt verify --json``, without the file's name."""
        return {
            "valid": self.valid,
            "profile": self.profile,
            "certificate": self.certificate.to_dict() if self.certificate else None,
            "chain_checked": self.chain_checked,
            "signing_time": self.signing_time,
            "problems": [problem.to_dict() for problem in self.problems],
        }

    def require(self) -> None:
        """Raise SignatureInvalid with the first problem unless the signature is valid."""
        if not self.valid:
            first = self.problems[0]
            raise SignatureInvalid(
                f"Chữ ký không hợp lệ: {first.message_vi}",
                f"The signature is not valid: {first.message_en}",
                hint_vi="không gửi tệp này; ký lại từ bản chưa ký",
                hint_en="do not send this file; sign the unsigned original again",
            )


def verify(document: bytes, *, trust: Trust | None = None, at: datetime | None = None) -> Verification:
    """Check the signature of one document; never raises for what the document holds.

    With ``at`` the signer's certificate must be valid at that instant; with ``trust`` (which needs
    ``at``) it must also come from a trusted authority. Without them only the cryptography, the
    place, the algorithms and the certificate's key and usage are judged.
    """
    if trust is not None and at is None:
        raise ValueError("a chain is judged at an instant: give at together with trust")
    profile: int | None = None
    facts: CertificateFacts | None = None
    problems: list[Problem] = []
    signing_time: str | None = None
    try:
        root = parse(document)
        signature = signature_in_place(root)
        parts = _parts(signature)
        signer = _signer_of(parts.key_info)
        facts = signer.facts
        info = read_signed_info(parts.signed_info)
        problems += signature_value_problems(info, parts.signature_value, signer.key)
        profile = _profile(info.references, parts)
        if profile == 1:
            problems += _whole_document(root, signature, info.references[0])
        else:
            found, signing_time = two_references(root, signature, parts.objects, info.references)
            problems += found
        problems += signer.problems
        problems += _validity_problems(signer, trust, at)
    except Refused as refused:
        problems.append(refused.problem)
    except DocumentError as error:
        place = f"{error.where}: " if error.where and str(error.where) else ""
        problems.append(Problem("document", place + error.message_vi, place + error.message_en))
    return Verification(
        not problems, profile, facts, tuple(problems), chain_checked=trust is not None, signing_time=signing_time
    )


def signature_in_place(root: etree._Element) -> etree._Element:
    """The one ``ds:Signature``, alone in the one CHUKYDONVI, the last child of a root without namespace."""
    signatures = list(root.iter(f"{_DS}Signature"))
    if not signatures:
        raise Refused("unsigned", "Tệp chưa được ký", "The file is not signed")
    if len(signatures) > 1:
        raise Refused("several-signatures", "Tệp có hơn một chữ ký", "The file has more than one signature")
    signature = signatures[0]
    if holds_comments(root):
        raise Refused(
            "comment",
            "Tệp có chú thích (comment); chữ ký không bảo vệ phần này",
            "The file holds a comment, which the signature does not cover",
        )
    holder = signature.getparent()
    children = [child for child in root if isinstance(child.tag, str)]
    if holder is None or not children or children[-1] is not holder or holder.tag != SIGNATURE_PLACE:
        raise Refused(
            "misplaced",
            f"Chữ ký không nằm trong {SIGNATURE_PLACE} là thẻ con cuối của thẻ gốc",
            f"The signature is not inside {SIGNATURE_PLACE} as the last child of the root",
        )
    if str(root.tag).startswith("{"):
        raise Refused("root-namespace", "Thẻ gốc nằm trong một namespace", "The root is in a namespace")
    if sum(1 for _ in root.iter(SIGNATURE_PLACE)) != 1:
        raise Refused("misplaced", f"Tệp có nhiều thẻ {SIGNATURE_PLACE}", f"There is more than one {SIGNATURE_PLACE}")
    if holder.attrib or len(holder) != 1 or (holder.text or "").strip() or (signature.tail or "").strip():
        raise Refused(
            "place-not-clean",
            f"{SIGNATURE_PLACE} chứa gì khác ngoài một chữ ký",
            f"{SIGNATURE_PLACE} holds something besides one signature",
        )
    return signature


@dataclass(frozen=True, slots=True)
class _Parts:
    signed_info: etree._Element
    signature_value: etree._Element
    key_info: etree._Element
    objects: tuple[etree._Element, ...]


def _parts(signature: etree._Element) -> _Parts:
    if any(not isinstance(node.tag, str) for node in signature.iter()):
        raise Refused("structure", "Trong chữ ký có chú thích hoặc lệnh xử lý", "The signature holds a comment or PI")
    children = list(signature)
    names = [str(child.tag) for child in children]
    if names[:3] != [f"{_DS}SignedInfo", f"{_DS}SignatureValue", f"{_DS}KeyInfo"] or any(
        name != f"{_DS}Object" for name in names[3:]
    ):
        raise Refused(
            "structure",
            "Chữ ký phải gồm SignedInfo, SignatureValue, KeyInfo (và Object)",
            "A signature must consist of SignedInfo, SignatureValue, KeyInfo (and Object)",
        )
    return _Parts(children[0], children[1], children[2], tuple(children[3:]))


def _profile(references: Sequence[SignedReference], parts: _Parts) -> int:
    if len(references) == 1 and references[0].uri == "" and references[0].transforms == (ENVELOPED,):
        if parts.objects:
            raise Refused("structure", "Chữ ký kiểu 1 không có Object", "A profile 1 signature has no Object")
        return 1
    if is_profile2(references):
        return 2
    raise Refused(
        "references",
        'Chữ ký không phải kiểu 1 (một tham chiếu URI="", phép biến đổi enveloped) cũng không phải kiểu 2',
        'The signature is neither profile 1 (one reference URI="", enveloped transform) nor profile 2',
    )


def _whole_document(root: etree._Element, signature: etree._Element, reference: SignedReference) -> list[Problem]:
    holder = signature.getparent()
    assert holder is not None  # noqa: S101 -- signature_in_place found it there
    # The transform takes the element away, not the white space behind it.
    holder.text = ((holder.text or "") + (signature.tail or "")) or None
    holder.remove(signature)
    return digest_problems(reference, canonical_at_last(root))


def signature_value_problems(info: SignedInfo, value: etree._Element, key: object) -> list[Problem]:
    """Whether the signature value fits SignedInfo under an RSA public key."""
    if not isinstance(key, rsa.RSAPublicKey):
        return [Problem("key", "Khóa của chứng thư số không phải RSA", "The certificate's key is not RSA")]
    try:
        key.verify(base64_text(value, "SignatureValue"), info.canonical, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return [
            Problem(
                "signature-value",
                "Giá trị chữ ký không khớp với chứng thư số kèm theo",
                "The signature value does not fit the enclosed certificate",
            )
        ]
    return []


def base64_text(element: etree._Element, name: str) -> bytes:
    """The bytes written as base64 in an element that holds nothing else."""
    try:
        if len(element):
            raise ValueError
        data = base64.b64decode("".join((element.text or "").split()), validate=True)
        if not data:
            raise ValueError
    except (ValueError, binascii.Error):
        raise Refused("base64", f"{name} không phải base64", f"{name} is not base64") from None
    return data


@dataclass(frozen=True, slots=True)
class _Signer:
    """What never changes about a certificate: worked out once for each. ``problems``: of its key and usage."""

    certificate: x509.Certificate
    key: object
    facts: CertificateFacts
    not_before: datetime
    problems: tuple[Problem, ...]


def _signer_of(key_info: etree._Element) -> _Signer:
    data = list(key_info)
    if len(data) != 1 or data[0].tag != f"{_DS}X509Data":
        raise Refused("key-info", "KeyInfo phải chỉ có một X509Data", "KeyInfo must hold one X509Data and nothing else")
    allowed = {f"{_DS}{name}" for name in ("X509Certificate", "X509SubjectName", "X509IssuerSerial", "X509SKI")}
    if any(str(item.tag) not in allowed for item in data[0]):
        raise Refused("key-info", "X509Data chứa phần tử lạ", "X509Data holds an unexpected element")
    certificates = data[0].findall(f"{_DS}X509Certificate")
    if len(certificates) != 1:
        raise Refused(
            "key-info",
            "X509Data phải có đúng một X509Certificate, là của người ký",
            "X509Data must hold exactly one X509Certificate, the signer's",
        )
    try:
        return _signer(base64_text(certificates[0], "X509Certificate"))
    except ValueError:
        raise Refused(
            "key-info", "Không đọc được chứng thư số trong chữ ký", "The certificate in the signature cannot be read"
        ) from None


@functools.lru_cache(maxsize=64)
def _signer(der: bytes) -> _Signer:
    certificate = x509.load_der_x509_certificate(der)
    key = certificate.public_key()
    facts = CertificateFacts(
        certificate.subject.rfc4514_string(), checks.serial_hex(certificate), certificate.not_valid_after_utc
    )
    problems = tuple(_lasting_problems(certificate, key))
    return _Signer(certificate, key, facts, certificate.not_valid_before_utc, problems)


def _lasting_problems(certificate: x509.Certificate, key: object) -> Iterator[Problem]:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < checks.MIN_RSA_BITS:
        yield Problem(
            "key", f"Khóa RSA ngắn hơn {checks.MIN_RSA_BITS} bit", f"The RSA key is under {checks.MIN_RSA_BITS} bits"
        )
    if not checks.may_sign(certificate):
        yield Problem("key-usage", "Chứng thư số không được cấp để ký", "The certificate was not issued for signing")


def _validity_problems(signer: _Signer, trust: Trust | None, at: datetime | None) -> list[Problem]:
    problems: list[Problem] = []
    if at is not None and at < signer.not_before:
        problems.append(
            Problem("not-yet-valid", "Chứng thư số chưa có hiệu lực", "The certificate is not yet valid at that time")
        )
    if at is not None and at > signer.facts.not_after:
        problems.append(Problem("expired", "Chứng thư số đã hết hạn", "The certificate had expired at that time"))
    if trust is not None and at is not None:
        problems += trust.problems(signer.certificate, at)
    return problems
