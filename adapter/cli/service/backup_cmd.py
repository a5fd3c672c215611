"""``bhyt backup`` and ``bhyt restore``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapter.backup import make_backup, restore_backup
from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, notes, print_json, say, settings_of
from adapter.cli.gateway.golive_cmd import actor
from adapter.engine.opening import open_store


def backup_command(
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Tệp .tar sẽ tạo / the .tar file to make")],
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Sao lưu kho lưu khi dịch vụ vẫn chạy; không bao giờ chứa khóa / back up while it runs; never holds the key."""
    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        manifest = make_backup(settings, store, target)
    if json_:
        print_json({"file": str(target), **manifest.model_dump(mode="json")})
        return
    say(f"{target}: {target.stat().st_size / 1e6:.1f} MB, {sum(manifest.dossiers.values())} hồ sơ / dossiers")
    notes.print(
        f"Giữ tệp khóa {settings.vault.key_file} ở nơi khác: thiếu nó bản sao lưu không mở được / "
        "keep the key file elsewhere: without it the backup does not open",
        style="yellow",
    )


def restore_command(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Tệp do `bhyt backup` tạo / made by `bhyt backup`")],
    workdir: Annotated[Path, typer.Option("--workdir", envvar="BHYT_WORKDIR", help="Thư mục đích / where to")],
    json_: JsonOption = False,
) -> None:
    """Khôi phục vào thư mục trống đã có vault.key; chưa gửi gì cho đến `bhyt gateway go` / sends nothing until then."""
    restored = restore_backup(source, workdir, actor=actor())
    if json_:
        print_json(
            {
                "made_at": restored.manifest.made_at,
                "conserved": restored.conserved,
                "dossiers": restored.dossiers,
                "stopped": list(restored.stopped),
            }
        )
    else:
        say(f"{sum(restored.dossiers.values())} hồ sơ / dossiers; đẳng thức / equations: {restored.conserved}")
        notes.print(
            "Những gì gửi sau lúc sao lưu không có trong này: đối chiếu với danh sách của cổng "
            "(`bhyt verdict difference`, `bhyt golive import`), rồi `bhyt gateway go` / what was sent after the backup "
            "is not in it: compare with the portal's list first, then `bhyt gateway go`",
            style="yellow",
        )
    raise typer.Exit(0 if restored.conserved else 1)
