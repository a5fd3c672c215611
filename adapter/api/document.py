"""The OpenAPI document of ``/v1``: for whoever holds a key or a session, with the permission beside each route."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi

from adapter.access import Principal
from adapter.api.identity import permission_of, routes_of, signed_in
from adapter.api.v1.models import Problem

_OPEN = "*"


def document_routes() -> APIRouter:
    """``GET /v1/openapi.json``."""
    router = APIRouter(prefix="/v1", tags=["service"])

    @router.get("/openapi.json", summary="This document")
    def document(_caller: Annotated[Principal, Depends(signed_in)], request: Request) -> dict[str, Any]:
        app: FastAPI = request.app
        return describe(app)

    return router


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once for an application."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    made = get_openapi(
        title="bhyt-adapter",
        version=app.version,
        summary="From a hospital's HIS to the BHYT reception gateway",
        description=(
            "One error shape everywhere (`Problem`). Lists are paged by cursor. Writes under /v1/dossiers and "
            "/v1/users take `Idempotency-Key`. Personal data is masked; to see it is an act with a reason, recorded."
        ),
        routes=app.routes,
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    made["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "an API key"},
        "session": {"type": "apiKey", "in": "cookie", "name": "bhyt", "description": "with X-CSRF-Token on writes"},
    }
    for route in routes_of(app):
        if route.include_in_schema:
            _complete(made["paths"][route.path_format], route)
    app.openapi_schema = made
    return made


def _complete(path: dict[str, Any], route: Any) -> None:
    permission = permission_of(route)
    for method in route.methods or ():
        operation = path.get(method.lower())
        if operation is None:
            continue
        problem = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        wanted = {"422": "The request cannot be read"} if "422" in operation["responses"] else {}
        if permission == _OPEN:
            operation["security"] = []
        else:
            operation["security"] = [{"key": []}, {"session": []}]
            operation["x-permission"] = permission or "signed in"
            wanted |= {"401": "Nobody is signed in", "403": "The caller has no right to that"}
        if route.path.startswith("/v1/fhir/"):
            # FHIR has an error shape of its own, the OperationOutcome.
            problem = {"content": {"application/fhir+json": {"schema": {"type": "object"}}, **problem["content"]}}
            operation["responses"]["200"] = {"description": "OperationOutcome", **problem}
        operation["responses"]["default"] = {"description": "What went wrong, in the one error shape", **problem}
        for status, words in wanted.items():
            operation["responses"][status] = {"description": words, **problem}
