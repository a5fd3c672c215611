"""A dossier's bytes and hash are what they were on the day it was stored, whatever writes them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.dossier.model import Dossier, Purpose, holds_document
from adapter.dossier.writer import write
from adapter.errors import DocumentError
from tests.support import made_up

_TEXT = st.text(max_size=12) | st.sampled_from(['"', "\\", "\x00\x1f\x7f\x80", "\u2028\u2029", "Nguyễn Thị Ánh", "𠀋"])
_TABLES = st.dictionaries(
    st.sampled_from(["XML1", "XML2", "XML3", "XML10"]),
    st.lists(st.dictionaries(_TEXT, _TEXT, max_size=4), max_size=3),
    max_size=4,
)
_DOSSIERS = st.builds(
    Dossier,
    facility=_TEXT,
    ma_lk=_TEXT,
    purpose=st.sampled_from(Purpose),
    standard=st.sampled_from(["130", "4750", "3176"]),
    tables=_TABLES,
    occasion=st.sampled_from(["", "first_cost"]),
    document=st.none() | st.binary(max_size=8),
)


def _dumps(value: object, *, sort_keys: bool) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=sort_keys, separators=(",", ":")).encode("utf-8")


@given(_DOSSIERS)
def test_the_hash_is_that_of_sorted_json_without_empty_tables(dossier: Dossier) -> None:
    filled = {table: rows for table, rows in dossier.tables.items() if rows}
    content = [
        dossier.facility,
        dossier.ma_lk,
        dossier.purpose.value,
        dossier.occasion,
        dossier.standard,
        filled,
    ]
    assert dossier.content_hash() == hashlib.sha256(_dumps(content, sort_keys=True)).hexdigest()


@given(_DOSSIERS)
def test_the_stored_bytes_are_plain_json_and_come_back_equal(dossier: Dossier) -> None:
    data = dossier.to_bytes()
    kept = json.loads(data)
    kept["tables"] = {table: [dict(sorted(row.items())) for row in rows] for table, rows in kept["tables"].items()}
    assert _dumps(kept, sort_keys=False) == data
    assert Dossier.from_bytes(data) == dossier


@given(_DOSSIERS)
def test_kept_bytes_tell_at_once_whether_they_carry_a_document(dossier: Dossier) -> None:
    assert holds_document(dossier.to_bytes()) == (dossier.document is not None)


def test_rows_of_any_mapping_are_stored_as_the_same_bytes() -> None:
    plain = Dossier("01999", "K", Purpose.CLAIM, "3176", {"XML1": [{"MA_LK": "K"}]})
    frozen = Dossier(
        "01999", "K", Purpose.CLAIM, "3176", MappingProxyType({"XML1": (MappingProxyType({"MA_LK": "K"}),)})
    )
    assert frozen.to_bytes() == plain.to_bytes()
    assert frozen.content_hash() == plain.content_hash()


def test_what_is_no_text_has_no_hash_and_is_never_written() -> None:
    with pytest.raises(TypeError):
        Dossier("01999", "\ud800", Purpose.CLAIM, "3176", {}).content_hash()
    number: Any = {**made_up.row("XML1"), "NAM_QT": 2026}
    kept = Dossier.from_bytes(replace(made_up.dossier(), tables={"XML1": [number]}).to_bytes())
    with pytest.raises(DocumentError, match="must be text"):
        write(kept, created_on=date(2026, 9, 1))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"facility":"01999"}', b"\xff"])
def test_what_are_not_the_bytes_of_a_dossier_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the codec's own words differ
        Dossier.from_bytes(data)
