"""Files of other software: read as far as they go, and every departure named."""

from __future__ import annotations

import base64
import codecs
import re
import textwrap
from collections.abc import Callable

import pytest

from adapter.dossier.model import Purpose
from adapter.dossier.package import FileKind, Package, ProblemKind
from adapter.dossier.reader import ReadLimits, read
from adapter.errors import ConfigError, DocumentError
from tests.support.made_up import FACILITY, MA_LK, encoded, envelope, hoso, part_xml, row, xml1

GOOD = envelope(hoso(xml1(HO_TEN="Người Ví Dụ")))


def _read(text: str, **options: object) -> Package:
    return read(text.encode(), **options)  # type: ignore[arg-type]


def _kinds(package: Package) -> list[ProblemKind]:
    return [p.kind for p in package.problems]


def test_a_correct_foreign_file_has_no_problem() -> None:
    package = _read(GOOD)
    assert package.kind is FileKind.DOSSIERS
    assert (package.facility, package.created_on, package.declared_count) == (FACILITY, "20260901", "1")
    assert package.problems == ()
    assert (package.dossiers[0].ma_lk, package.dossiers[0].facility) == (MA_LK, FACILITY)
    assert package.dossiers[0].header["HO_TEN"] == "Người Ví Dụ"


def _wrapped(inner: bytes) -> str:
    return "\r\n" + "\r\n".join(textwrap.wrap(base64.b64encode(inner).decode(), 76)) + "\r\n"


@pytest.mark.parametrize(
    "text",
    [
        lambda inner: _wrapped(inner.encode()),
        lambda inner: encoded('<?xml version="1.0" encoding="utf-8"?>\n' + inner),
        lambda inner: encoded(codecs.BOM_UTF8 + inner.encode()),
        lambda inner: encoded(codecs.BOM_UTF8 + b'<?xml version="1.0"?>' + inner.encode()),
        lambda inner: encoded('<?xml version="1.0" encoding="utf-16"?>' + inner),
        lambda inner: encoded(re.sub(r"(</\w+>|<TONG_HOP>)<", r"\1\n  <", inner)),
        lambda inner: encoded(inner.replace("<HO_TEN>Người Ví Dụ<", "<HO_TEN><![CDATA[Người Ví Dụ]]><")),
        lambda inner: encoded("<!-- xuất từ HIS --><?pi x?>" + inner + "<!-- hết -->"),
    ],
    ids=["wrapped", "declaration", "bom", "bom+declaration", "wrong-declaration", "pretty", "cdata", "comments"],
)
def test_other_programs_ways_of_writing_a_part_are_read_without_complaint(text: Callable[[str], str]) -> None:
    inner = part_xml("XML1", [row("XML1", HO_TEN="Người Ví Dụ")])
    package = _read(envelope(hoso(("XML1", text(inner)))))
    assert package.problems == ()
    assert package.dossiers[0].header == row("XML1", HO_TEN="Người Ví Dụ")


@pytest.mark.parametrize(
    "inline",
    [
        part_xml("XML1", [row("XML1")]),
        f"<![CDATA[ {part_xml('XML1', [row('XML1')])} ]]>",
        part_xml("XML1", [row("XML1")]).replace("<", "&lt;"),
    ],
    ids=["elements", "cdata", "escaped"],
)
def test_inline_content_is_read_and_said(inline: str) -> None:
    package = _read(envelope(hoso(("XML1", inline))))
    assert _kinds(package) == [ProblemKind.INLINE_CONTENT]
    assert package.dossiers[0].ma_lk == MA_LK


def test_a_bom_and_white_space_around_codes_do_no_harm() -> None:
    text = GOOD.replace("<LOAIHOSO>XML1<", "<LOAIHOSO> xml1\n<").replace(f">{FACILITY}<", f"> {FACILITY} <", 1)
    package = read(codecs.BOM_UTF8 + text.encode())
    assert package.facility == FACILITY
    assert package.problems == ()


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (codecs.BOM_UTF16_LE + GOOD.encode("utf-16-le"), "utf-16-le"),
        (GOOD.replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16-be"), "utf-16-be"),
        (
            envelope(hoso(xml1()), facility="Đ1999")
            .replace('encoding="utf-8"', "encoding='windows-1258'")
            .encode("cp1258"),
            "cp1258",
        ),
    ],
    ids=["utf-16 with BOM", "utf-16 without BOM", "windows-1258"],
)
def test_another_encoding_is_read_and_said(data: bytes, detail: str) -> None:
    package = read(data)
    assert [(p.kind, p.detail) for p in package.problems] == [(ProblemKind.NOT_UTF8, detail)]
    assert package.dossiers[0].ma_lk == MA_LK


