"""Questions about cards, histories and co-payments, against the practice gateway and against rough answers."""

from __future__ import annotations

from typing import Any

import pytest

from adapter.errors import ConfigError
from adapter.gateway import AnswerKind, Person, Staff
from adapter.simulator import FaultRule
from adapter.simulator.cards import CoPayment, SimCard, Visit
from adapter.simulator.faults import Fault
from tests.unit.gateway.bench import Bench
from tests.unit.gateway.conftest import Make
from tests.unit.gateway.server import Script

CARD = SimCard(
    number="XX4010000000001",
    name="NGƯỜI BỆNH MẪU",
    birth="02/09/1980",
    citizen="000000000000",
    valid_from="01/01/2026",
    valid_to="31/12/2099",
    visits=(Visit(facility="01999", start="202609010800", end="202609010930"),),
    copayments=(CoPayment(facility="01999", start="01/09/2026", end="02/09/2026", amount="1000", total="1000"),),
)
OLD = CARD.model_copy(update={"number": "XX4010000000002", "citizen": "", "valid_to": "31/12/2020"})
WHO = Person(CARD.number, "Người bệnh mẫu", "02/09/1980")
DESK = Staff("Nguyễn Thị Tra Cứu", "000000000001")


def start(bench: Bench, *rules: FaultRule, **changes: Any) -> str:
    return bench.start(*rules, cards=(CARD, OLD), **changes)


@pytest.mark.parametrize("service", ["card", "history", "copayment"])
@pytest.mark.parametrize("number", [CARD.number, CARD.citizen, f" {CARD.number.lower()} "])
def test_a_good_question_is_answered(bench: Bench, service: str, number: str) -> None:
    answer = bench.client(start(bench)).ask(service, Person(number, WHO.name, WHO.birth), DESK)
    assert answer.kind is AnswerKind.USABLE
    assert len(answer.rows) == (0 if service == "card" else 1)
    if service == "card":
        assert answer.document["gtTheDen"] == "31/12/2099"


@pytest.mark.parametrize("birth", ["02/09/1980", "09/1980", "1980"])
def test_birth_may_be_known_in_part(bench: Bench, birth: str) -> None:
    answer = bench.client(start(bench)).ask("history", Person(CARD.number, WHO.name, birth), DESK)
    assert answer.kind is AnswerKind.USABLE


@pytest.mark.parametrize(
    ("person", "staff", "kind", "code"),
    [
        (Person(OLD.number, WHO.name, WHO.birth), DESK, "negative", "010"),
        (Person("XX4010000000009", WHO.name, WHO.birth), DESK, "wrong_input", "050"),
        (Person(CARD.number, "Người Khác", WHO.birth), DESK, "wrong_input", "061"),
        (Person(CARD.number, WHO.name, "03/09/1980"), DESK, "wrong_input", "070"),
        (WHO, Staff("Nguyễn Thị Tra Cứu", "000000000002"), "staff", "054"),
        (WHO, Staff("Người Lạ", "000000000001"), "staff", "055"),
    ],
    ids=["expired", "no-card", "name", "birth", "stranger", "staff-name"],
)
def test_every_refusal_says_whose_mistake_it_is(
    bench: Bench, person: Person, staff: Staff, kind: str, code: str
) -> None:
    answer = bench.client(start(bench)).ask("card", person, staff)
    assert (answer.kind.value, answer.code) == (kind, code)
    assert answer.meaning_vi


@pytest.mark.parametrize(
    ("question", "case"),
    [
        (("card", Person("123", WHO.name, WHO.birth), DESK), "local/card-length"),
        (("card", Person(CARD.number, " ", WHO.birth), DESK), "local/name-or-birth"),
        (("card", Person(CARD.number, WHO.name, "02091980"), DESK), "local/name-or-birth"),
        (("card", WHO, None), "local/no-staff"),
        (("history", WHO, Staff("", "")), "local/no-staff"),
    ],
)
def test_what_cannot_be_right_is_not_asked_at_all(
    make: Make, script: Script, question: tuple[str, Person, Staff | None], case: str
) -> None:
    answer = make().ask(*question)
    assert answer.case == case
    assert answer.kind in (AnswerKind.WRONG_INPUT, AnswerKind.STAFF)
    assert script.seen == []


@pytest.mark.parametrize("service", ["card", "history", "copayment"])
def test_a_restricted_account_is_told_apart_from_a_broken_gateway(bench: Bench, service: str) -> None:
    url = start(
        bench,
        FaultRule(fault=Fault.RESTRICTED, service=service, nth=1),
        FaultRule(fault=Fault.GATEWAY_ERROR, service=service),
    )
    client = bench.client(url)
    assert client.ask(service, WHO, DESK).kind is AnswerKind.RESTRICTED
    assert client.ask(service, WHO, DESK).kind is AnswerKind.UNAVAILABLE


@pytest.mark.parametrize("service", ["card", "history", "copayment"])
def test_a_dead_token_is_renewed_once_also_when_the_answer_is_an_empty_401(bench: Bench, service: str) -> None:
    url = start(bench, FaultRule(fault=Fault.TOKEN_REVOKED, service=service, nth=1))
    client = bench.client(url)
    assert client.ask(service, WHO, DESK).kind is AnswerKind.USABLE
    assert client.logins == 2


def test_a_missing_list_is_an_empty_one(bench: Bench) -> None:
    answer = bench.client(start(bench, FaultRule(fault=Fault.HISTORY_NULL, service="history"))).ask(
        "history", WHO, DESK
    )
    assert (answer.kind, answer.rows) == (AnswerKind.USABLE, ())


def test_no_co_payment_yet_is_an_answer_not_an_error(bench: Bench) -> None:
    answer = bench.client(start(bench)).ask("copayment", Person(CARD.number, "Người Khác", WHO.birth))
    assert (answer.kind, answer.code) == (AnswerKind.NEGATIVE, "204")


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.RESET, Fault.HTML, Fault.HTTP_ERROR, Fault.MAINTENANCE])
def test_a_gateway_that_does_not_answer_is_asked_only_once(bench: Bench, fault: Fault) -> None:
    url = start(bench, FaultRule(fault=fault, service="card", seconds=3))
    client = bench.client(url, read_timeout=1)
    answer = client.ask("card", WHO, DESK)
    assert answer.kind is AnswerKind.UNAVAILABLE
    assert answer.meaning_vi == "Cổng không trả lời được lúc này"
    assert client.logins == 1


def test_a_refused_login_is_told_as_such(make: Make, script: Script) -> None:
    script.token = lambda handler, _: handler.json({"maKetQua": "403"})
    assert make().ask("card", WHO, DESK).kind is AnswerKind.AUTH
    script.token = lambda handler, _: handler.reply(502, b"", "text/html")
    assert make().ask("card", WHO, DESK).kind is AnswerKind.UNAVAILABLE


def test_persons_answers_and_staff_do_not_print_patients(bench: Bench) -> None:
    answer = bench.client(start(bench)).ask("card", WHO, DESK)
    text = f"{WHO!r} {DESK!r} {answer!r}"
    for secret in (CARD.number, "MẪU", "Mẫu", "1980", "Tra Cứu", "000000000001"):
        assert secret not in text


def test_questions_take_no_files_and_filings_no_questions(make: Make) -> None:
    with pytest.raises(ConfigError, match="card"):
        make().send("card", b"<x/>")
    with pytest.raises(ConfigError, match="dossier-3176"):
        make().ask("dossier-3176", WHO, DESK)
