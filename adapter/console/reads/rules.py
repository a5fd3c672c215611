"""A rule in words for a clerk: what is wrong, what to do, on what it rests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from adapter.console.core.shown import wire_value
from adapter.console.core.words import Words
from adapter.rules.catalogue import catalogue
from adapter.rules.report.hints import hint
from adapter.standard.spec import written_as


@cache
def told(rule: str) -> dict[str, Any]:
    """Title, fix and source of a rule in both languages; a rule of the facility's own has its id only."""
    info = catalogue().get(rule)
    try:
        fix_vi, fix_en = hint(rule)
    except KeyError:
        fix_vi, fix_en = "", ""
    return {
        "title_vi": info.message_vi if info else "",
        "title_en": info.message_en if info else "",
        "fix_vi": fix_vi,
        "fix_en": fix_en,
        "source": info.source if info else "",
        "condition": info.condition if info else "",
    }


@cache
def field_words(layout: str, table: str, field: str) -> tuple[str, str]:
    """What a field means, Vietnamese and English; empty where the layout does not know it."""
    known = written_as(layout).tables.get(table)
    spec = known.by_name.get(field) if known is not None else None
    return (spec.meaning_vi, spec.meaning_en) if spec is not None else ("", "")


def readable(layout: str, table: str, field: str, value: str) -> str:
    """A value as people write it, where the layout knows the field."""
    known = written_as(layout).tables.get(table)
    spec = known.by_name.get(field) if known is not None else None
    return wire_value(value, spec.xml_type) if spec is not None else value


def rule_words(t: Words) -> Callable[[str], str]:
    """A rule's title in the reader's language; its id when it has none."""
    return lambda rule: t.of(told(rule)["title_vi"], told(rule)["title_en"]) or rule
