"""Other people's verifiers accept what we sign, and refuse it once it is altered."""

from __future__ import annotations

import pytest

from adapter.signing import profile1, profile2
from adapter.signing.verify import verify
from tests.support import xmldsig_attacks as attacks
from tests.support.xmldsig import jdk_judges, signxml_accepts, xmlsec1_accepts
from tests.support.xmldsig_world import BIG, DOCUMENTS, NOW, REFUSED_BY, catalogue, document, world

pytestmark = pytest.mark.needs("xmlsec1", "jdk", "npm")


@pytest.fixture(scope="module")
def signed() -> dict[tuple[int, str], bytes]:
    """Every document, signed, as (profile, name)."""
    ones = {(1, name): profile1.sign(document(name), world().key) for name in DOCUMENTS}
    twos = {
        (2, "catalogue"): profile2.sign(catalogue(), world().key, at=NOW),
        (2, "catalogue-with-windows-line-ends"): profile2.sign(catalogue(ending="\r\n"), world().key, at=NOW),
        (2, "catalogue-on-one-line"): profile2.sign(catalogue(ending=""), world().key, at=NOW),
    }
    return ones | twos


def test_foreign_tools_accept_every_document_but_where_they_depart_from_canonical_xml(
    signed: dict[tuple[int, str], bytes],
) -> None:
    found = attacks.answers(signed)
    refusing = {name: {tool for tool, good in says.items() if not good} for (_, name), says in found.items()}
    assert {name: tools for name, tools in refusing.items() if tools} == REFUSED_BY
    assert all(set(attacks.TOOLS[profile]) < set(says) for (profile, _), says in found.items())


def test_a_dossier_of_6000_lines_passes_tools_that_lift_libxml2s_limit_and_the_jdk() -> None:
    big = profile1.sign(document(BIG), world().key)
    altered = big.replace(b"01999", b"01998")
    good, bad = world().folder / "big.xml", world().folder / "big-altered.xml"
    good.write_bytes(big)
    bad.write_bytes(altered)
    assert jdk_judges([good, bad], world().ca) == ["valid", "invalid: digest or signature value"]
    assert [xmlsec1_accepts(path, world().ca) for path in (good, bad)] == [True, False]
    assert [signxml_accepts(data, world().ca) for data in (big, altered)] == [True, False]
    assert [verify(data).valid for data in (big, altered)] == [True, False]
    good.unlink()
    bad.unlink()


def test_every_cryptographic_alteration_is_refused_by_everyone() -> None:
    files = {(1, name): change(attacks.signed(1)) for name, change in attacks.ALTERATIONS.items()}
    files |= {(2, name): change(attacks.signed(2)) for name, change in attacks.ALTERATIONS_2.items()}
    assert all(content != attacks.signed(profile) for (profile, _), content in files.items())
    found = attacks.answers(files)
    accepting = {key: [tool for tool, good in says.items() if good] for key, says in found.items()}
    assert {key: tools for key, tools in accepting.items() if tools} == {}


def test_every_structural_attack_is_refused_by_ours_and_the_table_says_what_others_do() -> None:
    found = attacks.answers(attacks.structural_files())
    assert [key for key, says in found.items() if says["ours"]] == []
    assert attacks.documented() == attacks.table(found), "run python -m tests.support.xmldsig_attacks"
    # The attacks are real: each keeps every digest right for somebody, or is refused by all for its structure.
    assert any(says[tool] for says in found.values() for tool in says), "no attack fools anyone: they are wrongly built"
