"""Our verifier: closed, exact, and right where lxml is not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from adapter.demo.pki import make_authority
from adapter.errors import CertificateError, SignatureInvalid
from adapter.signing import profile1, profile2
from adapter.signing.trust import Trust
from adapter.signing.verify import verify
from adapter.signing.xmldsig.xml import canonical_part
from tests.support.xmldsig_world import NOW, catalogue, dossier, world

ONE = profile1.sign(dossier(), world().key)
TWO = profile2.sign(catalogue(), world().key, at=NOW)
_CERT = ONE.index(b"<X509Certificate>")
C14N = b"http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = b"http://www.w3.org/2000/09/xmldsig#enveloped-signature"


def _codes(document: bytes, **how: object) -> list[str]:
    answer = verify(document, **how)  # type: ignore[arg-type]
    assert answer.valid == (not answer.problems)
    return [problem.code for problem in answer.problems]


def _with(*pairs: tuple[bytes, bytes], of: bytes = ONE) -> bytes:
    for old, new in pairs:
        assert old in of, old
        of = of.replace(old, new)
    return of


STRUCTURE: dict[str, tuple[bytes, str]] = {
    "not-signed": (dossier(), "unsigned"),
    "not-xml": (b"khong phai xml", "document"),
    "byte-order-mark": (b"\xef\xbb\xbf" + ONE, "document"),
    "empty-file": (b"", "document"),
    "root-in-a-namespace": (_with((b"<GIAMDINHHS>", b'<GIAMDINHHS xmlns="urn:x">')), "misplaced"),
    "text-beside-the-signature": (_with((b"</Signature>", b"</Signature>x")), "place-not-clean"),
    "element-beside-the-signature": (_with((b"</Signature>", b"</Signature><X/>")), "place-not-clean"),
    "attribute-on-the-place": (_with((b"<CHUKYDONVI>", b'<CHUKYDONVI a="1">')), "place-not-clean"),
    "second-place": (_with((b"<CHUKYDONVI>", b"<CHUKYDONVI/><CHUKYDONVI>")), "misplaced"),
    "place-in-a-namespace": (
        _with((b"<CHUKYDONVI>", b'<CHUKYDONVI xmlns="urn:x">')),
        "misplaced",
    ),
    "processing-instruction-inside": (_with((b"<KeyInfo>", b"<?x y?><KeyInfo>")), "structure"),
    "order-of-parts": (_with((b"<KeyInfo>", b"<Object/><KeyInfo>")), "structure"),
    "object-in-profile-1": (_with((b"</KeyInfo>", b"</KeyInfo><Object/>")), "structure"),
    "key-value-in-key-info": (_with((b"<KeyInfo>", b"<KeyInfo><KeyName>x</KeyName>")), "key-info"),
    "revocation-list-in-key-info": (_with((b"<X509Data>", b"<X509Data><X509CRL/>")), "key-info"),
    "no-certificate": (
        ONE[: ONE.index(b"<X509Certificate>")] + ONE[ONE.index(b"</X509Certificate>") + 18 :],
        "key-info",
    ),
    "certificate-cut-off": (_with((ONE[_CERT : _CERT + 21], b"<X509Certificate>")), "key-info"),
    "certificate-not-base64": (_with((b"<X509Certificate>", b"<X509Certificate>*")), "base64"),
    "value-not-base64": (_with((b"<SignatureValue>", b"<SignatureValue>*")), "base64"),
    "value-empty": (
        ONE[: ONE.index(b"<SignatureValue>") + 16] + ONE[ONE.index(b"</SignatureValue>") :],
        "base64",
    ),
    "no-reference": (
        ONE[: ONE.index(b"<Reference")] + ONE[ONE.index(b"</Reference>") + 12 :],
        "structure",
    ),
    "comments-are-canonicalised": (_with((C14N, C14N + b"#WithComments")), "algorithm"),
    "exclusive-c14n": (_with((C14N, b"http://www.w3.org/2001/10/xml-exc-c14n#")), "algorithm"),
    "c14n-1.1": (_with((C14N, b"http://www.w3.org/2006/12/xml-c14n11")), "algorithm"),
    "rsa-sha1": (
        _with((b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", b"http://www.w3.org/2000/09/xmldsig#rsa-sha1")),
        "algorithm",
    ),
    "hmac": (
        _with((b"xmldsig-more#rsa-sha256", b"xmldsig-more#hmac-sha256")),
        "algorithm",
    ),
    "sha1-digest": (
        _with((b"http://www.w3.org/2001/04/xmlenc#sha256", b"http://www.w3.org/2000/09/xmldsig#sha1")),
        "algorithm",
    ),
    "xslt-transform": (_with((ENVELOPED, b"http://www.w3.org/TR/1999/REC-xslt-19991116")), "algorithm"),
    "xpath-transform": (_with((ENVELOPED, b"http://www.w3.org/TR/1999/REC-xpath-19991116")), "algorithm"),
    "no-algorithm": (_with((b' Algorithm="' + ENVELOPED + b'"', b"")), "algorithm"),
}


@pytest.mark.parametrize("case", STRUCTURE)
def test_a_structure_outside_the_profiles_is_refused_with_its_reason(case: str) -> None:
    document, code = STRUCTURE[case]
    answer = verify(document)
    assert [problem.code for problem in answer.problems] == [code]
    assert all(problem.message_vi and problem.message_en for problem in answer.problems)
    with pytest.raises(SignatureInvalid):
        answer.require()


REFERENCES: dict[str, tuple[bytes, list[str]]] = {
    "reference-to-a-file": (_with((b'URI=""', b'URI="file:///etc/hostname"')), ["signature-value", "references"]),
    "reference-to-an-id": (_with((b'URI=""', b'URI="#x"')), ["signature-value", "references"]),
    "reference-without-uri": (_with((b' URI=""', b"")), ["references"]),
    "no-enveloped-transform": (
        _with((b'<Transforms><Transform Algorithm="' + ENVELOPED + b'"></Transform></Transforms>', b"")),
        ["signature-value", "references"],
    ),
    "signature-named-otherwise": (_with((b' Id="CHUKYDONVI-', b' Id="CHU-'), of=TWO), ["references"]),
    "property-about-something-else": (_with((b' Target="#', b' Target="#x'), of=TWO), ["structure"]),
    "inner-elements-in-the-xmldsig-namespace": (_with((b' xmlns=""', b""), of=TWO), ["structure"]),
    "object-missing": (
        TWO[: TWO.index(b"<Object")] + TWO[TWO.index(b"</Object>") + 9 :],
        ["structure"],
    ),
    "second-object": (_with((b"</Object>", b"</Object><Object/>"), of=TWO), ["structure"]),
    "signing-time-with-zone": (_with((b"</SigningTime>", b"+07:00</SigningTime>"), of=TWO), ["structure"]),
    "signing-time-of-no-day": (
        _with((b"<SigningTime>" + NOW.strftime("%Y-%m-").encode(), b"<SigningTime>2026-13-"), of=TWO),
        ["structure"],
    ),
    "text-beside-the-signed-element": (_with((b"<HSDANHMUC>", b"<HSDANHMUC>x"), of=TWO), ["not-covered"]),
    "attribute-on-the-root": (_with((b"<HSDANHMUC>", b'<HSDANHMUC a="1">'), of=TWO), ["not-covered"]),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_references_mean_what_the_profile_says_or_nothing(case: str) -> None:
    document, codes = REFERENCES[case]
    assert _codes(document) == codes


def test_lxml_writes_a_false_xmlns_on_grandchildren_and_our_canonical_form_does_not() -> None:
    """If this fails in its first half, lxml was cured and ``canonical_part`` may become simpler."""
    inner = etree.fromstring(b'<R><a xmlns="urn:x"><b><c/></b></a></R>')[0]
    assert etree.tostring(inner, method="c14n") == b'<a xmlns="urn:x"><b><c xmlns=""></c></b></a>'
    assert canonical_part(inner) == b'<a xmlns="urn:x"><b><c></c></b></a>'


def test_a_part_inherits_namespaces_and_xml_attributes_as_inclusive_c14n_asks() -> None:
    root = etree.fromstring(
        b'<R xmlns:z="urn:z" xmlns:y="urn:y" xml:lang="vi" xml:space="default"><A xml:lang="en"><B/></A></R>'
    )
    assert canonical_part(root[0][0]) == b'<B xmlns:y="urn:y" xmlns:z="urn:z" xml:lang="en" xml:space="default"></B>'


def test_a_part_without_namespace_below_a_default_namespace_says_so() -> None:
    root = etree.fromstring(b'<R><S xmlns="urn:s"><P xmlns=""><Q/></P></S></R>')
    assert canonical_part(root[0]) == b'<S xmlns="urn:s"><P xmlns=""><Q></Q></P></S>'


def test_foreign_prefixes_and_white_space_in_signed_info_are_read(tmp_path: Path) -> None:
    """A signature as .NET or xmlsec write it: own prefix, indentation; made here by python-xmlsec."""
    import xmlsec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    root = etree.fromstring(dossier())
    template = xmlsec.template.create(root, xmlsec.Transform.C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
    root.find("CHUKYDONVI").append(template)  # type: ignore[union-attr]
    reference = xmlsec.template.add_reference(template, xmlsec.Transform.SHA256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(template))
    context = xmlsec.SignatureContext()
    pem = world().facility.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(
        world().facility.certificate.public_bytes(Encoding.PEM), xmlsec.constants.KeyDataFormatPem
    )
    context.sign(template)
    document = etree.tostring(root, encoding="utf-8")
    assert b"<ds:SignedInfo>\n" in document
    assert _codes(document, trust=world().trust, at=NOW) == []


def test_a_chain_is_believed_only_from_the_listed_authorities() -> None:
    stranger = make_authority(NOW, name=world().authority.certificate.subject.rfc4514_string()[3:])
    assert _codes(ONE, trust=world().trust, at=NOW) == []
    assert _codes(ONE, trust=Trust((stranger.certificate,)), at=NOW) == ["untrusted"]
    assert _codes(ONE, trust=Trust(()), at=NOW) == ["untrusted"]
    assert _codes(ONE, trust=Trust((world().facility.certificate,)), at=NOW) == [], "a certificate listed itself"


def test_a_facility_certificate_cannot_issue_another() -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    facility = world().facility
    assert isinstance(facility.key, rsa.RSAPrivateKey)
    child = (
        x509.CertificateBuilder()
        .subject_name(facility.certificate.subject)
        .issuer_name(facility.certificate.subject)
        .public_key(facility.key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(facility.key, hashes.SHA256())
    )
    assert [p.code for p in Trust((facility.certificate,)).problems(child, NOW)] == ["untrusted"]


@pytest.mark.parametrize(
    ("at", "codes"),
    [
        (NOW, []),
        (NOW - timedelta(days=60), ["not-yet-valid"]),
        (NOW + timedelta(days=800), ["expired"]),
        (NOW + timedelta(days=4000), ["expired", "authority-expired"]),
    ],
)
def test_validity_is_judged_at_the_given_instant(at: object, codes: list[str]) -> None:
    assert _codes(ONE, trust=world().trust, at=at) == codes


def test_a_certificate_not_issued_for_signing_is_refused() -> None:
    assert _codes(profile1.sign(dossier(), world().issue(key_usage=False))) == ["key-usage"]
    assert _codes(profile1.sign(dossier(), world().issue(key_usage=None))) == []


def test_a_short_key_is_refused() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert _codes(profile1.sign(dossier(), world().issue(key=short))) == ["key"]


def test_trust_without_an_instant_is_wrong_use() -> None:
    with pytest.raises(ValueError, match="give at"):
        verify(ONE, trust=world().trust)


def test_trusted_certificates_come_from_pem_files(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(make_authority(NOW).pem + world().authority.pem)
    assert len(Trust.from_files([both]).anchors) == 2
    (tmp_path / "no.pem").write_text("khong phai PEM")
    for name, said in (("no.pem", "not PEM"), ("absent.pem", "Cannot read")):
        with pytest.raises(CertificateError, match=said):
            Trust.from_files([tmp_path / name])


@pytest.mark.parametrize("document", [ONE.replace(b"01999", b"77777"), ONE[:-40], ONE.replace(b"01999", b"<77777")])
def test_no_problem_quotes_the_content(document: bytes) -> None:
    problems = verify(document).problems
    assert problems
    assert not any("77777" in p.message_en + p.message_vi for p in problems)
