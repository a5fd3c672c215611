"""The gateway client over real HTTP: what is sent, how an answer is judged, who logs in and how often."""

from __future__ import annotations

import base64
import hashlib
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import VIETNAM
from adapter.errors import ConfigError, GatewayRefusedLogin, GatewayUnreachable
from adapter.gateway import GatewayClient, OutcomeKind, service_for
from tests.unit.gateway.conftest import Make, make_settings
from tests.unit.gateway.server import Handler, Script, Seen, raw, receipt, silent

DOC = b"<GIAMDINHHS><THONGTINDONVI><MACSKCB>79999</MACSKCB></THONGTINDONVI></GIAMDINHHS>"
PASSWORD_HASH = hashlib.md5(b"Mat-khau-1").hexdigest().upper()


def test_a_dossier_travels_as_the_letters_describe(make: Make, script: Script) -> None:
    outcome = make().send("dossier-3176", DOC)
    login, sent = script.seen
    assert login.fields == {"username": "79999_BV", "password": PASSWORD_HASH}
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    assert sent.path == "/api/qd130/guiHoSoXmlQD3176"
    assert {k: v for k, v in sent.fields.items() if k != "fileHSBase64"} == {
        "username": "79999_BV",
        "loaiHoSo": "130",
        "maTinh": "79",
        "maCSKCB": "79999",
    }
    assert base64.b64decode(sent.fields["fileHSBase64"], validate=True) == DOC
    assert (sent.headers["accesstoken"], sent.headers["tokenid"], sent.headers["passwordhash"]) == (
        "t1",
        "id-t1",
        PASSWORD_HASH,
    )
    assert sent.query == {}
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert (outcome.http_status, outcome.ma_ket_qua, outcome.ma_giao_dich) == (200, "200", "GD-1")
    assert outcome.received_at == datetime(2026, 11, 22, 9, 30, 15, tzinfo=VIETNAM)
    assert not outcome.remark


def test_every_byte_value_survives_the_form_encoding(make: Make, script: Script) -> None:
    document = DOC + bytes(range(256)) * 50 + "Nguyễn".encode()
    make().send("dossier-3176", document)
    assert base64.b64decode(script.sends()[0].fields["fileHSBase64"], validate=True) == document


@pytest.mark.parametrize(
    ("dossier", "path", "kind"),
    [
        (("checkin", "130"), "/api/qd130/checkInKcbQd130", "0"),
        (("checkin", "4750"), "/api/qd130/checkInKcbQd4750", "0"),
        (("checkin", "3176"), "/api/qd130/checkInKcbQd3176", "0"),
        (("claim", "130"), "/api/qd130/guiHoSoXmlQD130", "130"),
        (("claim", "4750"), "/api/qd130/guiHoSoXmlQD4750", "130"),
        (("book", "3176"), "/api/qd130/guiHoSoXmlQD3176", "130"),
    ],
)
def test_each_purpose_and_layout_has_its_documented_path(
    make: Make, script: Script, dossier: tuple[str, str], path: str, kind: str
) -> None:
    make().send(service_for(*dossier), DOC)
    assert (script.sends()[0].path, script.sends()[0].fields["loaiHoSo"]) == (path, kind)


def test_an_unknown_service_is_a_configuration_error(make: Make) -> None:
    with pytest.raises(ConfigError, match="dossier-3176"):
        make().send("dossier-9999", DOC)


def test_a_document_of_another_facility_never_leaves(make: Make, script: Script) -> None:
    outcome = make().send("dossier-3176", DOC.replace(b"79999", b"01234"))
    assert outcome.kind is OutcomeKind.REFUSED_FINAL
    assert outcome.case == "local/foreign-facility"
    assert script.seen == []


# -- judging answers ------------------------------------------------------------------------------

OK = {
    "maKetQua": "200",
    "maGiaoDich": "GD-9",
    "thongDiep": "Tiếp nhận thành công",
    "thoiGianTiepNhan": "20261122093015",
}


