"""The master key: neither the store nor its key file, nor both, are enough to read a body."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from adapter.errors import ConfigError, VaultError
from adapter.vault import Vault, keyfile
from tests.support.inside import inside, inside_json


def _master(path: Path) -> Path:
    keyfile.create_master(path)
    return path


def test_a_wrapped_key_file_holds_no_key_and_opens_with_its_master_only(tmp_path: Path) -> None:
    file = tmp_path / "vault.key"
    first = Vault.open(file, create=True, master_file=_master(tmp_path / "master.key"))
    sealed, blind = first.seal(b"body", "x"), first.blind("LK1", "y")
    keys = keyfile.read(file, keyfile.read_master(tmp_path / "master.key"))
    text = file.read_text(encoding="ascii")
    assert text.startswith(keyfile.WRAPPED)
    for secret in (*keys.keys, keys.index):
        assert secret.hex() not in text
    again = Vault.open(file, master_file=tmp_path / "master.key")
    assert (again.open_(sealed, "x"), again.blind("LK1", "y")) == (b"body", blind)
    with pytest.raises(VaultError):
        Vault.open(file, master_file=_master(tmp_path / "other.key"))
    with pytest.raises(ConfigError):
        Vault.open(file)


def test_the_master_key_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keyfile.ENVIRONMENT, secrets.token_hex(32))
    sealed = Vault.open(tmp_path / "vault.key", create=True).seal(b"body", "x")
    assert Vault.open(tmp_path / "vault.key").open_(sealed, "x") == b"body"
    monkeypatch.setenv(keyfile.ENVIRONMENT, "not a key")
    with pytest.raises(ConfigError):
        Vault.open(tmp_path / "vault.key")


def test_a_wrapped_key_file_that_was_altered_is_refused(tmp_path: Path) -> None:
    file, master = tmp_path / "vault.key", _master(tmp_path / "master.key")
    Vault.open(file, create=True, master_file=master)
    lines = file.read_text(encoding="ascii").splitlines()
    flipped = lines[2][:-1] + ("0" if lines[2][-1] != "0" else "1")
    for broken in ([*lines[:2], flipped, lines[3]], lines[:3], [lines[0], *lines[2:]]):
        file.write_text("\n".join(broken) + "\n", encoding="ascii")
        with pytest.raises(VaultError):
            Vault.open(file, master_file=master)


def test_rotation_wraps_anew_adds_keys_reads_everything_and_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("vault: {master_key_file: master.key}\n", encoding="utf-8")
    at = ("--workdir", tmp_path)
    for name in ("master.key", "second.key"):
        assert inside("vault", "master", tmp_path / name).returncode == 0
    assert inside("vault", "master", tmp_path / "master.key").returncode == 2, "never over an existing key"
    assert inside("user", "add", "lan", "--role", "viewer", "--no-password", *at).returncode == 0
    before = inside_json("vault", "show", *at)
    assert before["wrapped"]
    after = inside_json("vault", "rotate", "--new-key", "--master", tmp_path / "second.key", *at)
    assert after["master"] != before["master"]
    assert after["keys"] == [after["active"], before["active"]]
    assert inside("audit", "verify", *at).returncode == 1, "the old master opens nothing any more"
    (tmp_path / "config.yaml").write_text("vault: {master_key_file: second.key}\n", encoding="utf-8")
    lines = inside_json("audit", "list", *at)["lines"]
    assert [line["action"] for line in lines] == ["vault.rotate", "user.add"]
    assert inside_json("audit", "verify", *at)["valid"]


def test_after_a_new_key_old_bodies_are_sealed_anew_by_command_in_as_many_goes_as_it_takes(tmp_path: Path) -> None:
    at = ("--workdir", tmp_path)
    (tmp_path / "config.yaml").write_text("{}\n", encoding="utf-8")
    for login in ("lan", "mai", "hoa"):
        assert inside("user", "add", login, "--role", "viewer", "--no-password", *at).returncode == 0
        (tmp_path / "number").write_text("000000000001\n", encoding="utf-8")
        words = ("--name", "Nguyễn Thị Tiếp", "--number-file", tmp_path / "number")
        assert inside("user", "staff", login, *words, *at).returncode == 0
    assert inside_json("vault", "reseal", *at)["resealed"] == {}
    active = inside_json("vault", "rotate", "--new-key", *at)["active"]
    part = inside_json("vault", "reseal", "--batch", "1", "--most", "2", *at, code=1)
    assert part == {"active": active, "resealed": {"users.staff_sealed": 2}, "left": {"users.staff_sealed": 1}}
    rest = inside_json("vault", "reseal", *at)
    assert (rest["resealed"], rest["left"]) == ({"users.staff_sealed": 1}, {})
    lines = inside_json("audit", "list", *at)["lines"]
    assert [line["action"] for line in lines].count("vault.reseal") == 3
    assert inside_json("audit", "verify", *at)["valid"]
