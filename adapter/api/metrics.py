"""``GET /metrics`` for Prometheus: with a key or a session that may read metrics, like everything here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from adapter.access import Principal
from adapter.api.identity import require
from adapter.settings import Settings
from adapter.store.store import Store


def metrics_routes(settings: Settings, store: Store) -> APIRouter:
    """The one route."""
    router = APIRouter(tags=["service"])

    @router.get(
        "/metrics", summary="Counts, ages and times for Prometheus; nothing of a patient", response_class=Response
    )
    def metrics(caller: Annotated[Principal, Depends(require("metrics.read"))]) -> Response:
        from adapter.watch.metrics import CONTENT_TYPE, exposition  # nobody asks where there is no Prometheus

        seen = settings.model_copy(
            update={"facilities": tuple(one for one in settings.facilities if caller.sees(one.code))}
        )
        return Response(exposition(store, seen), media_type=CONTENT_TYPE)

    return router