@pytest.mark.parametrize(
    ("document", "status", "judged"),
    [
        (OK, 200, ("accepted", "qd130/200")),
        ({**OK, "maKetQua": 200}, 200, ("accepted", "qd130/200")),
        ({"MaKetQua": "200", "MaGD": "GD-9"}, 200, ("accepted", "qd130/200")),
        (OK, 500, ("unknown", "wire/contradiction")),
        ({"maKetQua": "403"}, 200, ("auth", "qd130/403")),
        ({"maKetQua": "402"}, 200, ("auth", "qd130/402")),
        ({"maKetQua": "125", "thongDiep": "chữ ký"}, 200, ("refused_fixable", "qd130/*")),
        ({"maKetQua": "1001"}, 200, ("refused_fixable", "qd130/*")),
        ({"maKetQua": "500"}, 200, ("transient", "qd130/500")),
        ({"maKetQua": "500"}, 500, ("transient", "qd130/500")),
        ({"maKetQua": "429"}, 429, ("throttled", "qd130/429")),
        ({"Message": "An error has occurred."}, 500, ("unknown", "http/5xx")),
        ({"Message": "Authorization has been denied"}, 403, ("auth", "http/403")),
        ([1, 2], 200, ("unknown", "http/2xx")),
        ({}, 200, ("unknown", "http/2xx")),
        ({"maKetQua": None}, 200, ("unknown", "http/2xx")),
    ],
)
def test_the_gateway_s_own_words_are_judged_first(
    make: Make, script: Script, document: Any, status: int, judged: tuple[str, str]
) -> None:
    script.send = lambda handler, _: handler.json(document, status)
    outcome = make().send("dossier-3176", DOC)
    assert ((outcome.kind.value, outcome.case), outcome.http_status) == (judged, status)
    assert (outcome.ma_giao_dich is not None) == (judged[0] == "accepted")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, "unknown"),
        (301, "transient"),
        (400, "transient"),
        (403, "auth"),
        (404, "transient"),
        (407, "auth"),
        (408, "transient"),
        (413, "refused_fixable"),
        (429, "throttled"),
        (500, "unknown"),
        (502, "unknown"),
        (503, "transient"),
        (504, "unknown"),
    ],
)
def test_html_from_something_in_between_is_judged_by_its_status(
    make: Make, script: Script, status: int, kind: str
) -> None:
    page = b"<html><body>Bao tri he thong</body></html>"
    script.send = lambda handler, _: handler.reply(status, page, "text/html", Retry_After="120")
    outcome = make().send("dossier-3176", DOC)
    assert outcome.kind.value == kind
    assert outcome.raw == page
    assert outcome.retry_after == 120
    assert len(script.sends()) == 1


@pytest.mark.parametrize(
    ("message", "remark"),
    [
        ("Tiếp nhận thành công", False),
        ("tiếp nhận  thành công.", False),
        ("Tiê\u0301p nhâ\u0323n tha\u0300nh công", False),
        ("", False),
        ("Sai ngày vào viện", True),
    ],
)
def test_a_200_with_another_message_is_accepted_with_a_remark(
    make: Make, script: Script, message: str, remark: bool
) -> None:
    script.send = lambda handler, seen: receipt(handler, seen, thongDiep=message)
    outcome = make().send("dossier-3176", DOC)
    assert (outcome.kind, outcome.remark, outcome.message) == (OutcomeKind.ACCEPTED, remark, message)


def test_a_200_without_a_transaction_code_is_shown_as_work(make: Make, script: Script) -> None:
    script.send = lambda handler, seen: receipt(handler, seen, maGiaoDich=None)
    outcome = make().send("dossier-3176", DOC)
    assert (outcome.kind, outcome.remark) == (OutcomeKind.ACCEPTED, True)


def test_our_clock_stands_in_for_an_unreadable_reception_time(make: Make, script: Script) -> None:
    script.send = lambda handler, seen: receipt(handler, seen, thoiGianTiepNhan="hom nay")
    at = make().send("dossier-3176", DOC).received_at
    assert at is not None
    assert abs(at - datetime.now(UTC)) < timedelta(seconds=30)


