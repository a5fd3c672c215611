"""Ten books as a citizen reads them, and how values come into them."""

from __future__ import annotations

import json
import logging
import re
from datetime import date
from decimal import Decimal

import pytest

from adapter.healthbook.completeness import assess
from adapter.healthbook.model import Number
from adapter.healthbook.names import load_names
from adapter.healthbook.pages import book_page, timeline_page, to_pdf, watch_page
from tests.support.book_world import GOLDEN, golden, visit, visits

NAMES = list(visits())


@pytest.mark.parametrize("name", NAMES)
def test_a_book_is_what_was_looked_at_and_kept(name: str) -> None:
    assert json.loads(golden(visit(name))) == json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_what_counts_as_filled_is_what_the_book_holds(name: str) -> None:
    one = visit(name)
    assert assess(one.dossier, one.extra).filled == one.book.filled()


def test_every_value_knows_its_element_its_row_and_its_certainty() -> None:
    book = visit("in_patient").book
    second = book.encounter.drugs[1].drug_name
    assert second is not None
    assert (second.source, second.row, second.certainty) == ("XML2.TEN_THUOC", 2, "secondary")
    assert book.history.allergies[0].allergen is not None
    assert book.history.allergies[0].allergen.source == "his:allergies.allergen"


def test_amounts_stay_exact() -> None:
    weight = visit("in_patient").book.encounter.weight
    assert weight == Number(
        field="weight", source="XML1.CAN_NANG", certainty="official-text", value=Decimal("61.50"), unit="kg"
    )
    assert weight.shown == "61,5 kg"


def test_a_code_has_the_name_of_its_day() -> None:
    names = load_names()
    assert names.label("MA_LOAI_KCB", "14", date(2026, 7, 31)) == names.label("MA_LOAI_KCB", "14", date(2026, 8, 1))
    assert names.label("MA_LOAI_KCB", "14", date(2026, 6, 1)) == ""
    assert names.label("province", "08", date(2025, 6, 30)) == ""
    assert names.label("province", "08", date(2025, 7, 1)) == "Tuyên Quang"


def test_a_code_no_list_knows_is_shown_as_it_is() -> None:
    country = visit("foreigner").book.administrative.nationality
    assert country is not None
    assert (country.code, country.name, country.shown) == ("840", "", "840")


def test_a_value_that_cannot_be_read_is_told_and_not_guessed() -> None:
    book = visit("in_patient").with_values("XML1", NGAY_RA="202613011000", CAN_NANG="6x").book
    assert book.encounter.discharged_at is None
    assert {u.field for u in book.unreadable} == {"discharged_at", "weight"}
    assert "6x" not in book.model_dump_json()


def test_only_surgery_and_procedures_of_all_services_are_called_so() -> None:
    book = visit("surgery").book
    assert [p.procedure_name.shown for p in book.encounter.procedures if p.procedure_name] == [
        "Phẫu thuật đặt lưới điều trị thoát vị bẹn"
    ]
    assert [i.implants.parts["serial"].shown for i in book.papers.implants if i.implants] == ["LV-15-0001"]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_stands_alone_without_scripts_and_escapes_what_people_typed(name: str) -> None:
    page = book_page(visit(name).with_values("XML1", LY_DO_VV="<script>alert(1)</script>").seen())
    assert "<script" not in page
    assert not re.search(r"""(src|href)\s*=|url\(|@import""", page)
    assert visit(name).dossier.header["HO_TEN"] in page


def test_an_empty_list_of_allergies_does_not_say_that_there_are_none() -> None:
    assert "không có nghĩa là không dị ứng" in book_page(visit("tuberculosis").seen())


def test_a_pdf_sets_every_vietnamese_letter(tmp_path: object, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        data = to_pdf(book_page(visit("in_patient").seen()))
    assert data.startswith(b"%PDF-")
    assert len(data) > 10_000
    assert "Ví Dụ" not in caplog.text


def test_the_timeline_and_the_watch_say_what_they_are() -> None:
    page = timeline_page([visit("in_patient").seen().book])
    assert "Viêm phổi" in page
    assert "BOOK-0001" in page
    late = watch_page([{"ma_lk": "A", "facility": "01999", "received": "x", "hours": 30}], hours=24)
    assert "suy luận" in late
