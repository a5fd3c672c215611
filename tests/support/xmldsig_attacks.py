"""What an attacker can do to a signed file: alterations of bytes, and structures that keep every digest right.

``python -m tests.support.xmldsig_attacks`` writes the table of answers into docs/signing.md; a test
compares the two.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from adapter.signing import profile1, profile2
from adapter.signing.verify import verify
from tests.support.xmldsig import (
    jdk_judges,
    python_xmlsec_accepts,
    signxml_accepts,
    xml_crypto_judges,
    xmlsec1_accepts,
)
from tests.support.xmldsig_world import CATALOGUE_TAG, NOW, catalogue, dossier, world

DS = "{http://www.w3.org/2000/09/xmldsig#}"
DOCS = Path(__file__).resolve().parents[2] / "docs" / "signing.md"
START, END = "<!-- attacks: generated -->", "<!-- attacks: end -->"


def _flip(document: bytes, element: bytes) -> bytes:
    """One base64 digit or letter of the element's text exchanged for another."""
    at = document.index(b"<" + element + b">") + len(element) + 12
    other = b"A" if document[at : at + 1] != b"A" else b"B"
    return document[:at] + other + document[at + 1 :]


def _swap_certificate(document: bytes) -> bytes:
    """Another certificate of the same authority, for another key."""
    import base64

    mine = base64.b64encode(world().facility.certificate.public_bytes(Encoding.DER))
    other = world().issue(key=None).certificate
    return document.replace(mine, base64.b64encode(other.public_bytes(Encoding.DER)))


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "content": lambda d: d.replace(b"<MACSKCB>01999", b"<MACSKCB>01998").replace(b"02.1900", b"02.1901"),
    "white space in the content": lambda d: (
        d.replace(b"<HOSO>", b"<HOSO> ") if b"<HOSO>" in d else d.replace(b"<DMDICHVUKBCB>", b"<DMDICHVUKBCB> ")
    ),
    "digest": lambda d: _flip(d, b"DigestValue"),
    "white space in SignedInfo": lambda d: d.replace(b"<SignedInfo>", b"<SignedInfo> "),
    "signature value": lambda d: _flip(d, b"SignatureValue"),
    "swapped certificate": _swap_certificate,
}
ALTERATIONS_2: dict[str, Callable[[bytes], bytes]] = {
    **ALTERATIONS,
    "signing time": lambda d: d.replace(b"<SigningTime>2", b"<SigningTime>3"),
}


def _tree(change: Callable[[etree._Element, etree._Element], None]) -> Callable[[bytes], bytes]:
    def attack(document: bytes) -> bytes:
        root = etree.fromstring(document)
        signature = next(root.iter(f"{DS}Signature"))
        change(root, signature)
        return etree.tostring(root, encoding="utf-8", xml_declaration=True)

    return attack


def _second(root: etree._Element, signature: etree._Element) -> None:
    holder = signature.getparent()
    assert holder is not None
    holder.append(deepcopy(signature))


def _moved_to_root(root: etree._Element, signature: etree._Element) -> None:
    holder = signature.getparent()
    assert holder is not None
    holder.remove(signature)
    last = root[-1]
    # Behind the last element, keeping the white space that is signed in profile 1.
    signature.tail, last.tail = last.tail, None
    root.append(signature)


def _wrong_parent(root: etree._Element, signature: etree._Element) -> None:
    _moved_to_root(root, signature)
    tail, signature.tail = signature.tail, None
    root.remove(signature)
    root[-1].tail = tail
    root[0].insert(0, signature)
    signature.tail, root[0].text = root[0].text, None


def _comment(root: etree._Element, signature: etree._Element) -> None:
    code = next(e for e in root.iter("MACSKCB", "MA_DICH_VU"))
    text = code.text or ""
    code.text = text[:2]
    comment = etree.Comment("cắt")
    comment.tail = text[2:]
    code.append(comment)


def _duplicate_id(root: etree._Element, signature: etree._Element) -> None:
    forged = deepcopy(root[0])
    forged.find(".//MA_DICH_VU").text = "99.9999"  # type: ignore[union-attr]
    root.insert(0, forged)


