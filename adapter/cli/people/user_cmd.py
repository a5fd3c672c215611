"""``bhyt user``: who may use the API and the console, and with which rights."""

from __future__ import annotations

import getpass
import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from adapter.access import roles as catalogue
from adapter.access.access import Access
from adapter.access.accounts import Accounts, By
from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say, settings_of
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.settings import Settings, read_secret
from adapter.store.people.keys import Key
from adapter.store.people.users import User, folded
from adapter.store.store import Store

app = typer.Typer(no_args_is_help=True, help="Người dùng và khóa API / users and API keys")
keys = typer.Typer(no_args_is_help=True, help="Khóa API / API keys")
app.add_typer(keys, name="key")

Login = Annotated[str, typer.Argument(metavar="LOGIN")]
RoleOption = Annotated[list[str], typer.Option("--role", help=", ".join(catalogue.roles()))]
FacilityOption = Annotated[
    list[str] | None, typer.Option("--facility", help="Mã cơ sở; bỏ trống: tất cả / codes; none given: all")
]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="Dòng đầu là mật khẩu / its first line is the password")
]


def by() -> By:
    """The operating system's user at the command line."""
    return By(f"cli:{getpass.getuser()}", "cli")


@app.command("add")
def add(
    login: Login,
    role: RoleOption,
    name: Annotated[str, typer.Option("--name", help="Họ tên / display name")] = "",
    facility: FacilityOption = None,
    password_file: PasswordFile = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Chỉ vào bằng liên kết hoặc OIDC / by link or OIDC only")
    ] = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Thêm người dùng / add a user."""
    settings = settings_of(workdir, config)
    password = None if no_password else _password(password_file)
    with open_store(settings) as store:
        user = Accounts(store, settings).add_user(
            login, display_name=name, roles=role, facilities=facility or None, password=password, by=by()
        )
    _told(_user(user), json_)


@app.command("list")
def list_(workdir: WorkdirOption = None, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Liệt kê người dùng / list users."""
    with open_store(settings_of(workdir, config)) as store:
        rows = [_user(user) for user in store.people.users.list()]
    if json_:
        print_json({"users": rows})
        return
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("LOGIN", "họ tên\nname", "vai trò\nroles", "cơ sở\nfacilities", "vào lần cuối\nlast login", ""):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(
            row["login"],
            row["display_name"],
            " ".join(row["roles"]),
            " ".join(row["facilities"] or ["*"]),
            (row["last_login_at"] or "")[:16],
            "khóa / disabled" if row["disabled"] else "",
        )
    Console().print(table)


@app.command("roles")
def roles(
    login: Annotated[str | None, typer.Argument(metavar="[LOGIN]")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help=", ".join(catalogue.roles()))] = None,
    facility: FacilityOption = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Đổi vai trò của người dùng; không nêu ai: các vai trò và quyền / change roles, or list what roles may do."""
    if login is None:
        _show_roles(json_)
        return
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        Accounts(store, settings).set_rights(login, roles=role or (), facilities=facility or None, by=by())
        user = store.people.users.get(login)
    _told(_user(user), json_)


@app.command("password")
def password(
    login: Login,
    password_file: PasswordFile = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Đặt mật khẩu mới; mọi phiên của người này kết thúc / a new password; the user's sessions end."""
    settings = settings_of(workdir, config)
    new = _password(password_file)
    with open_store(settings) as store:
        Accounts(store, settings).set_password(login, new, by=by())
    say(f"{folded(login)}: đã đổi mật khẩu / password set")


@app.command("disable")
def disable(login: Login, workdir: WorkdirOption = None, config: ConfigOption = None) -> None:
    """Khóa người dùng ngay / shut a user out at once."""
    _set_disabled(settings_of(workdir, config), login, disabled=True)


@app.command("enable")
def enable(login: Login, workdir: WorkdirOption = None, config: ConfigOption = None) -> None:
    """Mở lại người dùng / let a user in again."""
    _set_disabled(settings_of(workdir, config), login, disabled=False)


@app.command("staff")
def staff(
    login: Login,
    name: Annotated[str, typer.Option("--name", help="Họ tên như đã đăng ký với BHXH / as registered")] = "",
    number_file: Annotated[
        Path | None, typer.Option("--number-file", help="Tệp có số CCCD / file with the citizen number")
    ] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
) -> None:
    """Họ tên và số CCCD để tra cứu thẻ; không nêu: bỏ đi / name and number for look-ups; none given: removed."""
    settings = settings_of(workdir, config)
    number = read_secret(number_file, "citizen number") if number_file is not None else ""
    if name and not number:
        number = getpass.getpass("Số CCCD / citizen number: ")
    with open_store(settings) as store:
        Accounts(store, settings).set_staff(login, name, number, by=by())
    say(f"{folded(login)}: {'đã ghi / kept' if name else 'đã bỏ / removed'}")


