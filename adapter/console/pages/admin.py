"""Administration: how the installation is set, its certificates, the stop switch, a try of the alerts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from adapter.access import Principal
from adapter.access.refusals import not_allowed
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.page import go, page
from adapter.console.reads.health import certificate
from adapter.engine.doctor import examine
from adapter.engine.schedules import every_of
from adapter.pipeline import flow
from adapter.settings import Facility
from adapter.settings.schedule import StageSchedule
from adapter.store.people.audit import Entry
from adapter.watch.tell import Message, channels

MayRead = Annotated[Principal, Depends(require("settings.read"))]
MayManage = Annotated[Principal, Depends(require("settings.manage"))]


def routes(console: Console) -> APIRouter:
    """``/admin``: what is set, and the few things that are switched here rather than in config.yaml."""
    router = APIRouter(include_in_schema=False)

    @router.get("/admin")
    def settings(request: Request, who: MayRead, told: str = "") -> Response:
        return page(console, request, "admin.html", who, **_read(console, who), told=told, checks=None)

    @router.post("/admin/doctor")
    def doctor(request: Request, who: MayManage) -> Response:
        """Look at every part as the stages would use it; nothing is sent but a login."""
        checks = [one for one in examine(console.settings) if not one.facility or who.sees(one.facility)]
        return page(console, request, "admin.html", who, **_read(console, who), told="", checks=checks)

    @router.post("/admin/alerts")
    def alert(who: MayManage) -> Response:
        """A message to every channel, before the night needs them."""
        what = Message(
            "BHYT adapter: tin thử / a test",
            "Nếu đọc được tin này thì kênh cảnh báo chạy. / If you can read this, the alert channel works.",
            "info",
        )
        taken = bool(console.settings.alerts) and channels(console.settings)(what)
        console.store.audit.record(Entry("alerts.test", who.actor, who.via, outcome="done" if taken else "failed"))
        return go(f"/admin?told={'alerted' if taken else 'not_alerted'}")

    @router.post("/admin/sending")
    def sending(
        who: MayManage,
        facility: Annotated[str, Form(max_length=5)],
        do: Annotated[str, Form(max_length=4)],
        reason: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        one = console.facility(who, facility)
        if one is None or do not in {"stop", "go"} or not reason.strip():
            raise not_allowed()
        act = flow.stop if do == "stop" else flow.go
        act(console.store, facility, reason=reason.strip(), actor=who.actor, clock=console.clock)
        console.store.audit.record(
            Entry(f"sending.{do}", who.actor, who.via, facility=facility, kind="facility", object=facility,
                  reason=reason)
        )  # fmt: skip
        console.kept.forget()
        return go(f"/admin?told={do}")

    return router


def _read(console: Console, who: Principal) -> dict[str, Any]:
    settings = console.settings
    now = console.clock()
    mine = [one for one in settings.facilities if who.sees(one.code)]
    return {
        "facilities": [
            {
                "code": one.code,
                "name": one.name,
                "account": one.account,
                "mapping": one.mapping,
                "mode": "paused" if one.paused or flow.paused(console.store, one.code) else one.mode,
                "source": _place(one),
                "feeds": [feed.connector for feed in one.feeds],
                "start_at": one.start_at,
                "schedule": {stage: every_of(settings, one, stage) for stage in StageSchedule.model_fields},
                "certificate": certificate(console, one),
                "gates": [
                    gate
                    for gate in console.store.gates.all(one.code)
                    if gate.closed and (gate.until is None or gate.until > now)
                ],
            }
            for one in mine
        ],
        "gateway": settings.gateway,
        "schedule": settings.schedule,
        "stages": list(StageSchedule.model_fields),
        "resend": settings.resend.after_receipt,
        "store_kind": "PostgreSQL" if console.store.database.is_postgres else "SQLite",
        "alerts": len(settings.alerts),
        "standing": [
            one for one in console.store.alerts.list(standing=True) if not one.facility or who.sees(one.facility)
        ],
        "book_tables": settings.standard.book_tables,
    }


def _place(one: Facility) -> str:
    """Where the HIS is, without user or password."""
    if one.source is None:
        return ""
    try:
        url = make_url(one.source.url)
    except ArgumentError:
        return one.source.url.split(":", 1)[0]
    return (
        f"{url.get_backend_name()} · {url.host or ''}{f':{url.port}' if url.port else ''} {url.database or ''}".strip()
    )
