"""HL7's escape sequences undone (chapter 2.7). What is none, or is never closed, stays as it stands: nothing is lost.

Not by python-hl7: it drops what it does not know, loses the rest of a text whose escape is never closed, repeats
blanks as often as the sender says, and writes values, which may be a patient's, into the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

_SEQUENCE = r"{e}(?:([FSTREHN])|X((?:[0-9A-Fa-f]{{2}})+)|\.(br|ce|fi|nf|sp|in|ti|sk)\+?(\d{{0,3}})){e}"
_MOST = 100  # blank lines or blanks that one sequence may ask for
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINES, _BLANKS = frozenset({"br", "ce", "sp"}), frozenset({"in", "ti", "sk"})


@lru_cache(maxsize=64)
def unescaper(separators: str) -> Callable[[str], str]:
    """For the separators of one MSH: field, component, repetition, escape, sub-component."""
    field, component, repeat, escape, sub = list(separators + "|^~\\&"[len(separators) :])[:5]
    sequence = re.compile(_SEQUENCE.format(e=re.escape(escape)))
    letters = {"F": field, "S": component, "T": sub, "R": repeat, "E": escape, "H": "", "N": ""}

    def one(found: re.Match[str]) -> str:
        letter, digits, command, count = found.groups()
        if letter is not None:
            return letters[letter]
        if digits is not None:
            return _decoded(bytes.fromhex(digits))
        times = min(int(count or 1), _MOST)
        if command in _LINES:
            return "\n" * (times if command == "sp" else 1)
        return " " * times if command in _BLANKS else ""

    def unescape(text: str) -> str:
        return sequence.sub(one, text) if escape in text else text

    return unescape


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return _FORBIDDEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