# -- the wire -------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "case"),
    [
        (silent(3), "wire/no-answer"),
        (raw(b""), "wire/answer-broken"),
        (raw(b"", reset=True), "wire/answer-broken"),
        (raw(HEAD + b'{"maKetQua": "200", "maGia'), "wire/answer-broken"),
        (raw(HEAD.replace(b"100", b"26") + b'{"maKetQua": "200", "maGia'), "http/2xx"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "wire/answer-broken"),
    ],
    ids=["time-out", "hang-up", "reset", "cut", "truncated-json", "another-protocol"],
)
def test_once_the_whole_file_was_written_a_lost_answer_is_unknown(
    make: Make, script: Script, answer: Callable[[Handler, Seen], None], case: str
) -> None:
    script.send = answer
    outcome = make(read_timeout=1).send("dossier-3176", DOC)
    assert (outcome.kind, outcome.case) == (OutcomeKind.UNKNOWN, case)
    assert len(script.sends()) == 1  # never repeated by the client itself


def test_a_connection_cut_before_the_file_was_written_whole_is_transient(make: Make, script: Script) -> None:
    script.before_body = lambda handler: handler.reset()
    outcome = make().send("dossier-3176", DOC + b" " * 30_000_000)
    assert (outcome.kind, outcome.case) == (OutcomeKind.TRANSIENT, "wire/not-handed-over")


def test_nobody_listening_is_transient_and_says_that_nothing_was_sent(make: Make) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = make(url=f"http://127.0.0.1:{port}").send("dossier-3176", DOC)
    assert (outcome.kind, outcome.case) == (OutcomeKind.TRANSIENT, "local/no-token")
    assert outcome.http_status is None


def test_a_gateway_that_goes_away_after_the_login_is_not_connected(make: Make, script: Script) -> None:
    client = make(connect_timeout=0.5)
    client.login()
    client._transport._client._transport.close()  # type: ignore[attr-defined]
    client._transport._client.base_url = "http://127.0.0.1:9"
    outcome = client.send("dossier-3176", DOC)
    assert (outcome.kind, outcome.case) == (OutcomeKind.TRANSIENT, "wire/not-connected")


def test_a_dripping_answer_does_not_hold_a_sender_for_ever(make: Make, script: Script) -> None:
    def drip(handler: Handler, _: Seen) -> None:
        handler.wfile.write(HEAD)
        for _i in range(200):
            time.sleep(0.1)
            try:
                handler.wfile.write(b" ")
                handler.wfile.flush()
            except OSError:
                return

    script.send = drip
    started = time.monotonic()
    outcome = make(read_timeout=1).send("dossier-3176", DOC)
    assert outcome.case == "wire/no-answer"
    assert time.monotonic() - started < 10


def test_an_endless_answer_is_cut_and_unknown(make: Make, script: Script) -> None:
    script.send = lambda handler, _: handler.reply(200, b"[" * 5_000_000)
    outcome = make().send("dossier-3176", DOC)
    assert outcome.kind is OutcomeKind.UNKNOWN
    assert len(outcome.raw) == 64 * 1024


# -- tokens ---------------------------------------------------------------------------------------


def test_one_token_serves_many_sendings(make: Make, script: Script) -> None:
    client = make()
    assert {client.send("dossier-3176", DOC).kind for _ in range(5)} == {OutcomeKind.ACCEPTED}
    assert (client.logins, script.logins) == (1, 1)


@pytest.mark.parametrize("status", [200, 401])
def test_a_refused_token_is_renewed_once_and_the_sending_repeated_once(make: Make, script: Script, status: int) -> None:
    client = make()
    client.login()
    script.valid.clear()
    good = script.send

    def answer(handler: Handler, seen: Seen) -> None:
        if seen.headers["accesstoken"] in script.valid:
            good(handler, seen)
        elif status == 401:
            handler.reply(401, b"")
        else:
            handler.json({"maKetQua": "401"})

    script.send = answer
    outcome = client.send("dossier-3176", DOC)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert client.logins == 2
    first, second = script.sends()
    assert first.fields == second.fields


