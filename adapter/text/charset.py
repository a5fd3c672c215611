"""Old Vietnamese charsets: TCVN3 (ABC), VNI-Windows, VISCII and CP1258 to Unicode and back.

Columns written before Unicode hold one of these as bytes, or as text a driver read as
Windows-1252 (``NguyÔn V¨n An``). Tables are data in ``tables/``. Which charset a text is in
is found by asking under which reading its words are Vietnamese syllables.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from adapter.text.clean import nfc

CHARSETS = ("tcvn3", "vni", "viscii", "cp1258", "unicode")

_WORD = re.compile(r"[^\W\d_]+(?:[^\W\d_]|[\u0300-\u036f])*")
_HOLE = re.compile(
    r"(?<=[^\W\d_])\?+(?=[^\W\d_])|(?<=\s)\?+(?=[^\W\d_])|\ufffd|(?<![^\W\d_])[bcdđghklmnpqrstvx]+\?(?=\s|$)", re.I
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Unicode text (NFC), the charset it was read as, how sure that is (0–1), and how many letters were lost.

    A lost letter is a byte the charset does not know, or a ``?`` inside a word that an earlier
    conversion left behind.
    """

    text: str
    charset: str
    confidence: float
    lost: int


def decode(data: str | bytes, charset: str | None = None) -> Decoded:
    """Text or bytes to Unicode; ``charset`` None finds out which.

    Text is taken as what a driver made of the bytes by Windows-1252. Raises ValueError for an
    unknown charset.
    """
    if charset is not None and charset not in CHARSETS:
        raise ValueError(f"unknown charset {charset}")
    raw = data if isinstance(data, bytes) else _bytes_of(data)
    if charset is not None:
        text = _read(data, raw, charset)
        return Decoded(text, charset, 1.0, _lost(text))
    return _detect(data, raw)


def _detect(data: str | bytes, raw: bytes | None) -> Decoded:
    if isinstance(data, bytes):
        try:
            text = nfc(data.decode("utf-8"))
            return Decoded(text, "unicode", 1.0, _lost(text))
        except UnicodeDecodeError:
            pass
    elif raw is None or data.isascii():
        text = nfc(data)
        return Decoded(text, "unicode", 1.0, _lost(text))
    readings = {name: _read(data, raw, name) for name in CHARSETS}
    scores = {name: _vietnamese(text) for name, text in readings.items()}
    best = max(CHARSETS, key=lambda name: (scores[name], name == "unicode"))
    if scores[best] <= scores["unicode"]:
        best = "unicode"
    text = readings[best]
    others = max((s for name, s in scores.items() if readings[name] != text), default=0.0)
    return Decoded(text, best, round(max(0.0, min(1.0, scores[best] - others / 2)), 3), _lost(text))


def encode(text: str, charset: str) -> tuple[bytes, tuple[str, ...]]:
    """Unicode to an old charset's bytes, and the letters it cannot hold (written as ``?``)."""
    if charset == "unicode":
        return nfc(text).encode("utf-8"), ()
    to_bytes = _encoders()[charset]
    out = bytearray()
    lost: list[str] = []
    for letter in nfc(text):
        found = letter.encode("ascii") if letter.isascii() else to_bytes.get(letter)
        if found is None:
            lost.append(letter)
            found = b"?"
        out += found
    return bytes(out), tuple(lost)


# ---- reading --------------------------------------------------------------------------------------


def _bytes_of(text: str) -> bytes | None:
    """The bytes a driver read as Windows-1252 (or Latin-1 where that has holes); None when it was not so."""
    out = bytearray()
    for letter in text:
        try:
            out += letter.encode("cp1252")
        except UnicodeEncodeError:
            if ord(letter) > 0xFF:
                return None
            out.append(ord(letter))
    return bytes(out)


def _read(data: str | bytes, raw: bytes | None, charset: str) -> str:
    if charset == "unicode" or raw is None:
        return nfc(data if isinstance(data, str) else data.decode("utf-8", "replace"))
    if charset == "cp1258":
        return nfc(raw.decode("cp1258", "replace"))
    if charset == "vni":
        return nfc(_vni_pattern().sub(lambda m: _vni()[m[0]], raw.decode("cp1252", "replace")))
    table = _single_bytes(charset)
    return "".join(table[b] for b in raw)


@lru_cache(maxsize=4)
def _rows(name: str) -> tuple[tuple[str, str], ...]:
    text = (files("adapter.text") / "tables" / f"{name}.csv").read_text(encoding="utf-8")
    return tuple((written, letter) for written, letter in list(csv.reader(text.splitlines()))[1:])


@lru_cache(maxsize=2)
def _single_bytes(name: str) -> tuple[str, ...]:
    table = [chr(b) if b < 0x80 else "\ufffd" for b in range(256)]
    for written, letter in _rows(name):
        table[int(written, 16)] = letter
    table[0xA0] = table[0xA0] if table[0xA0] != "\ufffd" else "\u00a0"
    return tuple(table)


