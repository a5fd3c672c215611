"""One form for a text before it is indexed, so that a person finds what another person typed."""

from __future__ import annotations

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_WORDS = re.compile(r"\w+")


def search_form(text: str) -> str:
    """NFKC, one space between words, case folded: the form of codes and numbers."""
    if text.isalnum() and text.isascii():  # codes and numbers, by far the most: nothing to compose, no space
        return text.lower()
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip().casefold()


def plain_words(text: str) -> tuple[str, ...]:
    """The distinct words of a name without Vietnamese marks, in order.

    Marks are dropped because a clerk searching for a patient types ``nguyen`` as often as
    ``Nguyễn``; a few more hits are cheaper than a dossier nobody finds.
    """
    bare = search_form(text).replace("đ", "d")
    decomposed = unicodedata.normalize("NFD", bare)
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return tuple(dict.fromkeys(_WORDS.findall(kept)))
