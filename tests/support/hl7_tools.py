"""Foreign HL7 parts for tests: npm's client and server, a listener process to be killed, and a small sender."""

from __future__ import annotations

import fcntl
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from sqlalchemy import select

from adapter.engine.opening import open_store
from adapter.settings import load_settings
from adapter.store.messages.messages import BODY, REFUSED
from adapter.store.messages.schema import messages

NODE = Path(__file__).with_name("hl7_node")
FACILITY = "01999"


@functools.cache
def install() -> None:
    """Install the pinned npm packages once."""
    with (NODE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (NODE / "node_modules" / "node-hl7-server" / "package.json").is_file():
            return
        npm = shutil.which("npm")
        assert npm is not None, "npm is missing"
        done = subprocess.run(
            [npm, "ci", "--silent"], cwd=NODE, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"npm ci failed: {done.stderr[-2000:]}"


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class NodeSender:
    """npm node-hl7-client in a process of its own, sending every message until it is answered."""

    def __init__(self, port: int, messages: Sequence[str], folder: Path) -> None:
        install()
        self._answers, self._read = folder / "answers.txt", 0
        self._answers.touch()
        self._answered: list[tuple[str, str]] = []
        file = folder / "messages.json"
        file.write_text(json.dumps(list(messages)), encoding="utf-8")
        self.process = subprocess.Popen(
            ["node", str(NODE / "send.cjs"), str(port), str(file), str(self._answers)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def answered(self) -> list[tuple[str, str]]:
        """(code, MSH-10) of each answer so far."""
        with self._answers.open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
        self._read += len(whole) + 1 if whole else 0
        lines = whole.decode("utf-8").split("\n") if whole else []
        self._answered += [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if " " in line]
        return self._answered

    def wait(self, seconds: float) -> list[tuple[str, str]]:
        """All answers; the process must end by itself."""
        try:
            assert self.process.wait(seconds) == 0
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        return self.answered()


def workdir(
    folder: Path, port: int, *, gateway_url: str = "http://127.0.0.1:9", options: dict[str, object] | None = None
) -> Path:
    """An installation whose only source is the HL7 feed at ``port``."""
    document = {
        "demo": True,
        "facilities": [
            {
                "code": FACILITY,
                "account": f"{FACILITY}_BV",
                "password_file": "gateway.pass",
                "certificate": {"path": "facility.p12", "password_file": "facility.pass"},
                "mapping": "hl7v2",
                "feeds": [{"connector": "hl7v2", "options": {"listen": [{"port": port}], **(options or {})}}],
            }
        ],
        "gateway": {"environment": "simulator", "base_url": gateway_url},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


class Intake:
    """``bhyt run --role intake`` in a process of its own, to be killed and started again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        log = (self.folder / "intake.log").open("ab")
        command = [sys.executable, "-m", "adapter.cli.main", "run", "--role", "intake", "--workdir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))
        log.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.folder / "intake.log").read_text(encoding="utf-8")[-2000:]
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the listener did not start")

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, as a service manager would."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def intake(folder: Path, port: int) -> Iterator[Intake]:
    """A running intake role."""
    role = Intake(folder, port)
    role.start()
    try:
        yield role
    finally:
        role.stop()


def adt(
    number: object, *, event: str = "A01", visit: str = "V1", patient: str = "BN1", more: Sequence[str] = ()
) -> str:
    """A six-segment ADT, invented."""
    lines = [
        f"MSH|^~\\&|HIS|{FACILITY}|BHYT|{FACILITY}|20261120080000||ADT^{event}^ADT_{event}|{number}|P|2.5"
        "||||||UNICODE UTF-8",
        f"EVN|{event}|20261120080000",
        f"PID|1||{patient}^^^HIS^MR~000172000101^^^VN^NI||Nguyễn^An^Văn||19800101|M|||Số 1^^^01^^^^^00118||0100000000",
        segment("PV1", {1: "1", 2: "O", 3: "K01", 7: "BS01^Trần^Bình", 19: visit, 44: "20261120080000"}),
        "DG1|1||I10^^I10|Tăng huyết áp|20261120|A",
        segment("IN1", {1: "1", 2: "BHYT", 3: "BHXH", 12: "20260101", 13: "20271231", 36: "GD4010000000001"}),
        *more,
    ]
    return "\r".join(lines) + "\r"


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment by field numbers."""
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def framed(message: str | bytes) -> bytes:
    """VT, message, FS, CR."""
    return b"\x0b" + (message.encode("utf-8") if isinstance(message, str) else message) + b"\x1c\x0d"


def kept_numbers(folder: Path) -> list[str]:
    """MSH-10 of every message the store of an installation holds, one for each row."""
    with open_store(load_settings(workdir=folder)) as store, store.database.read() as connection:
        bodies = [
            store.vault.open_(sealed, BODY)
            for sealed in connection.execute(select(messages.c.body).where(messages.c.state != REFUSED)).scalars()
        ]
    return [body.decode("utf-8").split("|")[9] for body in bodies]
