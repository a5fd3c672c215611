"""Profile 1: the whole document, enveloped. For dossiers and check-in files (QĐ 130/4750/3176).

One reference ``URI=""`` with the enveloped-signature transform, Canonical XML 1.0 without
comments, rsa-sha256, sha256; KeyInfo holds the signer's certificate and its subject name. The
signature stands in ``CHUKYDONVI``, the root's last child (guide PL3176 of Jan 2026 for the
place, field practice for the algorithms; the gateway's XSD is not public).
"""

from __future__ import annotations

from cryptography import x509
from lxml import etree

from adapter.dossier.writer import DECLARATION, SIGNATURE_SLOT
from adapter.errors import DocumentError
from adapter.signing.keys import KeyHolder
from adapter.signing.xmldsig.build import IdFactory, Reference, Unsigned, guid, prepare
from adapter.signing.xmldsig.place import Place, find_place
from adapter.signing.xmldsig.xml import DS, ENVELOPED, SIGNATURE_PLACE, Scope, canonical, holds_comments, parse


def sign(document: bytes, key: KeyHolder, *, replace: bool = False, new_id: IdFactory = guid) -> bytes:
    """``document`` with a signature in its CHUKYDONVI; no byte outside CHUKYDONVI changes.

    ``document`` is UTF-8 without BOM whose root has an empty CHUKYDONVI as its last child.
    With ``replace`` an older signature is removed first. The certificate is not judged here:
    see :func:`adapter.signing.checks.require_usable`.

    Raises DocumentError when the document cannot carry the signature, CertificateError or a
    Transient error from the key holder.
    """
    place, unsigned = prepare_signature(document, key.certificate, replace=replace, new_id=new_id)
    return place.fill(unsigned.with_value(key.sign(unsigned.to_sign)))


def prepare_signature(
    document: bytes, certificate: x509.Certificate, *, replace: bool = False, new_id: IdFactory = guid
) -> tuple[Place, Unsigned]:
    """The two halves of :func:`sign` for key holders that answer later: the place and the bytes to sign."""
    root = parse(document)
    place = find_place(document)
    if not place.empty:
        root, place = cleared(root, place, replace=replace)
    require_signable(root)
    root[-1].text = None  # white space in the place makes way for the signature
    unsigned = prepare(
        certificate,
        Scope.of(root),
        [Reference("", (ENVELOPED,), canonical(root))],
        signature_id=new_id(),
        subject_first=False,
    )
    return place, unsigned


def prepare_written(
    document: bytes, certificate: x509.Certificate, *, new_id: IdFactory = guid
) -> tuple[Place, Unsigned]:
    """As :func:`prepare_signature`, for the bytes :mod:`adapter.dossier.writer` wrote: no tree is made.

    What that writer writes after the declaration is Canonical XML as it stands, so it is digested where it lies. Were
    it ever not, the digest would not be that of the canonical form, and our verifier would let nothing leave.
    Raises as :func:`prepare_signature`.
    """
    place = find_place(document)
    slot = document[place.start : place.end]
    # A carriage return is the one character the writer writes otherwise than Canonical XML does (&#13; and &#xD;).
    # A claim has no & at all; to look for one byte is a tenth of looking for two.
    odd = b"&" in document and b"&#" in document
    if slot != SIGNATURE_SLOT or not document.startswith(DECLARATION) or odd:
        return prepare_signature(document, certificate, new_id=new_id)
    canonical_bytes = memoryview(document)[len(DECLARATION) :]
    reference = Reference("", (ENVELOPED,), canonical_bytes)
    return place, prepare(certificate, _NOTHING, [reference], signature_id=new_id(), subject_first=False)


_NOTHING = Scope({}, {})
"""What a root without attributes hands down."""


def require_signable(root: etree._Element) -> None:
    """Raise DocumentError for a root in a namespace, or one that holds comments, a signature or a second CHUKYDONVI."""
    if not isinstance(root.tag, str) or root.tag.startswith("{"):
        raise DocumentError(
            "Thẻ gốc nằm trong một namespace; tệp gửi cổng không dùng namespace",
            "The root is in a namespace; the gateway's files use none",
        )
    if next(root.iter(f"{{{DS}}}Signature"), None) is not None:
        raise DocumentError(
            f"Tệp đã có chữ ký ngoài {SIGNATURE_PLACE}",
            f"The file already carries a signature outside {SIGNATURE_PLACE}",
        )
    if holds_comments(root):
        raise DocumentError(
            "Tệp có chú thích (comment) bên trong thẻ gốc; chữ ký không bảo vệ phần này",
            "The file has comments inside the root; a signature does not cover them",
            hint_vi="bỏ các chú thích rồi ký",
            hint_en="remove the comments, then sign",
        )
    if len(list(root.iter(SIGNATURE_PLACE))) != 1:
        raise DocumentError(f"Tệp có nhiều thẻ {SIGNATURE_PLACE}", f"The file has more than one {SIGNATURE_PLACE}")


def cleared(root: etree._Element, place: Place, *, replace: bool) -> tuple[etree._Element, Place]:
    """Root and place without the older signature; DocumentError unless ``replace`` and nothing else stands there."""
    holder = root[-1]
    nodes = list(holder)
    if (
        len(nodes) != 1
        or nodes[0].tag != f"{{{DS}}}Signature"
        or (holder.text or "").strip()
        or (nodes[0].tail or "").strip()
    ):
        raise DocumentError(
            f"{SIGNATURE_PLACE} phải trống trước khi ký, hoặc chỉ có một chữ ký",
            f"{SIGNATURE_PLACE} must be empty before signing, or hold one signature only",
        )
    if not replace:
        raise DocumentError(
            "Tệp đã được ký",
            "The file is already signed",
            hint_vi="ký tệp gốc chưa ký, hoặc yêu cầu thay chữ ký cũ",
            hint_en="sign the unsigned original, or ask for the old signature to be replaced",
        )
    bare = place.fill(b"")
    cleared = parse(bare)
    # The bytes were cut by text search; make sure that nothing but the signature went.
    holder.remove(nodes[0])
    holder.text = None
    if canonical(root) != canonical(cleared):
        raise DocumentError("Không gỡ được chữ ký cũ", "The older signature cannot be removed cleanly")
    return cleared, find_place(bare)