def test_values_stay_the_text_that_stood_there() -> None:
    header = row("XML1", HO_TEN="  A ", CAN_NANG="5,5", T_THUOC="1e3", GHI_CHU="x\ny", DIA_CHI="&#13;&lt;")
    package = _read(envelope(hoso(("XML1", encoded(part_xml("XML1", [header]))))))
    read_back = package.dossiers[0].header
    expected = ("  A ", "5,5", "1e3", "x\ny", "\r<")
    assert tuple(read_back[n] for n in ("HO_TEN", "CAN_NANG", "T_THUOC", "GHI_CHU", "DIA_CHI")) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (envelope(hoso(xml1()), facility=""), (ProblemKind.FACILITY_MISSING, None, "", "")),
        (envelope(hoso(xml1()), count="2"), (ProblemKind.COUNT_MISMATCH, None, "", "2/1")),
        (envelope(hoso(xml1()), count=""), (ProblemKind.COUNT_MISMATCH, None, "", "?/1")),
        (envelope(hoso(xml1()), count="một"), (ProblemKind.COUNT_MISMATCH, None, "", "?/1")),
        (envelope(), (ProblemKind.NO_DOSSIER, None, "", "")),
        (envelope(hoso(xml1()), hoso()), (ProblemKind.NO_PART, 2, "", "")),
        (envelope(hoso(xml1(), ("XML12", ""))), (ProblemKind.UNKNOWN_PART, 1, "XML12", "")),
        (envelope(hoso(xml1(), ("XML0", ""))), (ProblemKind.UNKNOWN_PART, 1, "XML0", "")),
        (envelope(hoso(xml1(), ("BANG 2", ""))), (ProblemKind.UNKNOWN_PART, 1, "BANG 2", "")),
        (envelope(hoso(xml1(), ("XML2", "PHg+P"))), (ProblemKind.BAD_BASE64, 1, "XML2", "")),
        (envelope(hoso(xml1(), ("XML2", "PHg+*?=="))), (ProblemKind.BAD_BASE64, 1, "XML2", "")),
        (envelope(hoso(xml1(), ("XML2", encoded("<a><b></a>")))), (ProblemKind.BAD_XML, 1, "XML2", "DOCUMENT-XML")),
        (envelope(hoso(xml1(), ("XML2", ""))), (ProblemKind.BAD_XML, 1, "XML2", "DOCUMENT-XML")),
        (
            envelope(hoso(xml1(), ("XML2", encoded('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')))),
            (ProblemKind.BAD_XML, 1, "XML2", "DOCUMENT-DTD"),
        ),
        (
            envelope(hoso(xml1(), ("XML2", encoded(b"<a>\xff</a>")))),
            (ProblemKind.BAD_XML, 1, "XML2", "DOCUMENT-ENCODING"),
        ),
        (envelope(hoso(("XML2", xml1()[1]))), (ProblemKind.BAD_ROOT, 1, "XML2", "")),
        (envelope(hoso(xml1(), xml1())), (ProblemKind.XML1_COUNT, 1, "XML1", "2")),
        (envelope(hoso(("XML1", "!"))), (ProblemKind.BAD_BASE64, 1, "XML1", "")),
        (
            envelope(hoso(xml1(), *[("XML3", encoded(part_xml("XML3", [row("XML3")])))] * 2)),
            (ProblemKind.DUPLICATE_PART, 1, "XML3", "2"),
        ),
        (
            envelope(hoso(xml1(), ("XML3", encoded(part_xml("XML3", []))))),
            (ProblemKind.EMPTY_PART, 1, "XML3", ""),
        ),
        (
            envelope(hoso(xml1())).replace("<HOSO>", "<HOSO><GHICHU/>"),
            (ProblemKind.MISPLACED_ELEMENT, 1, "", ""),
        ),
    ],
)
def test_each_departure_is_a_fact_with_its_place(text: str, problem: tuple[ProblemKind, int | None, str, str]) -> None:
    facts = [(p.kind, p.hoso, p.part, p.detail) for p in _read(text).problems]
    assert problem in facts


def test_a_dossier_without_xml1_still_shows_its_other_tables() -> None:
    package = _read(envelope(hoso(("XML3", encoded(part_xml("XML3", [row("XML3", STT="1")]))))))
    assert (ProblemKind.XML1_COUNT, "0") in [(p.kind, p.detail) for p in package.problems]
    assert package.dossiers[0].ma_lk == ""
    assert package.dossiers[0].rows("XML3")[0]["STT"] == "1"


