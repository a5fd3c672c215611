"""One person's data, for the privacy officer: handed over, or erased as far as the law lets it go."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field

from adapter.access import Principal
from adapter.api.identity import require
from adapter.api.v1.models import ERRORS, Shape, Why
from adapter.store.store import Store

Officer = Annotated[Principal, Depends(require("persons.manage"))]


class Whom(Why):
    """A card, citizen or insurance number; never a name."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "đơn của người bệnh", "number": "001090000001"}}
    )
    number: Annotated[str, Field(min_length=5, max_length=20)]


class Handed(Shape):
    """Dossiers with revisions, events and the tables that are still kept."""

    dossiers: list[dict[str, Any]]


class ErasedShown(Shape):
    """What became of one dossier; ``kept`` says why nothing of it was erased."""

    dossier_id: int
    facility: str
    kept: str
    source: int
    content: int
    facts: int
    signed: int
    signed_until: str | None


class ErasedList(Shape):
    """By dossier."""

    dossiers: list[ErasedShown]


def person_routes(store: Store) -> APIRouter:
    """/v1/persons, within the caller's facilities."""
    router = APIRouter(prefix="/v1/persons", tags=["persons"], responses=ERRORS)

    @router.post("/export", summary="Everything kept about a person; recorded", response_model=Handed)
    def export(caller: Officer, whom: Whom) -> dict[str, Any]:
        found = store.people.persons.export(
            whom.number, reason=whom.reason, actor=caller.actor, facilities=caller.facilities
        )
        return {"dossiers": found}

    @router.post("/erase", summary="Erase what may go; recorded", response_model=ErasedList)
    def erase(caller: Officer, whom: Whom) -> dict[str, Any]:
        found = store.people.persons.erase(
            whom.number, reason=whom.reason, actor=caller.actor, facilities=caller.facilities
        )
        return {"dossiers": [asdict(one) for one in found]}

    return router
