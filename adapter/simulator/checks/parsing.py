"""How the gateway reads XML: no entities, no network, texts of any length.

libxml2 stops at text nodes of 10 MB by default; a table of about 4,100 lines is longer than
that in base64, so the limit is lifted here and the size of a file is limited before.
"""

from __future__ import annotations

from typing import TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element


def parser() -> etree.XMLParser:
    """A fresh parser; one per call, since parsers are not shared between threads."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)


def parse(data: bytes) -> Element:
    """The root of a document. Raises ValueError when it is not XML, or carries a document type."""
    try:
        root = etree.fromstring(data, parser())
    except etree.XMLSyntaxError as error:
        raise ValueError(f"dòng {error.lineno or 0}") from error
    information = root.getroottree().docinfo
    if information.internalDTD is not None or information.externalDTD is not None:
        raise ValueError("DOCTYPE")
    return root
