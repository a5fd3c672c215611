"""``/_sim``: what the person who runs the practice gateway may ask and change."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from secrets import compare_digest
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response

from adapter.clock import VIETNAM
from adapter.errors import CertificateError
from adapter.simulator.cards import SimCard
from adapter.simulator.config import SimFacility
from adapter.simulator.core import Simulator
from adapter.simulator.faults import FaultPlan
from adapter.simulator.services.verdicts import dossiers_workbook, errors_workbook, verdict_of

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def public_row(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A row of ``received`` as JSON, with its verdict and without its body."""
    verdict = verdict_of(row, now)
    known = verdict in ("good", "faulty", "replaced")
    return {
        **{
            key: value
            for key, value in row.items()
            if key not in ("body", "answer", "findings", "summary", "verdict_at")
        },
        "accepted": bool(row["accepted"]),
        "answer": json.loads(row["answer"]),
        "verdict": verdict,
        "findings": json.loads(row["findings"]) if known else [],
    }


def state_of(simulator: Simulator) -> dict[str, Any]:
    """Counts over everything since the database was made."""
    database, now = simulator.database, simulator.clock()
    received = database.rows(
        "SELECT service, purpose, accepted, code, COUNT(*) AS n FROM received GROUP BY service, purpose, accepted, code"
    )
    calls = database.rows("SELECT service, COUNT(*) AS n FROM calls GROUP BY service")
    verdicts = database.rows(
        "SELECT COALESCE(SUM(replaced_by IS NOT NULL), 0) AS replaced,"
        " COALESCE(SUM(replaced_by IS NULL AND verdict_at > ?), 0) AS pending,"
        " COALESCE(SUM(replaced_by IS NULL AND verdict_at <= ? AND findings = '[]'), 0) AS good,"
        " COALESCE(SUM(replaced_by IS NULL AND verdict_at <= ? AND findings <> '[]'), 0) AS faulty"
        " FROM received WHERE accepted = 1 AND service LIKE 'dossier-%'",
        *[now.astimezone(VIETNAM).isoformat()] * 3,
    )[0]
    distinct = database.rows(
        "SELECT COUNT(*) AS n, COUNT(DISTINCT facility || '/' || ma_lk) AS dossiers,"
        " COUNT(DISTINCT facility || '/' || ma_lk || '/' || sha256) AS contents"
        " FROM received WHERE accepted = 1 AND service LIKE 'dossier-%'"
    )[0]
    return {
        "received": sum(row["n"] for row in received),
        "accepted": sum(row["n"] for row in received if row["accepted"]),
        "refused": sum(row["n"] for row in received if not row["accepted"]),
        "dossiers": {"received": distinct["n"], "ma_lk": distinct["dossiers"], "contents": distinct["contents"]},
        "by_service": received,
        "verdicts": verdicts,
        "calls": {row["service"]: row["n"] for row in calls},
        "logins": database.rows("SELECT COUNT(*) AS n FROM calls WHERE service = 'token' AND code = '200'")[0]["n"],
        "faults": simulator.faults.counts(),
        "accounts": len(simulator.accounts.all()),
    }


def guard_of(simulator: Simulator) -> Callable[[Request], None]:
    """The dependency that asks for ``control_key``: in ``X-Sim-Key``, as ``?key=`` or in the page's cookie."""
    key = simulator.config.control_key

    def allowed(request: Request) -> None:
        places = (request.headers.get("x-sim-key"), request.query_params.get("key"), request.cookies.get("sim_key"))
        given = next(filter(None, places), "")
        if key is not None and not compare_digest(given.encode(), key.encode()):
            raise HTTPException(401, "X-Sim-Key")

    return allowed


def control_routes(simulator: Simulator) -> APIRouter:
    """Routes under ``/_sim``. With ``control_key`` set they ask for it in ``X-Sim-Key`` (readiness excepted)."""
    router = APIRouter(prefix="/_sim")
    guard = [Depends(guard_of(simulator))]

    @router.get("/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @router.get("/state", dependencies=guard)
    async def state() -> dict[str, Any]:
        return await anyio.to_thread.run_sync(state_of, simulator)

    @router.get("/received", dependencies=guard)
    async def received(
        after: int = 0, limit: Annotated[int, Query(ge=1, le=10000)] = 1000, ma_lk: str = "", facility: str = ""
    ) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            rows = simulator.database.arrivals(after=after, limit=limit, ma_lk=ma_lk, facility=facility)
            return [public_row(row, simulator.clock()) for row in rows]

        return await anyio.to_thread.run_sync(read)

    @router.delete("/received", dependencies=guard)
    async def forget() -> dict[str, int]:
        return {"forgotten": await anyio.to_thread.run_sync(simulator.database.forget)}

    @router.get("/received/{seq}", dependencies=guard)
    async def body(seq: int) -> Response:
        row = await anyio.to_thread.run_sync(simulator.database.arrival, seq)
        if row is None:
            raise HTTPException(404)
        return Response(row["body"], media_type="application/xml")

    @router.get("/facilities", dependencies=guard)
    async def facilities() -> list[dict[str, Any]]:
        return simulator.accounts.all()

    @router.post("/facilities", dependencies=guard)
    async def register(facility: SimFacility) -> JSONResponse:
        try:
            await anyio.to_thread.run_sync(simulator.accounts.register, facility)
        except CertificateError as error:
            return JSONResponse(error.to_dict(), status_code=422)
        return JSONResponse({"account": facility.account, "facility": facility.code}, status_code=201)

    @router.get("/faults", dependencies=guard)
    async def faults() -> dict[str, Any]:
        plan = json.loads(simulator.faults.plan.model_dump_json(exclude_defaults=True))
        return {"plan": plan, "counts": simulator.faults.counts()}

    @router.post("/faults", dependencies=guard)
    async def plan(wanted: FaultPlan) -> dict[str, Any]:
        simulator.faults.set(wanted)
        return {"rules": len(wanted.rules)}

    @router.delete("/faults", dependencies=guard)
    async def clear() -> dict[str, Any]:
        simulator.faults.set(FaultPlan())
        return {"rules": 0}

    @router.post("/cards", dependencies=guard)
    async def cards(card: SimCard) -> JSONResponse:
        await anyio.to_thread.run_sync(simulator.cards.put, card)
        return JSONResponse({"number": card.number}, status_code=201)

    @router.get("/portal/{sheet}.xlsx", dependencies=guard)
    async def portal(
        sheet: Literal["errors", "dossiers"],
        facility: str,
        first: Annotated[date | None, Query(alias="from")] = None,
        last: Annotated[date | None, Query(alias="to")] = None,
    ) -> Response:
        until = last or simulator.clock().date()
        make = errors_workbook if sheet == "errors" else dossiers_workbook
        try:
            book = await anyio.to_thread.run_sync(make, simulator, facility, first or until - timedelta(days=30), until)
        except ValueError:
            raise HTTPException(400, "Tối đa 60 ngày / at most 60 days") from None
        return Response(book, media_type=_XLSX, headers={"content-disposition": f"attachment; filename={sheet}.xlsx"})

    @router.post("/tokens/revoke", dependencies=guard)
    async def revoke() -> dict[str, int]:
        return {"revoked": await anyio.to_thread.run_sync(simulator.accounts.revoke_all)}

    return router
