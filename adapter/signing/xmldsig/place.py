"""Finding ``CHUKYDONVI`` in the bytes, so that signing changes nothing outside it.

The place is the last child of the root, and nothing but white space may follow the root's
end tag. Under these two conditions the search from the end of the file is exact: no comment,
CDATA section or processing instruction can end with ``</ROOT>``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from adapter.errors import DocumentError
from adapter.signing.xmldsig.xml import SIGNATURE_PLACE

_TAIL = re.compile(rb"\s*</(?P<root>[^\s<>/]+)\s*>\s*\Z")
_START = re.compile(rb"<" + SIGNATURE_PLACE.encode() + rb"\s*(?P<empty>/?)>")
_END = re.compile(rb"</" + SIGNATURE_PLACE.encode() + rb"\s*>")


@dataclass(frozen=True, slots=True)
class Place:
    """``document[:start]`` and ``document[end:]`` stay as they are; ``content`` lies between."""

    document: bytes
    start: int
    end: int
    content: bytes

    def fill(self, signature: bytes) -> bytes:
        """The document with ``signature`` as the only content of CHUKYDONVI."""
        tag = SIGNATURE_PLACE.encode()
        before, after = memoryview(self.document)[: self.start], memoryview(self.document)[self.end :]
        return b"".join((before, b"<", tag, b">", signature, b"</", tag, b">", after))

    @property
    def empty(self) -> bool:
        """Whether nothing but white space stands in CHUKYDONVI."""
        return not self.content.strip()


def find_place(document: bytes) -> Place:
    """Where CHUKYDONVI stands; DocumentError when it is not the root's last child."""
    start = document.rfind(b"<" + SIGNATURE_PLACE.encode())
    opening = _START.match(document, start) if start >= 0 else None
    if opening is None:
        raise _misplaced()
    if opening["empty"]:
        inner_end = end = opening.end()
    else:
        inner_end = document.rfind(b"</" + SIGNATURE_PLACE.encode(), opening.end())
        closing = _END.match(document, inner_end) if inner_end >= 0 else None
        if closing is None:
            raise _misplaced()
        end = closing.end()
    if _TAIL.match(document, end) is None:
        raise _misplaced()
    return Place(document, start, end, document[opening.end() : inner_end])


def _misplaced() -> DocumentError:
    return DocumentError(
        f"Không thấy thẻ {SIGNATURE_PLACE} (không thuộc tính) là thẻ con cuối cùng của thẻ gốc",
        f"No {SIGNATURE_PLACE} element (without attributes) as the last child of the root",
        hint_vi=f"thêm <{SIGNATURE_PLACE}/> ngay trước thẻ đóng của thẻ gốc; sau thẻ gốc không được có gì thêm",
        hint_en=f"put <{SIGNATURE_PLACE}/> right before the root's end tag; nothing may follow the root",
    )
