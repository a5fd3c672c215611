"""The practice gateway as a FastAPI application over its own database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from adapter.simulator.config import SimulatorConfig
from adapter.simulator.control import control_routes
from adapter.simulator.core import Simulator
from adapter.simulator.delivery import Delivery
from adapter.simulator.page import page_routes
from adapter.simulator.services import hub, lookups
from adapter.simulator.services.filings import filings, take
from adapter.simulator.services.login import take_token
from adapter.simulator.services.paths import (
    CARD_PATH,
    COPAYMENT_PATH,
    HISTORY_PATH,
    HUB_DOSSIER_PATH,
    HUB_STATUS_PATH,
    HUB_TOKEN_PATH,
    RECEPTIONS,
    RETIRED_PATHS,
    TOKEN_PATH,
)
from adapter.simulator.services.reception import receive
from adapter.simulator.services.wire import Call, Reply, read_fields

Service = Callable[[Call], Reply]


def create_app(config: SimulatorConfig) -> FastAPI:
    """A practice gateway. Opens the database at once; the application's lifespan closes it."""
    simulator = Simulator.open(config)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        simulator.close()

    app = FastAPI(
        title="Cổng tiếp nhận BHYT (giả lập để thực hành)",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.simulator = simulator
    # Base64 in a form is a third longer than the file, and more where signs are escaped.
    largest = 2 * config.max_bytes + 1024 * 1024
    limiter = anyio.CapacityLimiter(config.verify_threads)

    def add(path: str, service: Service, *, methods: tuple[str, ...] = ("POST",)) -> None:
        async def endpoint(request: Request) -> Response:
            try:
                body = await _body(request, largest)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is left to read it; the log's line says the rest
            if body is None:
                return Response(status_code=413)
            reply = await anyio.to_thread.run_sync(_run, service, request, body, limiter=limiter)
            request.state.note.code = reply.code
            if reply.document is None:
                return Response(status_code=reply.status)
            return JSONResponse(reply.document, status_code=reply.status)

        app.add_api_route(path, endpoint, methods=list(methods))

    add(TOKEN_PATH, partial(take_token, simulator))
    for reception in RECEPTIONS:
        add(reception.path, partial(receive, simulator, reception))
    for filing in filings():
        add(filing.path, partial(take, simulator, filing))
    add(CARD_PATH, partial(lookups.card, simulator, simulator.cards))
    add(HISTORY_PATH, partial(lookups.history, simulator, simulator.cards))
    add(COPAYMENT_PATH, partial(lookups.copayment, simulator, simulator.cards))
    for path in RETIRED_PATHS:
        add(path, lookups.retired)
    add(HUB_TOKEN_PATH, partial(hub.take_token, simulator))
    add(HUB_DOSSIER_PATH, partial(hub.take_batch, simulator))
    add(f"{HUB_STATUS_PATH}/{{receipt}}", partial(hub.look_up, simulator), methods=("GET",))
    app.include_router(control_routes(simulator))
    app.include_router(page_routes(simulator))
    app.add_middleware(Delivery, simulator=simulator)
    return app


async def _body(request: Request, largest: int) -> bytes | None:
    """The whole body; None as soon as it is longer than any file that could be taken."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            return None
    return bytes(body)


def _run(service: Service, request: Request, body: bytes) -> Reply:
    fields = read_fields(request.headers.get("content-type", ""), body)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return service(Call(headers, {**request.query_params, **request.path_params}, fields or {}, request.state.note))
