"""HL7 v2 from a foreign client to accepted dossiers; and kill -9 of the listener at random while it is fed.

The whole kill test: ``BHYT_HL7_KILL_MESSAGES=5000 make test ARGS=tests/acceptance/test_hl7.py``; else 300 go.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.clock import VIETNAM
from adapter.demo.hl7_day import Told, hospital_day
from adapter.demo.workdir import prepare
from adapter.dossier.reader import read
from tests.support.cli import bhyt_json, gateway_of
from tests.support.hl7_tools import Intake, NodeSender, adt, free_port, intake, kept_numbers, workdir

pytestmark = pytest.mark.needs("npm")


def _interleaved(day: Iterable[Told], rng: random.Random) -> list[str]:
    """The messages of all visits mixed, each visit's own in their order."""
    queues = [list(reversed(told.messages)) for told in day]
    mixed: list[str] = []
    while queues:
        queue = rng.choice(queues)
        mixed.append(queue.pop())
        queues = [q for q in queues if q]
    return mixed


def _hospital(folder: Path, port: int) -> Path:
    """A demo installation (keys, certificates, practice gateway) whose only source is the HL7 feed."""
    base = f"http://127.0.0.1:{free_port()}"
    prepare(folder, source="his-b", encounters=1, seed=1, now=datetime.now(VIETNAM), gateway_url=base)
    config = folder / "config.yaml"
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    (facility,) = document["facilities"]
    del facility["source"]
    facility["mapping"] = "hl7v2"
    facility["feeds"] = [{"connector": "hl7v2", "options": {"listen": [{"port": port}]}}]
    config.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return folder


def _accepted(folder: Path) -> dict[str, Any]:
    """MA_LK → the newest dossier the gateway accepted."""
    rows = bhyt_json("gateway", "received", "--workdir", folder)
    assert len({row["sha256"] for row in rows if row["accepted"]}) == sum(row["accepted"] for row in rows)
    bhyt_json("export", "sent", "--workdir", folder, "--out", folder / "out")
    found = {}
    for file in (folder / "out").glob("*.xml"):
        package = read(file.read_bytes())
        for dossier in package.dossiers:
            found[dossier.ma_lk] = dossier
    return found


def test_a_hospital_day_from_the_foreign_client_becomes_accepted_dossiers_that_say_the_same(tmp_path: Path) -> None:
    port = free_port()
    day = hospital_day(encounters=40, seed=11, now=datetime.now(VIETNAM), defect_share=0.1)
    folder = _hospital(tmp_path / "work", port)
    messages = _interleaved(day, random.Random(11))
    faulty = {told.ma_lk for told in day if told.planted}
    assert faulty
    with intake(folder, port), gateway_of(folder):
        answers = NodeSender(port, messages, tmp_path).wait(240)
        assert [code for code, _ in answers] == ["AA"] * len(messages)
        document = bhyt_json("run", "--once", "--workdir", folder)
        assert document["conserved"] is True
        assert document["failures"] == []
        counts = document["dossiers"]
        assert document["encounters_read"] >= len(day)
        assert counts["accepted"] + counts["blocked"] == len(day)
        assert counts["refused"] == counts["unknown"] == counts["waiting"] == 0
        got = _accepted(folder)
        for told in day:
            if told.ma_lk not in got:
                assert told.ma_lk in faulty
                continue
            want = {name: rows for name, rows in told.dossier.tables.items() if name != "XML0"}
            have = got[told.ma_lk].tables
            assert set(have) == set(want)
            for name, rows in want.items():
                filled = [{k: v for k, v in row.items() if v} for row in rows]
                assert [{k: v for k, v in row.items() if v} for row in have[name]] == filled, (told.ma_lk, name)

        # A correction after the receipt makes a new revision; a repeat makes nothing.
        one = next(told for told in day if told.ma_lk in got)
        last = next(m for m in reversed(one.messages) if "|ADT^A03^" in m)
        number = last.split("|")[9]
        corrected = last.replace("ADT^A03^ADT_A03", "ADT^A08^ADT_A08").replace(number, "CORRECTION")
        lines = corrected.split("\r")
        pid = lines[2].split("|")
        pid[13] = "0202020202"
        corrected = "\r".join([*lines[:2], "|".join(pid), *lines[3:]])
        NodeSender(port, [corrected, messages[0]], _sub(tmp_path, "again")).wait(30)
        again = bhyt_json("run", "--once", "--workdir", folder)
        assert again["conserved"] is True
        assert again["this_run"]["sent"] == 1
        assert again["dossiers"]["accepted"] == counts["accepted"]
        assert _accepted(folder)[one.ma_lk].header["DIEN_THOAI"] == "0202020202"


def _sub(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def test_every_acknowledged_message_is_in_the_store_once_however_often_the_listener_is_killed(tmp_path: Path) -> None:
    count = int(os.environ.get("BHYT_HL7_KILL_MESSAGES", "300"))
    seed = int(os.environ.get("BHYT_HL7_KILL_SEED", "7"))
    rng = random.Random(seed)
    port = free_port()
    folder = workdir(tmp_path / "work", port)
    messages = [adt(f"K{number}", visit=f"V{number % 400}", patient=f"BN{number % 300}") for number in range(count)]
    role = Intake(folder, port)
    role.start()
    sender = NodeSender(port, messages, tmp_path)
    kills = 0
    try:
        killed_at = 0
        while sender.process.poll() is None:
            done = len(sender.answered())
            if done - killed_at < max(50, count // 10):
                time.sleep(0.01)
                continue
            # Some way into the next stretch, wherever the listener is just then.
            time.sleep(rng.uniform(0, 0.05))
            role.kill()
            kills, killed_at = kills + 1, done
            role.start()
        answers = sender.wait(120)
    finally:
        role.stop()
        if sender.process.poll() is None:
            sender.process.kill()
            sender.process.wait()
    assert kills >= 4
    assert {code for code, _ in answers} == {"AA"}
    acknowledged = {number for _, number in answers}
    assert acknowledged == {f"K{number}" for number in range(count)}
    kept = kept_numbers(folder)
    assert Counter(kept) == Counter(acknowledged), "each acknowledged message exactly once"