@lru_cache(maxsize=1)
def _vni() -> dict[str, str]:
    return dict(_rows("vni"))


@lru_cache(maxsize=1)
def _vni_pattern() -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, _vni()), key=len, reverse=True)))


@lru_cache(maxsize=1)
def _encoders() -> dict[str, dict[str, bytes]]:
    single = {n: {letter: bytes([int(w, 16)]) for w, letter in _rows(n)} for n in ("tcvn3", "viscii")}
    vni = {letter: written.encode("cp1252") for written, letter in _rows("vni")}
    return {**single, "vni": vni, "cp1258": _cp1258(vni)}


def _cp1258(letters: dict[str, bytes]) -> dict[str, bytes]:
    """CP1258 writes most letters as base plus a combining tone."""
    table: dict[str, bytes] = {}
    for letter in letters:
        parts = unicodedata.normalize("NFD", letter)
        tones = [m for m in parts if m in _TONES]
        base = nfc("".join(m for m in parts if m not in _TONES))
        for form in (letter, base + "".join(tones)):
            try:
                table[letter] = form.encode("cp1258")
                break
            except UnicodeEncodeError:
                continue
    return table


# ---- is it Vietnamese? ------------------------------------------------------------------------------

_TONES = {"\u0300": "grave", "\u0301": "acute", "\u0303": "tilde", "\u0309": "hook", "\u0323": "dot"}
_ONSETS = frozenset({"", *re.findall(r"\S+", "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x")})
_OPEN = frozenset(
    re.findall(
        r"\S+",
        """ia ya ua ưa ai ao au ay âu ây eo êu iu iêu oai oay oao oeo
        oi ôi ơi ui uơ uya uyu uôi ươi ươu ưi ưu uây yêu""",
    )
)
"""Nuclei that end a syllable: ``Phaùm`` is none, in whatever charset its letters would make it."""
_CLOSED = frozenset(re.findall(r"\S+", "ă â iê yê oă oo uâ uô uyê ươ"))
"""Nuclei that want a consonant behind them."""
_NUCLEI = _OPEN | _CLOSED | frozenset(re.findall(r"\S+", "a e ê i o ô ơ u ư y oa oe uê uy"))
_CODAS = frozenset(["", "c", "ch", "m", "n", "ng", "nh", "p", "t"])
_STOPS = frozenset(["c", "ch", "p", "t"])
_VOWELS = "aăâeêioôơuưy"
_SYLLABLE = re.compile(rf"([^{_VOWELS}]*)([{_VOWELS}]+)([^{_VOWELS}]*)$")


def _vietnamese(text: str) -> float:
    """The share of words with letters beyond ASCII that are Vietnamese syllables; holes count against it."""
    words = [w for w in _WORD.findall(text) if not w.isascii()]
    holes = text.count("\ufffd") + sum(1 for c in text if "\x80" <= c <= "\x9f")
    strange = sum(1 for c in text if not c.isascii() and not c.isalpha() and c not in "\u00a0–—“”‘’…°²³µ×±≤≥")
    total = len(words) + holes + strange
    return sum(_is_syllable(w) for w in words) / total if total else 0.0


@lru_cache(maxsize=4096)
def _is_syllable(word: str) -> bool:
    if not (word.islower() or word.isupper() or word.istitle()):
        return False
    parts = unicodedata.normalize("NFD", word.lower())
    tones = [m for m in parts if m in _TONES]
    plain = nfc("".join(m for m in parts if m not in _TONES))
    if len(tones) > 1:
        return False
    return any(_fits(onset, rest, tones) for onset, rest in _splits(plain))


def _splits(plain: str) -> list[tuple[str, str]]:
    """Onset and rhyme; ``gi`` and ``qu`` take a vowel letter into the onset."""
    found = _SYLLABLE.match(plain)
    if found is None:
        return []
    onset, nucleus, coda = found.groups()
    ways = [(onset, nucleus + coda)]
    if onset + nucleus[0] in ("gi", "qu") and len(nucleus) > 1:
        ways.append((onset + nucleus[0], nucleus[1:] + coda))
    return ways


def _fits(onset: str, rhyme: str, tones: list[str]) -> bool:
    found = re.match(rf"([{_VOWELS}]+)(.*)$", rhyme)
    if onset not in _ONSETS or found is None or found[1] not in _NUCLEI or found[2] not in _CODAS:
        return False
    if found[1] in (_OPEN if found[2] else _CLOSED):
        return False
    return found[2] not in _STOPS or all(_TONES[t] in ("acute", "dot") for t in tones)


def _lost(text: str) -> int:
    """Holes: a ``?`` inside or before a word, or ending one that has no vowel; a replacement character."""
    return sum(hole.count("?") + hole.count("\ufffd") for hole in _HOLE.findall(text))
