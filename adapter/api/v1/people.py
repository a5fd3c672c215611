"""Users and API keys, for who may manage them. Secrets are told once and never read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from adapter.access import AccessRefused, Principal
from adapter.access.accounts import Accounts, By
from adapter.access.refusals import not_allowed
from adapter.api.identity import require
from adapter.api.once import IdempotencyKey, once
from adapter.api.v1.models import ABSENT, ERRORS, Shape
from adapter.errors import ConfigError
from adapter.settings import Settings
from adapter.store.people.keys import Key
from adapter.store.people.users import User
from adapter.store.store import Store

_T = TypeVar("_T")
Manager = Annotated[Principal, Depends(require("users.manage"))]
Login = Annotated[str, Path(max_length=80)]
_Names = Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=60)]
_Codes = Annotated[list[Annotated[str, Field(max_length=5)]], Field(min_length=1, max_length=500)]


class UserShown(Shape):
    """A user; ``facilities`` null means all."""

    login: str = Field(examples=["lan"])
    display_name: str
    roles: list[str] = Field(examples=[["operator"]])
    facilities: list[str] | None
    disabled: bool
    last_login_at: str | None


class KeyShown(Shape):
    """An API key without its secret."""

    name: str
    shown: str = Field(description="its first letters")
    permissions: list[str]
    facilities: list[str] | None
    created_by: str
    ends_at: str | None
    used_at: str | None
    revoked: bool


class NewUser(BaseModel):
    """Without a password the user signs in by link or identity provider."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"login": "lan", "display_name": "Lan", "roles": ["operator"]}},
    )
    login: Annotated[str, Field(min_length=2, max_length=80)]
    display_name: Annotated[str, Field(max_length=200)] = ""
    roles: _Names
    facilities: _Codes | None = None
    password: str | None = Field(default=None, max_length=256, repr=False)


class Rights(BaseModel):
    """Roles and facilities from now on, or the account's end."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"roles": ["viewer"], "facilities": None}})
    roles: _Names | None = None
    facilities: _Codes | None = None
    disabled: bool | None = None


class NewKey(BaseModel):
    """A key with scopes."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "lis", "permissions": ["sources.push"], "days": 365}}
    )
    name: Annotated[str, Field(min_length=1, max_length=80)]
    permissions: _Names
    facilities: _Codes | None = None
    days: Annotated[int, Field(ge=1, le=3650)] | None = None


class KeyTold(Shape):
    """The only time the key is told."""

    name: str
    key: str


def people_routes(settings: Settings, store: Store) -> APIRouter:
    """/v1/users and /v1/keys. A manager bound to facilities manages nobody: accounts reach over all of them."""
    router = APIRouter(prefix="/v1", tags=["users"], responses=ERRORS)
    accounts = Accounts(store, settings)

    @router.get("/users", summary="Users", response_model=list[UserShown])
    def users(caller: Manager) -> list[dict[str, Any]]:
        _whole(caller)
        return [user_shown(user) for user in store.people.users.list()]

    @router.post("/users", summary="Add a user", response_model=UserShown, status_code=201)
    def add(*, request: Request, caller: Manager, asked: NewUser, idempotency_key: IdempotencyKey = None) -> Any:
        _whole(caller)

        def work() -> dict[str, Any]:
            return user_shown(
                _taken(
                    lambda: accounts.add_user(
                        asked.login,
                        display_name=asked.display_name,
                        roles=asked.roles,
                        facilities=asked.facilities,
                        password=asked.password,
                        by=By(caller.actor, caller.via),
                    )
                )
            )

        return once(store, caller, idempotency_key, request=request, asked=asked, work=work, status=201)

    @router.patch("/users/{login}", summary="Change rights, disable, enable", response_model=UserShown,
                  responses=ABSENT)  # fmt: skip
    def change(caller: Manager, login: Login, asked: Rights) -> dict[str, Any]:
        _whole(caller)
        by = By(caller.actor, caller.via)
        if store.people.users.find(login) is None:
            raise _no_user()
        if asked.roles is not None:
            roles, facilities = asked.roles, asked.facilities
            _taken(lambda: accounts.set_rights(login, roles=roles, facilities=facilities, by=by))
        if asked.disabled is not None:
            disabled = asked.disabled
            _taken(lambda: accounts.set_disabled(login, disabled=disabled, by=by))
        return user_shown(store.people.users.get(login))

    @router.get("/keys", summary="API keys", response_model=list[KeyShown])
    def keys(caller: Manager) -> list[dict[str, Any]]:
        _whole(caller)
        return [key_shown(key) for key in store.people.keys.list()]

    @router.post("/keys", summary="Make an API key; it is told once", response_model=KeyTold, status_code=201)
    def add_key(caller: Manager, asked: NewKey) -> dict[str, str]:
        _whole(caller)
        if not set(asked.permissions) <= caller.permissions:
            raise not_allowed()  # nobody hands out more than they have
        by = By(caller.actor, caller.via)
        key = _taken(
            lambda: accounts.add_key(
                asked.name, permissions=asked.permissions, facilities=asked.facilities, days=asked.days, by=by
            )
        )
        return {"name": asked.name, "key": key}

    @router.delete("/keys/{name}", summary="Revoke an API key", status_code=204, response_class=Response,
                   responses=ABSENT)  # fmt: skip
    def revoke(caller: Manager, name: Annotated[str, Path(max_length=80)]) -> Response:
        _whole(caller)
        if not any(key.name == name and key.revoked_at is None for key in store.people.keys.list()):
            raise AccessRefused("Không có khóa này", "There is no such key", status=404, code="KEY")
        accounts.revoke_key(name, by=By(caller.actor, caller.via))
        return Response(status_code=204)

    return router


def user_shown(user: User) -> dict[str, Any]:
    """A user without secrets."""
    return {
        "login": user.login,
        "display_name": user.display_name,
        "roles": list(user.roles),
        "facilities": None if user.facilities is None else sorted(user.facilities),
        "disabled": user.disabled_at is not None,
        "last_login_at": None if user.last_login_at is None else user.last_login_at.isoformat(),
    }


def key_shown(key: Key) -> dict[str, Any]:
    """A key without its secret."""
    return {
        "name": key.name,
        "shown": key.shown,
        "permissions": sorted(key.permissions),
        "facilities": None if key.facilities is None else sorted(key.facilities),
        "created_by": key.created_by,
        "ends_at": None if key.ends_at is None else key.ends_at.isoformat(),
        "used_at": None if key.used_at is None else key.used_at.isoformat(),
        "revoked": key.revoked_at is not None,
    }


def _whole(caller: Principal) -> None:
    if caller.facilities is not None:
        raise not_allowed()


def _taken(work: Callable[[], _T]) -> _T:
    """What the caller wrote cannot be used: theirs to correct (422), not the installation's."""
    try:
        return work()
    except ConfigError as error:
        raise AccessRefused(
            error.message_vi,
            error.message_en,
            hint_vi=error.hint_vi,
            hint_en=error.hint_en,
            status=422,
            code="ACCOUNT",
        ) from error


def _no_user() -> AccessRefused:
    return AccessRefused("Không có người dùng này", "There is no such user", status=404, code="USER")
