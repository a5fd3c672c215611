"""RTF and HTML reports become their words, line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.text import html_to_plain, plain, rtf_to_plain

HTML = [
    ("<p>Gan <b>to</b></p><p>Lách&nbsp;không to</p>", "Gan to\nLách không to"),
    ("a<br>b<br/>c", "a\nb\nc"),
    ("<script>alert(1)</script><style>p{}</style>Âm tính", "Âm tính"),
    ("<table><tr><td>HGB</td><td>13,5</td></tr><tr><td>WBC</td><td>&lt;0,5</td></tr></table>", "HGB 13,5\nWBC <0,5"),
    ("<div>x ]]&gt; y &amp; z</div>", "x ]]> y & z"),
    ("<!-- nothing -->", ""),
    ("<html><head><title>t</title></head><body>b</body></html>", "b"),
]


@pytest.mark.parametrize(("markup", "words"), HTML)
def test_html_becomes_its_words(markup: str, words: str) -> None:
    assert html_to_plain(markup) == words


RTF = [
    (r"{\rtf1\ansi Gan to\par L\'e1ch}", "Gan to\nLách"),
    (r"{\rtf1\ansi\uc1 K\u7871?t qu\u7843?}", "Kết quả"),
    (r"{\rtf1\ansi{\fonttbl{\f0\fcharset163 Arial;}}\f0 t\'ecnh}", "t\u0301nh"),
    (r"{\rtf1{\*\generator X;}{\info{\title t}}{\pict\bin3 abc}text}", "text"),
    (r"{\rtf1 a\tab b\line c \{d\} e\~f}", "a b\nc {d} e f"),
    (r"{\rtf1\uc0 \u-3913 x}", "\uf0b7x"),
    (r"{\rtf1\uc1 \u55357?\u56841?}", "😉"),
]


@pytest.mark.parametrize(("markup", "words"), RTF)
def test_rtf_becomes_its_words(markup: str, words: str) -> None:
    assert rtf_to_plain(markup) == words


def test_plain_finds_out_what_it_was_given() -> None:
    assert plain(r"{\rtf1 a}") == "a"
    assert plain("<p>a</p>") == "a"
    assert plain("HGB <0,5 và >2\r\n") == "HGB <0,5 và >2"


@given(st.text(max_size=200))
def test_no_text_breaks_the_readers(text: str) -> None:
    for read in (plain, html_to_plain, rtf_to_plain):
        assert isinstance(read(text), str)
    assert isinstance(rtf_to_plain("{\\rtf1 " + text), str)
