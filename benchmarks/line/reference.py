"""The plain reference program: the same work done the obvious way, with the libraries one reaches for first.

It keeps the same things in the same tables, maps the same rows by the same mapping and asks the same rules; nothing
is left out and nothing waits. What is plain about it:

* one encounter at a time: each step of each dossier is a transaction of its own, committed before the next;
* the mapping is evaluated field by field, each by its own exact function (our line has one function generated for a
  whole row; the exact ones are what both fall back on, and what says where a mistake is);
* the XML is built element by element with lxml, each table serialised, then the envelope around them;
* signxml signs, and signxml verifies the bytes that would leave, before they are kept;
* one process, no pool.

What is kept it writes and reads by the store's own codecs, as it is the store's. How it would stand with Python's own
``json`` (:func:`kept_by_json`) is measured beside it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from typing import Any
from unittest import mock

from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from adapter import source
from adapter.clock import VIETNAM
from adapter.dossier.model import Dossier, Purpose
from adapter.errors import BhytError
from adapter.mapping.language import binding
from adapter.pipeline.workbench import InlineBench, Signed, SignJob
from adapter.signing.checks import serial_hex
from adapter.source import Batch, Cursor, SourceEncounter
from adapter.standard.spec import written_as
from benchmarks.line.work import Work
from connectors.base import PullSource

_DS = "http://www.w3.org/2000/09/xmldsig#"


@contextmanager
def field_by_field() -> Iterator[None]:
    """Mappings that translate for the first time in here evaluate each field by its own exact function, for good."""
    with mock.patch.object(binding, "row_function", return_value=None):
        yield


def plain_json(value: Any, *, sort_keys: bool = True) -> bytes:
    """The bytes all codecs of ours are held to by tests."""
    text = json.dumps(value, default=source._encode, ensure_ascii=False, sort_keys=sort_keys, separators=(",", ":"))
    return text.encode("utf-8")


def _dossier_to_json(dossier: Dossier) -> tuple[bytes, str]:
    what = (dossier.facility, dossier.ma_lk, dossier.purpose.value, dossier.occasion, dossier.standard)
    tables = {table: rows for table, rows in dossier.tables.items() if rows}
    names = ("facility", "ma_lk", "purpose", "occasion", "standard")
    body = plain_json({**dict(zip(names, what, strict=True)), "tables": tables}, sort_keys=False)
    return body, hashlib.sha256(plain_json([*what, tables])).hexdigest()


def _dossier_from_json(data: bytes) -> Dossier:
    kept = json.loads(data)
    purpose = Purpose(kept["purpose"])
    return Dossier(kept["facility"], kept["ma_lk"], purpose, kept["standard"], kept["tables"], kept["occasion"])


def _encounter_to_json(encounter: SourceEncounter) -> tuple[bytes, str]:
    content = {"collections": encounter.collections, "row": encounter.row}
    body = plain_json({**content, "key": encounter.key, "stamp": encounter.stamp})
    return body, hashlib.sha256(plain_json([encounter.row, encounter.collections])).hexdigest()


def _encounter_from_json(data: bytes) -> SourceEncounter:
    kept = json.loads(data, object_hook=source._decode)
    return SourceEncounter(kept["key"], kept["stamp"], kept["row"], kept["collections"])


@contextmanager
def kept_by_json() -> Iterator[None]:
    """What is kept in here is written and read by Python's own ``json``; hash and body each by itself."""
    codecs: tuple[tuple[type, str, Any], ...] = (
        (Dossier, "canonical", _dossier_to_json),
        (Dossier, "from_bytes", staticmethod(_dossier_from_json)),
        (SourceEncounter, "canonical", _encounter_to_json),
        (SourceEncounter, "from_bytes", staticmethod(_encounter_from_json)),
    )
    with ExitStack() as stack:
        for kind, name, way in codecs:
            stack.enter_context(mock.patch.object(kind, name, way))
        yield


