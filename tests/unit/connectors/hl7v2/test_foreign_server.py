"""The hospital day the tests and the demo tell is read by a server not written here, message by message."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

import hl7.client
import pytest

from adapter.clock import VIETNAM
from adapter.demo.hl7_day import hospital_day
from tests.support.hl7_tools import NODE, free_port, install

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=VIETNAM)


@pytest.mark.needs("npm")
def test_what_the_hospital_day_tells_is_understood_by_the_server_of_npm(tmp_path: Path) -> None:
    install()
    messages = [message for told in hospital_day(encounters=6, seed=3, now=NOW) for message in told.messages]
    port, seen = free_port(), tmp_path / "seen.txt"
    with subprocess.Popen(["node", str(NODE / "serve.cjs"), str(port), str(seen)], stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().strip() == b"ready"
            answers = [_ask(port, message) for message in messages]
        finally:
            server.terminate()
    assert all("\rMSA|AA|" in answer for answer in answers)
    told = [message.split("\r", 1)[0].split("|") for message in messages]
    wanted = ["^".join(fields[8].split("^")[:2]) + " " + fields[9] for fields in told]
    assert len(wanted) > 30
    assert seen.read_text(encoding="utf-8").splitlines() == wanted


def _ask(port: int, message: str) -> str:
    # A connection each: that server hears a connection's earlier messages again with every further one.
    with hl7.client.MLLPClient("127.0.0.1", port) as client:
        answer: bytes = client.send_message(message)
    return answer.decode()
