"""Health checks: what is known is held, and nothing more."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from pydantic import ValidationError

from adapter.clock import VIETNAM
from adapter.healthbook.checkups import AgeGroup, Checkup, text_to_sign

AT = datetime(2026, 11, 20, 8, 0, tzinfo=VIETNAM)


def checkup(born: date, **more: object) -> Checkup:
    values: dict[str, object] = {
        "MA_LK": "KSK-1", "MA_CSKCB": "01999", "MA_GTIN_CSKCB": "8930000000000", "NGAY_VAO": AT, "birth_date": born,
    }  # fmt: skip
    return Checkup.model_validate(values | more)


@pytest.mark.parametrize(
    ("born", "group"),
    [
        (date(2020, 11, 21), AgeGroup.UNDER_6),
        (date(2020, 11, 20), AgeGroup.FROM_6_TO_17),
        (date(2008, 11, 21), AgeGroup.FROM_6_TO_17),
        (date(2008, 11, 20), AgeGroup.ADULT),
    ],
)
def test_a_check_belongs_to_the_form_of_its_age(born: date, group: AgeGroup) -> None:
    assert checkup(born).age_group is group


def test_a_check_is_due_a_day_after_it_was_signed() -> None:
    assert checkup(date(1990, 1, 1)).due_at() is None
    assert checkup(date(1990, 1, 1), signed_at=AT).due_at() == AT + timedelta(hours=24)


def test_the_thirteen_digit_facility_number_is_asked_for() -> None:
    with pytest.raises(ValidationError):
        checkup(date(1990, 1, 1), MA_GTIN_CSKCB="01999")


def test_the_text_to_sign_joins_both_digests() -> None:
    header, data = text_to_sign(b"", b"abc").split(b".")
    assert header == b"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
    assert data == b"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
