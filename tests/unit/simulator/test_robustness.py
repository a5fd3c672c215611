"""Whatever a sender hands over, the practice gateway answers in its own language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapter.simulator.config import md5_upper
from adapter.simulator.core import Simulator
from adapter.simulator.services.filings import filings, take
from adapter.simulator.services.paths import RECEPTIONS
from adapter.simulator.services.reception import receive
from adapter.simulator.services.wire import Call, Note, read_fields
from tests.support.gateway_files import (
    ACCOUNT,
    FACILITY,
    PASSWORD,
    base64_text,
    checkin_xml,
    default_tables,
    dossier_xml,
    sign1,
    stay,
)
from tests.support.practice_gateway import practice_config

SIGNED = sign1(dossier_xml())
CHECKIN = sign1(checkin_xml())
DOSSIER_SERVICE = next(r for r in RECEPTIONS if r.service == "dossier-3176")
CHECKIN_SERVICE = next(r for r in RECEPTIONS if r.service == "checkin-3176")
CODES = {"200", "123", "124", "125", "202", "204", "205", "1001"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    opened = Simulator.open(practice_config(tmp_path_factory.mktemp("robust")))
    yield opened
    opened.close()


def call(simulator: Simulator, document: bytes, **fields: str) -> Call:
    token = simulator.accounts.login(ACCOUNT, md5_upper(PASSWORD), "192.0.2.1")
    headers = {
        "accesstoken": getattr(token, "access_token", ""),
        "tokenid": getattr(token, "id_token", ""),
        "passwordhash": md5_upper(PASSWORD),
    }
    body = {"username": ACCOUNT, "maTinh": FACILITY[:2], "maCSKCB": FACILITY, "fileHSBase64": base64_text(document)}
    return Call(headers, {}, {**body, **fields}, Note("x", "192.0.2.1"))


def damaged(document: bytes) -> st.SearchStrategy[bytes]:
    """The document with one stretch replaced by other bytes."""
    places = st.tuples(st.integers(0, len(document)), st.integers(0, 40), st.binary(max_size=40))
    return places.map(lambda cut: document[: cut[0]] + cut[2] + document[cut[0] + cut[1] :])


def content(document: bytes) -> bytes:
    """What a signature covers: the canonical document without the signature."""
    root = etree.fromstring(document)
    root[-1].remove(root[-1][0])
    return etree.tostring(root, method="c14n", with_comments=False)


QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUIET
@given(document=damaged(SIGNED))
def test_a_damaged_dossier_is_judged_and_never_accepted_with_other_content(
    simulator: Simulator, document: bytes
) -> None:
    reply = receive(simulator, DOSSIER_SERVICE, call(simulator, document, loaiHoSo="130"))
    assert reply.code in CODES
    if reply.code == "200":
        assert content(document) == content(SIGNED)


@QUIET
@given(document=damaged(CHECKIN))
def test_a_damaged_checkin_is_judged(simulator: Simulator, document: bytes) -> None:
    assert receive(simulator, CHECKIN_SERVICE, call(simulator, document, loaiHoSo="0")).code in CODES


@QUIET
@given(document=st.binary(max_size=200))
def test_any_bytes_are_judged_by_every_service_that_takes_files(simulator: Simulator, document: bytes) -> None:
    for reception in RECEPTIONS:
        assert receive(simulator, reception, call(simulator, document, loaiHoSo=reception.kind)).code in CODES - {"200"}
    for filing in filings():
        kind = next(iter(filing.roots))
        token = call(simulator, document)
        fields = {
            "token": token.headers["accesstoken"],
            "id_token": token.headers["tokenid"],
            "password": md5_upper(PASSWORD),
        }
        asked = call(simulator, document, loaiHs=kind, **fields)
        assert take(simulator, filing, asked).code in CODES - {"200"}


@QUIET
@given(
    name=st.sampled_from(sorted(stay())),
    value=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿")),
)
def test_any_value_in_any_field_is_judged(simulator: Simulator, name: str, value: str) -> None:
    tables = {**default_tables(), "XML1": [{**stay(), name: value}]}
    reply = receive(simulator, DOSSIER_SERVICE, call(simulator, sign1(dossier_xml(tables)), loaiHoSo="130"))
    assert reply.code in CODES
    if reply.code not in ("200",):
        assert reply.document is not None
        told = str(reply.document["thongDiep"])
        assert name in told or "MA_LK" in told


@given(
    kind=st.sampled_from(["", "application/json", "application/x-www-form-urlencoded", "text/xml"]), body=st.binary()
)
def test_any_body_is_read_or_refused(kind: str, body: bytes) -> None:
    fields = read_fields(kind, body)
    assert fields is None or all(isinstance(value, str) for value in fields.values())


def test_the_day_of_the_standard_is_found_in_any_year() -> None:
    from adapter.simulator.checks.forms import layout_on

    for year in (1, 1990, 2024, 2026, 9999):
        assert layout_on("3176", date(year, 6, 1)).shape("XML1") is not None
