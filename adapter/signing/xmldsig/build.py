"""Writing an XML-DSig ``Signature`` as text, in the form it will have in its place.

``SignedInfo`` is written canonically from the start: what is signed differs from what is
written only in its start tag, where inclusive C14N repeats the namespaces in scope.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapter.signing.xmldsig.xml import C14N, DS, RSA_SHA256, SHA256, Scope, escape_attribute, escape_text

IdFactory = Callable[[], str]


def guid() -> str:
    """A random GUID that starts with a letter, so that it is a legal ``xs:ID`` as well."""
    made = uuid.uuid4()
    return f"{'abcdef'[made.int % 6]}{str(made)[1:]}"


@dataclass(frozen=True, slots=True)
class Reference:
    """One signed part: its URI, the transforms' algorithms and the canonical bytes that are digested."""

    uri: str
    transforms: tuple[str, ...]
    data: bytes | memoryview

    def xml(self) -> str:
        """The canonical text of ``ds:Reference`` below its parent."""
        transforms = "".join(f'<Transform Algorithm="{name}"></Transform>' for name in self.transforms)
        if transforms:
            transforms = f"<Transforms>{transforms}</Transforms>"
        digest = base64.b64encode(hashlib.sha256(self.data).digest()).decode("ascii")
        return (
            f'<Reference URI="{escape_attribute(self.uri)}">{transforms}'
            f'<DigestMethod Algorithm="{SHA256}"></DigestMethod><DigestValue>{digest}</DigestValue></Reference>'
        )


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A signature that lacks its value only. ``to_sign`` are the canonical bytes of SignedInfo."""

    to_sign: bytes
    _before: str
    _after: str

    def with_value(self, value: bytes) -> bytes:
        """The whole ``ds:Signature`` as it stands in CHUKYDONVI."""
        return (self._before + base64.b64encode(value).decode("ascii") + self._after).encode()


def prepare(
    certificate: x509.Certificate,
    scope: Scope,
    references: Sequence[Reference],
    *,
    signature_id: str,
    subject_first: bool,
    object_xml: str = "",
) -> Unsigned:
    """Everything of a signature but the value; ``scope`` is what its parent hands down."""
    inner = (
        f'<CanonicalizationMethod Algorithm="{C14N}"></CanonicalizationMethod>'
        f'<SignatureMethod Algorithm="{RSA_SHA256}"></SignatureMethod>'
        + "".join(reference.xml() for reference in references)
        + "</SignedInfo>"
    )
    subject, holder = _key_info(certificate)
    names = subject + holder if subject_first else holder + subject
    return Unsigned(
        (scope.start_tag("SignedInfo", default_namespace=DS) + inner).encode(),
        f'<Signature xmlns="{DS}" Id="{escape_attribute(signature_id)}"><SignedInfo>{inner}<SignatureValue>',
        f"</SignatureValue><KeyInfo><X509Data>{names}</X509Data></KeyInfo>{object_xml}</Signature>",
    )


@functools.lru_cache(maxsize=64)
def _key_info(certificate: x509.Certificate) -> tuple[str, str]:
    """A certificate's subject name and the certificate itself as X509Data holds them."""
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")
    subject = escape_text(certificate.subject.rfc4514_string())
    return f"<X509SubjectName>{subject}</X509SubjectName>", f"<X509Certificate>{der}</X509Certificate>"