@app.command("link")
def link(login: Login, workdir: WorkdirOption = None, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Liên kết đăng nhập dùng một lần / a one-time link to sign in."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        document = sign_in_link(store, settings, store.people.users.get(login))
    if json_:
        print_json(document)
    else:
        say(document["url"])


def sign_in_link(store: Store, settings: Settings, user: User) -> dict[str, Any]:
    """A link that signs this user in once: ``user``, ``url``, ``ends_at``."""
    token, ends_at = Access(store, settings.access).make_link(user, actor=by().actor)
    url = f"http://{settings.api.host}:{settings.api.port}/enter/{token}"
    return {"user": user.login, "url": url, "ends_at": ends_at.isoformat()}


@keys.command("add")
def key_add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    permission: Annotated[list[str], typer.Option("--permission", help="xem `bhyt user roles`")],
    facility: FacilityOption = None,
    days: Annotated[int | None, typer.Option(min=1, help="hết hạn sau / ends after")] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Tạo khóa API; khóa chỉ hiện một lần / make an API key; it is shown once."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        key = Accounts(store, settings).add_key(
            name, permissions=permission, facilities=facility or None, days=days, by=by()
        )
    if json_:
        print_json({"name": name, "key": key})
    else:
        say(key)


@keys.command("list")
def key_list(workdir: WorkdirOption = None, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Liệt kê khóa API, không có bí mật / list API keys, never the secrets."""
    with open_store(settings_of(workdir, config)) as store:
        rows = [_key(key) for key in store.people.keys.list()]
    if json_:
        print_json({"keys": rows})
        return
    for row in rows:
        state = "thu hồi / revoked" if row["revoked"] else f"hạn / ends {row['ends_at'] or '—'}"
        where = " ".join(row["facilities"] or ["*"])
        say(f"{row['name']}  {row['shown']}…  {' '.join(row['permissions'])}  {where}  {state}")


@keys.command("revoke")
def key_revoke(
    name: Annotated[str, typer.Argument(metavar="NAME")], workdir: WorkdirOption = None, config: ConfigOption = None
) -> None:
    """Thu hồi khóa API ngay / end an API key at once."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        Accounts(store, settings).revoke_key(name, by=by())
    say(f"{name}: đã thu hồi / revoked")


def _set_disabled(settings: Settings, login: str, *, disabled: bool) -> None:
    with open_store(settings) as store:
        Accounts(store, settings).set_disabled(login, disabled=disabled, by=by())
    say(f"{folded(login)}: {'đã khóa / disabled' if disabled else 'đã mở / enabled'}")


def _password(file: Path | None) -> str:
    """From a file, or typed twice, or made here when nobody sits at the keyboard. Never from the command line."""
    if file is not None:
        return read_secret(file, "password")
    if not sys.stdin.isatty():
        made = secrets.token_urlsafe(15)
        notes.print(f"Mật khẩu mới, chỉ hiện lần này / new password, shown this once: {made}", soft_wrap=True)
        return made
    first = getpass.getpass("Mật khẩu mới / new password: ")
    if first != getpass.getpass("Nhập lại / once more: "):
        raise ConfigError("Hai lần nhập khác nhau", "The two entries differ")
    return first


def _show_roles(json_: bool) -> None:
    if json_:
        print_json(
            {
                "roles": {r.name: {"vi": r.vi, "en": r.en, "may": sorted(r.may)} for r in catalogue.roles().values()},
                "permissions": {p.name: {"vi": p.vi, "en": p.en} for p in catalogue.permissions().values()},
            }
        )
        return
    for role in catalogue.roles().values():
        say(f"{role.name} · {role.vi} / {role.en}")
        for name in sorted(role.may):
            say(f"    {name}: {catalogue.permissions()[name].vi}")


def _told(document: dict[str, Any], json_: bool) -> None:
    if json_:
        print_json(document)
    else:
        say(f"{document['login']}: {' '.join(document['roles'])} · {' '.join(document['facilities'] or ['*'])}")


def _user(user: User) -> dict[str, Any]:
    return {
        "login": user.login,
        "display_name": user.display_name,
        "roles": list(user.roles),
        "facilities": None if user.facilities is None else sorted(user.facilities),
        "staff": user.staff,
        "password": user.password_hash is not None,
        "disabled": user.disabled_at is not None,
        "last_login_at": None if user.last_login_at is None else user.last_login_at.isoformat(),
    }


def _key(key: Key) -> dict[str, Any]:
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
