"""Whatever the bytes are: a Package or a DocumentError, nothing fetched, nothing opened, little memory."""

from __future__ import annotations

import resource
import socket
import time
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.dossier.package import Package, ProblemKind
from adapter.dossier.plainrows import plain_rows
from adapter.dossier.reader import ReadLimits, read, read_file
from adapter.dossier.records import Recorder
from adapter.dossier.safexml import Unreadable, parse
from adapter.dossier.writer import write
from adapter.errors import DocumentError
from adapter.standard.spec import written_as
from tests.support import made_up
from tests.support.made_up import encoded, envelope, hoso, part_xml, row, xml1

LIMITS = ReadLimits()
SMALL = write(
    made_up.dossier(XML2=[row("XML2", STT="1")], XML7=[row("XML7")] * 2, XML9=[row("XML9")]),
    created_on=date(2026, 9, 1),
)
INLINE = envelope(hoso(("XML1", part_xml("XML1", [row("XML1")])), ("XML3", part_xml("XML3", [row("XML3")])))).encode()
CHECKIN = write(made_up.checkin(), created_on=date(2026, 9, 1))
NASTY = (
    b"<", b">", b"&", b"&amp;", b"&lt;", b"&#13;", b"&#0;", b"&x;", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?x ?>",
    b"\r", b"\n", b"\x00", b"\x0b", b"\xff", b"\xef\xbf\xbe", b"\xed\xa0\x80", b"\xe1\xbb", b"<HOSO>", b"</HOSO>",
    b"<STT/>", b"<STT></STT>", b"<X>1</X>", b' a="1"', b"xmlns=''", b"<!DOCTYPE a>", b"<CHUKYDONVI/>", b"XML12",
    b"=", b" ",
)  # fmt: skip


@st.composite
def _mutated(draw: st.DrawFn, *originals: bytes) -> bytes:
    data = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from([0, 0, 1, 5, 40])))
        patch = draw(st.one_of(st.sampled_from(NASTY), st.binary(max_size=3), st.just(data[start : start + 60])))
        data = data[:start] + patch + data[end:]
    return data


@pytest.fixture(autouse=True)
def _nothing_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise AssertionError("a document reached outside")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=200), _mutated(SMALL, INLINE, CHECKIN)))
def test_any_bytes_give_a_package_or_a_document_error(data: bytes) -> None:
    try:
        package = read(data)
    except DocumentError:
        return
    assert isinstance(package, Package)
    for dossier in package.dossiers:
        tables = written_as(dossier.standard).tables
        for name, rows in dossier.tables.items():
            names = tables[name].names if name in tables else written_as("3176").tables[name].names
            assert all(tuple(r) == names for r in rows)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["XML1", "XML3", "XML7"]).flatmap(
        lambda table: st.tuples(
            st.just(table),
            _mutated(part_xml(table, [row(table, STT="1", MA_BN="&lt;x&gt;", GHI_CHU="a\n b")]).encode()),
        )
    )
)
def test_the_quick_way_reads_what_the_parser_reads_or_nothing(example: tuple[str, bytes]) -> None:
    name, data = example
    table = written_as("3176").tables[name]
    quick = plain_rows(data, table, 10)
    if quick is None:
        return
    root, encoding = parse(data, LIMITS)
    recorder = Recorder(LIMITS)
    assert quick == recorder.rows(root, table, 1)
    assert encoding == ""
    assert recorder.problems() == ()


def test_the_quick_way_is_the_one_our_own_files_take() -> None:
    for name in ("XML1", "XML2", "XML7"):
        rows = [row(name, STT="1", MA_BN="&lt;&amp;&#13;")]
        table = written_as("3176").tables[name]
        assert plain_rows(part_xml(name, rows).encode(), table, 10) is not None
        assert plain_rows(part_xml(name, rows).replace("><", ">\n <").encode(), table, 10) is not None


_LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
BOMBS = {
    "billion laughs": f'<!DOCTYPE a [<!ENTITY a0 "x">{_LAUGHS}]><a>&a11;</a>',
    "laughs in an attribute": f'<!DOCTYPE a [<!ENTITY a0 "x">{_LAUGHS}]><a b="&a11;"/>',
    "quadratic": '<!DOCTYPE a [<!ENTITY a "' + "x" * 50_000 + '">]><a>' + "&a;" * 50_000 + "</a>",
    "local file": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    "network": '<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]><a>&x;</a>',
    "outside DTD": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><a/>',
    "after a comment": "<!-- a -->\n<?b c?>\n<!DOCTYPE a []><a/>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_document_with_a_dtd_is_refused_at_once_outside_and_inside(name: str) -> None:
    started = time.process_time()
    with pytest.raises(DocumentError) as caught:
        read(BOMBS[name].encode())
    assert caught.value.code == "DOCUMENT-DTD"
    package = read(envelope(hoso(xml1(), ("XML2", encoded(BOMBS[name])))).encode())
    assert (ProblemKind.BAD_XML, "DOCUMENT-DTD") in [(p.kind, p.detail) for p in package.problems]
    assert time.process_time() - started < 2


def test_xinclude_and_stylesheets_are_text_like_any_other(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("KHONG-DUOC-DOC", encoding="utf-8")
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}" parse="text"/>'
    text = f'<?xml-stylesheet href="{secret.as_uri()}"?>' + part_xml("XML1", [row("XML1", HO_TEN=include)])
    package = read(envelope(hoso(("XML1", encoded(text)))).encode())
    assert package.dossiers[0].header["HO_TEN"] == ""
    assert "include" in {p.field for p in package.problems}


def test_html_pasted_into_a_note_is_no_dtd() -> None:
    note = "<![CDATA[<!DOCTYPE html><p>ổn định</p>]]>"
    package = read(envelope(hoso(("XML1", encoded(part_xml("XML1", [row("XML1", GHI_CHU=note)]))))).encode())
    assert package.problems == ()
    assert package.dossiers[0].header["GHI_CHU"] == "<!DOCTYPE html><p>ổn định</p>"


def _floods() -> Iterator[tuple[str, bytes]]:
    yield "tags", b"<GIAMDINHHS>" + b"<a/>" * 3_000_000 + b"</GIAMDINHHS>"
    yield "attributes", b"<GIAMDINHHS " + b" ".join(b'a%d=""' % i for i in range(2_100_000)) + b"/>"
    yield "depth", b"<GIAMDINHHS>" + b"<a>" * 900_000
    empty_rows = b"<CHITIEU_CHITIET_THUOC><DSACH_CHI_TIET_THUOC>" + b"<CHI_TIET_THUOC/>" * 900_000
    part = encoded(empty_rows + b"</DSACH_CHI_TIET_THUOC></CHITIEU_CHITIET_THUOC>")
    yield "rows", envelope(hoso(xml1(), ("XML2", part))).encode()


@pytest.mark.parametrize("name", ["tags", "attributes", "depth", "rows"])
def test_a_flood_is_refused_within_bounded_time_and_memory(name: str) -> None:
    data = dict(_floods())[name]
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(DocumentError):
            read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 500_000_000
    assert time.process_time() - started < 30


def test_a_file_of_two_gigabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "lon.xml"
    with path.open("wb") as stream:
        stream.truncate(2_000_000_000)  # sparse: takes no room
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError, match="larger than") as caught:
            read_file(path, limits=ReadLimits(max_bytes=1_000_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000
    assert caught.value.where is not None
    assert caught.value.where.file == str(path)


def test_a_file_reads_as_its_bytes_do(tmp_path: Path) -> None:
    path = tmp_path / "hồ sơ.xml"
    path.write_bytes(SMALL)
    assert read_file(path) == read(SMALL)


def test_reading_hostile_bytes_again_and_again_does_not_grow_memory() -> None:
    broken = [SMALL[:-30], SMALL.replace(b"XML7", b"XML77"), INLINE.replace(b"<STT>", b"<STT><b/>"), b"\xff" * 999]

    def round_trip() -> None:
        for data in broken:
            try:
                read(data)
            except Unreadable:
                continue

    for _ in range(30):
        round_trip()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(150):
        round_trip()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kilobytes
