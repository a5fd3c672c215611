"""The console's texts: two files with the same keys, and the choice between them.

``?lang=en`` chooses and is remembered by a cookie; Vietnamese is the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from fastapi import Request

from adapter import resources

LANGUAGES = ("vi", "en")
COOKIE = "bhyt_lang"


@cache
def texts(language: str) -> Mapping[str, str]:
    """Key → text; keys are ``page.what``."""
    document = resources.document("adapter.console", "data", f"{language}.yaml")
    return dict(_flat("", document))


def _flat(prefix: str, node: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in node.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            found += _flat(name, value)
        else:
            found.append((name, str(value)))
    return found


class Words:
    """One language's texts, as a template asks for them: ``t("bulk.done", n=3)``."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = texts(language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key. KeyError for one that is not there: a test finds it before a user does."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Whether there is such a text, for names that come from data."""
        return key in self._texts

    def of(self, vi: str, en: str) -> str:
        """The one of two texts that is in this language; the other when it is empty."""
        return (vi or en) if self.language == "vi" else (en or vi)


def language_of(request: Request) -> str:
    """What the address asks for, else what was chosen before, else Vietnamese."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return str(chosen)
    return LANGUAGES[0]