class OneByOne:
    """A source that hands over one encounter at a time: what it read is saved, and committed, one by one."""

    def __init__(self, source: PullSource) -> None:
        self._source = source
        self._waiting: deque[SourceEncounter] = deque()
        self._after: Cursor | None = None
        self._done = False

    def pull(self, cursor: Cursor | None, *, now: datetime) -> Batch:
        """The next encounter; the cursor moves with the last one that was read together with it."""
        if not self._waiting:
            batch = self._source.pull(cursor, now=now)
            self._waiting.extend(batch.encounters)
            self._after, self._done = batch.cursor, batch.done
        one = (self._waiting.popleft(),) if self._waiting else ()
        if self._waiting:
            return Batch(one, cursor, done=False)
        return Batch(one, self._after, self._done)

    def empty(self) -> bool:
        """Whether all that was read has been handed over."""
        return not self._waiting

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


def build(dossier: Dossier, created_on: date) -> etree._Element:
    """The GIAMDINHHS of a dossier as a tree, an element for each field; an empty CHUKYDONVI at its end."""
    tables = written_as(dossier.standard).tables
    root = etree.Element("GIAMDINHHS")
    etree.SubElement(etree.SubElement(root, "THONGTINDONVI"), "MACSKCB").text = dossier.facility
    info = etree.SubElement(root, "THONGTINHOSO")
    etree.SubElement(info, "NGAYLAP").text = created_on.strftime("%Y%m%d")
    etree.SubElement(info, "SOLUONGHOSO").text = "1"
    files = etree.SubElement(etree.SubElement(info, "DANHSACHHOSO"), "HOSO")
    for name, table in tables.items():
        rows = dossier.rows(name)
        if not rows or table.carrier != "part":
            continue
        part = etree.Element(table.root)
        holder = part if table.list_element is None else etree.SubElement(part, table.list_element)
        for row in rows:
            record = holder if table.record_element is None else etree.SubElement(holder, table.record_element)
            for field in table.names:
                etree.SubElement(record, field).text = row.get(field, "")
        file = etree.SubElement(files, "FILEHOSO")
        etree.SubElement(file, "LOAIHOSO").text = name
        etree.SubElement(file, "NOIDUNGFILE").text = base64.b64encode(etree.tostring(part, encoding="utf-8")).decode()
    etree.SubElement(root, "CHUKYDONVI")
    return root


class SignxmlBench(InlineBench):
    """The rules as everywhere; XML by lxml, signatures made and verified by signxml."""

    def __init__(self, work: Work) -> None:
        super().__init__(work.settings, work.facility, catalogues=work.store.catalogues.index(work.facility.code))
        self._private = work.private_key()
        self._certificate = work.certificate
        self._signer = XMLSigner(
            SignatureConstructionMethod.enveloped,
            SignatureMethod.RSA_SHA256,
            DigestAlgorithm.SHA256,
            CanonicalizationMethod.CANONICAL_XML_1_0,
        )
        self._parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)

    def sign_many(self, jobs: Sequence[SignJob]) -> Iterable[Signed | BhytError]:
        """Build, sign, verify."""
        for job in jobs:
            root = build(Dossier.from_bytes(job.body), job.at.astimezone(VIETNAM).date())
            document = self.sign(root)
            self.verify(document, job.at)
            yield Signed(document, hashlib.sha256(document).hexdigest(), serial_hex(self._certificate))

    def sign(self, root: etree._Element) -> bytes:
        """The document with a profile 1 signature in its CHUKYDONVI."""
        etree.SubElement(root[-1], f"{{{_DS}}}Signature", {"Id": "placeholder"}, {None: _DS})  # type: ignore[dict-item]
        signed = self._signer.sign(
            root, key=self._private, cert=[self._certificate], exclude_c14n_transform_element=True
        )
        return etree.tostring(signed, encoding="utf-8", xml_declaration=True)

    def verify(self, document: bytes, at: datetime) -> None:
        """signxml's judgement of the bytes; its exception when they do not hold."""
        verifier = XMLVerifier()
        verifier.excise_empty_xmlns_declarations = True
        verifier.verify(
            etree.fromstring(document, self._parser),
            x509_cert=self._certificate,
            validate_schema=False,
            expect_config=SignatureConfiguration(
                location="./CHUKYDONVI/",
                expect_references=1,
                signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
                digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
                verification_time=at,
            ),
        )


def parts(work: Work) -> dict[str, Any]:
    """What the stages are given instead of the usual parts: one row at a time, and the plain bench."""
    return {"source": OneByOne(work.source), "bench": SignxmlBench(work), "batch": 1}
