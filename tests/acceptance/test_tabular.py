"""From a folder of exported files to accepted dossiers, both equations holding; pulled in place, or moved by a feed."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

import yaml

from adapter.clock import VIETNAM
from adapter.demo.workdir import EXPORT, prepare
from adapter.engine.intake import StoreInbox
from adapter.engine.opening import open_store
from adapter.mapping import load_mapping
from adapter.resources import mapping_file
from adapter.settings import load_settings
from adapter.text.charset import encode
from connectors.base import open_feed
from connectors.tabular.feed import TabularFeed
from tests.support.cli import bhyt, bhyt_json, free_port, gateway_of

NOW = datetime.now(VIETNAM)


def workdir_of(tmp_path: Path, encounters: int) -> Path:
    workdir = tmp_path / "work"
    url = f"http://127.0.0.1:{free_port()}"
    prepare(workdir, source="his-d", encounters=encounters, seed=3, now=NOW, gateway_url=url)
    return workdir


def dossiers_after_run(workdir: Path) -> dict[str, int]:
    done = bhyt("run", "--once", "--workdir", workdir)
    assert done.returncode == 0, done.stderr
    status = bhyt_json("status", "--workdir", workdir)
    assert status["conserved"] is True
    dossiers: dict[str, int] = status["dossiers"]
    return dossiers


def accepted(workdir: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in bhyt_json("gateway", "received", "--workdir", workdir):
        if row["accepted"]:
            key = f"{row['purpose']} {row['ma_lk']} {row['sha256']}"
            found[key] = found.get(key, 0) + 1
    return found


def test_a_folder_per_day_becomes_receipts_and_a_later_correction_one_more(tmp_path: Path) -> None:
    workdir = workdir_of(tmp_path, 12)
    _age(workdir / EXPORT)
    with gateway_of(workdir):
        dossiers = dossiers_after_run(workdir)
        assert dossiers["accepted"] >= 7
        assert dossiers["refused"] == dossiers["unknown"] == dossiers["blocked"] == dossiers["waiting"] == 0
        first = accepted(workdir)
        assert set(first.values()) == {1}

        old = next(p for p in sorted((workdir / EXPORT).iterdir()) if _claims(p))
        new = workdir / EXPORT / "9999-bo-sung"
        shutil.copytree(old, new)
        changed = next(new.glob("luot_kham*.csv"))
        lines = changed.read_bytes().split(b"\r\n")
        at = next(i for i, line in enumerate(lines) if _claim(line))
        cells = lines[at].split(b";")
        cells[lines[0].split(b";").index(_heading("Điện thoại"))] = b"0900000000"
        lines[at] = b";".join(cells)
        changed.write_bytes(b"\r\n".join(lines))
        _age(workdir / EXPORT)
        dossiers_after_run(workdir)
        again = accepted(workdir)
        assert len(set(again) - set(first)) == 1
        assert set(again.values()) == {1}


def test_the_feed_takes_the_same_folders_and_puts_them_away(tmp_path: Path) -> None:
    workdir = workdir_of(tmp_path, 8)
    config = yaml.safe_load((workdir / "config.yaml").read_text(encoding="utf-8"))
    config["facilities"][0].pop("source")
    config["facilities"][0]["feeds"] = [{"connector": "tabular", "options": {"folder": "drop", "steady": 0}}]
    (workdir / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    days = {p.name for p in (workdir / EXPORT).iterdir()}
    (workdir / "drop").mkdir()
    (workdir / EXPORT).rename(workdir / "drop" / "in")
    (workdir / "drop" / "in" / "garbage").mkdir()
    (workdir / "drop" / "in" / "garbage" / "luot_kham.csv").write_bytes(bytes(range(256)) * 50)

    settings = load_settings(workdir=workdir)
    facility = settings.facilities[0]
    plan = load_mapping(mapping_file(facility.mapping, settings.workdir))
    feed = open_feed("tabular", settings.placed(facility.feeds[0].options), plan.source)
    assert isinstance(feed, TabularFeed)
    with open_store(settings) as store:
        feed.look(StoreInbox(store, facility, plan, lambda: datetime.now(VIETNAM)))
    assert {p.name for p in (workdir / "drop" / "done").iterdir() if p.is_dir()} == days
    report = json.loads((workdir / "drop" / "refused" / "garbage.report.json").read_text(encoding="utf-8"))
    assert report["problems"][0]["message_vi"]
    with gateway_of(workdir):
        dossiers = dossiers_after_run(workdir)
        assert dossiers["accepted"] >= 4
        assert dossiers["blocked"] == dossiers["refused"] == 0
        assert set(accepted(workdir).values()) == {1}


def _age(folder: Path) -> None:
    """As if the files had been written a minute ago."""
    for path in folder.rglob("*"):
        at = path.stat().st_mtime - 60
        os.utime(path, (at, at))


def _heading(text: str) -> bytes:
    return encode(text, "cp1258")[0]


def _claim(line: bytes) -> bool:
    """A line of a visit with a card that is settled and has a telephone number."""
    cells = line.split(b";")
    return len(cells) > 20 and cells[1] == cells[4] == b"x"


def _claims(folder: Path) -> bool:
    return any(_claim(line) for file in folder.glob("luot_kham*.csv") for line in file.read_bytes().split(b"\r\n"))
