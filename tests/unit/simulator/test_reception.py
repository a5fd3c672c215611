from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree

from tests.support.gateway_files import (
    FACILITY,
    checkin_xml,
    default_tables,
    dossier_xml,
    drug,
    first_cost,
    identity,
    part_xml,
    service,
    sign1,
    stay,
    wrap,
)
from tests.support.practice_gateway import CHECKIN, RawClient

Start = Callable[..., RawClient]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_signed_dossier_gets_a_receipt_by_form_and_by_json(client: RawClient, as_json: bool) -> None:
    answer = client.send(sign1(dossier_xml()), as_json=as_json)
    assert answer.status_code == 200
    document = answer.json()
    assert document["maKetQua"] == "200"
    assert document["thongDiep"] == "Tiếp nhận thành công"
    assert document["maGiaoDich"]
    assert len(document["thoiGianTiepNhan"]) == 14
    assert document["thoiGianTiepNhan"].isdigit()


def test_a_signed_checkin_gets_a_receipt(client: RawClient) -> None:
    assert client.send(sign1(checkin_xml()), CHECKIN).json()["maKetQua"] == "200"


@pytest.mark.parametrize("layout", ["130", "4750", "3176"])
def test_each_layout_has_its_own_endpoints(client: RawClient, layout: str) -> None:
    names = {"130": ("checkInKcbQd130", "guiHoSoXmlQD130"), "4750": ("checkInKcbQd4750", "guiHoSoXmlQD4750")}
    checkin, dossier = names.get(layout, ("checkInKcbQd3176", "guiHoSoXmlQD3176"))
    kept = {"MA_DOITUONG_KCB": "1"} if layout == "130" else {}
    rows = [first_cost(**kept)]
    assert client.send(sign1(checkin_xml(rows, layout=layout)), f"/api/qd130/{checkin}").json()["maKetQua"] == "200"
    answer = client.send(sign1(dossier_xml(layout=layout)), f"/api/qd130/{dossier}").json()
    assert answer["maKetQua"] == "200", answer


def test_what_arrived_is_kept_byte_for_byte_with_the_answer_given(start: Start, tmp_path: Path) -> None:
    client = start()
    client.login()
    document = sign1(dossier_xml())
    answer = client.send(document).json()
    with sqlite3.connect(tmp_path / "gateway.db") as database:
        row = database.execute(
            "SELECT service, facility, purpose, ma_lk, ma_giao_dich, sha256, body, answer FROM received"
        ).fetchone()
    database.close()
    assert row[:4] == ("dossier-3176", FACILITY, "claim", "SYN-1")
    assert row[4] == answer["maGiaoDich"]
    assert row[5] == hashlib.sha256(document).hexdigest()
    assert row[6] == document
    assert json.loads(row[7]) == answer


def test_a_visit_outside_insurance_is_kept_as_book(client: RawClient) -> None:
    tables = default_tables()
    tables["XML1"] = [stay(MA_DOITUONG_KCB="9", MA_THE_BHYT="")]
    client.send(sign1(dossier_xml(tables)))
    (row,) = client.http.get("/_sim/received").json()
    assert row["purpose"] == "book"


