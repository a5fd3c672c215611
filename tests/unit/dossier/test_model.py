"""A dossier's bytes and hash are what they were on the day it was stored, whatever writes them."""

from __future__ import annotations

import hashlib
import json
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.dossier.model import Dossier, Purpose

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
    assert _dumps(json.loads(data), sort_keys=False) == data
    assert Dossier.from_bytes(data) == dossier


def test_rows_of_any_mapping_are_stored_as_the_same_bytes() -> None:
    plain = Dossier("01999", "K", Purpose.CLAIM, "3176", {"XML1": [{"MA_LK": "K"}]})
    frozen = Dossier(
        "01999", "K", Purpose.CLAIM, "3176", MappingProxyType({"XML1": (MappingProxyType({"MA_LK": "K"}),)})
    )
    assert frozen.to_bytes() == plain.to_bytes()
    assert frozen.content_hash() == plain.content_hash()


def test_what_is_no_text_is_refused_on_the_way_in_and_out() -> None:
    with pytest.raises(UnicodeEncodeError):
        Dossier("01999", "\ud800", Purpose.CLAIM, "3176", {}).content_hash()
    number = (
        b'{"facility":"1","ma_lk":"K","purpose":"claim","occasion":"","standard":"3176","tables":{"XML1":[{"A":1}]}}'
    )
    with pytest.raises(msgspec.DecodeError):
        Dossier.from_bytes(number)
    with pytest.raises(msgspec.DecodeError):
        Dossier.from_bytes(b"{")
