"""The rules of ``data/privacy.yaml`` and a facility's own, and how one matches a code or a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from adapter import resources
from adapter.errors import ConfigError, Where

Claim = Literal["send", "hold", "review"]
SelfPaid = Literal["send", "hold", "review", "never"]
Show = Literal["hold", "never", "advice", "consent"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Context(_Frozen):
    """Where a ``cut`` applies: diseases of the visit or words of the text, unless a disease forbids it."""

    icd: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    not_icd: tuple[str, ...] = ()


class PrivacyRule(_Frozen):
    """One rule. ``scope``: row (what matches), visit (all when the main disease or a table matches), flag."""

    id: str
    name_vi: str
    name_en: str
    icd: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    context: Context | None = None
    only: tuple[str, ...] = ()
    scope: Literal["row", "visit", "flag"] = "row"
    claim: Claim
    self_paid: SelfPaid
    consent_lifts: bool = False
    show: Show
    basis: str
    certainty: Mapping[str, str]

    @field_validator("cut")
    @classmethod
    def _compiles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return value

    def knows_disease(self, code: str) -> bool:
        """Whether an ICD-10 code belongs to it."""
        return within(code, self.icd)

    def reads(self, text: str) -> bool:
        """Whether one of its words stands in a text, whatever the case; without marks only in unmarked text."""
        return bool(self.words) and speaks_of(self.words, text)

    def cut_out(self, text: str, *, diseases: Sequence[str]) -> str:
        """The text without what may not be told; the same object when there is nothing of it."""
        if not self.cut or not self._in_context(text, diseases):
            return text
        shorter = nfc = unicodedata.normalize("NFC", text)
        for pattern in _patterns(self.cut, not _MARKED.search(nfc)):
            shorter = pattern.sub("[…]", shorter)
        return text if shorter == nfc else re.sub(r"(\[…\][\s,;]*)+\[…\]", "[…]", shorter)

    def may_cut(self, texts: Collection[str], words: Haystack, diseases: Sequence[str]) -> bool:
        """A quick look at the ``texts`` of a visit: False is sure, True asks for a closer look at each.

        ``words``: those of the texts in which :class:`Quiet` heard something.
        """
        if not self.cut:
            return False
        if (context := self.context) is not None:
            if any(within(code, context.not_icd) for code in diseases):
                return False
            if any(within(code, context.icd) for code in diseases):
                words = Haystack(texts)
            elif not words.holds(context.words):
                return False
        return words.finds(self.patterns)

    @property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """What ``cut`` looks for, also in texts typed without marks."""
        return _patterns(self.cut, bare=True)

    def _in_context(self, text: str, diseases: Sequence[str]) -> bool:
        if self.context is None:
            return True
        if any(within(code, self.context.not_icd) for code in diseases):
            return False
        return any(within(code, self.context.icd) for code in diseases) or speaks_of(self.context.words, text)


class PrivacyRules(_Frozen):
    """All rules, and which elements of the tables hold words, names and diseases."""

    rules: tuple[PrivacyRule, ...]
    free_text: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]
    diseases: Mapping[str, tuple[str, ...]]
    clinical: Mapping[str, tuple[str, ...]]

    @property
    def keep(self) -> tuple[str, ...]:
        """Fields that stay when a whole visit is withheld."""
        return self.clinical["keep"]

    @property
    def quiet(self) -> Quiet:
        """The memory of texts of which these rules say nothing."""
        words = (word for rule in self.rules for word in (*rule.words, *(rule.context.words if rule.context else ())))
        return _quiet(tuple(words), tuple(cut for rule in self.rules if rule.context is None for cut in rule.cut))


def load_rules(extra: Path | None = None) -> PrivacyRules:
    """Our rules, and a facility's file over them: same id replaces. Raises ConfigError naming the file."""
    if extra is None:
        return _shipped()
    try:
        seen = extra.stat()
        return _with_own(extra, seen.st_mtime_ns, seen.st_size)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError, TypeError, AttributeError) as error:
        raise ConfigError(
            "Không đọc được tệp quy tắc riêng tư (book.privacy_rules)",
            "The file of privacy rules cannot be read (book.privacy_rules)",
            where=Where(str(extra)),
            hint_vi="xem docs/healthbook/privacy.md",
            hint_en="see docs/healthbook/privacy.md",
        ) from error


@lru_cache(maxsize=4)
def _with_own(extra: Path, _changed: int, _size: int) -> PrivacyRules:
    """Read once for each state of the file: the rules are asked for every dossier."""
    own = yaml.safe_load(extra.read_text(encoding="utf-8-sig")) or {}
    shipped = _shipped()
    by_id = {rule.id: rule for rule in (*shipped.rules, *(PrivacyRule(**rule) for rule in own.get("rules", ())))}
    return shipped.model_copy(update={"rules": tuple(by_id.values())})


