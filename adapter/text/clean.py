"""Text as the decree's files may hold it: composed (NFC), legal in XML 1.0, without stray blanks.

Vietnamese arrives both composed and decomposed; the gateway's searches and the length limits
count composed letters. Reports and notes carry control characters from old word processors;
XML 1.0 has no way to write them, not even escaped.
"""

from __future__ import annotations

import re
import unicodedata

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS_AT_LINE_END = re.compile(r"[ \t\u00a0]+(?=\n)")
_BLANK_LINES = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[\s\u00a0]+")


def nfc(text: str) -> str:
    """Unicode composed form; text that is composed already comes back as the same object."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def strip_illegal(text: str) -> tuple[str, int]:
    """Without the characters XML 1.0 forbids, and how many they were."""
    if text.isprintable():
        # lone surrogates and the two non-characters are never printable, so nothing is missed here
        return text, 0
    return _ILLEGAL.subn("", text)


def clean(text: str) -> tuple[str, int]:
    """NFC, legal in XML, line ends as ``\\n``, no blanks around; and how many characters were removed."""
    legal, removed = strip_illegal(text)
    if "\r" in legal:
        legal = legal.replace("\r\n", "\n").replace("\r", "\n")
    return nfc(legal).strip(), removed


def one_line(text: str) -> str:
    """All runs of white space, line ends included, as one space."""
    return _SPACES.sub(" ", text).strip()


def tidy(text: str) -> str:
    """Free text for reading: no blanks at line ends, at most one empty line in a row."""
    return _BLANK_LINES.sub("\n\n", _BLANKS_AT_LINE_END.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))).strip()
