"""``bhyt run`` and ``bhyt worker``: the service, one pass of it, or one role."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, settings_of
from adapter.engine.copies import call_this
from adapter.engine.supervise import role_command, supervise
from adapter.errors import ConfigError
from adapter.settings import Settings

if TYPE_CHECKING:
    from adapter.engine.passes import PassResult


def run_command(
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
    once: Annotated[bool, typer.Option("--once", help="Một lượt rồi dừng / one pass, then stop")] = False,
    role: Annotated[str | None, typer.Option("--role", help="web, intake, engine")] = None,
) -> None:
    """Chạy dịch vụ: đọc, dịch, kiểm tra, ký, gửi / run the service."""
    settings = settings_of(workdir, config)
    if role in (None, "engine"):
        _ready_to_start(settings)
    if once:
        code = _once(settings, json_=json_)
        raise typer.Exit(code)
    if role is not None:
        _role(settings, role)
        return
    notes.print(f"Dịch vụ chạy, Ctrl-C để dừng / the service runs, Ctrl-C stops it: {service_url(settings)}")
    now = supervise(service_roles(settings), settings.schedule.frozen_seconds, _loads(settings))
    if now is not None:  # in a copy of this process
        _role(settings, now)


def worker_command(workdir: WorkdirOption = None, config: ConfigOption = None) -> None:
    """Thêm một máy xử lý trên PostgreSQL / one more worker on PostgreSQL."""
    from adapter.engine.logs import configure_logs
    from adapter.engine.worker import run_worker

    settings = settings_of(workdir, config)
    _ready_to_start(settings)
    call_this("bhyt-worker")
    configure_logs("worker", pretty=sys.stderr.isatty())
    run_worker(settings)


def service_roles(settings: Settings) -> dict[str, list[str]]:
    """Role → command line, for the supervisor."""
    where = ["--workdir", str(settings.workdir)]
    roles = ["web", "engine"]
    if any(facility.feeds for facility in settings.facilities):
        roles.append("intake")
    return {role: role_command("run", "--role", role, *where) for role in roles}


def _loads(settings: Settings) -> dict[str, Callable[[], None]]:
    """Role → what it shares with the roles after it. Loading opens nothing.

    The web role comes first: people wait for it, and what only engine and intake share is loaded while it starts.
    """

    def store() -> None:
        from adapter.engine import logs, opening  # noqa: F401 -- loaded for the copies
        from adapter.store.tables.database import Database

        with suppress(ConfigError):  # each role says what is wrong with it
            Database(settings.store_url()).close()  # connects to nothing, but loads the driver

    def lines() -> None:
        from adapter.engine import intake  # noqa: F401 -- loaded for the copies

    return {"web": store, "engine": lines, "intake": lambda: None}


def service_url(settings: Settings) -> str:
    """Where the web role answers."""
    return f"http://{settings.api.host}:{settings.api.port}/"


def _ready_to_start(settings: Settings) -> None:
    """The gate before every engine. Only what may reach a real gateway needs the store for it."""
    if settings.gateway.environment == "simulator":
        return
    from adapter.cli.gateway.golive_cmd import ready_to_start

    ready_to_start(settings)


def _role(settings: Settings, role: str) -> None:
    from adapter.engine.logs import configure_logs

    call_this(f"bhyt-{role}")
    configure_logs(role, pretty=sys.stderr.isatty())
    if role == "engine":
        if settings.store_url().startswith("sqlite"):
            from adapter.engine.embedded import run_engine

            run_engine(settings)
        else:
            from adapter.engine.worker import run_worker

            run_worker(settings)  # one of many: each stage and chore is asked for once in the whole cluster
    elif role == "web":
        from adapter.demo.practice import practice_his
        from adapter.web import run_web

        run_web(settings, practice=practice_his(settings.workdir) if settings.demo else None)
    elif role == "intake":
        from adapter.engine.intake import run_intake

        run_intake(settings)
    else:
        raise ConfigError(
            f"Không có vai trò '{role}'",
            f"There is no role '{role}'",
            hint_vi="dùng web, intake hoặc engine",
            hint_en="use web, intake or engine",
        )


def _once(settings: Settings, *, json_: bool) -> int:
    from rich.console import Console

    from adapter.cli.service.status_view import show_status
    from adapter.engine.installation import open_installation
    from adapter.engine.passes import one_pass

    started = time.monotonic()
    with open_installation(settings) as installation:
        done = one_pass(installation)
        document = run_document(installation.store, settings, done, time.monotonic() - started)
    tell_failures(done, settings.language)
    if json_:
        print_json(document)
    else:
        show_status(document, Console(highlight=False))
    return 0 if done.complete else 1


def run_document(store: Any, settings: Settings, done: PassResult, seconds: float) -> dict[str, Any]:
    """The status object with what this pass did."""
    from adapter.engine.status import status_of

    return {
        **status_of(store, settings),
        "this_run": {"read": done.read, "sent": done.sent, "logins": done.logins},
        "failures": [{"facility": code, "stage": stage, **error.to_dict()} for code, stage, error in done.failures],
        "seconds": round(seconds, 3),
        "dossiers_per_second": round(done.sent / seconds, 2) if seconds > 0 else 0.0,
    }


def tell_failures(done: PassResult, language: str) -> None:
    """One line on stderr for each failure."""
    for code, stage, error in done.failures:
        notes.print(f"[red]{code} · {stage}[/red]: {error.text(language)}")
