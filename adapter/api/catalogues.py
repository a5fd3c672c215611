"""Routes of the lists the rules ask: take one in, see what is loaded."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, UploadFile
from fastapi.responses import JSONResponse

from adapter.access import Principal
from adapter.access.refusals import not_allowed
from adapter.api.identity import require
from adapter.catalogue.lists import spec_of, specs
from adapter.clock import VIETNAM, Clock, system_clock
from adapter.errors import ConfigError
from adapter.settings import Settings
from adapter.store.catalogues.importing import ImportResult, import_file, owner_of, row_of
from adapter.store.store import Store
from adapter.text.grids import MAX_BYTES

_AT_MOST = 1000


def catalogue_routes(settings: Settings, store: Store, clock: Clock = system_clock) -> APIRouter:
    """Everything under /v1/catalogues. Whoever takes in a national list must be allowed every facility."""
    router = APIRouter(prefix="/v1/catalogues", tags=["catalogues"])
    codes = [one.code for one in settings.facilities]

    @router.get("", summary="Which lists are loaded, and which are not")
    def loaded(caller: Annotated[Principal, Depends(require("catalogues.read"))]) -> dict[str, Any]:
        today = clock().astimezone(VIETNAM).date()
        rows = [r for r in store.catalogues.lists(today) if r["facility"] is None or caller.sees(r["facility"])]
        there = {row["list"] for row in rows}
        return {"lists": rows, "not_loaded": [name for name in specs() if name not in there]}

    @router.get("/{name}", summary="Rows of a list in force on a day")
    def rows_of(
        *,
        name: str,
        caller: Annotated[Principal, Depends(require("catalogues.read"))],
        on: date | None = None,
        facility: str | None = None,
        code: str | None = None,
        offset: int = 0,
    ) -> Any:
        try:
            owner = owner_of(spec_of(name), facility, [c for c in codes if caller.sees(c)])
        except ConfigError as error:
            return JSONResponse(error.to_dict(), status_code=404)
        day = on or clock().astimezone(VIETNAM).date()
        found = [row_of(e) for e in store.catalogues.rows(name, owner, day) if code in {None, e.code}]
        return {"list": name, "facility": owner or None, "on": day, "total": len(found), "rows": _page(found, offset)}

    @router.post("", summary="Take in a file, all or nothing")
    def take(
        *,
        caller: Annotated[Principal, Depends(require("catalogues.write"))],
        file: Annotated[UploadFile, File()],
        name: Annotated[str | None, Form(alias="list")] = None,
        facility: Annotated[str | None, Form()] = None,
        since: Annotated[date | None, Form(alias="from")] = None,
        whole: Annotated[bool, Form()] = False,
        dry_run: Annotated[bool, Form()] = False,
    ) -> JSONResponse:
        with tempfile.TemporaryDirectory(prefix="bhyt-list-") as folder:
            path = Path(folder) / "upload"
            path.write_bytes(file.file.read(MAX_BYTES + 1))
            shown = Path(file.filename or "upload").name
            try:
                asked: dict[str, Any] = {"name": name, "facility": facility, "since": since, "whole": whole}
                trial = _import(path, caller, shown=shown, trial=True, **asked)
                if not _may_write(caller, trial.facility, codes):
                    raise not_allowed()
                done = trial if dry_run else _import(path, caller, shown=shown, trial=False, **asked)
            except ConfigError as error:
                return JSONResponse(error.to_dict(), status_code=422)
        status = 422 if done.changes is None else 200 if dry_run else 201
        return JSONResponse(done.to_dict(file=shown), status_code=status)

    def _import(
        path: Path,
        caller: Principal,
        *,
        shown: str,
        name: str | None,
        facility: str | None,
        since: date | None,
        whole: bool,
        trial: bool,
    ) -> ImportResult:
        now = clock()
        return import_file(
            store.catalogues,
            path,
            name=name,
            facility=facility,
            known=[c for c in codes if caller.sees(c)],
            since=since or now.astimezone(VIETNAM).date(),
            whole=whole,
            now=now,
            actor=caller.actor,
            trial=trial,
            shown_as=shown,
        )

    return router


def _may_write(caller: Principal, owner: str, codes: list[str]) -> bool:
    return all(caller.sees(code) for code in ([owner] if owner else codes))


def _page(rows: list[Any], offset: int) -> list[Any]:
    return rows[max(offset, 0) : max(offset, 0) + _AT_MOST]
