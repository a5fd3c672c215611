"""A sent file taken apart for reading: the envelope, and each part with its base64 opened."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from lxml import etree

from adapter.dossier.safexml import ReadLimits, parse

_LONGEST = 200_000


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name and its XML, indented; ``cut`` when it is too long to be shown whole."""

    name: str
    text: str
    cut: bool


def parts_of(data: bytes) -> list[Part]:
    """The parts of GIAMDINHHS, or the whole file as one part."""
    root, _ = parse(data, ReadLimits())
    parts: list[Part] = []
    for file in root.iter("FILEHOSO"):
        name = file.findtext("LOAIHOSO", "?").strip()
        content = file.find("NOIDUNGFILE")
        inner = _opened(content)
        parts.append(_part(name, inner))
        if content is not None and inner is not None:
            content.text = "…"
            for child in list(content):
                content.remove(child)
    return [_part(str(root.tag), root), *parts]


def _opened(content: etree._Element | None) -> etree._Element | None:
    if content is None:
        return None
    if len(content):
        return content[0]
    try:
        data = base64.b64decode("".join((content.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return parse(data, ReadLimits())[0]


def _part(name: str, element: etree._Element | None) -> Part:
    if element is None:
        return Part(name, "", cut=False)
    etree.indent(element, space="  ")
    text = etree.tostring(element, encoding="unicode", with_tail=False)
    return Part(name, text[:_LONGEST], cut=len(text) > _LONGEST)
