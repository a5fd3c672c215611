"""Foreign verifiers of XML signatures, driven for real: xmlsec1, the JDK, signxml, python-xmlsec, npm xml-crypto."""

from __future__ import annotations

import fcntl
import functools
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import xmlsec
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

_JAVA = Path(__file__).with_name("VerifyXml.java")
_NODE = Path(__file__).with_name("node")
_DS = "http://www.w3.org/2000/09/xmldsig#"


def xmlsec1_accepts(file: Path, ca: Path, *, signed_tag: str | None = None) -> bool:
    """What ``xmlsec1 --verify --trusted-pem`` says of one file; ``signed_tag`` is profile 2's signed element."""
    ids = ["--id-attr:Id", signed_tag, "--id-attr:Id", f"{_DS}:Object"] if signed_tag else []
    done = subprocess.run(
        ["xmlsec1", "--verify", "--trusted-pem", str(ca), *ids, str(file)],
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode == 0


def jdk_judges(files: Sequence[Path], ca: Path) -> list[str]:
    """One line per file: ``valid``, or ``invalid`` with the reason; one JVM for all of them."""
    return _judges(["java", str(_JAVA), str(ca)], files)


def xml_crypto_judges(files: Sequence[Path], ca: Path) -> list[str]:
    """The same from npm ``xml-crypto``; one node process for all of them."""
    _install_node_packages()
    return _judges(["node", str(_NODE / "verify.js"), str(ca)], files)


def signxml_accepts(document: bytes, ca: Path) -> bool:
    """signxml on profile 1, with its cure for lxml's false ``xmlns=""``."""

    class Verifier(XMLVerifier):
        excise_empty_xmlns_declarations = True
        parser = _parser()

    try:
        Verifier().verify(
            etree.fromstring(document, _parser()),
            ca_pem_file=str(ca),
            expect_config=SignatureConfiguration(location=".//", expect_references=1),
        )
    except (SignXMLException, etree.LxmlError, ValueError):
        return False
    return True


def python_xmlsec_accepts(document: bytes, ca: Path) -> bool:
    """python-xmlsec, chain included; every ``Id`` is registered, as a receiver has to do for profile 2."""
    try:
        root = etree.fromstring(document, _parser())
        xmlsec.tree.add_ids(root, ["Id"])
        manager = xmlsec.KeysManager()
        manager.load_cert(str(ca), xmlsec.constants.KeyDataFormatPem, xmlsec.constants.KeyDataTypeTrusted)
        node = xmlsec.tree.find_node(root, xmlsec.constants.NodeSignature)
        if node is None:
            return False
        xmlsec.SignatureContext(manager).verify(node)
    except (xmlsec.Error, etree.LxmlError):
        return False
    return True


def _parser() -> etree.XMLParser:
    return etree.XMLParser(huge_tree=True, resolve_entities=False)


def _judges(command: list[str], files: Sequence[Path]) -> list[str]:
    done = subprocess.run(
        command,
        input="".join(f"{file}\n" for file in files),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(files), done.stderr
    return lines


@functools.cache
def _install_node_packages() -> None:
    with (_NODE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (_NODE / "node_modules" / "xml-crypto" / "package.json").is_file():
            return
        npm = shutil.which("npm")
        assert npm is not None, "npm is missing"
        done = subprocess.run(
            [npm, "ci", "--silent"], cwd=_NODE, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"npm ci failed: {done.stderr[-2000:]}"
