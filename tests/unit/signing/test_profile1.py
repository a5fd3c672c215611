"""Profile 1: what is signed, where it stands, and what is refused."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapter.errors import DocumentError
from adapter.signing import profile1
from adapter.signing.verify import verify
from adapter.signing.xmldsig.build import guid
from adapter.signing.xmldsig.xml import MAX_BYTES
from tests.support.xmldsig_world import BIG, DOCUMENTS, NOW, document, dossier, world

DS = "{http://www.w3.org/2000/09/xmldsig#}"


@pytest.mark.parametrize("name", [*DOCUMENTS, BIG])
def test_our_own_verifier_accepts_what_we_sign(name: str) -> None:
    signed = profile1.sign(document(name), world().key)
    answer = verify(signed, trust=world().trust, at=NOW)
    assert (answer.valid, answer.profile, answer.problems) == (True, 1, ())
    assert answer.certificate is not None
    assert answer.certificate.serial == "540100FEDCBA98765432"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_byte_outside_the_place_changes(name: str) -> None:
    unsigned = document(name)
    signed = profile1.sign(unsigned, world().key)
    head, _, rest = signed.partition(b"<CHUKYDONVI>")
    _, _, tail = rest.rpartition(b"</CHUKYDONVI>")
    empty = b"<CHUKYDONVI/>" if b"<CHUKYDONVI/>" in unsigned else b"<CHUKYDONVI></CHUKYDONVI>"
    assert head + empty + tail == unsigned


def test_the_signature_has_exactly_the_parts_of_profile_1() -> None:
    signed = profile1.sign(dossier(), world().key, new_id=lambda: "a0000000-0000-4000-8000-000000000000")
    signature = etree.fromstring(signed).find(f"CHUKYDONVI/{DS}Signature")
    assert signature is not None
    assert signature.get("Id") == "a0000000-0000-4000-8000-000000000000"
    found = [(str(e.tag).removeprefix(DS), dict(e.attrib)) for e in signature.iter()][1:]
    assert found == [
        ("SignedInfo", {}),
        ("CanonicalizationMethod", {"Algorithm": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"}),
        ("SignatureMethod", {"Algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}),
        ("Reference", {"URI": ""}),
        ("Transforms", {}),
        ("Transform", {"Algorithm": "http://www.w3.org/2000/09/xmldsig#enveloped-signature"}),
        ("DigestMethod", {"Algorithm": "http://www.w3.org/2001/04/xmlenc#sha256"}),
        ("DigestValue", {}),
        ("SignatureValue", {}),
        ("KeyInfo", {}),
        ("X509Data", {}),
        ("X509Certificate", {}),
        ("X509SubjectName", {}),
    ]
    subject = signature.findtext(f".//{DS}X509SubjectName")
    assert subject == world().facility.certificate.subject.rfc4514_string()


def test_digest_and_value_are_over_the_published_canonical_forms() -> None:
    """Computed here by hand, for a document small enough to canonicalise by eye."""
    signed = profile1.sign(b'<R xmlns:x="urn:x"><A b="2" a="1"/><CHUKYDONVI/></R>', world().key)
    signature = etree.fromstring(signed)[-1][0]
    content = b'<R xmlns:x="urn:x"><A a="1" b="2"></A><CHUKYDONVI></CHUKYDONVI></R>'
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert signature.findtext(f".//{DS}DigestValue") == digest
    info = (
        '<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:x="urn:x">'
        '<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"></CanonicalizationMethod>'
        '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></SignatureMethod>'
        '<Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature">'
        "</Transform></Transforms>"
        '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod>'
        f"<DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
    )
    value = base64.b64decode(signature.findtext(f"{DS}SignatureValue") or "")
    key = world().facility.key.public_key()
    key.verify(value, info.encode(), padding.PKCS1v15(), hashes.SHA256())  # type: ignore[call-arg,arg-type,union-attr]


REFUSED: dict[str, tuple[bytes, str]] = {
    "byte-order-mark": (b"\xef\xbb\xbf" + dossier(), "byte order mark"),
    "utf-16": (dossier().decode().encode("utf-16"), "byte order mark"),
    "another-encoding": (dossier().replace(b'"utf-8"', b'"windows-1258"'), "windows-1258"),
    "not-utf-8": (dossier().replace(b"01999", b"\xe1\xbb"), "well-formed"),
    "doctype": (dossier().replace(b"?>\n<G", b"?>\n<!DOCTYPE GIAMDINHHS>\n<G"), "DOCTYPE"),
    "entity-bomb": (
        dossier().replace(b"?>\n<G", b'?>\n<!-- a --><!DOCTYPE G [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>\n<G', 1),
        "DOCTYPE",
    ),
    "unknown-entity": (dossier().replace(b"01999", b"&la;"), "well-formed"),
    "cut-off": (dossier()[:-20], "well-formed"),
    "no-place": (dossier().replace(b"<CHUKYDONVI/>", b""), "last child"),
    "place-not-last": (dossier().replace(b"<CHUKYDONVI/>", b"<CHUKYDONVI/><SAU/>"), "last child"),
    "place-too-deep": (dossier().replace(b"<CHUKYDONVI/>", b"<T><CHUKYDONVI/></T>"), "last child"),
    "place-in-a-comment": (dossier().replace(b"<CHUKYDONVI/>", b"<!--<CHUKYDONVI/>-->"), "last child"),
    "place-with-attribute": (dossier().replace(b"<CHUKYDONVI/>", b'<CHUKYDONVI a="1"/>'), "last child"),
    "place-with-text": (dossier().replace(b"<CHUKYDONVI/>", b"<CHUKYDONVI>x</CHUKYDONVI>"), "must be empty"),
    "two-places": (dossier().replace(b"<CHUKYDONVI/>", b"<CHUKYDONVI/><CHUKYDONVI/>"), "more than one"),
    "comment-inside": (dossier().replace(b"01999", b"01<!-- -->999"), "comments"),
    "something-after-the-root": (dossier() + b"<!-- sau -->", "last child"),
    "default-namespace": (dossier(root='GIAMDINHHS xmlns="urn:x"'), "namespace"),
    "relative-namespace": (dossier(root='GIAMDINHHS xmlns:a="tuong-doi"'), "absolute"),
    "namespace-to-escape": (dossier(root='GIAMDINHHS xmlns:a="urn:x?a=1&amp;b=2"'), "canonicalise it differently"),
    "namespace-with-quote": (dossier(root="GIAMDINHHS xmlns:a='urn:x\"y'"), "canonicalise it differently"),
    "empty": (b"", "well-formed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_document_that_cannot_carry_the_signature_is_refused_with_its_reason(case: str) -> None:
    unsigned, reason = REFUSED[case]
    with pytest.raises(DocumentError) as caught:
        profile1.sign(unsigned, world().key)
    assert reason in caught.value.message_en
    assert "01999" not in str(caught.value)


def test_an_oversized_document_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(DocumentError, match="larger than 200 MB"):
        profile1.sign(b"<R>" + b" " * MAX_BYTES, world().key)


def test_a_signed_document_is_signed_again_only_when_asked() -> None:
    old = profile1.sign(dossier(), world().issue())
    with pytest.raises(DocumentError, match="already signed"):
        profile1.sign(old, world().key)
    new = profile1.sign(old, world().key, replace=True)
    answer = verify(new, trust=world().trust, at=NOW)
    assert answer.valid
    assert answer.certificate is not None
    assert answer.certificate.serial == "540100FEDCBA98765432"
    assert new.count(b"<SignatureValue>") == 1


def test_replacing_keeps_white_space_around_the_old_signature_out_of_the_new_one() -> None:
    old = profile1.sign(dossier(), world().key)
    spaced = old.replace(b"<CHUKYDONVI><Sig", b"<CHUKYDONVI>\r\n <Sig").replace(
        b"</Signature></CH", b"</Signature>\n</CH"
    )
    assert not verify(spaced).valid, "white space in CHUKYDONVI is signed content"
    again = profile1.sign(spaced, world().key, replace=True, new_id=lambda: "a1")
    assert again == profile1.sign(dossier(), world().key, new_id=lambda: "a1").replace(b"<CHUKYDONVI/>", b"")


def test_white_space_in_the_place_before_signing_is_not_carried_over() -> None:
    signed = profile1.sign(dossier().replace(b"<CHUKYDONVI/>", b"<CHUKYDONVI>\n  </CHUKYDONVI >"), world().key)
    assert b"<CHUKYDONVI><Signature " in signed
    assert verify(signed).valid


def test_a_guid_is_a_legal_xml_id() -> None:
    made = {guid() for _ in range(200)}
    assert len(made) == 200
    assert all(one[0] in "abcdef" and len(one) == 36 and one[14] == "4" for one in made)


_text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]).filter(lambda c: c >= " " or c in "\t\n\r"), max_size=30
)
_legal = _text.filter(lambda t: not any((ord(c) & 0xFFFF) >= 0xFFFE or 0x7F <= ord(c) < 0xA0 for c in t))


@settings(max_examples=60, deadline=None)
@given(
    _legal,
    _legal,
    st.sampled_from(["", ' xmlns:xsi="urn:i"', ' xmlns:b="urn:b" xmlns:a="urn:x?a=1" xml:lang="v&#10;i"']),
)
def test_any_legal_content_is_signed_so_that_signing_and_verifying_agree(text: str, attribute: str, root: str) -> None:
    element = etree.Element("A", gia=attribute)
    element.text = text
    inner = etree.tostring(element, encoding="utf-8", xml_declaration=False)
    unsigned = (
        b"<R"
        + root.encode()
        + b">"
        + inner.replace(b"<?xml version='1.0' encoding='utf-8'?>\n", b"")
        + b"<CHUKYDONVI/></R>"
    )
    assert verify(profile1.sign(unsigned, world().key)).valid
