"""What the same values came to before: wire texts of numbers, instants and short words.

A hospital's prices, rates, codes and units return by the thousand all day; names and findings do not. Each memory has
an end, and forgets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from adapter.expr.generate import NotInlineError
from adapter.mapping.language.compiled import Pure
from adapter.standard.model import FieldSpec
from adapter.standard.wire import formatter
from adapter.text.clean import nfc

COMBINATIONS: Final = 2_048
"""Results kept of one number field: quantities with prices, prices with rates."""
_VALUES: Final = 2_048
_WORDS: Final = 8_192
_SHORT: Final = 80
"""Longer text is told by somebody about one patient and hardly comes again."""

_SHARED: dict[tuple[Any, ...], Callable[[Any], str]] = {}


def shared(pure: Pure, spec: FieldSpec, write: Callable[[Any], str]) -> Callable[[Any], str]:
    """From a column's value to wire text, remembered for all fields of one form.

    Only numbers and instants come here. The key must be text or a whole number: 1, 1.0 and True are one key.
    """
    key = (pure.key, spec.kind, spec.xml_type, spec.max_len, formatter(spec))
    found = _SHARED.get(key)
    if found is None:
        found = _SHARED[key] = lru_cache(maxsize=_VALUES)(not_shared(pure, write))
    return found


def not_shared(pure: Pure, write: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same without a memory, for any value."""
    change = pure.change

    def whole(value: Any) -> str:
        found = change(value)
        if found is None:
            return ""
        if type(found) is str and not found.isprintable():
            raise NotInlineError  # cleaning it leaves a note
        return write(found)

    return whole


def of_nothing(function: Callable[[Any], Any]) -> Any:
    """What a function of one value gives for an empty column; None when it raises."""
    try:
        return function(None)
    except Exception:  # noqa: BLE001 -- nothing is swallowed: it is called with the value, and raises again
        return None


# Of all text fields together: cleaning looks at the letters, not at the field.
_words: dict[object, str] = {None: ""}
known_word: Final = _words.get
"""The clean text of a value that :func:`new_word` has met; None for others. Empty stays empty."""


def new_word(value: object) -> str:
    """The clean text of one that was not known, remembered when it is short; "" for what must be looked at closer."""
    if type(value) is not str or not value.isprintable():
        return ""
    if len(value) > _SHORT:
        return value.strip() if value.isascii() else ""
    if len(_words) > _WORDS:
        _words.clear()
        _words[None] = ""
    text = _words[value] = nfc(value).strip()
    return text