def test_a_token_refused_again_ends_as_auth_without_a_third_try(make: Make, script: Script) -> None:
    script.send = lambda handler, _: handler.json({"maKetQua": "401"})
    client = make()
    assert client.send("dossier-3176", DOC).kind is OutcomeKind.AUTH
    assert (len(script.sends()), client.logins) == (2, 2)


def test_a_missing_right_is_no_reason_for_a_new_token(make: Make, script: Script) -> None:
    script.send = lambda handler, _: handler.json({"maKetQua": "403"})
    client = make()
    assert client.send("dossier-3176", DOC).kind is OutcomeKind.AUTH
    assert client.logins == 1


def test_sixteen_senders_share_one_login_at_the_start_and_after_a_revocation(make: Make, script: Script) -> None:
    client = make(max_in_flight=16)
    giving = script.token

    def slowly(handler: Handler, seen: Seen) -> None:
        time.sleep(0.1)
        giving(handler, seen)

    script.token = slowly
    with ThreadPoolExecutor(16) as pool:
        kinds = [o.kind for o in pool.map(lambda _: client.send("dossier-3176", DOC), range(64))]
        script.valid.clear()
        kinds += [o.kind for o in pool.map(lambda _: client.send("dossier-3176", DOC), range(64))]
    assert Counter(kinds) == {OutcomeKind.ACCEPTED: 128}
    assert client.logins == 2


def test_a_token_is_renewed_a_minute_before_it_ends(make: Make, script: Script) -> None:
    now = [datetime.now(UTC)]
    client = make(clock=lambda: now[0])
    client.send("dossier-3176", DOC)
    now[0] += timedelta(seconds=530)
    client.send("dossier-3176", DOC)
    assert client.logins == 1
    now[0] += timedelta(seconds=15)
    client.send("dossier-3176", DOC)
    assert client.logins == 2


@pytest.mark.parametrize("minutes", [-300, 300])
def test_a_clock_that_is_wrong_by_hours_neither_storms_the_login_nor_trusts_dead_tokens(
    make: Make, script: Script, minutes: int
) -> None:
    skewed = timedelta(minutes=minutes)
    later = [timedelta()]
    client = make(clock=lambda: datetime.now(UTC) + skewed + later[0])
    for _ in range(3):
        client.send("dossier-3176", DOC)
    assert client.logins == 1
    later[0] = timedelta(seconds=560)
    client.send("dossier-3176", DOC)
    assert client.logins == 2


@pytest.mark.parametrize("code", ["401", "402", "403"])
@pytest.mark.parametrize("status", [200, 401])
def test_a_refused_login_is_auth_raised_by_login_and_not_hammered(
    make: Make, script: Script, code: str, status: int
) -> None:
    script.token = lambda handler, _: handler.json({"maKetQua": code}, status)
    client = make()
    outcomes = [client.send("dossier-3176", DOC) for _ in range(5)]
    assert {(o.kind, o.case) for o in outcomes} == {(OutcomeKind.AUTH, "local/login-refused")}
    assert script.logins == 1
    assert script.sends() == []
    with pytest.raises(GatewayRefusedLogin, match="79999_BV") as caught:
        client.login()
    assert PASSWORD_HASH not in str(caught.value)
    assert "Mat-khau-1" not in str(caught.value)


def test_a_corrected_account_is_tried_again_after_a_minute(make: Make, script: Script) -> None:
    now = [datetime.now(UTC)]
    giving, script.token = script.token, lambda handler, _: handler.json({"maKetQua": "401"})
    client = make(clock=lambda: now[0])
    assert client.send("dossier-3176", DOC).kind is OutcomeKind.AUTH
    script.token = giving
    now[0] += timedelta(seconds=61)
    assert client.send("dossier-3176", DOC).kind is OutcomeKind.ACCEPTED


