"""Routes of readiness: the 14 steps, and a person's word for one of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel, ConfigDict, Field

from adapter.access import AccessRefused, Principal
from adapter.api.identity import require
from adapter.api.once import IdempotencyKey, once
from adapter.api.v1.models import ABSENT, ERRORS, REFUSED, Shape
from adapter.errors import ConfigError
from adapter.readiness import attest, readiness_of
from adapter.settings import Facility, Settings
from adapter.store.store import Store

Reader = Annotated[Principal, Depends(require("readiness.read"))]
Attester = Annotated[Principal, Depends(require("readiness.attest"))]
Code = Annotated[str | None, Query(max_length=5, description="a facility's code; default: the first the caller sees")]
Number = Annotated[int, PathParameter(ge=1, le=14)]


class OneStep(Shape):
    """A step and what stands behind it."""

    n: int = Field(ge=1, le=14, examples=[3])
    title_vi: str = Field(examples=["Chứng thư số của cơ sở"])
    state: Literal["proven", "attested", "missing", "not_applicable"]
    evidence: list[str]
    missing: list[str]


class Steps(Shape):
    """All 14 steps of one facility."""

    facility: str = Field(examples=["01999"])
    steps: list[OneStep]


class Attesting(BaseModel):
    """Who vouches, and on what ground (a decision's number and date, a document)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"person": "Nguyễn Thị Ví Dụ", "note": "QĐ số 12/QĐ-BV"}}
    )
    person: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    note: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]
    not_applicable: bool = False


def readiness_routes(settings: Settings, store: Store) -> APIRouter:
    """GET /v1/readiness and POST /v1/readiness/{n}/attest."""
    router = APIRouter(prefix="/v1/readiness", tags=["readiness"], responses={**ERRORS, **ABSENT, **REFUSED})

    def chosen(caller: Principal, code: str | None) -> Facility:
        for one in settings.facilities:
            if caller.sees(one.code) and code in {None, one.code}:
                return one
        raise AccessRefused("Không có cơ sở này", "There is no such facility", status=404, code="FACILITY")

    def document(facility: Facility) -> dict[str, Any]:
        steps = [step.to_dict() for step in readiness_of(store, settings, facility)]
        return {"facility": facility.code, "steps": steps}

    @router.get("", summary="The 14 steps of the pilot process", response_model=Steps)
    def read(caller: Reader, facility: Code = None) -> dict[str, Any]:
        return document(chosen(caller, facility))

    @router.post("/{n}/attest", summary="Vouch for a step by name", response_model=Steps)
    def vouch(
        *,
        request: Request,
        caller: Attester,
        n: Number,
        what: Attesting,
        facility: Code = None,
        idempotency_key: IdempotencyKey = None,
    ) -> Any:
        one = chosen(caller, facility)

        def work() -> dict[str, Any]:
            kind: Literal["done", "not_applicable"] = "not_applicable" if what.not_applicable else "done"
            try:
                attest(store, one, n, person=what.person, note=what.note, actor=caller.actor, kind=kind)
            except ConfigError as error:
                raise AccessRefused(error.message_vi, error.message_en, status=409, code="READINESS") from error
            return document(one)

        return once(store, caller, idempotency_key, request=request, asked=what, work=work)

    return router
