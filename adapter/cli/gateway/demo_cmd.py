"""``bhyt demo``: the main job from an invented hospital to a practice gateway, on this machine."""

from __future__ import annotations

import socket
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from adapter.access.accounts import Accounts
from adapter.cli.common import JsonOption, notes, print_json, say
from adapter.cli.people.user_cmd import by, sign_in_link
from adapter.cli.service.run_cmd import run_document, service_roles, service_url, tell_failures
from adapter.cli.service.status_view import show_planted, show_status
from adapter.clock import system_clock
from adapter.demo.gateway import practice_gateway
from adapter.demo.outcome import judge
from adapter.demo.workdir import DEMO_USER, change_his, planted_defects, prepare
from adapter.engine.installation import open_installation
from adapter.engine.passes import one_pass
from adapter.engine.sent import export_sent
from adapter.engine.supervise import Supervisor
from adapter.errors import ConfigError
from adapter.pipeline.context import StageResult
from adapter.settings import Settings, load_settings
from adapter.store.store import Store

app = typer.Typer(help="Chạy thử trọn luồng trên dữ liệu giả định / the whole flow on invented data")

WorkdirDefault = Annotated[Path, typer.Option("--workdir", envvar="BHYT_WORKDIR", help="Thư mục làm việc / workdir")]
_STEPS = {
    "pull": "đọc / read",
    "translate": "dịch / map",
    "check": "kiểm tra / check",
    "sign": "ký / sign",
    "send": "gửi / send",
}


@app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    workdir: WorkdirDefault = Path("demo-work"),
    source: Annotated[str, typer.Option(help="his-a, his-b, his-c, his-d, omop")] = "his-b",
    encounters: Annotated[int, typer.Option(min=1, help="số đợt điều trị / number of encounters")] = 200,
    seed: Annotated[int, typer.Option(help="hạt giống: cùng số, cùng dữ liệu / same number, same data")] = 1,
    store_url: Annotated[str | None, typer.Option(help="kho lưu khác SQLite / another store")] = None,
    only_prepare: Annotated[
        bool, typer.Option("--prepare", help="chỉ dựng HIS, cấu hình, chứng thư; chưa gửi gì / lay out, send nothing")
    ] = False,
    serve: Annotated[bool | None, typer.Option("--serve/--no-serve", help="giữ dịch vụ chạy tiếp / stay up")] = None,
    json_: JsonOption = False,
) -> None:
    """Sinh HIS demo, mở cổng thực hành, đưa mọi đợt điều trị đến biên nhận / from HIS to receipt."""
    if context.invoked_subcommand is not None:
        return
    stay = serve if serve is not None else (sys.stdout.isatty() and not json_)
    started = time.monotonic()
    made = prepare(
        workdir,
        source=source,
        encounters=encounters,
        seed=seed,
        now=system_clock(),
        gateway_url=f"http://127.0.0.1:{_free_port()}",
        store_url=store_url,
    )
    notes.print(
        f"{'HIS demo mới' if made.fresh else 'Chạy tiếp HIS demo'} / {'new' if made.fresh else 'going on with'} "
        f"demo HIS ({source}): {workdir}"
    )
    if only_prepare:
        say(str(workdir / "config.yaml"))
        return
    with practice_gateway(workdir):
        document = _pass(workdir, started)
        if json_:
            print_json(document)
        else:
            _summary(document, workdir)
        good = document["conserved"] and not document["planted"]["missed"] and not document["failures"]
        if stay:
            _serve(workdir)
    raise typer.Exit(0 if good else 1)


