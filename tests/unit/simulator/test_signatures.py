"""The practice gateway's judgement of signatures made by xmlsec, whole and tampered with."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from adapter.simulator.checks.parsing import parse
from adapter.simulator.checks.signature import Problem, Registration, check_profile1, check_profile2
from adapter.simulator.config import SimFacility
from tests.support.gateway_files import checkin_xml, dossier_xml, first_cost, identity, sign1, sign2

NOW = datetime.now(UTC)
OTHER = identity("other")
SIGNED = sign1(dossier_xml())
LISTED = sign2(b'<HSDANHMUC><DS Id="Id-1"><A>1</A></DS><CHUKYDONVI/></HSDANHMUC>', "Id-1")


def registrations() -> tuple[Registration, ...]:
    both = (identity().certificate, OTHER.certificate)
    return (Registration.of(SimFacility(code="01999", account="a", md5="0" * 32, certificates=both)),)


def judge1(document: bytes, at: datetime = NOW) -> Problem | None:
    return check_profile1(parse(document), registrations(), at)


def judge2(document: bytes) -> Problem | None:
    return check_profile2(parse(document), registrations(), NOW)


def signature_of(document: bytes) -> bytes:
    found = re.search(rb"<Signature .*</Signature>", document, re.DOTALL)
    assert found is not None
    return found.group()


def certificate_of(document: bytes) -> bytes:
    found = re.search(rb"<X509Certificate>.*</X509Certificate>", document, re.DOTALL)
    assert found is not None
    return found.group()


def test_whole_signatures_of_both_profiles_hold() -> None:
    assert judge1(SIGNED) is None
    assert judge1(sign1(checkin_xml())) is None
    assert judge2(LISTED) is None


def test_a_guid_that_is_no_xml_id_may_name_the_signature() -> None:
    named = SIGNED.replace(b"<Signature ", b'<Signature Id="3f2504e0-4f89-11d3-9a0c-0305e82c3301" ')
    assert judge1(named) is None


def test_one_profile_never_passes_for_the_other() -> None:
    assert judge2(SIGNED) is not None
    assert judge1(LISTED) is not None


ATTACKS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("content changed", lambda d: d.replace(b"<SOLUONGHOSO>1<", b"<SOLUONGHOSO>2<")),
    ("digest changed", lambda d: re.sub(rb"<DigestValue>.", b"<DigestValue>Z", d)),
    ("value cut", lambda d: re.sub(rb"<SignatureValue>[^<]{8}", b"<SignatureValue>", d)),
    ("value no base64", lambda d: re.sub(rb"<SignatureValue>[^<]{8}", b"<SignatureValue>@@@", d)),
    ("certificate of another registered holder", lambda d: d.replace(certificate_of(d), certificate_of(
        sign1(dossier_xml(), OTHER)))),
    ("two certificates", lambda d: d.replace(certificate_of(d), certificate_of(d) * 2)),
    ("no certificate", lambda d: d.replace(certificate_of(d), b"")),
    ("second signature", lambda d: d.replace(b"</CHUKYDONVI>", signature_of(d) + b"</CHUKYDONVI>")),
    ("signature elsewhere", lambda d: d.replace(signature_of(d), b"").replace(
        b"</THONGTINDONVI>", signature_of(d) + b"</THONGTINDONVI>")),
    ("signature deeper", lambda d: d.replace(b"<CHUKYDONVI>", b"<CHUKYDONVI><A>").replace(
        b"</CHUKYDONVI>", b"</A></CHUKYDONVI>")),
    ("only a part signed", lambda d: d.replace(b'URI=""', b'URI="#x"')),
    ("further transform", lambda d: d.replace(b"</Transforms>", b'<Transform Algorithm="http://www.w3.org/2001/10/'
                                              b'xml-exc-c14n#"/></Transforms>')),
    ("other signature method", lambda d: d.replace(b"xmldsig-more#rsa-sha256", b"xmldsig-more#rsa-sha384")),
    ("weak signature method", lambda d: d.replace(b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                                                  b"http://www.w3.org/2000/09/xmldsig#rsa-sha1")),
    ("other digest", lambda d: d.replace(b"xmlenc#sha256", b"xmlenc#sha512")),
    ("other canonical form", lambda d: d.replace(b"REC-xml-c14n-20010315\"", b"REC-xml-c14n-20010315#WithComments\"")),
    ("element after the signature", lambda d: d.replace(b"</GIAMDINHHS>", b"<THEM/></GIAMDINHHS>")),
]  # fmt: skip


@pytest.mark.parametrize("attack", [a[1] for a in ATTACKS], ids=[a[0] for a in ATTACKS])
def test_a_tampered_document_is_refused(attack: Callable[[bytes], bytes]) -> None:
    tampered = attack(SIGNED)
    assert tampered != SIGNED
    problem = judge1(tampered)
    assert problem is not None
    assert problem.code in ("123", "125")


def test_text_that_looks_like_an_empty_namespace_is_content_too() -> None:
    # signxml's own switch for empty namespace declarations would drop this text and see no change.
    signed = sign1(checkin_xml([first_cost(DU_PHONG="a")]))
    assert judge1(signed) is None
    assert judge1(signed.replace(b"<DU_PHONG>a<", b'<DU_PHONG>a xmlns=""<')) is not None


def test_a_certificate_counts_only_within_its_time() -> None:
    assert judge1(SIGNED, NOW + timedelta(days=400)) is not None
    assert judge1(SIGNED, NOW - timedelta(days=2)) is not None


ATTACKS2: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("content changed", lambda d: d.replace(b"<A>1", b"<A>2")),
    ("time changed", lambda d: d.replace(b"08:00:00", b"08:00:01")),
    ("duplicate Id", lambda d: d.replace(b"<A>", b'<A Id="Id-1">')),
    ("signed part moved", lambda d: d.replace(b"<HSDANHMUC>", b"<HSDANHMUC><B>").replace(
        b"</DS>", b"</DS></B>")),
    ("other part put in front", lambda d: d.replace(b"<HSDANHMUC>", b'<HSDANHMUC><DS Id="Id-2"><A>9</A></DS>').replace(
        b'URI="#Id-1"', b'URI="#Id-2"')),
    ("a transform added", lambda d: d.replace(b'<Reference URI="#Id-1">', b'<Reference URI="#Id-1"><Transforms/>')),
    ("foreign namespace on an ancestor", lambda d: d.replace(b"<HSDANHMUC>", b'<HSDANHMUC xmlns:xsi="urn:x">')),
    ("value changed", lambda d: re.sub(rb"<SignatureValue>.{4}", b"<SignatureValue>AAAA", d, flags=re.DOTALL)),
]  # fmt: skip


@pytest.mark.parametrize("attack", [a[1] for a in ATTACKS2], ids=[a[0] for a in ATTACKS2])
def test_a_tampered_catalogue_is_refused(attack: Callable[[bytes], bytes]) -> None:
    tampered = attack(LISTED)
    assert tampered != LISTED
    problem = judge2(tampered)
    assert problem is not None
    assert problem.code in ("123", "125")
