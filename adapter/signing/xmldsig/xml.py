"""Reading documents that are to be signed or verified, and Canonical XML 1.0 of their parts.

Only what the gateway's files need is let in: UTF-8 without byte order mark, no DTD, no
entities, no network. libxml2's own limits are lifted on purpose (a dossier of more than
about 4,100 service lines holds a text node above 10 MB) and replaced by ``MAX_BYTES``.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from adapter.errors import DocumentError, Where

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SIGNATURE_PLACE = "CHUKYDONVI"
MAX_BYTES = 200 * 1024 * 1024

_XML = "http://www.w3.org/XML/1998/namespace"
_BOM = b"\xef\xbb\xbf"
_ENCODING = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
# libxml2 writes a namespace name into the canonical form without escaping it; other programs do not.
_ODD_NAMESPACE = re.compile(rb"""xmlns[^=<>"']*=\s*(?:"[^"]*&|'[^']*[&"])""")
_PROLOG = re.compile(rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*(<!DOCTYPE)?", re.DOTALL)


def parse(document: bytes) -> etree._Element:
    """The root of a document in the form the gateway takes.

    Raises DocumentError for a byte order mark, another encoding than UTF-8, a DTD, XML that
    is not well-formed, or more than ``MAX_BYTES`` bytes. Nothing of the content is quoted.
    """
    if document.startswith((_BOM, b"\xff\xfe", b"\xfe\xff")):
        raise DocumentError(
            "Tệp bắt đầu bằng dấu BOM",
            "The file starts with a byte order mark",
            hint_vi="ghi lại tệp bằng UTF-8 không BOM rồi ký",
            hint_en="write the file again as UTF-8 without BOM, then sign",
        )
    if len(document) > MAX_BYTES:
        raise DocumentError(f"Tệp lớn hơn {MAX_BYTES // 2**20} MB", f"The file is larger than {MAX_BYTES // 2**20} MB")
    declared = _ENCODING.match(document)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        raise DocumentError(
            f"Tệp khai bảng mã {declared[1].decode('ascii')}, cổng chỉ nhận UTF-8",
            f"The file declares encoding {declared[1].decode('ascii')}; the gateway takes UTF-8 only",
        )
    prolog = _PROLOG.match(document)
    if prolog and prolog[1]:
        raise DocumentError("Tệp có DOCTYPE, không được phép", "The file has a DOCTYPE, which is not allowed")
    # A document of ours holds neither of these characters, and a search for one character is next to nothing.
    if (b"&" in document or b"'" in document) and _ODD_NAMESPACE.search(document):
        raise DocumentError(
            "Tên không gian (namespace) chứa & hoặc dấu nháy; các phần mềm chuẩn hoá nó khác nhau",
            "A namespace name holds & or a quotation mark; programs canonicalise it differently",
        )
    try:
        return etree.fromstring(document, _DOCUMENTS)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise DocumentError(
            "Tệp không phải XML hợp lệ", "The file is not well-formed XML", where=Where(line=line, column=column)
        ) from None


# Made once: a parser keeps nothing from one document to the next, and gives its lock to one thread at a time.
_DOCUMENTS = etree.XMLParser(
    encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, strip_cdata=True
)
_PARTS = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)


def canonical(root: etree._Element) -> bytes:
    """Canonical XML 1.0 (inclusive, no comments) of the whole document of ``root``.

    Raises DocumentError where Canonical XML has no result (a relative namespace name).
    """
    try:
        data: bytes = etree.tostring(root.getroottree(), method="c14n", with_comments=False)
    except etree.C14NError as error:
        raise DocumentError(
            "Không chuẩn hoá (C14N) được tệp: tên không gian (namespace) phải là URI đầy đủ",
            "The file has no canonical form (C14N): namespace names must be absolute URIs",
        ) from error
    return data


def canonical_at_last(root: etree._Element) -> bytes:
    """:func:`canonical` of a document nobody reads afterwards: its long texts are taken out of it.

    libxml2 looks at every character to be written, which costs more than reading the file did; of the four it would
    escape, NOIDUNGFILE, nearly all of a document, holds none. Such a text is put in its place here.
    """
    mark = secrets.token_hex(16)  # nobody who wrote the document can know it
    texts = []
    for element in root.getroottree().iter(etree.Element):
        text = element.text
        if text and len(text) >= _LONG and not len(element) and not any(letter in text for letter in _ESCAPED):
            texts.append(text.encode("utf-8"))
            element.text = mark
    around = canonical(root).split(mark.encode("ascii"))
    return b"".join([piece for pair in zip(around, [*texts, b""], strict=True) for piece in pair])


_LONG = 1_000
_ESCAPED = "&<>\r"


def canonical_part(element: etree._Element) -> bytes:
    """Canonical XML 1.0 of one element in its place: namespaces and ``xml:`` attributes of ancestors count.

    The part is written out and parsed again first, because lxml's inclusive C14N of a
    sub-element writes a false ``xmlns=""`` on grandchildren under an inherited default namespace.
    """
    apart = etree.fromstring(etree.tostring(element, encoding="utf-8", with_tail=False), _PARTS)
    for ancestor in element.iterancestors():
        for name, value in ancestor.attrib.items():
            if str(name).startswith(f"{{{_XML}}}") and name not in apart.attrib:
                apart.set(name, value)
    return canonical(apart)


def holds_comments(root: etree._Element) -> bool:
    """Whether a comment stands inside the root. Canonical XML drops it, so it can cut a signed value in two unseen."""
    return next(root.iter(etree.Comment), None) is not None


@dataclass(frozen=True, slots=True)
class Scope:
    """What an element inherits in inclusive C14N: ``prefix → namespace`` and ``xml:`` attributes."""

    namespaces: Mapping[str | None, str]
    xml_attributes: Mapping[str, str]

    @classmethod
    def of(cls, element: etree._Element) -> Scope:
        """The scope an element hands down to its children."""
        inherited: dict[str, str] = {}
        for holder in (element, *element.iterancestors()):
            for name, value in holder.attrib.items():
                if str(name).startswith(f"{{{_XML}}}"):
                    inherited.setdefault(str(name).removeprefix(f"{{{_XML}}}"), str(value))
        return cls(dict(element.nsmap), inherited)

    def start_tag(self, name: str, *, default_namespace: str, attributes: Mapping[str, str] | None = None) -> str:
        """The canonical start tag of an apex element in ``default_namespace`` ("" for none)."""
        parts = [name]
        if default_namespace:
            parts.append(f'xmlns="{escape_attribute(default_namespace)}"')
        for prefix, uri in sorted((p, u) for p, u in self.namespaces.items() if p and p != "xml"):
            parts.append(f'xmlns:{prefix}="{escape_attribute(uri)}"')
        # Attributes without a namespace come first, then those of the xml namespace.
        parts.extend(f'{key}="{escape_attribute(value)}"' for key, value in sorted((attributes or {}).items()))
        parts.extend(f'xml:{key}="{escape_attribute(value)}"' for key, value in sorted(self.xml_attributes.items()))
        return f"<{' '.join(parts)}>"


def escape_attribute(value: str) -> str:
    """An attribute value as Canonical XML writes it."""
    return (
        value.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace('"', "&quot;")
        .replace("\t", "&#x9;")
        .replace("\n", "&#xA;")
        .replace("\r", "&#xD;")
    )


def escape_text(value: str) -> str:
    """Character data as Canonical XML writes it."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")