@pytest.mark.parametrize(
    "answer",
    [
        lambda handler, _: handler.reply(200, b"<html>", "text/html"),
        lambda handler, _: handler.json({"maKetQua": "500"}),
        lambda handler, _: handler.json({"maKetQua": "200"}),
        lambda handler, _: handler.json({"maKetQua": "200", "APIKey": {"access_token": "a\nb", "id_token": "x"}}),
        lambda handler, _: handler.reset(),
    ],
    ids=["html", "500", "no-key", "header-injection", "reset"],
)
def test_a_login_that_fails_otherwise_is_transient_and_tried_next_time(
    make: Make, script: Script, answer: Callable[[Handler, Seen], None]
) -> None:
    giving, script.token = script.token, answer
    client = make()
    outcome = client.send("dossier-3176", DOC)
    assert (outcome.kind, outcome.case) == (OutcomeKind.TRANSIENT, "local/no-token")
    with pytest.raises(GatewayUnreachable):
        client.login()
    script.token = giving
    assert client.send("dossier-3176", DOC).kind is OutcomeKind.ACCEPTED


def test_senders_waiting_for_a_failing_login_share_its_failure(make: Make, script: Script) -> None:
    def slow_failure(handler: Handler, _: Seen) -> None:
        time.sleep(0.3)
        handler.reply(502, b"<html>", "text/html")

    script.token = slow_failure
    client = make(max_in_flight=16)
    barrier = threading.Barrier(16)

    def send(_: int) -> OutcomeKind:
        barrier.wait()
        return client.send("dossier-3176", DOC).kind

    started = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        kinds = set(pool.map(send, range(16)))
    assert kinds == {OutcomeKind.TRANSIENT}
    assert script.logins <= 2
    assert time.monotonic() - started < 3  # one after the other would be five seconds


def test_ping_says_how_long_and_from_which_address(make: Make) -> None:
    client = make(source_address="127.0.0.1")
    ping = client.ping()
    assert ping.outgoing_address == "127.0.0.1"
    assert not ping.through_proxy
    assert ping.expires_at > datetime.now(UTC)
    assert client.logins == 1


def test_the_configured_source_address_is_the_one_the_gateway_sees(make: Make, script: Script) -> None:
    make(source_address="127.0.0.77").send("dossier-3176", DOC)
    assert {s.peer for s in script.seen} == {"127.0.0.77"}


def test_proxies_of_the_environment_do_not_change_the_route(
    make: Make, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert make().send("dossier-3176", DOC).kind is OutcomeKind.ACCEPTED


def test_the_configured_proxy_is_used(make: Make, base_url: str, script: Script) -> None:
    # The little server takes the absolute URI a proxy gets; the named host does not exist.
    script.send = receipt
    client = make(url="http://gateway.invalid", proxy=base_url)
    assert client.ping().through_proxy
    assert client.send("dossier-3176", DOC).kind is OutcomeKind.ACCEPTED


# -- what must not happen -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "gateway",
    [
        {"base_url": "http://gateway.example", "environment": "production"},
        {"base_url": "http://gateway.example", "environment": "training"},
        {"base_url": "https://gateway.example", "ca_file": Path("absent.pem")},
        {"base_url": "https://gateway.example", "proxy": "http://p:1", "source_address": "10.0.0.1"},
    ],
)
def test_an_unsafe_or_impossible_configuration_is_refused(tmp_path: Path, gateway: dict[str, Any]) -> None:
    from adapter.clock import system_clock

    url = gateway.pop("base_url")
    settings = make_settings(tmp_path, url, **gateway)
    with pytest.raises(ConfigError):
        GatewayClient(settings.facilities[0], settings, system_clock)


def test_no_log_line_carries_token_password_or_query(
    make: Make, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client = make()
        client.send("dossier-3176", DOC)
        client._transport.post("/api/x", b"", content_type="text/plain", query={"token": "geheim77"})
    assert caplog.text.count("geheim77") == 0
    assert PASSWORD_HASH not in caplog.text
    assert "id-t1" not in caplog.text
