from __future__ import annotations

import base64
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from adapter.clock import VIETNAM
from tests.support.gateway_files import (
    ACCOUNT,
    FACILITY,
    PASSWORD,
    checkin_xml,
    default_tables,
    dossier_xml,
    drug,
    first_cost,
    service,
    sign1,
    stay,
)
from tests.support.practice_gateway import CHECKIN, RawClient

Start = Callable[..., RawClient]
PRACTICE = {"require_signature": False}


def findings(client: RawClient) -> list[tuple[str, str, int, str]]:
    row = client.http.get("/_sim/received").json()[-1]
    return [(f["code"], f["table"], f["row"], f["field"]) for f in row["findings"]]


def test_a_receipt_is_not_a_verdict_and_the_verdict_comes_later(start: Start) -> None:
    now = [datetime(2026, 11, 22, 8, tzinfo=VIETNAM)]
    client = start(require_signature=False, verdict_seconds=300, clock=lambda: now[0])
    client.login()
    client.send(dossier_xml())
    client.send(dossier_xml({"XML1": [stay("SYN-2", T_THUOC="1")], "XML2": [drug("SYN-2")]}))
    assert [row["verdict"] for row in client.http.get("/_sim/received").json()] == ["pending", "pending"]
    assert client.http.get("/_sim/state").json()["verdicts"]["pending"] == 2
    assert client.http.get("/_sim/received").json()[1]["findings"] == []
    now[0] += timedelta(seconds=300)
    assert [row["verdict"] for row in client.http.get("/_sim/received").json()] == ["good", "faulty"]


def test_a_right_dossier_is_good(client: RawClient) -> None:
    client.send(dossier_xml())
    assert findings(client) == []
    assert client.http.get("/_sim/state").json()["verdicts"] == {"pending": 0, "good": 1, "faulty": 0, "replaced": 0}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"XML1": [stay(T_TONGCHI_BH="49102", T_BHTT="49100")]}, ("SIM-SUM", "XML1", 1, "T_TONGCHI_BH")),
        ({"XML1": [stay(T_THUOC="6998")]}, ("SIM-SUM", "XML1", 1, "T_THUOC")),
        ({"XML1": [stay(T_BNTT="2")]}, ("SIM-SUM", "XML1", 1, "T_TONGCHI_BV")),
        ({"XML1": [stay(NGAY_RA="202608310800")]}, ("SIM-DAYS", "XML1", 1, "NGAY_RA")),
        ({"XML2": [drug(NGAY_TH_YL="202609010859")]}, ("SIM-DAYS", "XML2", 1, "NGAY_TH_YL")),
        ({"XML3": [service(NGAY_KQ="202609010800")]}, ("SIM-DAYS", "XML3", 1, "NGAY_KQ")),
        ({"XML1": [stay(MA_THE_BHYT="")]}, ("SIM-CARD", "XML1", 1, "MA_THE_BHYT")),
        ({"XML1": [stay(MA_LOAI_RV="9")]}, ("SIM-CODE", "XML1", 1, "MA_LOAI_RV")),
        ({"XML2": [drug(DON_VI_TINH="")]}, ("SIM-REQUIRED", "XML2", 1, "DON_VI_TINH")),
    ],
)
def test_contents_are_judged_by_sums_days_codes_and_required_fields(
    client: RawClient, tables: dict[str, Any], expected: tuple[str, str, int, str]
) -> None:
    assert client.send(dossier_xml({**default_tables(), **tables})).json()["maKetQua"] == "200"
    assert expected in findings(client)


def test_rounding_below_one_dong_is_not_a_fault(client: RawClient) -> None:
    client.send(dossier_xml({**default_tables(), "XML1": [stay(T_THUOC="7000.99")]}))
    assert findings(client) == []


def test_a_book_of_tables_1_and_8_has_nothing_to_add_up(client: RawClient) -> None:
    money = dict.fromkeys(("T_TONGCHI_BV", "T_BNTT"), "49100") | {"T_BHTT": "0", "T_TONGCHI_BH": "0"}
    client.send(dossier_xml({"XML1": [stay(MA_DOITUONG_KCB="9", MA_THE_BHYT="", **money)]}))
    assert [f for f in findings(client) if f[0] == "SIM-SUM"] == []


def test_a_checkin_needs_its_first_cost(client: RawClient) -> None:
    client.send(checkin_xml([first_cost(MA_DICH_VU="", TEN_DICH_VU="")]), CHECKIN)
    assert findings(client) == [("SIM-FIRST-COST", "XML0", 1, "MA_DICH_VU")]
    client.send(checkin_xml([first_cost(TEN_DICH_VU="")]), CHECKIN)
    assert findings(client) == [("SIM-NAME", "XML0", 1, "TEN_DICH_VU")]


