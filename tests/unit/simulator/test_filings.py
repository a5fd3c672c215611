from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from adapter.simulator.config import md5_upper
from adapter.simulator.services.paths import CATALOGUES, Catalogue
from tests.support.gateway_files import ACCOUNT, FACILITY, PASSWORD, base64_text, identity, sign1, sign2
from tests.support.practice_gateway import RawClient

ADJUST = "/api/HSDCTT12/GuiHoSoDieuChinh09BH"


def catalogue_xml(catalogue: Catalogue, rows: int = 2, row: str = "") -> bytes:
    inner = f"<{row or catalogue.row}><STT>1</STT><MA_CSKCB>{FACILITY}</MA_CSKCB></{row or catalogue.row}>" * rows
    return (
        '<?xml version="1.0" encoding="utf-8"?><HSDANHMUC>'
        f'<{catalogue.listing} Id="Id-1">{inner}</{catalogue.listing}><CHUKYDONVI/></HSDANHMUC>'
    ).encode()


def adjustment_xml(**changes: str) -> bytes:
    values = {"MAU_SO": "09/BH", "MA_CSKCB": FACILITY, "NGAY_VAO": "202609010800", "NGAY_RA": "202609010930"} | {
        "KY_QT": "202609",
        "MA_LK": "SYN-1",
        "ADJUST": "<TT_DIEUCHINH><DONG><LY_DO>Sai đơn giá</LY_DO></DONG></TT_DIEUCHINH>",
        "ROOT": "",
        **changes,
    }
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        "<HOSO_DIEUCHINH_GD{ROOT}><TT_HOSO Id=\"Id-2\"><TT_MAU><MAU_SO>{MAU_SO}</MAU_SO><MA_CSKCB>{MA_CSKCB}</MA_CSKCB>"
        "</TT_MAU><TT_XML1><XML1_ID>1</XML1_ID><MA_LK>{MA_LK}</MA_LK><NGAY_VAO>{NGAY_VAO}</NGAY_VAO>"
        "<NGAY_RA>{NGAY_RA}</NGAY_RA><KY_QT>{KY_QT}</KY_QT></TT_XML1>{ADJUST}</TT_HOSO><CHUKYDONVI/></HOSO_DIEUCHINH_GD>"
    ).format(**values).encode()  # fmt: skip


def send(client: RawClient, path: str, document: bytes, kind: str, **changes: str) -> httpx.Response:
    fields = {
        "username": ACCOUNT,
        "loaiHs": kind,
        "maTinh": "01",
        "maCSKCB": FACILITY,
        "fileHsBase64": base64_text(document),
        **changes,
    }
    return client.http.post(path, data=fields, headers=client.headers())


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda c: c.form)
def test_each_catalogue_is_taken_with_a_two_reference_signature(client: RawClient, catalogue: Catalogue) -> None:
    document = sign2(catalogue_xml(catalogue), "Id-1")
    answer = send(client, catalogue.path, document, catalogue.kind)
    assert (answer.status_code, answer.json()["maKetQua"]) == (200, "200"), answer.json()
    (row,) = client.http.get("/_sim/received").json()
    assert (row["service"], row["ma_giao_dich"]) == (f"catalogue-{catalogue.form}", answer.json()["maGiaoDich"])


DRUGS = CATALOGUES[2]
BAD_CATALOGUES: list[tuple[str, Callable[[], bytes], dict[str, str], str]] = [
    ("unsigned", lambda: catalogue_xml(DRUGS), {}, "125"),
    ("profile 1", lambda: sign1(catalogue_xml(DRUGS)), {}, "125"),
    ("stranger", lambda: sign2(catalogue_xml(DRUGS), "Id-1", identity("stranger")), {}, "125"),
    ("changed row", lambda: sign2(catalogue_xml(DRUGS), "Id-1").replace(b"<STT>1<", b"<STT>2<", 1), {}, "125"),
    ("changed time", lambda: sign2(catalogue_xml(DRUGS), "Id-1").replace(b"08:00:00", b"09:00:00"), {}, "125"),
    ("time with zone", lambda: sign2(catalogue_xml(DRUGS), "Id-1", time="2026-09-01T08:00:00Z"), {}, "125"),
    ("changed value", lambda: sign2(catalogue_xml(DRUGS), "Id-1").replace(b"<SignatureValue>", b"<SignatureValue>AAAA"),
     {}, "125"),
    ("no signature element", lambda: catalogue_xml(DRUGS).replace(b"<CHUKYDONVI/>", b""), {}, "123"),
    ("other rows", lambda: sign2(catalogue_xml(DRUGS, row="KHAC"), "Id-1"), {}, "123"),
    ("no rows", lambda: sign2(catalogue_xml(DRUGS, rows=0), "Id-1"), {}, "204"),
    ("other facility in a row", lambda: sign2(catalogue_xml(DRUGS).replace(b"01999", b"01998", 1), "Id-1"), {}, "123"),
    ("other catalogue", lambda: sign2(catalogue_xml(CATALOGUES[0]), "Id-1"), {}, "123"),
    ("not XML", lambda: b"<HSDANHMUC", {}, "204"),
    ("empty", lambda: b"", {}, "205"),
    ("kind", lambda: sign2(catalogue_xml(DRUGS), "Id-1"), {"loaiHs": "11"}, "205"),
    ("facility", lambda: sign2(catalogue_xml(DRUGS), "Id-1"), {"maCSKCB": "01998"}, "402"),
    ("account", lambda: sign2(catalogue_xml(DRUGS), "Id-1"), {"username": "x"}, "401"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "changes", "code"), [c[1:] for c in BAD_CATALOGUES], ids=[c[0] for c in BAD_CATALOGUES]
)
def test_a_wrong_catalogue_is_refused_in_the_body_of_http_200(
    client: RawClient, make: Callable[[], bytes], changes: dict[str, str], code: str
) -> None:
    answer = send(client, DRUGS.path, make(), DRUGS.kind, **changes)
    assert (answer.status_code, answer.json()["maKetQua"]) == (200, code)


