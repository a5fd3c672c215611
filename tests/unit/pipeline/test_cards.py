"""What the reception desk asked about a card is known when the dossier is checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier
from adapter.pipeline.stages.cards import card_answer
from adapter.store import Store
from tests.support.pipeline_world import Time, vault
from tests.support.rule_cases import build


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url, vault(), Time()) as opened:
        yield opened


@pytest.fixture
def dossier() -> Dossier:
    return build({"@base": "outpatient"})


def _came(dossier: Dossier) -> datetime:
    return from_datetime12(dossier.header["NGAY_VAO"])


def _ask(store: Store, dossier: Dossier, reference: str, outcome: str, at: datetime, **other: str) -> None:
    header = {**dossier.header, **other}
    born = header["NGAY_SINH"]
    birth = f"{born[6:8]}/{born[4:6]}/{born[:4]}"
    question = store.lookups.blind("|".join((header["MA_THE_BHYT"], header["HO_TEN"], birth)))
    store.lookups.asked(reference, facility=dossier.facility, service="card", question=question, by="le-tan", now=at)
    store.lookups.answered(reference, outcome=outcome, case="x", http_status=200, milliseconds=1)


def test_nobody_asked(store: Store, dossier: Dossier) -> None:
    assert card_answer(store, dossier) is None


@pytest.mark.parametrize(("outcome", "valid"), [("usable", True), ("negative", False)])
def test_the_newest_answer_since_the_patient_came_counts(
    store: Store, dossier: Dossier, outcome: str, valid: bool
) -> None:
    _ask(store, dossier, "A", "negative" if valid else "usable", _came(dossier))
    _ask(store, dossier, "B", outcome, _came(dossier) + timedelta(minutes=5))
    found = card_answer(store, dossier)
    assert found is not None
    assert found.valid is valid


def test_an_old_answer_another_person_and_no_answer_say_nothing(store: Store, dossier: Dossier) -> None:
    _ask(store, dossier, "A", "negative", _came(dossier) - timedelta(days=20))
    _ask(store, dossier, "B", "negative", _came(dossier), HO_TEN="Người Khác Hẳn")
    _ask(store, dossier, "C", "unavailable", _came(dossier))
    assert card_answer(store, dossier) is None


def test_a_broken_header_asks_nothing(store: Store, dossier: Dossier) -> None:
    broken = replace(dossier, tables={"XML1": [{**dossier.header, "NGAY_VAO": "x", "NGAY_SINH": ""}]})
    assert card_answer(store, broken) is None
