"""The audit log: who did what, when, why; and whether its chain holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from adapter.access import Principal
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.page import page

MayRead = Annotated[Principal, Depends(require("audit.read"))]
_PER_PAGE = 100
KINDS = (
    "dossier.", "personal.", "session.", "user.", "key.", "mapping.", "catalogue.", "sending.", "verdicts.", "book.",
    "reception.", "person.", "readiness.", "settings.", "access.",
)  # fmt: skip
"""What can be asked for, as beginnings of an action's name."""


def routes(console: Console) -> APIRouter:
    """``/admin/audit``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/admin/audit")
    def audit(
        request: Request,
        who: MayRead,
        actor: str = "",
        action: str = "",
        about: str = "",
        before: int = 0,
        verify: int = 0,
    ) -> Response:
        rows = console.store.audit.list(
            facilities=None if who.facilities is None else who.facilities,
            actor=actor.strip() or None,
            action=action.strip() or None,
            about=about.strip() or None,
            before=before or None,
            limit=_PER_PAGE + 1,
        )
        return page(
            console,
            request,
            "audit.html",
            who,
            rows=rows[:_PER_PAGE],
            more=len(rows) > _PER_PAGE,
            actor=actor,
            action=action,
            about=about,
            kinds=KINDS,
            verified=console.store.audit.verify() if verify else None,
        )

    return router
