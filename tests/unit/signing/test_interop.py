"""Vectors that other programs made: our algorithms agree with them, every other algorithm is refused with a reason."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from lxml import etree

from adapter.signing.verify import signature_value_problems, verify
from adapter.signing.xmldsig.problems import Problem, Refused
from adapter.signing.xmldsig.signedinfo import digest_problems, read_signed_info
from adapter.signing.xmldsig.xml import canonical_part, parse

FOLDER = Path(__file__).resolve().parents[2] / "support" / "xmldsig_interop"
VECTORS = sorted(path.name for path in FOLDER.glob("*.xml"))
OURS = {
    "aleksey-enveloping-sha256-rsa-sha256.xml",
    "signature-enveloping-derencoded-rsa.xml",
    "signature-enveloping-keyinforeference-rsa.xml",
    "signature-enveloping-sha256-rsa-sha256.xml",
    "signature-enveloping-x509digest-rsa.xml",
}
"""rsa-sha256 over C14N 1.0 with sha256 digests."""
DS = "{http://www.w3.org/2000/09/xmldsig#}"


def _public_key(root: etree._Element) -> object:
    modulus, exponent = (root.findtext(f".//{DS}{name}") for name in ("Modulus", "Exponent"))
    if modulus and exponent:
        number = [int.from_bytes(base64.b64decode(text)) for text in (modulus, exponent)]
        return rsa.RSAPublicNumbers(number[1], number[0]).public_key()
    # A file with its whole chain: the signer's certificate comes last.
    if chain := [e.text or "" for e in root.iter(f"{DS}X509Certificate")]:
        return x509.load_der_x509_certificate(base64.b64decode(chain[-1])).public_key()
    if der := root.findtext(".//{http://www.w3.org/2009/xmldsig11#}DEREncodedKeyValue"):
        return load_der_public_key(base64.b64decode(der))
    return x509.load_der_x509_certificate((FOLDER / "rsa-cert.der").read_bytes()).public_key()


def _judge(document: bytes) -> list[Problem]:
    root = parse(document)
    info = read_signed_info(root[0])
    (reference,) = info.references
    target = next(e for e in root.iter(f"{DS}Object") if f"#{e.get('Id')}" == reference.uri)
    return signature_value_problems(info, root[1], _public_key(root)) + digest_problems(
        reference, canonical_part(target)
    )


@pytest.mark.parametrize("name", sorted(OURS))
def test_rsa_sha256_with_c14n_1_0_gives_the_expected_result(name: str) -> None:
    document = (FOLDER / name).read_bytes()
    assert _judge(document) == []
    content = b"up up and away" if b"up up and away" in document else b"some text"
    assert content in document
    assert [p.code for p in _judge(document.replace(content, content[:-1]))] == ["digest"]


@pytest.mark.parametrize("name", sorted(set(VECTORS) - OURS))
def test_every_other_algorithm_is_refused_and_named(name: str) -> None:
    root = parse((FOLDER / name).read_bytes())
    named = {str(e.get("Algorithm")) for e in root.iter(f"{DS}SignatureMethod", f"{DS}DigestMethod")}
    with pytest.raises(Refused) as caught:
        read_signed_info(root[0])
    assert caught.value.problem.code == "algorithm"
    assert any(algorithm in caught.value.problem.message_en for algorithm in named)
    assert any(algorithm in caught.value.problem.message_vi for algorithm in named)


@pytest.mark.parametrize("name", VECTORS)
def test_a_signature_that_is_not_in_the_gateways_place_is_never_valid(name: str) -> None:
    answer = verify((FOLDER / name).read_bytes())
    assert [problem.code for problem in answer.problems] == ["misplaced"]