@app.command("change")
def change(
    ma_lk: Annotated[str, typer.Option("--ma-lk", help="MA_LK của đợt điều trị / of the encounter")],
    set_: Annotated[str, typer.Option("--set", metavar="TABLE.COL=VALUE")],
    workdir: WorkdirDefault = Path("demo-work"),
    json_: JsonOption = False,
) -> None:
    """Sửa HIS demo như nhân viên bệnh viện sẽ sửa / edit the demo HIS as the hospital's staff would."""
    place, equals, value = set_.partition("=")
    table, dot, column = place.partition(".")
    if not (equals and dot and table and column):
        raise ConfigError(
            f"--set không đọc được: {set_}",
            f"--set cannot be read: {set_}",
            hint_vi="viết TABLE.COL=GIÁ_TRỊ, ví dụ EPISODE.END_TYPE_ID=1",
            hint_en="write TABLE.COL=VALUE, for example EPISODE.END_TYPE_ID=1",
        )
    changed = change_his(workdir, ma_lk, table, column, value, now=system_clock())
    if json_:
        print_json({"ma_lk": ma_lk, "table": table, "column": column, "rows": changed})
    else:
        say(f"{ma_lk}: {table}.{column} · {changed} dòng / rows")


def _pass(workdir: Path, started: float) -> dict[str, Any]:
    settings = load_settings(workdir=workdir)
    with open_installation(settings) as installation:
        with _progress() as tell:
            done = one_pass(installation, tell)
        document = run_document(installation.store, settings, done, time.monotonic() - started)
        export_sent(installation.store, workdir / "sent")
        document["planted"] = judge(planted_defects(workdir), installation.store).to_dict()
        document["login"] = _login(installation.store, settings)
    tell_failures(done, settings.language)
    return document


def _login(store: Store, settings: Settings) -> dict[str, Any]:
    """The demo's own user, who may do everything on invented data, and a link to sign in once."""
    user = store.people.users.find(DEMO_USER)
    if user is None:
        user = Accounts(store, settings).add_user(
            DEMO_USER,
            display_name="Người dùng thử",
            roles=["administrator", "integrator", "operator", "privacy_officer"],
            facilities=None,
            password=None,
            by=by(),
        )
    return sign_in_link(store, settings, user)


class _Bars:
    """Progress on a terminal: one bar a stage, counting what it finished."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks = {stage: progress.add_task(name, total=None) for stage, name in _STEPS.items()}

    def __call__(self, _code: str, result: StageResult) -> None:
        task = self._tasks[result.stage]
        self._progress.update(task, advance=result.done)
        if not result.more:
            done = self._progress.tasks[task].completed
            self._progress.update(task, total=max(done, 1), completed=max(done, 1))

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _progress() -> Any:
    if sys.stderr.isatty():
        return _Bars(
            Progress(
                TextColumn("{task.description:<18}"),
                BarColumn(),
                TextColumn("{task.completed:,.0f}"),
                TimeElapsedColumn(),
                console=notes,
            )
        )

    def line(_code: str, result: StageResult) -> None:
        if result.done:
            notes.print(f"{_STEPS[result.stage]}: {result.done}")

    return nullcontext(line)


def _summary(document: dict[str, Any], workdir: Path) -> None:
    console = Console(highlight=False)
    console.rule("Kết quả / Result")
    show_status(document, console)
    show_planted(document["planted"], console)
    console.print(f"Thời gian / time: {document['seconds']:.1f} s")
    console.print(f"Tệp đã gửi / sent documents: [bold]{workdir / 'sent'}[/bold]")
    console.print(
        f"Vào bảng điều khiển một lần / sign in once: [bold]{document['login']['url']}[/bold]", soft_wrap=True
    )
    console.print(f"Xem hồ sơ bị chặn / see blocked ones: bhyt queue list --state blocked --workdir {workdir}")


def _serve(workdir: Path) -> None:
    settings = load_settings(workdir=workdir)
    notes.print(
        f"Dịch vụ đang chạy ở {service_url(settings)} — Ctrl-C để dừng / the service is up, Ctrl-C stops it; "
        f"API key: {settings.path(settings.api.key_file)}"
    )
    Supervisor(service_roles(settings), tell=notes.print).run()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