WRONG = [
    ("unsigned", dossier_xml, "125", "chưa ký"),
    ("no signature element", lambda: dossier_xml(holder=""), "123", "CHUKYDONVI"),
    ("foreign certificate", lambda: sign1(dossier_xml(), identity("stranger")), "125", "chưa đăng ký"),
    ("changed after signing", lambda: sign1(dossier_xml()).replace(b"20260901", b"20260902"), "125", "không đúng"),
    ("not XML", lambda: b"<GIAMDINHHS><a>", "204", "XML"),
    ("document type", lambda: b"<!DOCTYPE a [<!ENTITY b 'c'>]><GIAMDINHHS>&b;</GIAMDINHHS>", "204", "DOCTYPE"),
    ("foreign root", lambda: sign1(b"<KHAC><A/><CHUKYDONVI/></KHAC>"), "123", "GIAMDINHHS"),
    ("other facility", lambda: sign1(dossier_xml(facility="01998")), "123", "MACSKCB"),
    ("wrong count", lambda: sign1(dossier_xml(count="2")), "123", "SOLUONGHOSO"),
    ("no XML1", lambda: sign1(dossier_xml({"XML2": [drug()]})), "123", "XML1"),
    ("broken part", lambda: sign1(wrap("<FILEHOSO><LOAIHOSO>XML1</LOAIHOSO><NOIDUNGFILE>@@@</NOIDUNGFILE></FILEHOSO>")),
     "205", "base64"),
    ("part not XML", lambda: sign1(wrap(part_xml("XML1", b"<TONG_HOP>"))), "204", "XML"),
    ("part of another table", lambda: sign1(wrap(part_xml("XML1", b"<TONG_HOPP/>"))), "123", "TONG_HOP"),
    ("XML12 inside", lambda: sign1(dossier_xml({"XML1": [stay()], "XML12": [{}]})), "123", "LOAIHOSO"),
    ("two links", lambda: sign1(dossier_xml({"XML1": [stay()], "XML2": [drug("SYN-2")]})),
     "123", "XML2 dòng 1, trường MA_LK"),
    ("facility in XML1", lambda: sign1(dossier_xml({"XML1": [stay(MA_CSKCB="01998")]})),
     "123", "XML1 dòng 1, trường MA_CSKCB"),
    ("too long", lambda: sign1(dossier_xml({"XML1": [stay()], "XML2": [drug(), drug(DON_VI_TINH="x" * 51)]})),
     "123", "XML2 dòng 2, trường DON_VI_TINH"),
    ("decimal comma", lambda: sign1(dossier_xml({"XML1": [stay()], "XML3": [service(SO_LUONG="1,5")]})),
     "123", "XML3 dòng 1, trường SO_LUONG"),
    ("no such day", lambda: sign1(dossier_xml({"XML1": [stay()], "XML2": [drug(NGAY_YL="202602300800")]})),
     "123", "XML2 dòng 1, trường NGAY_YL"),
    ("short day in", lambda: sign1(dossier_xml({"XML1": [stay(NGAY_VAO="20260901")]})), "202", "NGAY_VAO"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "code", "named"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_file_is_refused_with_its_code_and_place_and_kept(
    client: RawClient, make: Callable[[], bytes], code: str, named: str
) -> None:
    document = make()
    answer = client.send(document).json()
    assert answer["maKetQua"] == code
    assert named in answer["thongDiep"]
    assert answer["maGiaoDich"] == ""
    (row,) = client.http.get("/_sim/received").json()
    assert not row["accepted"]
    assert client.http.get(f"/_sim/received/{row['seq']}").content == document


def test_a_missing_and_a_misplaced_field_are_named(client: RawClient) -> None:
    inner = part_of("XML1", dossier_xml())
    without = inner.replace(b"<NHOM_MAU></NHOM_MAU>", b"")
    answer = client.send(sign1(wrap(part_xml("XML1", without)))).json()
    assert (answer["maKetQua"], "XML1 dòng 1, trường NHOM_MAU: thiếu" in answer["thongDiep"]) == ("123", True)
    swapped = inner.replace(b"<STT>1</STT><MA_BN>SYN0001</MA_BN>", b"<MA_BN>SYN0001</MA_BN><STT>1</STT>")
    answer = client.send(sign1(wrap(part_xml("XML1", swapped)))).json()
    assert "trường STT: sai thứ tự" in answer["thongDiep"]
    more = inner.replace(b"</TONG_HOP>", b"<THEM/></TONG_HOP>")
    assert "THEM" in client.send(sign1(wrap(part_xml("XML1", more)))).json()["thongDiep"]


def test_a_comment_inside_a_value_is_refused_although_no_signature_covers_it(client: RawClient) -> None:
    document = sign1(dossier_xml()).replace(b"<NGAYLAP>2026", b"<NGAYLAP>2026<!-- -->")
    answer = client.send(document).json()
    assert (answer["maKetQua"], "NGAYLAP" in answer["thongDiep"]) == ("123", True)


def test_no_value_of_a_patient_stands_in_a_message(client: RawClient) -> None:
    answer = client.send(sign1(dossier_xml({"XML1": [stay(HO_TEN="BÍ MẬT " * 60)]}))).json()
    assert "HO_TEN" in answer["thongDiep"]
    assert "BÍ MẬT" not in json.dumps(answer, ensure_ascii=False)


def test_identity_of_sender_is_checked_before_the_file(client: RawClient) -> None:
    document = sign1(dossier_xml())
    assert client.send(document, maCSKCB="01998").json()["maKetQua"] == "403"
    assert client.send(document, loaiHoSo="3").json()["maKetQua"] == "205"
    assert client.send(document, maTinh="79").json()["maKetQua"] == "205"
    assert client.send(document, username="01998_BV").json()["maKetQua"] == "401"
    assert client.send(document, fileHSBase64="%%%").json()["maKetQua"] == "205"
    assert client.send(b"").json()["maKetQua"] == "205"


def test_a_file_above_the_limit_is_refused_with_1001(start: Start) -> None:
    client = start(max_bytes=1000)
    client.login()
    assert client.send(sign1(dossier_xml())).json()["maKetQua"] == "1001"
    endless = client.http.post(CHECKIN, content=b"x" * 2_000_000, headers=client.headers())
    assert endless.status_code == 413


def test_an_expired_certificate_is_refused(start: Start, tmp_path: Path) -> None:
    old = identity("expired", days=1, ago=10)
    client = start()
    registration = {
        "code": FACILITY,
        "account": "01999_BV",
        "password": "mật khẩu thử",
        "certificates": [old.certificate],
    }
    assert client.http.post("/_sim/facilities", json=registration).status_code == 201
    client.login()
    answer = client.send(sign1(dossier_xml(), old)).json()
    assert (answer["maKetQua"], "hết hạn" in answer["thongDiep"]) == ("125", True)


def test_a_certificate_registered_by_serial_is_trusted_through_its_ca(start: Start) -> None:
    client = start()
    other = identity("by-serial")
    registration = {
        "code": FACILITY,
        "account": "01999_BV",
        "password": "mật khẩu thử",
        "serials": [other.serial.upper()],
    }
    client.http.post("/_sim/facilities", json=registration)
    client.login()
    assert client.send(sign1(dossier_xml(), other)).json()["maKetQua"] == "125"
    client.http.post("/_sim/facilities", json={**registration, "ca": other.ca})
    assert client.send(sign1(dossier_xml(), other)).json()["maKetQua"] == "200"


def test_the_same_bytes_again_are_a_second_receipt_and_both_are_seen(client: RawClient) -> None:
    document = sign1(dossier_xml())
    first, second = (client.send(document).json()["maGiaoDich"] for _ in range(2))
    assert first != second
    rows = client.http.get("/_sim/received").json()
    assert [row["verdict"] for row in rows] == ["replaced", "good"]
    assert rows[0]["replaced_by"] == rows[1]["seq"]
    state = client.http.get("/_sim/state").json()
    assert state["dossiers"] == {"received": 2, "ma_lk": 1, "contents": 1}


@pytest.mark.parametrize(
    ("replace", "codes", "verdicts"),
    [("none", ["200", "200"], ["good", "good"]), ("refuse", ["200", "124"], ["good", ""])],
)
def test_replacement_is_a_setting(start: Start, replace: str, codes: list[str], verdicts: list[str]) -> None:
    client = start(replace=replace)
    client.login()
    document = sign1(dossier_xml())
    assert [client.send(document).json()["maKetQua"] for _ in range(2)] == codes
    assert [row["verdict"] for row in client.http.get("/_sim/received").json()] == verdicts


def test_a_checkin_never_replaces_a_dossier(client: RawClient) -> None:
    client.send(sign1(dossier_xml()))
    client.send(sign1(checkin_xml()), CHECKIN)
    client.send(sign1(checkin_xml()), CHECKIN)
    rows = client.http.get("/_sim/received").json()
    assert [row["replaced_by"] for row in rows] == [None, None, None]


def test_a_part_longer_than_the_xml_library_s_limit_is_read(start: Start) -> None:
    client = start(verify_threads=1)
    client.login()
    long = "mô tả " * 1_200_000  # 10.8 MB in one text node, 14 MB of base64 in another
    tables = {"XML1": [stay(T_THUOC="0", T_VTYT="0", T_TONGCHI_BV="0", T_TONGCHI_BH="0", T_BHTT="0", GHI_CHU=long)]}
    answer = client.send(sign1(dossier_xml(tables))).json()
    assert answer["maKetQua"] == "200", answer["thongDiep"]


def test_for_measuring_a_sender_files_may_pass_unexamined_but_named(start: Start) -> None:
    client = start(examine="envelope")
    client.login()
    tables = {"XML1": [stay("SYN-9", MA_DOITUONG_KCB="9", T_THUOC="x")]}
    assert client.send(dossier_xml(tables)).json()["maKetQua"] == "200"
    assert client.send(checkin_xml(), CHECKIN).json()["maKetQua"] == "200"
    assert client.send(b"no XML").json()["maKetQua"] == "204"
    rows = client.http.get("/_sim/received").json()
    assert [(row["ma_lk"], row["purpose"]) for row in rows[:2]] == [("SYN-9", "book"), ("SYN-1", "checkin")]


def test_many_senders_at_once_lose_nothing(client: RawClient) -> None:
    documents = [sign1(dossier_xml(default_tables(f"SYN-{n}"))) for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda document: client.send(document).json(), documents))
    assert {answer["maKetQua"] for answer in answers} == {"200"}
    assert len({answer["maGiaoDich"] for answer in answers}) == 24
    assert client.http.get("/_sim/state").json()["dossiers"] == {"received": 24, "ma_lk": 24, "contents": 24}


def part_of(name: str, document: bytes) -> bytes:
    root = etree.fromstring(document)
    (text,) = root.xpath(f"//FILEHOSO[LOAIHOSO='{name}']/NOIDUNGFILE/text()")
    return base64.b64decode(text)
