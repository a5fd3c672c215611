from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from adapter.clock import VIETNAM
from adapter.simulator.cards import CoPayment, SimCard, Visit
from adapter.simulator.config import md5_upper
from tests.support.gateway_files import ACCOUNT, FACILITY, PASSWORD, dossier_xml
from tests.support.practice_gateway import RawClient

Start = Callable[..., RawClient]
CARD = SimCard(
    number="XX4010000000000",
    insurance="0000000000",
    citizen="000000000000",
    name="Người Bệnh Mẫu",
    birth="01/02/1980",
    valid_from="01/01/2026",
    valid_to="31/12/2026",
    registered_at=FACILITY,
    visits=(Visit(facility="01998", start="202601010800", end="202601010900", disease="B34.9"),),
    copayments=(
        CoPayment(facility="01998", start="01/01/2026", end="02/01/2026", amount="1000", total="1000"),
        CoPayment(facility="01998", start="01/03/2026", end="02/03/2026", amount="500.50", total="1500.50"),
    ),
)
ASK = {
    "maThe": CARD.number,
    "hoTen": "NGƯỜI BỆNH MẪU",
    "ngaySinh": "01/02/1980",
    "hoTenCb": "Nguyễn Thị Tra Cứu",
    "cccdCb": "000000000001",
}


PRACTICE = {
    "cards": (CARD,),
    "clock": lambda: datetime(2026, 11, 22, 8, tzinfo=VIETNAM),
    "require_signature": False,
}


@pytest.fixture(autouse=True)
def card(client: RawClient) -> None:
    """Each test starts from the same card."""
    client.http.post("/_sim/cards", json=CARD.model_dump(mode="json"))


def query(client: RawClient) -> dict[str, str]:
    return {
        "token": client.key["access_token"],
        "id_token": client.key["id_token"],
        "username": ACCOUNT,
        "password": md5_upper(PASSWORD),
    }


def look_up(client: RawClient, *, form: bool = False, **changes: str) -> dict[str, Any]:
    body = {"data" if form else "json": {**ASK, **changes}}
    answer: dict[str, Any] = client.http.post("/api/egw/KQNhanLichSuKCB2024", params=query(client), **body).json()
    return answer


@pytest.mark.parametrize("form", [False, True])
def test_a_good_card_is_told_with_its_dates_and_without_history(client: RawClient, form: bool) -> None:
    answer = look_up(client, form=form)
    assert (answer["maKetQua"], answer["gtTheTu"], answer["gtTheDen"]) == ("000", "01/01/2026", "31/12/2026")
    assert answer["dsLichSuKCB2018"] is None


@pytest.mark.parametrize("number", [CARD.number, CARD.insurance, CARD.citizen])
def test_a_card_is_found_by_each_of_its_numbers(client: RawClient, number: str) -> None:
    assert look_up(client, maThe=number)["maThe"] == CARD.number


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ngaySinh": "01021980"}, "000"),
        ({"ngaySinh": "02/1980"}, "000"),
        ({"ngaySinh": "1980"}, "000"),
        ({"ngaySinh": "1980-02-01"}, "205"),
        ({"ngaySinh": "01/02/1981"}, "070"),
        ({"hoTen": "TRẦN KHÁC"}, "060"),
        ({"hoTen": "NGUYỄN KHÁC"}, "061"),
        ({"maThe": "XX4010000000009"}, "050"),
        ({"maThe": "XX4"}, "051"),
        ({"maThe": "XX401000000000"}, "051"),
        ({"maThe": "XX9010000000000"}, "053"),
        ({"maThe": "XX4AB0000000000"}, "052"),
        ({"cccdCb": "000000000009"}, "054"),
        ({"hoTenCb": "Trần Khác"}, "055"),
        ({"hoTen": ""}, "205"),
    ],
)
def test_each_mismatch_has_its_documented_code(client: RawClient, changes: dict[str, str], code: str) -> None:
    assert look_up(client, **changes)["maKetQua"] == code