def sheet(client: RawClient, name: str, **query: str) -> list[tuple[Any, ...]]:
    answer = client.http.get(f"/_sim/portal/{name}.xlsx", params={"facility": FACILITY, **query})
    assert answer.status_code == 200
    book = load_workbook(io.BytesIO(answer.content))
    rows = [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    return rows


def test_the_portal_s_lists_can_be_exported_as_xlsx(client: RawClient) -> None:
    client.send(dossier_xml(default_tables("GOOD")))
    tables = {"XML1": [stay("BAD", T_THUOC="1")], "XML2": [drug("BAD")], "XML3": [service("BAD")]}
    client.send(dossier_xml(tables))
    client.send(dossier_xml(default_tables("GOOD")))
    client.send(dossier_xml({"XML1": [stay("REFUSED", NGAY_VAO="1")]}))
    errors = sheet(client, "errors")
    assert errors[0] == ("MA_LK", "MALOI", "MOTALOI", "NGAY_RA", "HO_TEN", "MA_THE")
    assert [row[:2] for row in errors[1:]] == [("BAD", "SIM-SUM")]
    head, *rows = sheet(client, "dossiers")
    states = [(row[head.index("MA_LK")], row[head.index("TRANG_THAI_HS")]) for row in rows]
    assert states == [("GOOD", "Đã thay thế"), ("BAD", "Lỗi"), ("GOOD", "Thành công"), ("REFUSED", "Từ chối")]


def test_the_portal_shows_at_most_sixty_days(client: RawClient) -> None:
    query = {"facility": FACILITY, "from": "2026-01-01", "to": "2026-03-03"}
    assert client.http.get("/_sim/portal/errors.xlsx", params=query).status_code == 400


class Hub:
    """The provincial hub by hand."""

    def __init__(self, client: RawClient) -> None:
        self.http = client.http
        body = {"username": ACCOUNT, "password": PASSWORD, "code": FACILITY}
        answer = self.http.post("/api/auth/token/take", json=body).json()
        assert answer["maKetQua"] is True
        self.headers = {"Authorization": f"Bearer {answer['apiKey']['accessToken']}"}

    def send(self, *documents: bytes) -> dict[str, Any]:
        files = [base64.b64encode(document).decode() for document in documents]
        body = {"loaiHoSo": "3176", "maTinh": "01", "maCSKCB": FACILITY, "files": files}
        answer: dict[str, Any] = self.http.post(
            "/api/kcb/xml/qd3176/guiHoSoXml", json=body, headers=self.headers
        ).json()
        return answer

    def state(self, receipt: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.http.get(f"/api/kcb/tra-cuu-trang-thai/{receipt}", headers=self.headers).json()
        return answer


def test_a_hub_judges_each_file_of_a_batch_and_tells_its_state_later(start: Start) -> None:
    hub = Hub(start())
    good = sign1(dossier_xml(default_tables("SYN-1")))
    faulty = sign1(dossier_xml({**default_tables("SYN-2"), "XML1": [stay("SYN-2", T_THUOC="1")]}))
    answer = hub.send(good, faulty, b"\xef\xbb\xbf" + good, dossier_xml())
    assert (answer["totalSuccess"], answer["totalFailed"]) == (2, 2)
    assert [result["maLoi"] for result in answer["fileResults"]] == ["", "", "204", "125"]
    first, second = (result["maGiaoDich"] for result in answer["fileResults"][:2])
    assert hub.state(first)["trangThai"] == "THANH_CONG"
    told = hub.state(second)
    assert (told["trangThai"], [error["maLoi"] for error in told["dsLoi"]]) == ("LOI", ["SIM-SUM"])
    hub.send(good)
    assert hub.state(first)["trangThai"] == "DA_THAY_THE"
    assert hub.state("khác")["maKetQua"] is False


def test_a_hub_never_replaces_what_the_gateway_holds(start: Start) -> None:
    client = start()
    client.login()
    document = sign1(dossier_xml())
    client.send(document)
    Hub(client).send(document)
    assert [row["replaced_by"] for row in client.http.get("/_sim/received").json()] == [None, None]


def test_a_hub_can_fail_on_demand_and_take_nothing(client: RawClient) -> None:
    hub = Hub(client)
    client.http.post("/_sim/faults", json={"rules": [{"fault": "gateway_error", "service": "hub-dossier"}]})
    assert hub.send(dossier_xml())["maKetQua"] is False
    assert client.http.get("/_sim/received").json() == []


def test_a_hub_refuses_strangers(start: Start) -> None:
    client = start()
    body = {"username": ACCOUNT, "password": "khác", "code": FACILITY}
    assert client.http.post("/api/auth/token/take", json=body).status_code == 401
    assert client.http.post("/api/kcb/xml/qd3176/guiHoSoXml", json={}).status_code == 401
