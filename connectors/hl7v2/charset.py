"""Bytes of a message to text: what MSH-18 says, or what the feed's settings know better."""

from __future__ import annotations

import re

from adapter.text import charset as old
from adapter.text import nfc

CHARSETS = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "latin-1": "latin-1",
    "iso-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
    "windows-1258": "cp1258",
    "tcvn3": "tcvn3",
    "vni": "vni",
    "viscii": "viscii",
}
"""Name in the settings → Python's codec, or our own table's name."""

_OLD = frozenset({"tcvn3", "vni", "viscii", "cp1258"})

# HL7 table 0211, and what senders write instead.
_DECLARED = {
    "ASCII": "utf-8",  # a superset: what is not ASCII then must be UTF-8 or is refused
    "UNICODE": "utf-8",  # a wide one shows by its zero bytes before MSH-18 can be read
    "UNICODE UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "8859/1": "latin-1",
    "8859-1": "latin-1",
    "ISO-8859-1": "latin-1",
    "8859/15": "iso-8859-15",
    "WINDOWS-1252": "windows-1252",
    "CP1252": "windows-1252",
    "WINDOWS-1258": "windows-1258",
    "CP1258": "windows-1258",
    "TCVN3": "tcvn3",
    "TCVN": "tcvn3",
    "TCVN5712": "tcvn3",
    "VNI": "vni",
    "VISCII": "viscii",
}

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class WrongCharset(Exception):
    """The bytes are not in the charset they are said to be in; ``name`` is that charset."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def charset_of(raw: bytes, override: str | None, default: str) -> str:
    """The charset a message is read with. Raises WrongCharset when MSH-18 names an unknown one."""
    if override is not None:
        return override
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in raw[:8]:
        return "utf-16"
    head = raw.removeprefix(b"\xef\xbb\xbf").split(b"\r", 1)[0].split(b"\n", 1)[0]
    fields = head.split(head[3:4]) if len(head) > 4 else []
    first = re.split(rb"[~^]", fields[17])[0] if len(fields) > 17 else b""
    declared = first.decode("ascii", "replace").strip().upper()
    if not declared:
        return "utf-8" if raw.startswith(b"\xef\xbb\xbf") else default
    if declared not in _DECLARED:
        raise WrongCharset(declared[:20])
    return _DECLARED[declared]


def to_text(raw: bytes, charset: str) -> str:
    """The message as text in NFC with CR between segments. Raises WrongCharset.

    Where a sender uses CR at all, a bare LF is part of a value and stays; else LF or CRLF end segments.
    """
    codec = CHARSETS[charset]
    try:
        if codec in _OLD:
            decoded = old.decode(raw, codec)
            if "\ufffd" in decoded.text:
                raise WrongCharset(charset)
            text = decoded.text
        elif codec == "utf-16" and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            text = raw.decode("utf-16-be" if raw[:1] == b"\x00" else "utf-16-le")
        else:
            text = raw.decode(codec)
    except UnicodeDecodeError as error:
        raise WrongCharset(charset) from error
    text = text.removeprefix("\ufeff").replace("\r\n", "\r")
    if "\r" not in text:
        text = text.replace("\n", "\r")
    return _FORBIDDEN.sub("", text) if text.isascii() else nfc(_FORBIDDEN.sub("", text))


def to_bytes(text: str, charset: str) -> bytes:
    """An answer in the sender's charset; letters it lacks become ``?``."""
    codec = CHARSETS[charset]
    if codec in _OLD:
        return text.encode("ascii", "replace")
    if codec == "utf-16":
        return text.encode("utf-16-le" if text.isascii() else "utf-16")
    return text.encode(codec, "replace")
