"""What may be done with a dossier. Each act names its reason; the store records it with the act itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from adapter.access import AccessRefused, Principal
from adapter.api.identity import require
from adapter.api.once import IdempotencyKey, once
from adapter.api.v1.dossiers import Identity
from adapter.api.v1.models import ABSENT, ERRORS, REFUSED, Done, Found, Override, Why
from adapter.api.v1.seen import need
from adapter.rules.catalogue import overridable
from adapter.store.store import Store

Actor = Annotated[Principal, Depends(require("dossiers.act"))]
Overrider = Annotated[Principal, Depends(require("rules.override"))]


def act_routes(store: Store) -> APIRouter:
    """POST under /v1/dossiers/{id}: retry, hold, release, found, override."""
    router = APIRouter(prefix="/v1/dossiers", tags=["acts"], responses={**ERRORS, **ABSENT, **REFUSED})

    def do(
        request: Request,
        caller: Principal,
        dossier_id: int,
        key: str | None,
        asked: BaseModel,
        *,
        act: Callable[[], Any],
    ) -> Response:
        need(store, caller, dossier_id)

        def work() -> dict[str, Any]:
            act()
            now = need(store, caller, dossier_id)
            return {"id": dossier_id, "state": now["state"], "held": now["held"]}

        return once(store, caller, key, request=request, asked=asked, work=work)

    @router.post("/{dossier_id}/retry", summary="Try again now", response_model=Done)
    def retry(
        *, request: Request, caller: Actor, dossier_id: Identity, why: Why, idempotency_key: IdempotencyKey = None
    ) -> Any:
        return do(request, caller, dossier_id, idempotency_key, why,
                  act=lambda: store.queue.retry(dossier_id, reason=why.reason, actor=caller.actor))  # fmt: skip

    @router.post("/{dossier_id}/hold", summary="Stop it where it stands", response_model=Done)
    def hold(
        *, request: Request, caller: Actor, dossier_id: Identity, why: Why, idempotency_key: IdempotencyKey = None
    ) -> Any:
        return do(request, caller, dossier_id, idempotency_key, why,
                  act=lambda: store.queue.hold(dossier_id, reason=why.reason, actor=caller.actor))  # fmt: skip

    @router.post("/{dossier_id}/release", summary="Let it go on from where it stood", response_model=Done)
    def release(
        *, request: Request, caller: Actor, dossier_id: Identity, why: Why, idempotency_key: IdempotencyKey = None
    ) -> Any:
        return do(request, caller, dossier_id, idempotency_key, why,
                  act=lambda: store.queue.release(dossier_id, reason=why.reason, actor=caller.actor))  # fmt: skip

    @router.post("/{dossier_id}/found", summary="The portal has it although its answer was lost", response_model=Done)
    def found(
        *, request: Request, caller: Actor, dossier_id: Identity, what: Found, idempotency_key: IdempotencyKey = None
    ) -> Any:
        return do(request, caller, dossier_id, idempotency_key, what,
                  act=lambda: store.queue.found(dossier_id, ma_giao_dich=what.maGiaoDich.strip(), reason=what.reason,
                                            actor=caller.actor))  # fmt: skip

    @router.post("/{dossier_id}/override", summary="Send in spite of the named rules", response_model=Done)
    def override(
        *, request: Request, caller: Overrider, dossier_id: Identity, what: Override,
        idempotency_key: IdempotencyKey = None,
    ) -> Any:  # fmt: skip
        def act() -> None:
            fixed = sorted({rule for rule in what.rules if not overridable(rule)})
            if fixed:
                raise AccessRefused(
                    f"Không được bỏ qua: {', '.join(fixed)}",
                    f"These may never be passed over: {', '.join(fixed)}",
                    status=409,
                    code="QUEUE",
                )
            store.queue.override(dossier_id, reason=what.reason, actor=caller.actor, allowed=set(what.rules))

        return do(request, caller, dossier_id, idempotency_key, what, act=act)

    return router