def test_missing_and_unknown_elements_are_listed_per_row_and_rows_stay_complete() -> None:
    rows = [dict(row("XML2", STT="1")), dict(row("XML2", STT="2")) | {"GIA_NHAP": "7"}]
    del rows[0]["DU_PHONG"]
    package = _read(envelope(hoso(xml1(), ("XML2", encoded(part_xml("XML2", rows))))))
    assert [(p.kind, p.part, p.row, p.field) for p in package.problems] == [
        (ProblemKind.MISSING_ELEMENT, "XML2", 1, "DU_PHONG"),
        (ProblemKind.UNKNOWN_ELEMENT, "XML2", 2, "GIA_NHAP"),
    ]
    assert package.dossiers[0].rows("XML2") == (row("XML2", STT="1"), row("XML2", STT="2"))
    assert package.of_dossier(0) == package.problems


def test_elements_out_of_order_are_read_by_name() -> None:
    turned = dict(reversed(row("XML2", STT="1", SO_LUONG="2.000").items()))
    package = _read(envelope(hoso(xml1(), ("XML2", encoded(part_xml("XML2", [turned]))))))
    assert package.dossiers[0].rows("XML2") == (row("XML2", STT="1", SO_LUONG="2.000"),)


def test_a_repeated_element_keeps_the_first_and_nested_markup_is_named() -> None:
    inner = part_xml("XML1", [row("XML1", HO_TEN="A<b>B</b>C")]).replace("<STT>", "<MA_BN>2</MA_BN><STT>")
    package = _read(envelope(hoso(("XML1", encoded(inner)))))
    assert {(p.kind, p.field) for p in package.problems} == {
        (ProblemKind.UNKNOWN_ELEMENT, "b"),
        (ProblemKind.REPEATED_ELEMENT, "MA_BN"),
    }
    assert package.dossiers[0].header["HO_TEN"] == "ABC"
    assert package.dossiers[0].header["MA_BN"] == "2"


def test_names_of_the_earlier_transfer_letter_are_understood_and_said() -> None:
    old = dict(row("XML13"))
    old = {
        {"MA_CSKCB_DI": "MA_NOI_DI", "MA_CSKCB_DEN": "MA_NOI_DEN"}.get(n, n): {"MA_CSKCB_DEN": "01888"}.get(n, v)
        for n, v in old.items()
    }
    package = _read(envelope(hoso(xml1(), ("XML13", encoded(part_xml("XML13", [old]))))))
    assert [(p.kind, p.field) for p in package.problems] == [
        (ProblemKind.OLD_NAME, "MA_NOI_DI"),
        (ProblemKind.OLD_NAME, "MA_NOI_DEN"),
    ]
    assert package.dossiers[0].rows("XML13")[0]["MA_CSKCB_DEN"] == "01888"


@pytest.mark.parametrize(
    ("layout", "end", "expected"),
    [
        ("130", "202401150900", "130"),
        ("4750", "202405150900", "4750"),  # the trial period: its elements give it away
        ("4750", "202408150900", "4750"),
        ("3176", "202501010000", "3176"),
        ("3176", "", "3176"),
        ("3176", "99999999", "3176"),
    ],
)
def test_the_layout_follows_the_end_of_the_visit_and_the_elements_present(layout: str, end: str, expected: str) -> None:
    package = _read(envelope(hoso(("XML1", encoded(part_xml("XML1", [row("XML1", layout, NGAY_RA=end)]))))))
    assert package.dossiers[0].standard == expected
    assert package.problems == ()


def test_a_pinned_layout_is_not_guessed_and_an_unknown_one_refused() -> None:
    assert _read(GOOD, pin="4750").dossiers[0].standard == "4750"
    with pytest.raises(ConfigError):
        _read(GOOD, pin="4210")


def test_uninsured_categories_make_a_book_dossier() -> None:
    uninsured = envelope(hoso(xml1(MA_DOITUONG_KCB="9")))
    assert _read(uninsured).dossiers[0].purpose is Purpose.BOOK
    assert _read(uninsured, uninsured=()).dossiers[0].purpose is Purpose.CLAIM
    assert _read(GOOD).dossiers[0].purpose is Purpose.CLAIM


def test_several_dossiers_in_a_file_keep_their_numbers_when_one_is_unreadable() -> None:
    package = _read(envelope(hoso(xml1(MA_LK="A")), hoso(("XML1", "?")), hoso(xml1(MA_LK="C"))))
    assert package.hoso_count == 3
    assert [(n, d.ma_lk) for n, d in zip(package.positions, package.dossiers, strict=True)] == [(1, "A"), (3, "C")]
    assert {p.hoso for p in package.problems} == {2}


