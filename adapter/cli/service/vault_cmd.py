"""``bhyt vault``: the keys that bodies are sealed with, and the master key that wraps them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from adapter.cli.common import ConfigOption, JsonOption, WorkdirOption, print_json, say, settings_of
from adapter.cli.people.user_cmd import by
from adapter.engine.opening import open_store
from adapter.errors import ConfigError
from adapter.settings import Settings
from adapter.store.people.audit import Entry
from adapter.vault import keyfile
from adapter.vault.opening import master_file

app = typer.Typer(no_args_is_help=True, help="Khóa mã hóa của kho lưu / the store's keys")

File = Annotated[Path, typer.Argument(metavar="FILE")]


@app.command("show")
def show(workdir: WorkdirOption = None, config: ConfigOption = None, json_: JsonOption = False) -> None:
    """Các khóa đang dùng, chỉ mã hiệu / the keys in use, by their ids only."""
    settings = settings_of(workdir, config)
    keys = _read(settings)
    _tell(_described(keys), json_)


@app.command("master")
def master(file: File) -> None:
    """Tạo một khóa chủ mới trong tệp / make a new master key in a file."""
    keyfile.create_master(file)
    say(f"{file}: đã tạo; cất một bản ở nơi khác / made; keep a copy elsewhere")


@app.command("rotate")
def rotate(
    new_master: Annotated[
        Path | None, typer.Option("--master", help="Bọc bằng khóa chủ này / wrap by this master key")
    ] = None,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Khóa mới cho dữ liệu từ nay / a new key for bodies from now on")
    ] = False,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Bọc lại các khóa bằng khóa chủ khác, hoặc thêm khóa mới / re-wrap the keys, or add a new one.

    Dữ liệu đã lưu không phải mã hóa lại. Sau khi đổi khóa chủ, sửa vault.master_key_file và khởi động lại dịch vụ.
    """
    if new_master is None and not new_key:
        raise ConfigError("Nêu --master hoặc --new-key", "Name --master or --new-key")
    settings = settings_of(workdir, config)
    old = keyfile.read_master(master_file(settings))
    keys = _read(settings)
    if new_key:
        keys = keys.with_new_key()
    wrapping = keyfile.read_master(new_master) if new_master is not None else (old if keys.master else None)
    # The act is written down with the keys that open now: after the change this process could not.
    with open_store(settings) as store:
        detail = {
            "master": "" if wrapping is None else keyfile.key_id(wrapping).hex(),
            "was": keys.master,
            "active": keyfile.key_id(keys.keys[0]).hex(),
        }
        store.audit.record(Entry("vault.rotate", by().actor, kind="key", object="vault", detail=detail))
    path = settings.path(settings.vault.key_file)
    keyfile.write(path, keys, wrapping)
    _tell(_described(keyfile.read(path, wrapping)), json_)


@app.command("reseal")
def reseal(
    batch: Annotated[int, typer.Option("--batch", min=1, max=5000, help="Số dòng một lần ghi / rows a time")] = 200,
    most: Annotated[
        int | None, typer.Option("--most", min=1, help="Dừng sau chừng ấy dòng / stop after so many")
    ] = None,
    workdir: WorkdirOption = None,
    config: ConfigOption = None,
    json_: JsonOption = False,
) -> None:
    """Mã hóa lại dữ liệu cũ bằng khóa mới nhất, khi dịch vụ vẫn chạy; dừng giữa chừng thì chạy tiếp được / seal anew.

    Mã thoát 1 khi còn dòng chưa mã hóa lại. Nhật ký kiểm toán giữ nguyên, nên vẫn phải giữ các khóa cũ.
    """
    from adapter.store.resealing import Resealing

    settings = settings_of(workdir, config)
    with open_store(settings) as store:
        work = Resealing(store.database, store.vault)
        done = work.run(batch=batch, most=most)
        left = work.left()
        detail = {"active": store.vault.key_id, "done": str(sum(done.values())), "left": str(sum(left.values()))}
        store.audit.record(Entry("vault.reseal", by().actor, kind="key", object="vault", detail=detail))
        document = {"active": store.vault.key_id, "resealed": done, "left": left}
    if json_:
        print_json(document)
    else:
        counts = f"{sum(done.values())} đã mã hóa lại / sealed anew · {sum(left.values())} còn lại / left"
        say(f"{document['active']} · {counts}")
    raise typer.Exit(1 if left else 0)


def _read(settings: Settings) -> keyfile.Keys:
    return keyfile.read(settings.path(settings.vault.key_file), keyfile.read_master(master_file(settings)))


def _described(keys: keyfile.Keys) -> dict[str, Any]:
    return {
        "wrapped": bool(keys.master),
        "master": keys.master or None,
        "active": keyfile.key_id(keys.keys[0]).hex(),
        "keys": [keyfile.key_id(key).hex() for key in keys.keys],
    }


def _tell(document: dict[str, Any], json_: bool) -> None:
    if json_:
        print_json(document)
        return
    wrapped = f"bọc bằng / wrapped by {document['master']}" if document["wrapped"] else "không bọc / not wrapped"
    say(f"{document['active']} đang dùng / in use · {len(document['keys'])} khóa / keys · {wrapped}")
