"""What ``/v1`` speaks: shapes with one example each, for the OpenAPI document and for checking answers.

Times are ISO 8601 with an offset, amounts exact decimal text in đồng.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

_AT = "2026-11-22T08:30:00+00:00"


class Shape(BaseModel):
    """More keys may come; none goes away within v1."""

    model_config = ConfigDict(extra="allow")


class Problem(Shape):
    """The one error shape: stable ``code``, what happened and what to do, in both languages."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "ACCESS-RIGHT",
                "message_vi": "Tài khoản này không có quyền đó",
                "message_en": "This account has no right to do that",
                "hint_vi": "",
                "hint_en": "",
            }
        }
    )
    code: str
    message_vi: str
    message_en: str
    hint_vi: str = ""
    hint_en: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    table: str | None = None
    row: int | None = None
    field: str | None = None


class Line(Shape):
    """One dossier in a list."""

    id: int = Field(examples=[4711])
    facility: str = Field(examples=["01999"])
    ma_lk: str = Field(examples=["01999.2611.000123"])
    purpose: str = Field(examples=["claim"], description="claim, book, checkin")
    occasion: str = Field(examples=[""], description="for check-ins: first_cost, treating_department")
    state: str = Field(examples=["blocked"], description="see docs/states.md")
    held: bool
    held_code: str | None = None
    held_reason: str | None = None
    held_by: str | None = None
    deadline: str | None = Field(examples=[_AT])
    first_day: str = Field(examples=["2026-11-22"])
    verdict: str | None = Field(default=None, examples=["pending"])
    payment_requested: bool
    revision: int = Field(examples=[1], description="number of the newest revision")
    reason: str | None = Field(default=None, description="why this revision was made")
    state_reason: str | None = None
    attempts: int = 0
    next_attempt_at: str | None = None
    remark: bool
    amount_total: str | None = Field(default=None, examples=["49100"])
    amount_insurance: str | None = Field(default=None, examples=["39280"])
    updated_at: str | None = Field(examples=[_AT])


class Page(Shape):
    """One page; ``next`` and ``previous`` are the ``cursor`` of the pages around it, null at the ends."""

    dossiers: list[Line]
    next: str | None
    previous: str | None


class Task(Shape):
    """A fault the portal reported, to be corrected until ``due_at``."""

    kind: str
    opened_at: str | None
    due_at: str | None
    closed_at: str | None


class Finding(Shape):
    """One rule's complaint; ``row`` counts from 1. ``value`` is masked unless the dossier was revealed."""

    rule: str = Field(examples=["X1-FMT-HO_TEN"])
    severity: str = Field(examples=["error"])
    table: str
    row: int | None
    field: str
    value: str
    message_vi: str
    message_en: str


class Attempt(Shape):
    """One sending and what was answered."""

    started_at: str | None
    finished_at: str | None
    outcome: str | None = Field(examples=["accepted"])
    http_status: int | None
    ma_ket_qua: str | None
    milliseconds: int | None
    message: str
    sha256: str


class Receipt(Shape):
    """The gateway's receipt: never rewritten."""

    revision: int
    at: str | None
    maGiaoDich: str  # noqa: N815 -- the gateway's own name
    thoiGianTiepNhan: str | None  # noqa: N815
    thongDiep: str  # noqa: N815
    remark: bool
    how: str = Field(description="answer, late, portal")
    sha256: str


class Revision(Shape):
    """One content of a dossier."""

    number: int
    state: str
    reason: str | None
    state_reason: str | None
    standard: str = Field(examples=["3176"])
    content_hash: str
    sha256: str | None = Field(description="of the signed document as sent")
    certificate_serial: str | None
    created_at: str | None
    accepted_at: str | None
    attempts: int
    remark: bool
    verdict: str | None
    replaced_by: int | None
    tried: list[Attempt]


class Event(Shape):
    """What happened, only ever added."""

    at: str | None
    revision: int | None
    kind: str
    from_: str | None = Field(alias="from")
    to: str | None
    actor: str
    detail: str


class Detail(Line):
    """A dossier with the tasks open on it."""

    tasks: list[Task]


class Verdict(Shape):
    """What the portal said about a revision after its receipt."""

    revision: int
    verdict: str | None
    replaced_by: int | None


class Tables(Shape):
    """The tables of one revision. Values that tell who a person is or how ill are masked: letters x, digits 9."""

    revision: int
    standard: str
    masked: bool
    tables: dict[str, list[dict[str, str]]]


class Revealed(Shape):
    """A dossier unmasked, on purpose and recorded."""

    tables: dict[str, list[dict[str, str]]] | None = Field(description="null when the body is no longer kept")
    findings: list[Finding]
    tried: list[Attempt]
    receipts: list[Receipt]


class Why(BaseModel):
    """Every act has a reason; it is recorded with the name of who acts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "HIS đã sửa mã thẻ"}})
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class Found(Why):
    """The portal has the dossier whose answer was lost."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "xem trên cổng", "maGiaoDich": "GD0001"}}
    )
    maGiaoDich: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]  # noqa: N815


class Override(Why):
    """Rules to pass over, each one named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"reason": "đã xác minh với khoa dược", "rules": ["X2-MONEY-DON_GIA"]}},
    )
    rules: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=50)]


class WhichSent(Why):
    """Which revision's signed document; the newest when none is named."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "đoàn giám định yêu cầu"}})
    revision: Annotated[int, Field(ge=1)] | None = None


class Search(BaseModel):
    """Whom to look for: MA_LK, card, personal number, or words of a name. In the body, never in the address."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"text": "nguyen van an", "limit": 20}})
    text: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    facility: Annotated[str, Field(max_length=5)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=400)] | None = None


class Done(Shape):
    """Where a dossier stands after an act."""

    id: int
    state: str
    held: bool


ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "Nobody is signed in"},
    403: {"model": Problem, "description": "The caller has no right to that"},
    422: {"model": Problem, "description": "The request cannot be read"},
    503: {"model": Problem, "description": "Busy; the same request may succeed later"},
}
ABSENT: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "There is none, or none this caller may know of"}
}
REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "Not possible with it as it stands now"}
}
