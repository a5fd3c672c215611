"""The part of the verifier that knows profile 2: which elements its two references must mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from lxml import etree

from adapter.signing.profile2 import Names, duplicate_ids
from adapter.signing.xmldsig.problems import Problem, Refused
from adapter.signing.xmldsig.signedinfo import SignedReference, digest_problems
from adapter.signing.xmldsig.xml import DS, SIGNATURE_PLACE, canonical_part

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def is_profile2(references: Sequence[SignedReference]) -> bool:
    """Two references without transforms, one of them to ``#Object-CHUKYDONVI-…``."""
    start = f"#Object-{SIGNATURE_PLACE}-"
    return (
        len(references) == 2
        and not any(reference.transforms for reference in references)
        and sum(reference.uri.startswith(start) for reference in references) == 1
    )


def two_references(
    root: etree._Element,
    signature: etree._Element,
    objects: Sequence[etree._Element],
    references: Sequence[SignedReference],
) -> tuple[list[Problem], str]:
    """Digest problems and SigningTime (local, as written); Refused when a reference does not mean what it must.

    The signed element must be the root's only child beside CHUKYDONVI: whatever else stood there
    would be read by the receiver and covered by nobody.
    """
    first, second = sorted(references, key=lambda reference: not reference.uri.startswith("#Object-"))
    names = Names(second.uri.removeprefix("#"))
    if first.uri != f"#{names.object}" or second.uri != f"#{names.ref_id}" or signature.get("Id") != names.signature:
        raise Refused(
            "references",
            "Id trong chữ ký không theo quy ước của kiểu 2",
            "The signature's Ids are not those of profile 2",
        )
    if duplicate_ids(root):
        raise Refused("duplicate-id", "Tệp có Id trùng nhau", "The file has duplicate Ids")
    children = [child for child in root if isinstance(child.tag, str) and child.tag != SIGNATURE_PLACE]
    texts = [root.text, *(child.tail for child in root)]
    if len(children) != 1 or root.attrib or any((text or "").strip() for text in texts):
        raise Refused(
            "not-covered",
            f"Ngoài phần được ký và {SIGNATURE_PLACE}, tệp còn nội dung không được ký",
            f"Beside the signed part and {SIGNATURE_PLACE} the file holds content that is not signed",
        )
    if children[0].get("Id") != names.ref_id:
        raise Refused(
            "wrong-element",
            "Tham chiếu không trỏ vào phần phải ký",
            "The reference does not mean the part to be signed",
        )
    if len(objects) != 1:
        raise Refused(
            "structure", "Chữ ký kiểu 2 phải có đúng một Object", "A profile 2 signature has exactly one Object"
        )
    time = _signing_time(objects[0], names)
    return (
        digest_problems(first, canonical_part(objects[0])) + digest_problems(second, canonical_part(children[0])),
        time,
    )


def _signing_time(holder: etree._Element, names: Names) -> str:
    nodes = list(holder.iter())
    expected: list[tuple[str, dict[str, str]]] = [
        (f"{{{DS}}}Object", {"Id": names.object}),
        ("SignatureProperties", {}),
        ("SignatureProperty", {"Id": names.property, "Target": f"#{names.signature}"}),
        ("SigningTime", {}),
    ]
    found = [(str(node.tag), {str(k): str(v) for k, v in node.attrib.items()}) for node in nodes]
    chain = all(len(node) == 1 for node in nodes[:-1])
    time = (nodes[-1].text or "").strip()
    if found != expected or not chain or not _TIME.fullmatch(time):
        raise _odd_object()
    try:
        datetime.strptime(time, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 -- the profile writes local time without zone
    except ValueError:
        raise _odd_object() from None
    return time


def _odd_object() -> Refused:
    return Refused(
        "structure",
        "Object không theo quy ước của kiểu 2 (SignatureProperties, SignatureProperty, SigningTime)",
        "The Object is not that of profile 2 (SignatureProperties, SignatureProperty, SigningTime)",
    )
