"""HL7's escapes: undone where they are some, kept where they are none, and never written into a log."""

from __future__ import annotations

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.hl7v2.visit.escapes import unescaper

USUAL = "|^~\\&"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        (r"\H\nặng\N\ lắm", "nặng lắm"),
        (r"dòng 1\.br\dòng 2\.sp2\dòng 3", "dòng 1\ndòng 2\n\ndòng 3"),
        (r"a\.in3\b\.fi\c", "a   bc"),
        (r"\X0D0A\x\X4E677579E1BB856E\ \XE9\ \X00\.", "\nxNguyễn é ."),
        (r"5 mg\10 ml mỗi ngày", r"5 mg\10 ml mỗi ngày"),
        (r"C:\tam\anh.jpg", r"C:\tam\anh.jpg"),
        (r"\\may\chung", r"\\may\chung"),
        (r"\X4\ \XZZ\ \C2D\ \Zmau\ \.sp9999\ \E", r"\X4\ \XZZ\ \C2D\ \Zmau\ \.sp9999\ \E"),
        (r"\.sp999\.", "\n" * 100 + "."),
    ],
)
def test_each_sequence_means_what_the_standard_says_and_anything_else_stays(text: str, meant: str) -> None:
    assert unescaper(USUAL)(text) == meant


def test_the_messages_own_separators_count() -> None:
    assert unescaper("#!~%$")(r"a%F%b%S%c%T%d%E%e\S\f") == r"a#b!c$d%e\S\f"


@given(st.text(alphabet="aé|^~&\\", max_size=40))
def test_what_python_hl7_escapes_comes_back(text: str) -> None:
    container = hl7.parse("MSH|^~\\&|\r")
    assert unescaper(USUAL)(str(container.escape(text))) == text


@given(st.text(alphabet="aXFSTREHN.sp01\\", max_size=40))
def test_nothing_is_logged_and_nothing_raises_whatever_stands_there(text: str) -> None:
    assert unescaper(USUAL)(text).count("a") == text.count("a")
