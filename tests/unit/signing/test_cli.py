"""``bhyt sign`` and ``bhyt verify`` through the command itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.xmldsig_world import catalogue, dossier, world


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "f.p12").write_bytes(world().facility.p12("abc"))
    (tmp_path / "f.pass").write_text("abc")
    (tmp_path / "ca.pem").write_bytes(world().authority.pem)
    (tmp_path / "in.xml").write_bytes(dossier())
    (tmp_path / "list.xml").write_bytes(catalogue())
    return tmp_path


KEY = ("--p12", "f.p12", "--password-file", "f.pass")


def _bhyt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "adapter.cli.main", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )


def test_sign_then_verify_both_profiles(folder: Path) -> None:
    assert _bhyt(folder, "sign", "in.xml", "1.xml", *KEY).returncode == 0
    assert _bhyt(folder, "sign", "list.xml", "2.xml", "--profile", "2", *KEY).returncode == 0
    (folder / "bad.xml").write_bytes((folder / "1.xml").read_bytes().replace(b"01999", b"01998"))
    good = _bhyt(folder, "verify", "1.xml", "2.xml", "--trust", "ca.pem", "--json")
    assert good.returncode == 0, good.stderr
    shown = json.loads(good.stdout)["files"]
    assert [(f["file"], f["valid"], f["profile"], f["problems"]) for f in shown] == [
        ("1.xml", True, 1, []),
        ("2.xml", True, 2, []),
    ]
    assert shown[0]["certificate"]["serial"] == "540100FEDCBA98765432"
    assert set(shown[0]["certificate"]) == {"subject", "serial", "not_after"}
    mixed = _bhyt(folder, "verify", "1.xml", "bad.xml", "in.xml")
    assert mixed.returncode == 1
    assert "[digest]" in mixed.stdout
    assert "[unsigned]" in mixed.stdout
    assert "--trust" in mixed.stderr


def test_the_unsigned_file_is_never_overwritten_and_a_failure_leaves_no_file(folder: Path) -> None:
    refused = _bhyt(folder, "sign", "in.xml", "./in.xml", *KEY)
    assert (refused.returncode, (folder / "in.xml").read_bytes()) == (2, dossier())
    (folder / "f.pass").write_text("sai")
    assert _bhyt(folder, "sign", "in.xml", "out.xml", *KEY).returncode == 1
    assert sorted(p.name for p in folder.iterdir()) == ["ca.pem", "f.p12", "f.pass", "in.xml", "list.xml"]


def test_wrong_use_is_2_and_a_file_that_cannot_be_signed_is_1(folder: Path) -> None:
    assert _bhyt(folder, "verify", "absent.xml").returncode == 2
    assert _bhyt(folder, "sign", "absent.xml", "out.xml", *KEY).returncode == 2
    assert _bhyt(folder, "sign", "in.xml", "out.xml", "--ref-id", "x", *KEY).returncode == 2
    assert _bhyt(folder, "sign", "in.xml", "out.xml", "--profile", "3", *KEY).returncode == 2
    assert _bhyt(folder, "verify", "in.xml", "--at", "hôm nay").returncode == 2
    assert _bhyt(folder, "sign", "in.xml", "out.xml", "--profile", "2", *KEY).returncode == 1
    assert not (folder / "out.xml").exists()