def test_a_signature_is_seen_not_judged() -> None:
    signature = '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
    assert _read(GOOD.replace("<CHUKYDONVI/>", f"<CHUKYDONVI>{signature}</CHUKYDONVI>")).signed
    assert not _read(GOOD.replace("<CHUKYDONVI/>", "<CHUKYDONVI>\n</CHUKYDONVI>")).signed
    assert not _read(GOOD.replace("<CHUKYDONVI/>", "")).signed


def test_a_namespace_does_not_hide_the_elements() -> None:
    package = _read(GOOD.replace("<GIAMDINHHS>", '<GIAMDINHHS xmlns="urn:x" xmlns:xsi="urn:y">'))
    assert package.problems == ()
    assert package.dossiers[0].ma_lk == MA_LK


def test_a_checkin_file_gives_one_dossier_per_visit() -> None:
    inner = part_xml("XML0", [row("XML0", MA_LK="A"), row("XML0", MA_LK="B"), row("XML0", MA_LK="A", STT="2")])
    package = _read(inner.replace("</CHI_TIEU", "<CHUKYDONVI>x</CHUKYDONVI></CHI_TIEU"))
    assert package.kind is FileKind.CHECKIN
    assert [(d.ma_lk, d.purpose, len(d.rows("XML0"))) for d in package.dossiers] == [
        ("A", Purpose.CHECKIN, 2),
        ("B", Purpose.CHECKIN, 1),
    ]
    assert package.signed
    assert package.problems == ()


def test_an_assessment_file_is_read_with_either_record_name() -> None:
    inner = part_xml("XML12", [row("XML12", HO_TEN="Người Ví Dụ")])
    package = _read(inner)
    assert (package.kind, package.problems) == (FileKind.ASSESSMENT, ())
    package = _read(re.sub(r"(</?)GIAM_DINH_YKHOA>", r"\1GIAM_DINH_Y_KHOA>", inner))
    assert [(p.kind, p.field) for p in package.problems] == [(ProblemKind.BAD_ROOT, "GIAM_DINH_Y_KHOA")]
    assert package.dossiers[0].rows("XML12")[0]["HO_TEN"] == "Người Ví Dụ"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "DOCUMENT-XML"),
        (b"\x00", "DOCUMENT-XML"),
        (b"BHYT", "DOCUMENT-XML"),
        (GOOD.encode()[:-9], "DOCUMENT-XML"),
        (b"<a>&eacute;</a>", "DOCUMENT-XML"),
        (b"<a>" * 5000, "DOCUMENT-XML"),
        (b"<HSDANHMUC/>", "DOCUMENT-ROOT"),
        (GOOD.replace('encoding="utf-8"', 'encoding="big5"').encode("utf-8")[:-5] + b"\xff", "DOCUMENT-ENCODING"),
        (b"<?xml version='1.0' encoding='unicode_escape'?><a>\xff</a>", "DOCUMENT-ENCODING"),
        (b"<!DOCTYPE GIAMDINHHS><GIAMDINHHS/>", "DOCUMENT-DTD"),
        (b"<?xml version='1.0'?>\n<!-- - -->\n<?a ?>\n<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/'><x/>", "DOCUMENT-DTD"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>".encode("utf-16"), "DOCUMENT-DTD"),
    ],
)
def test_bytes_that_are_no_file_of_the_standard_are_one_error_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(data)
    assert caught.value.code == code
    assert caught.value.message_vi


def test_limits_are_ours_and_hold_before_and_inside_the_envelope() -> None:
    with pytest.raises(DocumentError, match="larger than"):
        read(GOOD.encode(), limits=ReadLimits(max_bytes=100))
    with pytest.raises(DocumentError, match="more than 20 tags"):
        read(GOOD.encode(), limits=ReadLimits(max_nodes=20))
    rows = [row("XML3", STT=str(i)) for i in range(30)]
    many = envelope(hoso(xml1(), ("XML3", encoded(part_xml("XML3", rows)))))
    with pytest.raises(DocumentError, match="more than 10 rows"):
        read(many.encode(), limits=ReadLimits(max_rows=10))
    package = read(many.encode(), limits=ReadLimits(max_nodes=1000))
    assert [(p.kind, p.detail) for p in package.problems] == [(ProblemKind.BAD_XML, "DOCUMENT-SIZE")]


def test_a_flood_of_problems_is_cut_and_said() -> None:
    empty = "<CHITIEU_CHITIET_THUOC><DSACH_CHI_TIET_THUOC>" + "<CHI_TIET_THUOC/>" * 500
    part = encoded(empty + "</DSACH_CHI_TIET_THUOC></CHITIEU_CHITIET_THUOC>")
    package = read(envelope(hoso(xml1(), ("XML2", part))).encode(), limits=ReadLimits(max_problems=100))
    assert len(package.problems) == 101
    assert package.problems[-1].kind is ProblemKind.TRUNCATED
