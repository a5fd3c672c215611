"""The lists the rules ask: which are there, since when, and taking a file in."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile

from adapter.access import Principal
from adapter.access.refusals import not_allowed
from adapter.api.identity import require
from adapter.catalogue.lists import specs
from adapter.clock import VIETNAM
from adapter.console.core.context import Console
from adapter.console.core.page import page
from adapter.errors import BhytError
from adapter.store.catalogues.importing import ImportResult, import_file
from adapter.text.grids import MAX_BYTES

MayRead = Annotated[Principal, Depends(require("catalogues.read"))]
MayWrite = Annotated[Principal, Depends(require("catalogues.write"))]


def routes(console: Console) -> APIRouter:
    """``/catalogues``."""
    router = APIRouter(include_in_schema=False)

    def show(request: Request, who: Principal, *, status: int = 200, **values: Any) -> Response:
        today = console.clock().astimezone(VIETNAM).date()
        rows = [r for r in console.store.catalogues.lists(today) if r["facility"] is None or who.sees(r["facility"])]
        there = {row["list"] for row in rows}
        shown: dict[str, Any] = {"result": None, "problem": None, "tried": False}
        return page(
            console, request, "catalogues.html", who, status=status, rows=rows,
            absent=[spec for name, spec in specs().items() if name not in there], specs=specs(),
            mine=console.facilities(who), **{**shown, **values},
        )  # fmt: skip

    @router.get("/catalogues")
    def lists(request: Request, who: MayRead) -> Response:
        return show(request, who)

    @router.post("/catalogues")
    def take(
        request: Request,
        who: MayWrite,
        file: Annotated[UploadFile, File()],
        name: Annotated[str, Form(max_length=40)] = "",
        facility: Annotated[str, Form(max_length=5)] = "",
        since: Annotated[str, Form(max_length=10)] = "",
        do: Annotated[str, Form(max_length=10)] = "try",
    ) -> Response:
        now = console.clock()
        mine = console.facilities(who)
        with tempfile.TemporaryDirectory(prefix="bhyt-list-") as folder:
            path = Path(folder) / "upload"
            path.write_bytes(file.file.read(MAX_BYTES + 1))

            def run(*, trial: bool) -> ImportResult:
                return import_file(
                    console.store.catalogues, path, name=name or None, facility=facility or None, known=list(mine),
                    since=date.fromisoformat(since) if since else now.astimezone(VIETNAM).date(), whole=False, now=now,
                    actor=who.actor, trial=trial, shown_as=Path(file.filename or "upload").name,
                )  # fmt: skip

            try:
                result = run(trial=True)
                if result.facility not in mine and who.facilities is not None:
                    raise not_allowed()
                if do == "take" and result.changes is not None:
                    result = run(trial=False)
            except (BhytError, ValueError) as error:
                problem = error if isinstance(error, BhytError) else None
                return show(request, who, status=422, problem=problem)
        shown = result.to_dict(file=Path(file.filename or "upload").name)
        return show(request, who, result=shown, tried=do != "take", status=422 if result.changes is None else 200)

    return router
