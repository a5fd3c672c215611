"""Files of our own writer are signed where they lie, without a tree: with the very bytes the parsed way gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.dossier.writer import DECLARATION, write, write_xml12
from adapter.signing import profile1
from adapter.signing.verify import verify
from adapter.signing.xmldsig.xml import canonical, canonical_at_last, parse
from tests.support import made_up
from tests.support.xmldsig import jdk_judges, signxml_accepts, xmlsec1_accepts
from tests.support.xmldsig_world import DOCUMENTS, NOW, document, world

TODAY = date(2026, 9, 1)
_ID = "a0000000-0000-4000-8000-000000000000"
_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
_TEXTS = st.text(_LETTERS | st.sampled_from("\t\n\r&<>\"']")).map(lambda text: f"{text} ")


def _claim(text: str) -> bytes:
    row = {**made_up.row("XML3"), "TEN_DICH_VU": text}
    return write(made_up.dossier(XML3=[row, row]), created_on=TODAY)


def _checkin(text: str) -> bytes:
    """The one file whose fields stand in the signed document itself, not in base64."""
    row = {**made_up.row("XML0"), "HO_TEN": text}
    return write(replace(made_up.checkin(), tables={"XML0": [row]}), created_on=TODAY)


def _assessment(text: str) -> bytes:
    row = {**made_up.row("XML12"), "NGUOI_CHU_TRI": text}
    return write_xml12(replace(made_up.dossier(), tables={"XML12": [row]}))


WRITERS = {"claim": _claim, "checkin": _checkin, "assessment": _assessment}


@pytest.mark.parametrize("kind", WRITERS)
@given(text=_TEXTS)
@settings(max_examples=40, deadline=None)
def test_what_the_writer_writes_is_signed_as_the_parsed_way_signs_it(kind: str, text: str) -> None:
    written = WRITERS[kind](text)
    _, parsed_way = profile1.prepare_signature(written, world().key.certificate, new_id=lambda: _ID)
    place, direct = profile1.prepare_written(written, world().key.certificate, new_id=lambda: _ID)
    assert direct == parsed_way
    signed = place.fill(direct.with_value(world().key.sign(direct.to_sign)))
    assert verify(signed, trust=world().trust, at=NOW).valid


@pytest.mark.parametrize("kind", WRITERS)
def test_the_writer_writes_canonical_xml_but_for_carriage_returns(kind: str) -> None:
    written = WRITERS[kind]("Khám & <theo dõi> \"lần\" 'hai'\t\n")
    assert canonical(parse(written)) == written[len(DECLARATION) :]
    assert b"&#13;" in _checkin("hai\rdòng")


_LONG = st.sampled_from([b"QUJD" * 300, "chẩn đoán ".encode() * 120, b"a&amp;b " * 200, b"&#13;x" * 300, b"&gt;" * 400])
_PIECES = st.recursive(
    st.sampled_from([b"", b"t", b" \n", b"<![CDATA[<&>]]>", b"<!--c-->", b"<?p i?>", b'<e a="1&#10;2"/>']) | _LONG,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda found: b"<N>" + b"".join(found) + b"</N>")
        | st.lists(inner, max_size=3).map(lambda found: b'<x:n xmlns:x="urn:x">' + b"".join(found) + b"</x:n>")
    ),
    max_leaves=12,
)


@given(pieces=st.lists(_PIECES, max_size=5))
@settings(max_examples=150, deadline=None)
def test_long_texts_put_in_their_places_give_the_canonical_form_libxml2_gives(pieces: list[bytes]) -> None:
    made = b"<?xml version='1.0'?><!--before--><G>" + b"".join(pieces) + b"</G><?after x?>"
    assert canonical_at_last(parse(made)) == canonical(parse(made))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_file_the_writer_did_not_write_is_read_before_it_is_signed(name: str) -> None:
    foreign = document(name)
    _, parsed_way = profile1.prepare_signature(foreign, world().key.certificate, new_id=lambda: _ID)
    _, direct = profile1.prepare_written(foreign, world().key.certificate, new_id=lambda: _ID)
    assert direct == parsed_way


@pytest.mark.needs("xmlsec1", "jdk")
def test_foreign_tools_accept_files_signed_where_they_lie_and_refuse_them_altered() -> None:
    paths = []
    for kind, made in WRITERS.items():
        written = made("Khám & <theo dõi> \"lần\" 'hai' – Nguyễn\tThị\n")
        place, unsigned = profile1.prepare_written(written, world().key.certificate)
        good = place.fill(unsigned.with_value(world().key.sign(unsigned.to_sign)))
        for name, data in (("good", good), ("altered", good.replace(b"</CHUKYDONVI>", b"</CHUKYDONVI> "))):
            paths.append(world().folder / f"written-{kind}-{name}.xml")
            paths[-1].write_bytes(data)
    judged = [answer == "valid" for answer in jdk_judges(paths, world().ca)]
    assert judged == [True, False] * len(WRITERS)
    assert [xmlsec1_accepts(path, world().ca) for path in paths] == judged
    assert [signxml_accepts(path.read_bytes(), world().ca) for path in paths] == judged
    assert [verify(path.read_bytes(), trust=world().trust, at=NOW).valid for path in paths] == judged