def test_without_the_person_who_asks_the_answer_says_what_is_null(client: RawClient) -> None:
    assert "Null hoTenCb" in look_up(client, hoTenCb="")["ghiChu"]


def test_states_of_a_card(client: RawClient) -> None:
    for code in ("001", "004", "110", "124"):
        client.http.post("/_sim/cards", json={**CARD.model_dump(mode="json"), "code": code})
        assert look_up(client)["maKetQua"] == code
    client.http.post("/_sim/cards", json={**CARD.model_dump(mode="json"), "valid_to": "21/11/2026"})
    assert look_up(client)["maKetQua"] == "010"


def test_a_look_up_without_a_token_is_401(client: RawClient) -> None:
    client.key = {"access_token": "x", "id_token": "y"}
    assert look_up(client)["maKetQua"] == "401"


def test_functions_closed_in_2024_are_gone(client: RawClient) -> None:
    assert client.http.post("/api/egw/KQNhanLichSuKCB2018", data=ASK).status_code == 404


def history(client: RawClient, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.http.post("/api/egw/Lskcb2025", params=query(client), **body).json()
    return answer


def test_history_takes_a_form_and_refuses_json_and_eight_digits(client: RawClient) -> None:
    answer = history(client, data=ASK)
    assert answer["maKetQua"] == "000"
    assert [row["maCSKCB"] for row in answer["dsLichSuKCB2025"]] == ["01998"]
    assert history(client, json=ASK)["maKetQua"] == "205"
    assert history(client, data={**ASK, "ngaySinh": "01021980"})["maKetQua"] == "205"


def test_history_shows_what_was_received_here_and_is_null_when_empty(client: RawClient) -> None:
    client.http.post("/_sim/cards", json={**CARD.model_dump(mode="json"), "visits": []})
    assert history(client, data=ASK)["dsLichSuKCB2025"] is None
    client.send(dossier_xml())
    (visit,) = history(client, data=ASK)["dsLichSuKCB2025"]
    assert (visit["maCSKCB"], visit["ngayVao"]) == (FACILITY, "202609010800")
    client.http.post("/_sim/faults", json={"rules": [{"fault": "history_null", "service": "history"}]})
    assert history(client, data=ASK)["dsLichSuKCB2025"] is None


def balance(client: RawClient, **changes: str) -> Any:
    body = {"username": ACCOUNT, "maThe": CARD.number, "hoTen": CARD.name, "ngaySinh": CARD.birth, **changes}
    return client.http.post("/api/TraCuuCCT/TraCuuTienMCCT", json=body, headers=client.headers())


def test_copayment_lists_newest_first(client: RawClient) -> None:
    answer = balance(client).json()
    assert answer["MaKetQua"] == "200"
    assert [row["ngayRa"] for row in answer["DataCCT"]] == ["02/03/2026", "02/01/2026"]
    assert answer["ThongTinSoThe"]["hoTen"] == CARD.name


def test_copayment_statuses_are_those_of_http(client: RawClient) -> None:
    assert (balance(client, maThe="123").status_code, balance(client, maThe="123").json()["MaKetQua"]) == (400, "400")
    none = balance(client, maThe="XX4010000000009")
    assert (none.status_code, none.json()["MaKetQua"]) == (200, "204")
    assert balance(client, username=FACILITY).status_code == 200
    other = balance(client, username="khác")
    assert (other.status_code, other.content) == (401, b"")
    client.key = {}
    refused = balance(client)
    assert (refused.status_code, refused.content) == (401, b"")


def test_copayment_500_has_two_meanings_told_apart_by_its_note(client: RawClient) -> None:
    notes = set()
    for fault in ("restricted", "gateway_error"):
        client.http.post("/_sim/faults", json={"rules": [{"fault": fault, "service": "copayment"}]})
        answer = balance(client)
        assert (answer.status_code, answer.json()["MaKetQua"]) == (500, "500")
        notes.add(answer.json()["GhiChu"])
    assert len(notes) == 2


def test_look_ups_are_never_kept(client: RawClient) -> None:
    look_up(client)
    balance(client)
    assert client.http.get("/_sim/received").json() == []