def test_a_duplicate_id_is_refused(client: RawClient) -> None:
    signed = sign2(catalogue_xml(DRUGS), "Id-1")
    forged = signed.replace(b"<STT>1</STT>", b'<STT Id="Id-1">1</STT>', 1)
    assert send(client, DRUGS.path, forged, DRUGS.kind).json()["maKetQua"] == "125"


def adjust(client: RawClient, document: bytes, **changes: str) -> dict[str, Any]:
    body = {
        "username": ACCOUNT,
        "password": md5_upper(PASSWORD),
        "maCskcb": FACILITY,
        "loaiHs": "73",
        "kyQT": "202609",
        "maTinh": "01",
        "fileHsBase64": base64_text(document),
        **changes,
    }
    answer: dict[str, Any] = client.http.post(ADJUST, json=body, headers=client.headers()).json()
    return answer


def test_an_adjustment_is_taken_and_found_by_its_link(client: RawClient) -> None:
    answer = adjust(client, sign2(adjustment_xml(), "Id-2"))
    assert answer["maKetQua"] == "200", answer
    (row,) = client.http.get("/_sim/received", params={"ma_lk": "SYN-1"}).json()
    assert (row["service"], row["purpose"]) == ("adjustment-09bh", "")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"MAU_SO": "08/BH"}, "123"),
        ({"MA_CSKCB": "01998"}, "123"),
        ({"MA_LK": ""}, "123"),
        ({"ROOT": ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'}, "123"),
        ({"ADJUST": ""}, "204"),
        ({"NGAY_VAO": "20260901"}, "202"),
        ({"NGAY_RA": "202608010800"}, "124"),
        ({"KY_QT": "202608"}, "124"),
    ],
)
def test_a_wrong_adjustment_is_refused_with_its_documented_code(
    client: RawClient, changes: dict[str, str], code: str
) -> None:
    assert adjust(client, sign2(adjustment_xml(**changes), "Id-2"))["maKetQua"] == code


def test_an_adjustment_needs_its_period_and_its_own_signature(client: RawClient) -> None:
    assert adjust(client, sign2(adjustment_xml(), "Id-2"), kyQT="2026-09")["maKetQua"] == "205"
    assert adjust(client, sign1(adjustment_xml()))["maKetQua"] == "125"
    assert adjust(client, adjustment_xml())["maKetQua"] == "125"


@pytest.mark.parametrize(
    ("path", "kind", "root", "part"),
    [
        ("/api/chungtugw/GuiHoSoChungTu2025", "39", "HSCHUNGTU", "THONGTINHOSO"),
        ("/api/hososuckhoe/guiGiayToDienTu", "60", "HSDLGBT", "GIAYBAOTU"),
        ("/api/hososuckhoe/guiGiayToDienTu", "61", "HSDLGCS", "GIAYCHUNGSINH"),
    ],
)
def test_certificates_carry_their_credentials_in_the_body_and_answer_in_their_own_keys(
    client: RawClient, path: str, kind: str, root: str, part: str
) -> None:
    document = sign2(f'<{root}><{part} Id="Id-3"><A>1</A></{part}><CHUKYDONVI/></{root}>'.encode(), "Id-3")
    fields = {
        "maCskcb": FACILITY,
        "token": client.key["access_token"],
        "id_token": client.key["id_token"],
        "username": ACCOUNT,
        "password": md5_upper(PASSWORD),
        "loaiHs": kind,
        "fileBase64Str": base64_text(document),
    }
    answer = client.http.post(path, data=fields).json()
    assert answer["MaKetQua"] == "200", answer
    assert answer["MaGD"]
    assert len(answer["ThoiGianTiepNhan"]) == 14
    expired = client.http.post(path, data={**fields, "token": "khác"})
    assert (expired.status_code, expired.json()["MaKetQua"]) == (200, "401")
    broken = client.http.post(path, data={**fields, "fileBase64Str": "%%%"}).json()
    assert broken["MaKetQua"] == "205"
    wrong = client.http.post(path, data={**fields, "loaiHs": "99"}).json()
    assert wrong["MaKetQua"] == "205"


def test_the_monthly_summary_is_taken(client: RawClient) -> None:
    document = sign2(b'<HSTH01BH><TH Id="Id-4"/><CHUKYDONVI/></HSTH01BH>', "Id-4")
    answer = send(client, "/api/HoSoTongHop7980/GuiHoSoTongHop01BH", document, "5")
    assert answer.json()["maKetQua"] == "200"


@pytest.mark.parametrize(
    ("fault", "code"), [("gateway_error", "500"), ("certificate_expired", "125"), ("oversize", "1001")]
)
def test_refusals_on_demand_reach_catalogues_too(client: RawClient, fault: str, code: str) -> None:
    client.http.post("/_sim/faults", json={"rules": [{"fault": fault, "service": "catalogue-*"}]})
    document = sign2(catalogue_xml(DRUGS), "Id-1")
    assert send(client, DRUGS.path, document, DRUGS.kind).json()["maKetQua"] == code
