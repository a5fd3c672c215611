"""Messages of sources that send by themselves: what is not used and why; taking one up again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from adapter.access import AccessRefused, Principal
from adapter.api.identity import require
from adapter.api.once import IdempotencyKey, once
from adapter.api.v1.models import ABSENT, ERRORS, REFUSED, Shape, Why
from adapter.errors import Terminal
from adapter.settings import Settings
from adapter.store.messages.messages import ASIDE, Stored
from adapter.store.messages.messages import REFUSED as TURNED_AWAY
from adapter.store.people.audit import Entry
from adapter.store.store import Store

Reader = Annotated[Principal, Depends(require("dossiers.read"))]
Revealer = Annotated[Principal, Depends(require("personal.reveal"))]
Actor = Annotated[Principal, Depends(require("dossiers.act"))]
Identity = Annotated[int, Path(description="a message's id, from a list", examples=[815])]
_STATES = Literal["waiting", "collected", "aside", "refused"]


class MessageLine(Shape):
    """One message without its text. ``reason``: why it is set aside or was refused; never what it says."""

    id: int = Field(examples=[815])
    facility: str = Field(examples=["01999"])
    feed: str = Field(examples=["hl7v2"])
    received_at: str = Field(examples=["2026-11-22T08:30:00+00:00"])
    kind: str = Field(examples=["ADT^A01"])
    state: str = Field(examples=["aside"], description="waiting, collected, aside, refused")
    reason: str = Field(examples=["no visit number (PV1-19.1)"])


class MessagePage(Shape):
    """``next`` is the ``before`` of the following page, null at the end. ``counts``: messages by state."""

    messages: list[MessageLine]
    counts: dict[str, int]
    next: int | None


class MessageText(MessageLine):
    """A message as it came."""

    text: str


class ReadAgain(Shape):
    """``used``: the next pass takes it; otherwise ``reason`` says why it stays aside."""

    id: int
    used: bool
    reason: str


def message_routes(settings: Settings, store: Store) -> APIRouter:
    """/v1/messages."""
    router = APIRouter(prefix="/v1/messages", tags=["messages"], responses=ERRORS)

    def need(caller: Principal, id_: int) -> Stored:
        found = store.messages.show(id_) if 0 < id_ < 2**63 else None
        if found is None or not caller.sees(found.facility):
            raise AccessRefused("Không có bản tin này", "There is no such message", status=404, code="MESSAGE")
        return found

    @router.get("", summary="Messages, newest first; by default those set aside or refused", response_model=MessagePage)
    def list_(
        *,
        caller: Reader,
        state: Annotated[list[_STATES] | None, Query()] = None,
        facility: Annotated[str | None, Query(max_length=5)] = None,
        before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> dict[str, Any]:
        mine = frozenset(
            one.code for one in settings.facilities if caller.sees(one.code) and facility in {None, one.code}
        )
        found = store.messages.listing(state or (ASIDE, TURNED_AWAY), facilities=mine, before=before, limit=limit)
        return {
            "messages": [line(one) for one in found],
            "counts": store.messages.counts(mine),
            "next": found[-1].id if len(found) == limit else None,
        }

    @router.get("/{message_id}", summary="One message, without its text", response_model=MessageLine, responses=ABSENT)
    def show(caller: Reader, message_id: Identity) -> dict[str, Any]:
        return line(need(caller, message_id))

    @router.post("/{message_id}/reveal", summary="The message as it came; recorded",
                 response_model=MessageText, responses=ABSENT)  # fmt: skip
    def reveal(caller: Revealer, message_id: Identity, why: Why) -> dict[str, Any]:
        found = need(caller, message_id)
        entry = Entry(
            "personal.reveal", caller.actor, caller.via,
            facility=found.facility, kind="message", object=str(message_id), reason=why.reason,
        )  # fmt: skip
        store.audit.record(entry)
        return {**line(found), "text": found.text}

    @router.post("/{message_id}/again", summary="Read it by today's rules",
                 response_model=ReadAgain, responses={**ABSENT, **REFUSED})  # fmt: skip
    def again(
        *, request: Request, caller: Actor, message_id: Identity, why: Why, idempotency_key: IdempotencyKey = None
    ) -> Response:
        from adapter.engine.reading_anew import read_anew

        found = need(caller, message_id)

        def work() -> dict[str, Any]:
            try:
                reason = read_anew(settings, store, found, actor=caller.actor, via=caller.via, reason=why.reason)
            except Terminal as error:  # it is not aside, or its mapping or its bytes cannot be read
                raise AccessRefused(error.message_vi, error.message_en, status=409, code="MESSAGE") from error
            return {"id": message_id, "used": not reason, "reason": reason}

        return once(store, caller, idempotency_key, request=request, asked=why, work=work)

    return router


def line(message: Stored) -> dict[str, Any]:
    """A message without its text."""
    return {
        "id": message.id,
        "facility": message.facility,
        "feed": message.feed,
        "received_at": message.received_at.isoformat(timespec="seconds"),
        "kind": message.kind,
        "state": message.state,
        "reason": message.reason,
    }