def _wrapped(root: etree._Element, signature: etree._Element) -> None:
    signed = root[0]
    forged = deepcopy(signed)
    forged.set("Id", "Id-khac")
    forged.find(".//MA_DICH_VU").text = "99.9999"  # type: ignore[union-attr]
    root.insert(0, forged)
    wrapper = etree.SubElement(root, "BOC")
    wrapper.append(signed)
    root.append(root.find("CHUKYDONVI"))  # type: ignore[arg-type]


def _hidden_in_object(root: etree._Element, signature: etree._Element) -> None:
    signed = root[0]
    forged = deepcopy(signed)
    forged.set("Id", "Id-khac")
    forged.find(".//MA_DICH_VU").text = "99.9999"  # type: ignore[union-attr]
    root.insert(0, forged)
    signed.tail = None
    etree.SubElement(signature, f"{DS}Object").append(signed)


def _unsigned_sibling(root: etree._Element, signature: etree._Element) -> None:
    forged = deepcopy(root[0])
    del forged.attrib["Id"]
    root.insert(0, forged)


STRUCTURES_1: dict[str, Callable[[bytes], bytes]] = {
    "second signature beside the first": _tree(_second),
    "signature moved behind CHUKYDONVI": _tree(_moved_to_root),
    "signature under another parent": _tree(_wrong_parent),
    "comment inside a value": _tree(_comment),
}
STRUCTURES_2: dict[str, Callable[[bytes], bytes]] = {
    **STRUCTURES_1,
    "second element with the same Id": _tree(_duplicate_id),
    "signed element wrapped, forged one in its place": _tree(_wrapped),
    "signed element hidden in an Object, forged one in its place": _tree(_hidden_in_object),
    "unsigned element beside the signed one": _tree(_unsigned_sibling),
}

TOOLS = {1: ("xmlsec1", "JDK", "xml-crypto", "signxml"), 2: ("xmlsec1", "JDK", "xml-crypto", "python-xmlsec")}
Answers = dict[tuple[int, str], dict[str, bool]]


def signed(profile: int) -> bytes:
    """The file that attacks start from."""
    if profile == 1:
        return profile1.sign(dossier(), world().key)
    return profile2.sign(catalogue(), world().key, at=NOW)


def answers(files: dict[tuple[int, str], bytes]) -> Answers:
    """Who accepts which file (profile, name): ours and every foreign tool of that profile; one JVM for all."""
    ca = world().ca
    with tempfile.TemporaryDirectory() as folder:
        paths = {key: Path(folder) / f"{n}.xml" for n, key in enumerate(files)}
        for key, content in files.items():
            paths[key].write_bytes(content)
        order = list(paths.values())
        jdk = dict(zip(files, jdk_judges(order, ca), strict=True))
        node = dict(zip(files, xml_crypto_judges(order, ca), strict=True))
        found: Answers = {}
        for (profile, name), path in paths.items():
            content = files[profile, name]
            found[profile, name] = {
                "ours": verify(content, trust=world().trust, at=NOW).valid,
                "xmlsec1": xmlsec1_accepts(path, ca, signed_tag=CATALOGUE_TAG if profile == 2 else None),
                "JDK": jdk[profile, name] == "valid",
                "xml-crypto": node[profile, name] == "valid",
            }
            if profile == 1:
                found[profile, name]["signxml"] = signxml_accepts(content, ca)
            else:
                found[profile, name]["python-xmlsec"] = python_xmlsec_accepts(content, ca)
    return found


def structural_files() -> dict[tuple[int, str], bytes]:
    """Every structural attack on both profiles."""
    return {(1, name): attack(signed(1)) for name, attack in STRUCTURES_1.items()} | {
        (2, name): attack(signed(2)) for name, attack in STRUCTURES_2.items()
    }


def table(found: Answers) -> str:
    """The answers as Markdown."""
    lines = []
    for profile, tools in TOOLS.items():
        lines += [f"| profile {profile} | bhyt | {' | '.join(tools)} |", "|---" * (len(tools) + 2) + "|"]
        for (of, name), says in found.items():
            if of == profile:
                cells = ["accepts" if says[tool] else "refuses" for tool in ("ours", *tools)]
                lines.append(f"| {name} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).strip()


def documented() -> str:
    """The table as docs/signing.md holds it."""
    _, _, rest = DOCS.read_text(encoding="utf-8").partition(START)
    return rest.partition(END)[0].strip()


def main() -> None:
    text = DOCS.read_text(encoding="utf-8")
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    DOCS.write_text(f"{head}{START}\n{table(answers(structural_files()))}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
