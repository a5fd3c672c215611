"""``POST /v1/xml/check``: a HIS pushes a dossier's XML and learns what the gateway would refuse. Nothing is kept."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query

from adapter.access import AccessRefused, Principal
from adapter.api.identity import require
from adapter.api.v1.models import ERRORS, Finding, Shape
from adapter.rules.context import Context
from adapter.settings import Settings
from adapter.store.store import Store

Pusher = Annotated[Principal, Depends(require("sources.push"))]


class NotChecked(Shape):
    """A rule that could not run, and what it waits for."""

    rule: str
    needs: str


class CheckedDossier(Shape):
    """One dossier of the file. Values are masked; ask with ``mask=false`` and the right to see persons."""

    ma_lk: str
    standard: str | None
    purpose: str | None
    findings: list[Finding]
    not_checked: list[NotChecked]


class Checked(Shape):
    """The shape of ``bhyt check --json`` for one file."""

    file: str
    dossiers: list[CheckedDossier]
    errors: int
    warnings: int
    infos: int


def check_routes(settings: Settings, store: Store) -> APIRouter:
    """/v1/xml."""
    router = APIRouter(prefix="/v1/xml", tags=["xml"], responses=ERRORS)

    @router.post("/check", summary="Rules on a pushed GIAMDINHHS or XML0 document", response_model=Checked)
    def check(
        *,
        caller: Pusher,
        document: Annotated[bytes, Body(media_type="application/xml", description="the document's bytes")],
        facility: Annotated[str | None, Query(max_length=5)] = None,
        signed: Annotated[bool, Query(description="false: a missing signature is no fault")] = False,
    ) -> dict[str, Any]:
        codes = [one.code for one in settings.facilities if caller.sees(one.code) and facility in {None, one.code}]
        if len(codes) != 1:
            raise AccessRefused(
                "Nêu mã cơ sở được phép: ?facility=…",
                "Name a facility you may act for: ?facility=…",
                status=422,
                code="FACILITY",
            )
        # All rules with all they know: loaded by the first file that comes.
        from adapter.rules.package import check_bytes
        from adapter.rules.scan import told
        from adapter.rules.setup import setup_of

        setup = setup_of(settings, settings.facility(codes[0]))
        options = setup.options if signed else _unsigned(setup.options)
        context = Context(
            at=store.clock(),
            options=options,
            catalogues=store.catalogues.index(codes[0]),
            facility=setup.profile,
        )
        entry = told("request", check_bytes(document, context=context, local=setup.local), mask=True)
        weights = [finding["severity"] for one in entry["dossiers"] for finding in one["findings"]]
        return {
            **entry,
            "errors": weights.count("error"),
            "warnings": weights.count("warning"),
            "infos": weights.count("info"),
        }

    return router


def _unsigned(options: Any) -> Any:
    from dataclasses import replace

    return replace(options, signature_required=False)
