"""Profile 2: one element by its Id, with the time of signing. For TT 12/2026 catalogues, 09/BH and certificates.

Two references without transforms: the ``Object`` that holds ``SigningTime``, and the signed
element. Ids derive from the signed element's Id; the inner elements of the Object stand in no
namespace, as files the gateway had accepted show it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from lxml import etree

from adapter.clock import VIETNAM
from adapter.errors import DocumentError
from adapter.signing.keys import KeyHolder
from adapter.signing.profile1 import cleared, require_signable
from adapter.signing.xmldsig.build import Reference, Unsigned, prepare
from adapter.signing.xmldsig.place import Place, find_place
from adapter.signing.xmldsig.xml import DS, SIGNATURE_PLACE, Scope, canonical_part, parse

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ID_NAMES = ("Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id")


@dataclass(frozen=True, slots=True)
class Names:
    """The Ids of a profile 2 signature, all made from the signed element's."""

    ref_id: str

    @property
    def signature(self) -> str:
        """Id of ``ds:Signature``."""
        return f"{SIGNATURE_PLACE}-{self.ref_id}"

    @property
    def object(self) -> str:
        """Id of ``ds:Object``."""
        return f"Object-{self.signature}"

    @property
    def property(self) -> str:
        """Id of ``SignatureProperty``."""
        return f"SignatureProperty-{self.signature}"


def sign(document: bytes, key: KeyHolder, *, at: datetime, ref_id: str | None = None, replace: bool = False) -> bytes:
    """``document`` with a profile 2 signature in its CHUKYDONVI; no byte outside CHUKYDONVI changes.

    The root has two children: the signed element, which carries ``Id`` already, and CHUKYDONVI.
    ``ref_id`` must be that Id when given. ``at`` becomes SigningTime, in Vietnam's local time.

    Raises DocumentError when the document cannot carry the signature, CertificateError or a
    Transient error from the key holder.
    """
    place, unsigned = prepare_signature(document, key.certificate, at=at, ref_id=ref_id, replace=replace)
    return place.fill(unsigned.with_value(key.sign(unsigned.to_sign)))


def prepare_signature(
    document: bytes, certificate: x509.Certificate, *, at: datetime, ref_id: str | None = None, replace: bool = False
) -> tuple[Place, Unsigned]:
    """The two halves of :func:`sign` for key holders that answer later: the place and the bytes to sign."""
    if at.tzinfo is None:
        raise ValueError("the time of signing must be timezone-aware")
    root = parse(document)
    place = find_place(document)
    if not place.empty:
        root, place = cleared(root, place, replace=replace)
    require_signable(root)
    element = signed_element(root, ref_id)
    names = Names(str(element.get("Id")))
    scope = Scope.of(root)
    inner = _properties(names, at)
    canonical_object = scope.start_tag("Object", default_namespace=DS, attributes={"Id": names.object}) + inner
    unsigned = prepare(
        certificate,
        scope,
        [
            Reference(f"#{names.object}", (), canonical_object.encode()),
            Reference(f"#{names.ref_id}", (), canonical_part(element)),
        ],
        signature_id=names.signature,
        subject_first=True,
        object_xml=f'<Object Id="{names.object}">{inner}',
    )
    return place, unsigned


def signed_element(root: etree._Element, ref_id: str | None) -> etree._Element:
    """The root's only child beside CHUKYDONVI; DocumentError unless its Id can be referred to safely."""
    if len(root.nsmap) or len(root.attrib):
        raise DocumentError(
            "Thẻ gốc không được có thuộc tính hay khai báo namespace (xsi, xsd)",
            "The root must carry no attributes and declare no namespaces (xsi, xsd)",
            hint_vi="cổng trả mã 125 cho tệp kiểu này; ghi lại thẻ gốc không thuộc tính",
            hint_en="the gateway answers 125 to such files; write the root without attributes",
        )
    children = [child for child in root if isinstance(child.tag, str) and child.tag != SIGNATURE_PLACE]
    if len(children) != 1:
        raise DocumentError(
            f"Ngoài {SIGNATURE_PLACE}, thẻ gốc phải có đúng một thẻ con, là phần được ký",
            f"Beside {SIGNATURE_PLACE} the root must have exactly one child, the part that is signed",
        )
    found = children[0].get("Id")
    if not found or not _NAME.fullmatch(found):
        raise DocumentError(
            "Phần được ký phải có sẵn thuộc tính Id (dạng Id-<guid>)",
            "The part to be signed must already carry an Id attribute (Id-<guid>)",
            hint_vi="phần mềm tạo tệp đặt Id trước khi ký và giữ nguyên khi ký lại",
            hint_en="whoever writes the file sets the Id before signing and keeps it when signing again",
        )
    if ref_id is not None and ref_id != found:
        raise DocumentError(
            "Id của phần được ký khác với --ref-id", "The Id of the part to be signed is not the one asked for"
        )
    if duplicate_ids(root):
        raise DocumentError("Tệp có Id trùng nhau", "The file has duplicate Ids")
    return children[0]


def duplicate_ids(root: etree._Element) -> bool:
    """Whether two elements share a value of ``Id``, in any of the spellings verifiers look at."""
    seen: set[str] = set()
    for element in root.iter("*"):
        own = {value for name in _ID_NAMES if (value := element.get(name)) is not None}
        if own & seen:
            return True
        seen |= own
    return False


def _properties(names: Names, at: datetime) -> str:
    time = at.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M:%S")
    return (
        f'<SignatureProperties xmlns=""><SignatureProperty Id="{names.property}" Target="#{names.signature}">'
        f"<SigningTime>{time}</SigningTime></SignatureProperty></SignatureProperties></Object>"
    )