@dataclass(frozen=True, slots=True)
class _Range:
    first: str
    last: str

    def holds(self, code: str) -> bool:
        stem = code[: len(self.first)]
        return self.first <= stem <= self.last


@lru_cache(maxsize=1)
def _shipped() -> PrivacyRules:
    document: dict[str, Any] = resources.document("adapter.healthbook", "data", "privacy.yaml")
    return PrivacyRules(**document)


@lru_cache(maxsize=8192)
def within(code: str, prefixes: tuple[str, ...]) -> bool:
    """Whether an ICD-10 code is one of these, below one, or in a range ``O00-O48``."""
    return bool(code) and any(_prefix(p).holds(code.strip().upper()) for p in prefixes)


@lru_cache(maxsize=1024)
def _prefix(text: str) -> _Range:
    first, _, last = text.partition("-")
    return _Range(first, last or first)


def speaks_of(words: tuple[str, ...], text: str) -> bool:
    """Whether one of the words begins in a text."""
    return Haystack((text,)).holds(words)


_MARKED = re.compile("[\u00c0-\u1ef9]")
"""A letter of Vietnamese with its mark, in NFC."""


class Haystack:
    """Many texts searched at once. Those typed without marks are kept apart and searched without."""

    def __init__(self, texts: Iterable[str]) -> None:
        there = sorted({text for text in texts if text})
        # Joined before they are composed and folded: once for all of them. NUL is no letter, no space and in no text.
        self._plain = unicodedata.normalize("NFC", _APART.join(there))
        # Of all spaces only the plain one is printable: nearly always there is none to replace, and no need to search.
        one_space = "  " not in self._plain and "".join(there).isprintable()
        self._marked = self._plain.casefold() if one_space else _fold_composed(self._plain)
        self._bare = _APART.join([t for t in self._marked.split(_APART) if t.isascii() or not _MARKED.search(t)])

    def holds(self, words: tuple[str, ...]) -> bool:
        """Whether one of the words begins in one of the texts."""
        return _begins(words, self._marked) or _begins(_bare_words(words), self._bare)

    def finds(self, patterns: tuple[re.Pattern[str], ...]) -> bool:
        """Whether a pattern is found anywhere."""
        return any(pattern.search(self._plain) for pattern in patterns)


_APART = "\0"


class Quiet:
    """Texts in which no word of some rules begins and no pattern is found: they need no second look.

    Names of drugs and services and the usual results come in every dossier of a hospital.
    """

    def __init__(self, words: tuple[str, ...], patterns: tuple[re.Pattern[str], ...]) -> None:
        self._words, self._patterns = words, patterns
        self._known: set[str] = {""}

    def loud(self, texts: Collection[str]) -> Haystack:
        """Those of the texts in which something was heard."""
        new = [text for text in texts if text not in self._known]
        heard = [text for text in new if self._hears(Haystack((text,)))] if self._hears(Haystack(new)) else []
        if len(self._known) > _REMEMBERED:
            self._known = {""}
        self._known.update(text for text in set(new).difference(heard) if len(text) <= _SHORT)
        return Haystack(heard)

    def _hears(self, texts: Haystack) -> bool:
        return texts.holds(self._words) or texts.finds(self._patterns)


_REMEMBERED, _SHORT = 20_000, 200
"""How many texts are remembered at most, and of how many letters."""


@lru_cache(maxsize=4)
def _quiet(words: tuple[str, ...], cut: tuple[str, ...]) -> Quiet:
    return Quiet(words, _patterns(cut, bare=True))


def _begins(words: tuple[str, ...], text: str) -> bool:
    # Looking for each word as it stands is many times quicker than the pattern, and nearly always finds none.
    for word in _folded(words):
        if word in text:
            return bool(_words(words).search(text))
    return False


@lru_cache(maxsize=256)
def _folded(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(fold(word) for word in words)


@lru_cache(maxsize=256)
def _bare_words(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(unmarked(fold(word)) for word in words)


@lru_cache(maxsize=256)
def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    """Words begin where a letter does not go before; abbreviations also end where no letter follows."""
    parts = (re.escape(fold(w)) + (r"(?![^\W\d_])" if len(w) <= 4 else "") for w in words)
    return re.compile(r"(?<![^\W\d_])(?:" + "|".join(parts) + ")")


@lru_cache(maxsize=64)
def _patterns(patterns: tuple[str, ...], bare: bool) -> tuple[re.Pattern[str], ...]:
    """Text typed without marks is searched with patterns without marks, too."""
    wanted = (*patterns, *(unmarked(p) for p in patterns)) if bare else patterns
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in wanted)


def fold(text: str) -> str:
    """NFC, one space between words, small letters."""
    return _fold_composed(unicodedata.normalize("NFC", text))


def _fold_composed(text: str) -> str:
    return _SPACES.sub(" ", text).casefold()


_SPACES = re.compile(r"\s{2,}|[^\S ]")
"""Only what is not one plain space already: nearly nothing is."""


def unmarked(text: str) -> str:
    """Vietnamese without its marks."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))
