"""Catalogues, summaries, adjustments, certificates; and a provincial hub behind the same face."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.errors import GatewayRefusedLogin, GatewayUnreachable
from adapter.gateway import Gateway, OutcomeKind, services
from adapter.gateway.route import Routed
from adapter.simulator import FaultRule
from adapter.simulator.faults import Fault
from adapter.simulator.services.paths import CATALOGUES
from tests.support.gateway_files import FACILITY, checkin_xml, dossier_xml, sign1, stay
from tests.unit.gateway.bench import Bench


def catalogue(number: int) -> bytes:
    c = CATALOGUES[number - 1]
    row = f"<{c.row}><STT>1</STT><MA_CSKCB>{FACILITY}</MA_CSKCB></{c.row}>"
    return f'<HSDANHMUC><{c.listing} Id="Id-1">{row}</{c.listing}><CHUKYDONVI/></HSDANHMUC>'.encode()


ADJUSTMENT = (
    f'<HOSO_DIEUCHINH_GD><TT_HOSO Id="Id-1"><TT_MAU><MAU_SO>09/BH</MAU_SO><MA_CSKCB>{FACILITY}</MA_CSKCB></TT_MAU>'
    "<TT_XML1><MA_LK>SYN-1</MA_LK><KY_QT>202609</KY_QT></TT_XML1><TT_DIEUCHINH/></TT_HOSO>"
    "<CHUKYDONVI/></HOSO_DIEUCHINH_GD>"
).encode()
FILES = {
    **{f"catalogue-0{n}": catalogue(n) for n in range(1, 7)},
    "summary-01bh": b'<HSTH01BH><A Id="Id-1"/><CHUKYDONVI/></HSTH01BH>',
    "adjustment-09bh": ADJUSTMENT,
    "certificates": b'<HSCHUNGTU><THONGTINHOSO Id="Id-1"/><CHUKYDONVI/></HSCHUNGTU>',
    "death-notice": b'<HSDLGBT><GIAYBAOTU Id="Id-1"/><CHUKYDONVI/></HSDLGBT>',
    "birth-certificate": b'<HSDLGCS><GIAYCHUNGSINH Id="Id-1"/><CHUKYDONVI/></HSDLGCS>',
}


def test_every_filing_reaches_its_service_with_a_receipt_and_byte_for_byte(bench: Bench) -> None:
    client = bench.client(bench.start(require_signature=False))
    for name, document in FILES.items():
        outcome = client.send(name, document, period="202609")
        assert (outcome.kind, outcome.remark) == (OutcomeKind.ACCEPTED, False), (name, outcome.message)
        assert outcome.ma_giao_dich
        assert outcome.received_at is not None
    assert [r["body"] for r in bench.received()] == list(FILES.values())
    assert client.logins == 1


def test_every_service_that_takes_files_is_tried() -> None:
    family = {name for name, s in services().items() if not s.question and s.family.answers == "qd130"}
    assert {name for name, s in services().items() if not s.question} == set(FILES) | family


@pytest.mark.parametrize("name", ["catalogue-03", "adjustment-09bh", "certificates"])
def test_filings_refused_by_code_in_a_200_can_be_corrected_and_dead_tokens_are_renewed(bench: Bench, name: str) -> None:
    rules = [
        FaultRule(fault=Fault.TOKEN_REVOKED, service=name, nth=1),
        FaultRule(fault=Fault.CERTIFICATE_UNKNOWN, service=name),
    ]
    client = bench.client(bench.start(*rules, require_signature=False))
    first = client.send(name, FILES[name], period="202609")
    assert (first.kind, first.ma_ket_qua, first.http_status) == (OutcomeKind.REFUSED_FIXABLE, "125", 200)
    assert client.logins == 2


def test_the_profile_of_the_signature_is_data_of_the_service() -> None:
    assert {s.profile for n, s in services().items() if n.startswith(("dossier", "checkin"))} == {1}
    assert {services()[n].profile for n in FILES} == {2}
    assert services()["card"].profile is None


# -- the provincial hub ---------------------------------------------------------------------------


def test_a_hub_keeps_the_same_face_and_tells_what_became_of_a_dossier(bench: Bench) -> None:
    client = bench.hub(bench.start())
    gateway: Gateway = client
    document = sign1(dossier_xml())
    outcome = gateway.send("dossier-3176", document)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.ma_giao_dich
    assert client.status(outcome.ma_giao_dich).state in ("good", "faulty")
    assert gateway.send("dossier-3176", document).kind is OutcomeKind.ACCEPTED
    assert client.status(outcome.ma_giao_dich).state == "replaced"
    assert gateway.logins == 1
    assert bench.received()[0]["service"] == "hub-dossier"


def test_a_faulty_dossier_names_its_faults(bench: Bench) -> None:
    client = bench.hub(bench.start())
    wrong = dossier_xml({"XML1": [stay(T_TONGCHI_BV="1")]})
    receipt = client.send("dossier-3176", sign1(wrong)).ma_giao_dich
    assert receipt is not None
    status = client.status(receipt)
    assert status.state == "faulty"
    assert all(code for code, _ in status.faults)


def test_the_hub_gets_no_byte_order_mark(bench: Bench) -> None:
    document = sign1(dossier_xml())
    outcome = bench.hub(bench.start()).send("dossier-3176", b"\xef\xbb\xbf" + document)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert bench.received()[0]["body"] == document


def test_a_file_the_hub_refuses_inside_a_taken_batch_is_a_refusal(bench: Bench) -> None:
    outcome = bench.hub(bench.start()).send("dossier-3176", dossier_xml())
    assert outcome.kind is OutcomeKind.REFUSED_FIXABLE
    assert outcome.ma_giao_dich is None
    assert outcome.message


def test_the_hub_takes_no_check_ins_and_no_other_facilitys_dossier(bench: Bench) -> None:
    client = bench.hub(bench.start())
    assert client.send("checkin-3176", b"<x/>").case == "local/no-such-service"
    assert client.send("dossier-3176", dossier_xml(facility="79001")).case == "local/foreign-facility"
    assert client.logins == 0


def test_a_lost_answer_of_the_hub_is_unknown(bench: Bench) -> None:
    url = bench.start(FaultRule(fault=Fault.RESET, service="hub-dossier", when="after"))
    outcome = bench.hub(url).send("dossier-3176", sign1(dossier_xml()))
    assert outcome.kind is OutcomeKind.UNKNOWN


def test_a_wrong_hub_account_is_auth_and_a_silent_hub_is_unreachable(bench: Bench, tmp_path: Path) -> None:
    url = bench.start(FaultRule(fault=Fault.HTTP_ERROR, service="hub-status"))
    (tmp_path / "wrong.pass").write_text("sai")
    wrong = bench.hub(url, password_file=Path("wrong.pass"))
    assert wrong.send("dossier-3176", sign1(dossier_xml())).kind is OutcomeKind.AUTH
    with pytest.raises(GatewayRefusedLogin):
        wrong.status("GD-1")
    with pytest.raises(GatewayUnreachable):
        bench.hub(url).status("GD-1")


def test_an_unknown_receipt_has_no_known_state(bench: Bench) -> None:
    assert bench.hub(bench.start()).status("không/có?").state == "unknown"


def test_the_hubs_login_may_live_on_another_host(bench: Bench) -> None:
    url = bench.start()
    client = bench.hub("http://127.0.0.1:9", auth_url=url)
    assert client.send("dossier-3176", sign1(dossier_xml())).case == "wire/not-connected"
    assert client.logins == 1


def test_a_routed_facility_sends_dossiers_to_the_hub_and_check_ins_to_the_gateway(bench: Bench) -> None:
    url = bench.start()
    routed = Routed(bench.client(url), bench.hub(url))
    assert routed.send("dossier-3176", sign1(dossier_xml())).kind is OutcomeKind.ACCEPTED
    assert routed.send("checkin-3176", sign1(checkin_xml())).kind is OutcomeKind.ACCEPTED
    assert [row["service"] for row in bench.received()] == ["hub-dossier", "checkin-3176"]
    assert routed.logins == 2
