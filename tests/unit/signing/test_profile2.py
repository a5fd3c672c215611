"""Profile 2: two references, time of signing, Ids made from the signed element's."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from lxml import etree

from adapter.clock import VIETNAM
from adapter.errors import DocumentError
from adapter.signing import profile2
from adapter.signing.verify import verify
from tests.support.xmldsig_world import NOW, catalogue, world

DS = "{http://www.w3.org/2000/09/xmldsig#}"
ID = "Id-0b0ec0de-0000-4000-8000-000000000001"
AT = datetime(2026, 11, 22, 17, 30, 5, tzinfo=UTC)


def test_the_signature_has_exactly_the_parts_of_profile_2() -> None:
    signed = profile2.sign(catalogue(), world().key, at=AT)
    signature = etree.fromstring(signed).find(f"CHUKYDONVI/{DS}Signature")
    assert signature is not None
    assert signature.get("Id") == f"CHUKYDONVI-{ID}"
    found = [(str(e.tag).replace(DS, "ds:"), dict(e.attrib)) for e in signature.iter()][1:]
    reference = [("ds:DigestMethod", {"Algorithm": "http://www.w3.org/2001/04/xmlenc#sha256"}), ("ds:DigestValue", {})]
    assert found == [
        ("ds:SignedInfo", {}),
        ("ds:CanonicalizationMethod", {"Algorithm": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"}),
        ("ds:SignatureMethod", {"Algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}),
        ("ds:Reference", {"URI": f"#Object-CHUKYDONVI-{ID}"}),
        *reference,
        ("ds:Reference", {"URI": f"#{ID}"}),
        *reference,
        ("ds:SignatureValue", {}),
        ("ds:KeyInfo", {}),
        ("ds:X509Data", {}),
        ("ds:X509SubjectName", {}),
        ("ds:X509Certificate", {}),
        ("ds:Object", {"Id": f"Object-CHUKYDONVI-{ID}"}),
        ("SignatureProperties", {}),
        ("SignatureProperty", {"Id": f"SignatureProperty-CHUKYDONVI-{ID}", "Target": f"#CHUKYDONVI-{ID}"}),
        ("SigningTime", {}),
    ]
    assert signature.findtext(".//SigningTime") == "2026-11-23T00:30:05", "local time without zone"


def test_the_object_is_digested_with_its_inner_elements_in_no_namespace() -> None:
    signature = etree.fromstring(profile2.sign(catalogue(), world().key, at=AT))[-1][0]
    expected = (
        f'<Object xmlns="http://www.w3.org/2000/09/xmldsig#" Id="Object-CHUKYDONVI-{ID}">'
        f'<SignatureProperties xmlns=""><SignatureProperty Id="SignatureProperty-CHUKYDONVI-{ID}" '
        f'Target="#CHUKYDONVI-{ID}"><SigningTime>2026-11-23T00:30:05</SigningTime></SignatureProperty>'
        "</SignatureProperties></Object>"
    )
    digests = [base64.b64decode(e.text or "") for e in signature.iter(f"{DS}DigestValue")]
    assert digests[0] == hashlib.sha256(expected.encode()).digest()


def test_our_own_verifier_accepts_it_and_tells_the_time_of_signing() -> None:
    answer = verify(profile2.sign(catalogue(), world().key, at=NOW), trust=world().trust, at=NOW)
    assert (answer.valid, answer.profile, answer.problems) == (True, 2, ())
    assert answer.signing_time == NOW.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M:%S")
    assert answer.to_dict()["signing_time"] == answer.signing_time


def test_no_byte_outside_the_place_changes() -> None:
    signed = profile2.sign(catalogue(ending="\r\n"), world().key, at=AT)
    head, _, rest = signed.partition(b"<CHUKYDONVI>")
    _, _, tail = rest.rpartition(b"</CHUKYDONVI>")
    assert head + b"<CHUKYDONVI></CHUKYDONVI>" + tail == catalogue(ending="\r\n")


def test_signing_again_keeps_the_id() -> None:
    old = profile2.sign(catalogue(), world().key, at=AT)
    with pytest.raises(DocumentError, match="already signed"):
        profile2.sign(old, world().key, at=NOW)
    new = profile2.sign(old, world().key, at=NOW, replace=True)
    assert new == profile2.sign(catalogue(), world().key, at=NOW)


REFUSED: dict[str, tuple[bytes, str]] = {
    "no-id": (catalogue().replace(f' Id="{ID}"'.encode(), b""), "Id attribute"),
    "id-with-blank": (catalogue("Id 1"), "Id attribute"),
    "id-that-ends-an-xpointer": (catalogue("Id')"), "Id attribute"),
    "id-elsewhere-too": (catalogue().replace(b"<TEN>", f'<TEN id="{ID}">'.encode()), "duplicate"),
    "xml-id-elsewhere-too": (catalogue().replace(b"<TEN>", f'<TEN xml:id="{ID}">'.encode()), "duplicate"),
    "root-declares-xsi": (catalogue().replace(b"<HSDANHMUC>", b'<HSDANHMUC xmlns:xsi="urn:xsi">'), "namespaces"),
    "root-has-attributes": (catalogue().replace(b"<HSDANHMUC>", b'<HSDANHMUC a="1">'), "attributes"),
    "two-children": (catalogue().replace(b"<HSDANHMUC>", b"<HSDANHMUC><KHAC/>"), "exactly one child"),
    "no-child": (b"<HSDANHMUC><CHUKYDONVI/></HSDANHMUC>", "exactly one child"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_document_whose_part_cannot_be_referred_to_safely_is_refused(case: str) -> None:
    document, reason = REFUSED[case]
    with pytest.raises(DocumentError) as caught:
        profile2.sign(document, world().key, at=AT)
    assert reason in caught.value.message_en


def test_another_id_than_the_one_asked_for_is_refused() -> None:
    assert verify(profile2.sign(catalogue(), world().key, at=AT, ref_id=ID)).valid
    with pytest.raises(DocumentError, match="not the one asked for"):
        profile2.sign(catalogue(), world().key, at=AT, ref_id="Id-khac")


def test_a_time_without_zone_is_wrong_use() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        profile2.sign(catalogue(), world().key, at=AT.replace(tzinfo=None))
