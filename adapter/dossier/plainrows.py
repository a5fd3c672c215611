"""The quick way through a part that is written exactly as its table says.

A part with every element present, in order, in plain text matches one expression per row and
needs no tree: three times as fast. Everything else (CDATA, comments, attributes, missing or
foreign elements, …) gives None here and goes through the XML parser; both ways yield the same
rows wherever this one yields any.
"""

from __future__ import annotations

import re
from functools import lru_cache

from adapter.dossier.model import Row
from adapter.standard.model import Table

_SPACE = r"[ \t\n]*+"
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&#13;": "\r", "&#xD;": "\r"}
_ENTITY = re.compile("&(?:amp|lt|gt|quot|apos|#13|#xD);")
# Control characters, which are not XML, and carriage returns, which a parser must turn into line feeds.
_NOT_PLAIN = bytes(b for b in range(0x20) if b not in b"\t\n")
_FFFE, _FFFF = "\ufffe".encode(), "\uffff".encode()


@lru_cache(maxsize=128)
def _patterns(
    names: tuple[str, ...], root: str, list_element: str | None, record: str | None
) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What opens the part, one row, and what closes the part."""
    fields = "".join([f"<{name}>([^<]*+)</{name}>{_SPACE}" for name in names])
    if record is None:
        return (
            re.compile(f"{_SPACE}<{root}>{_SPACE}"),
            re.compile(fields),
            re.compile(f"</{root}>{_SPACE}"),
        )
    return (
        re.compile(f"{_SPACE}<{root}>{_SPACE}<{list_element}>{_SPACE}"),
        re.compile(f"<{record}>{_SPACE}{fields}</{record}>{_SPACE}"),
        re.compile(f"</{list_element}>{_SPACE}</{root}>{_SPACE}"),
    )


def plain_rows(data: bytes, table: Table, limit: int) -> list[Row] | None:
    """The rows of a part in UTF-8, or None when it must be parsed, or holds more than ``limit`` rows."""
    if len(data.translate(None, _NOT_PLAIN)) != len(data) or _FFFE in data or _FFFF in data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    opening, row, closing = _patterns(table.names, table.root, table.list_element, table.record_element)
    found = opening.match(text)
    if found is None or "]]>" in text:
        return None
    names = table.names
    entity = text.find("&")
    rows: list[Row] = []
    at = found.end()
    while (found := row.match(text, at)) is not None:
        values = found.groups()
        if entity != -1 and text.find("&", at, found.end()) != -1:
            unescaped = [_unescaped(value) for value in values]
            if None in unescaped:
                return None
            values = tuple(unescaped)
        rows.append(dict(zip(names, values, strict=True)))
        at = found.end()
        if len(rows) > limit:
            return None
        if table.record_element is None:
            break
    return rows if rows and closing.fullmatch(text, at) is not None else None


def _unescaped(value: str) -> str | None:
    """The value with its entities resolved; None when one of them is not plain."""
    if "&" not in value:
        return value
    if len(_ENTITY.findall(value)) != value.count("&"):
        return None
    return _ENTITY.sub(lambda found: _ENTITIES[found.group()], value)
