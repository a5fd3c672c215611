"""Health-check results (QĐ 1551/QĐ-BYT, re-cut by QĐ 2062/QĐ-BYT): what is known of the message, and who may send it.

This is a channel of its own, to the ministry's data gate or a province's hub, never XML 130. The forms' element
names beyond those here, the three age groups' XML and the response codes were not found as data, so nothing here
writes a message or sends one: it holds results, says which are due, and states what a sender must do
(docs/healthbook/health-checks.md lists what is missing).
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

DUE = timedelta(hours=24)
"""After the check round ended (QĐ 1551 section 3). What ends a round is not said: we count per signed record."""


class AgeGroup(StrEnum):
    """The three forms of QĐ 2062, by age on the day of the check."""

    UNDER_6 = "under_6"
    FROM_6_TO_17 = "6_to_under_18"
    ADULT = "18_and_over"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(_Frozen):
    """Group ``Thể lực``: element names as the ministry's list gives them. cm, kg, per minute, mmHg as ``120/80``."""

    CHIEU_CAO: Decimal | None = None
    CAN_NANG: Decimal | None = None
    CHI_SO_BMI: Decimal | None = None
    MACH: int | None = None
    HUYET_AP: str = ""


class Finding(_Frozen):
    """One paraclinical result."""

    MA_DICH_VU: str
    MA_CHI_SO: str = ""
    GIA_TRI: str = ""
    DON_VI_DO: str = ""
    MO_TA: str = ""
    KET_LUAN: str = ""


class Checkup(_Frozen):
    """One signed check of one person, as far as the element names are known."""

    MA_LK: Annotated[str, Field(min_length=1, max_length=100)]
    MA_CSKCB: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{5}$")]
    MA_GTIN_CSKCB: Annotated[str, Field(pattern=r"^\d{13}$", description="13-digit facility id")]
    NGAY_VAO: datetime
    birth_date: date
    TSBT_MA_BENH: tuple[str, ...] = ()
    TSGD_MA_BENH: tuple[str, ...] = ()
    body: Body = Body()
    findings: tuple[Finding, ...] = ()
    PHAN_LOAI_SK: str = ""
    KET_LUAN_BENH: str = ""
    signed_at: datetime | None = None

    @property
    def age_group(self) -> AgeGroup:
        """Which form it belongs to."""
        day, born = self.NGAY_VAO.date(), self.birth_date
        years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        if years < 6:
            return AgeGroup.UNDER_6
        return AgeGroup.FROM_6_TO_17 if years < 18 else AgeGroup.ADULT

    def due_at(self) -> datetime | None:
        """When it must have arrived; None while it is not signed."""
        return None if self.signed_at is None else self.signed_at + DUE


class Envelope(_Frozen):
    """What goes around a message: known names of the header, the rest is a route's own.

    ``receiver_id`` differs by route: the ministry's gate or a province's hub. A check goes one way only.
    """

    sender_id: Annotated[str, Field(pattern=r"^\d{13}$")]
    receiver_id: str
    txn_type: str = "sync_checkup"
    service_type: str = "100"


def text_to_sign(header: bytes, data: bytes) -> bytes:
    """What RSA-SHA256 is computed over: both SHA-256 in upper-case hex with a full stop between."""
    parts = (hashlib.sha256(part).hexdigest().upper() for part in (header, data))
    return ".".join(parts).encode("ascii")


class CheckupSender(Protocol):
    """A route for checks. None is shipped: the XML of the three forms is not public as data.

    ``send`` must be idempotent on ``MA_LK`` and raise a Transient error when the outcome is not known.
    """

    def send(self, envelope: Envelope, checkups: tuple[Checkup, ...]) -> str:
        """The route's receipt."""
        ...
