"""Text becomes composed, legal and free of stray blanks, and says what it lost."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapter.text import clean, mask, nfc, one_line, strip_illegal, tidy


@given(st.text())
def test_cleaned_text_is_always_carried_by_xml(text: str) -> None:
    cleaned, _ = clean(text)
    element = etree.Element("A")
    element.text = cleaned
    assert etree.fromstring(etree.tostring(element, encoding="utf-8")).text in (cleaned, cleaned or None)


@given(st.text())
def test_what_was_removed_is_counted(text: str) -> None:
    kept, removed = strip_illegal(text)
    assert len(kept) + removed == len(text)
    assert strip_illegal(kept) == (kept, 0)


def test_decomposed_names_are_composed() -> None:
    name = unicodedata.normalize("NFD", "Nguyễn Thị Thuỷ")
    assert nfc(name) == "Nguyễn Thị Thuỷ"
    assert clean(f"  {name}\r\nB ") == ("Nguyễn Thị Thuỷ\nB", 0)


def test_control_characters_of_word_processors_go_and_are_counted() -> None:
    assert clean("Gan to\x0b\x1f ]]> \ufffe") == ("Gan to ]]>", 3)


def test_one_line_and_tidy_keep_the_words() -> None:
    assert one_line(" a\r\n\tb\u00a0 c ") == "a b c"
    assert tidy("a  \n\n\n\nb\r\nc ") == "a\n\nb\nc"


@given(st.text(alphabet=st.characters(categories=("L", "Nd")), min_size=1))
def test_masks_show_no_letter_or_digit_of_the_value(text: str) -> None:
    assert set(mask(text).partition("…")[0]) <= {"x", "9"}


def test_masks_keep_the_shape_a_repairer_needs() -> None:
    assert mask("05/01/1985") == "99/99/9999"
    assert mask(None) == "NULL"
    assert mask("") == '""'
    assert mask(20260105) == "99999999"
    assert mask("x" * 30) == "x" * 24 + "… (30)"
