"""Users, their roles and facilities, one-time links, API keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from adapter.access import Principal
from adapter.access.accounts import Accounts, By
from adapter.access.refusals import not_allowed
from adapter.access.roles import granted, permissions, roles
from adapter.api.identity import access_of, require
from adapter.console.core.context import Console
from adapter.console.core.page import go, page
from adapter.errors import Terminal

MayManage = Annotated[Principal, Depends(require("users.manage"))]
_Names = Annotated[list[str], Form(max_length=60)]


def routes(console: Console) -> APIRouter:
    """``/admin/users``. What is told once (a link, a key) is shown once, on the answer itself."""
    router = APIRouter(include_in_schema=False)
    accounts = Accounts(console.store, console.settings)

    def show(request: Request, who: Principal, *, status: int = 200, **values: object) -> Response:
        shown: dict[str, object] = {"problem": None, "secret": None, "given_as": "", "told": ""}
        return page(
            console,
            request,
            "users.html",
            who,
            status=status,
            users=console.store.people.users.list(),
            keys=console.store.people.keys.list(),
            roles=roles(),
            permissions=permissions(),
            codes=[one.code for one in console.settings.facilities],
            **{**shown, **values},
        )

    @router.get("/admin/users")
    def users(request: Request, who: MayManage, told: str = "") -> Response:
        return show(request, who, told=told)

    @router.post("/admin/users")
    def act(
        request: Request,
        who: MayManage,
        do: Annotated[str, Form(max_length=10)],
        login: Annotated[str, Form(max_length=80)],
        display_name: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=256)] = "",
        role: _Names = [],  # noqa: B006 -- FastAPI copies the default
        facility: _Names = [],  # noqa: B006
        staff_name: Annotated[str, Form(max_length=200)] = "",
        citizen: Annotated[str, Form(max_length=12)] = "",
    ) -> Response:
        by = By(who.actor, who.via)
        places = None if not facility or "*" in facility else facility
        try:
            if do in {"add", "rights"}:
                _within_own_rights(who, role, places)
            if do == "add":
                accounts.add_user(login, display_name=display_name, roles=role, facilities=places,
                                  password=password or None, by=by)  # fmt: skip
            elif do == "rights":
                accounts.set_rights(login, roles=role, facilities=places, by=by)
            elif do == "password":
                accounts.set_password(login, password, by=by)
            elif do in {"disable", "enable"}:
                accounts.set_disabled(login, disabled=do == "disable", by=by)
            elif do == "staff":
                accounts.set_staff(login, staff_name, citizen, by=by)
            elif do == "link":
                user = console.store.people.users.get(login)
                token, _ = access_of(request).make_link(user, actor=who.actor, via=who.via)
                return show(request, who, secret=str(request.base_url) + f"enter/{token}", given_as="link")
        except Terminal as error:
            return show(request, who, status=422, problem=error)
        return go("/admin/users?told=done")

    @router.post("/admin/keys")
    def keys(
        request: Request,
        who: MayManage,
        do: Annotated[str, Form(max_length=10)],
        name: Annotated[str, Form(max_length=80)],
        permission: _Names = [],  # noqa: B006
        facility: _Names = [],  # noqa: B006
        days: Annotated[int, Form(ge=1, le=3650)] = 365,
    ) -> Response:
        by = By(who.actor, who.via)
        try:
            if do == "revoke":
                accounts.revoke_key(name, by=by)
                return go("/admin/users?told=done")
            if not set(permission) <= who.permissions:
                raise not_allowed()
            places = None if not facility or "*" in facility else facility
            key = accounts.add_key(name, permissions=permission, facilities=places, days=days, by=by)
        except Terminal as error:
            return show(request, who, status=422, problem=error)
        return show(request, who, secret=key, given_as="key")

    return router


def _within_own_rights(who: Principal, names: list[str], places: list[str] | None) -> None:
    """Nobody hands out facilities they do not have; roles are the administrator's to give."""
    if who.facilities is not None and (places is None or not set(places) <= who.facilities):
        raise not_allowed()
    granted(names)
