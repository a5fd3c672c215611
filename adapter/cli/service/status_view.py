"""The status object in words: what arrived, what waits for whom, whether everything is accounted for."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

_COLUMNS = {
    "accepted": ("đã nhận", "accepted"),
    "refused": ("bị từ chối", "refused"),
    "unknown": ("chưa rõ", "unknown"),
    "blocked": ("bị chặn", "blocked"),
    "waiting": ("đang chờ", "waiting"),
    "held": ("tạm giữ", "held"),
    "skipped": ("không gửi", "skipped"),
}
_STYLES = {"accepted": "green", "refused": "red", "unknown": "yellow", "blocked": "yellow", "held": "yellow"}


def show_status(status: dict[str, Any], console: Console) -> None:
    """Print one status object of the command contract for a person."""
    table = Table(show_edge=False, pad_edge=False, box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("hồ sơ / dossiers", justify="right")
    table.add_column("check-in", justify="right")
    for column, (vi, en) in _COLUMNS.items():
        counts = [status[group][column] for group in ("dossiers", "checkins")]
        style = _STYLES.get(column, "") if any(counts) else "dim"
        table.add_row(f"{vi} / {en}", *(f"{count:,}" for count in counts), style=style)
    console.print(table)
    console.print(f"Đợt điều trị đã đọc / encounters read: [bold]{status['encounters_read']:,}[/bold]")
    if status["conserved"]:
        console.print("[green]✓[/green] Mọi thứ đã đọc đều có chỗ / everything read is accounted for")
    else:
        console.print("[red bold]✗ Đẳng thức không khớp / an equation is broken[/red bold]")
        console.print_json(data=status["equation"])
    _show_cutover(status, console)
    this_run = status.get("this_run")
    if this_run:
        console.print(
            f"Lượt này / this run: đọc / read {this_run['read']:,} · gửi / sent {this_run['sent']:,} · "
            f"đăng nhập / logins {this_run['logins']}"
        )


def _show_cutover(status: dict[str, Any], console: Console) -> None:
    for row in status.get("facilities", ()):
        if row["mode"] == "shadow":
            console.print(
                f"[yellow]{row['code']}: chạy bóng, không gửi / shadow, nothing is sent[/yellow] · "
                f"đã ký, đang chờ / signed, waiting: {row['signed_waiting']:,}"
            )
        elif row["mode"] == "paused":
            console.print(f"[yellow]{row['code']}: tạm dừng / paused[/yellow]")
    tasks = status.get("tasks", {"open": 0, "overdue": 0})
    if tasks["open"]:
        console.print(
            f"[yellow]Cổng báo lỗi, cần sửa / faults to correct: {tasks['open']:,}[/yellow] · "
            f"quá hạn / overdue: {tasks['overdue']:,} · bhyt verdict tasks"
        )


def show_planted(planted: dict[str, Any], console: Console) -> None:
    """The demo's planted defects: each must have met the rule it was planted for."""
    total, met, missed = planted["total"], planted["met"], planted["missed"]
    if not total:
        return
    mark = "[green]✓[/green]" if not missed else "[red bold]✗[/red bold]"
    console.print(f"{mark} Lỗi cài sẵn bị bắt / planted defects caught: {met}/{total}")
    for row in missed:
        console.print(f"  [red]{row}[/red]")
