from __future__ import annotations

import re
from collections.abc import Callable

import httpx
from lxml import html

from tests.support.gateway_files import (
    FACILITY,
    checkin_xml,
    default_tables,
    dossier_xml,
    first_cost,
    service,
    sign1,
    stay,
)
from tests.support.practice_gateway import CHECKIN, RawClient

Start = Callable[..., RawClient]
PRACTICE = {"require_signature": False}


def text(client: RawClient, path: str, **query: str) -> str:
    answer = client.http.get(path, params=query)
    assert answer.status_code == 200
    return " ".join(html.fromstring(answer.text).text_content().split())


def test_the_page_shows_what_arrived_and_says_that_it_is_practice(client: RawClient) -> None:
    client.send(dossier_xml(default_tables("SYN-OK")))
    client.send(dossier_xml({"XML1": [stay("SYN-BAD", NGAY_VAO="1")]}))
    shown = text(client, "/")
    assert "không phải cổng của BHXH" in shown
    for part in ("SYN-OK", "SYN-BAD", "dossier-3176", FACILITY, "Tiếp nhận thành công", "NGAY_VAO"):
        assert part in shown
    assert "SYN-OK" not in text(client, "/", ma_lk="SYN-BAD")
    assert "This is not the gateway" in text(client, "/", lang="en")


def test_an_arrival_shows_each_fault_in_place(client: RawClient) -> None:
    tables = {**default_tables(), "XML3": [service(), service(STT="2", DON_VI_TINH="")]}
    receipt = client.send(dossier_xml(tables)).json()["maGiaoDich"]
    seq = client.http.get("/_sim/received").json()[0]["seq"]
    page = html.fromstring(client.http.get(f"/arrival/{seq}").text)
    shown = page.text_content()
    assert receipt in shown
    assert "XML3 dòng 2, trường DON_VI_TINH" in shown
    table = next(d for d in page.findall(".//details") if d.findtext("summary") == "XML3")
    fields = [cell.text for cell in table.findall(".//thead//th")]
    wrong = [
        (row[0].text, fields[index])
        for row in table.findall(".//tbody/tr")
        for index, cell in enumerate(row)
        if cell.get("class") == "wrong"
    ]
    assert wrong == [("2", "DON_VI_TINH")]
    assert "XML3 row 2, field DON_VI_TINH" in text(client, f"/arrival/{seq}", lang="en")


def test_a_refused_file_shows_why_and_can_be_read(client: RawClient) -> None:
    client.send(b"<GIAMDINHHS><broken>")
    seq = client.http.get("/_sim/received").json()[0]["seq"]
    page = html.fromstring(client.http.get(f"/arrival/{seq}").text)
    assert "204" in page.text_content()
    (raw,) = page.xpath("//a[contains(@href, '/_sim/received/')]/@href")
    assert client.http.get(raw).content == b"<GIAMDINHHS><broken>"
    assert client.http.get("/arrival/999999").status_code == 404


def test_checkins_are_shown_too(client: RawClient) -> None:
    client.send(checkin_xml([first_cost(TEN_DICH_VU="")]), CHECKIN)
    seq = client.http.get("/_sim/received").json()[0]["seq"]
    assert "TEN_DICH_VU" in text(client, f"/arrival/{seq}")


def test_what_a_sender_writes_is_never_markup(client: RawClient) -> None:
    evil = "<script>alert(1)</script>"
    tables = {**default_tables(), "XML1": [stay("<b>x</b>", HO_TEN=evil)]}
    client.send(dossier_xml({"XML1": tables["XML1"]}))
    seq = client.http.get("/_sim/received").json()[0]["seq"]
    for path in ("/", f"/arrival/{seq}"):
        page = client.http.get(path)
        assert "<script" not in page.text
        assert "<b>x</b>" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_pages_load_nothing_from_outside(client: RawClient) -> None:
    client.send(dossier_xml())
    seq = client.http.get("/_sim/received").json()[0]["seq"]
    for path in ("/", f"/arrival/{seq}", "/calls"):
        links = re.findall(r"(?:src|href|action)=\"([^\"]+)\"", client.http.get(path).text)
        assert links
        assert all(link.startswith(("/", "?")) and not link.startswith("//") for link in links)
        assert all(client.http.get(link).status_code == 200 for link in links if link.startswith("/"))


def test_the_log_shows_calls_that_reached_no_service(client: RawClient) -> None:
    client.http.post("/_sim/faults", json={"rules": [{"fault": "http_error", "service": "dossier*"}]})
    client.send(dossier_xml())
    shown = text(client, "/calls")
    assert "http_error" in shown
    assert "502" in shown
    assert "http_error" in text(client, "/")


def test_a_long_list_is_paged(start: Start) -> None:
    client = start(require_signature=False)
    client.login()
    for _ in range(101):
        client.send(b"x")
    page = html.fromstring(client.http.get("/").text)
    assert len(page.findall(".//tbody/tr")) == 100
    (older,) = page.xpath("//a[contains(@href, 'before=')]/@href")
    assert len(html.fromstring(client.http.get(older).text).findall(".//tbody/tr")) == 1


def test_a_key_is_asked_for_once_and_then_remembered(start: Start) -> None:
    client = start(control_key="khoa-1")
    assert client.http.get("/").status_code == 401
    assert client.http.get("/", params={"key": "khoa-1"}).status_code == 200
    assert client.http.get("/").status_code == 200
    assert client.http.get("/_sim/state").status_code == 200
    assert httpx.get(str(client.http.base_url)).status_code == 401


def test_without_an_account_the_page_says_what_to_do(start: Start) -> None:
    assert "POST /_sim/facilities" in text(start(facilities=()), "/")


def test_signed_files_are_read_back_for_the_page(start: Start) -> None:
    client = start()
    client.login()
    client.send(sign1(dossier_xml()))
    assert "NGƯỜI BỆNH MẪU" in text(client, "/arrival/1")
