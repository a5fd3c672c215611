"""HL7 over MLLP: from the first byte sent to the answer read, every message durable in between.

The intake role runs as users run it, in a process of its own; the senders keep one message outstanding each and
live in one process beside it. ``synchronous=FULL`` as always: the floor is how often this disk can be told to keep
something, measured in the same round.
"""

from __future__ import annotations

import os
import selectors
import socket
import tempfile
import time
from pathlib import Path

from benchmarks.bar import Bar
from tests.support.hl7_tools import Intake, adt, framed, free_port, workdir

_MESSAGES = 3_000
_WARM = 300


def hl7_bars() -> list[Bar]:
    """Rate on one and four connections, the slow tail, memory; and each against the disk's own pace."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        floor = _syncs_per_second(folder)
        port = free_port()
        role = Intake(workdir(folder / "work", port), port)
        role.start()
        try:
            _run(port, 1, _WARM, "W")
            before = _cpu_seconds(role)
            one, tail_one = _run(port, 1, _MESSAGES, "A")
            between = _cpu_seconds(role)
            four, tail_four = _run(port, 4, _MESSAGES, "B")
            work_one, work_four = between - before, _cpu_seconds(role) - between
            memory = _resident_mb(role)
        finally:
            role.stop()
    return [
        Bar("hl7_one_connection", round(one, 1), 300, "messages/s"),
        Bar("hl7_four_connections", round(four, 1), 600, "messages/s"),
        Bar("hl7_p99_one_connection", round(tail_one, 2), 15, "ms", "at most"),
        Bar("hl7_p99_four_connections", round(tail_four, 2), 15, "ms", "at most"),
        Bar("hl7_intake_memory", round(memory, 1), 200, "MB resident", "at most"),
        # The role's own work, however busy the machine is; most of the 3.3 ms that 300/s leave is the disk's.
        Bar("hl7_work_per_message", round(work_one / _MESSAGES * 1000, 3), 1.3, "ms of processor", "at most"),
        Bar("hl7_work_per_message_of_four", round(work_four / _MESSAGES * 1000, 3), 0.9, "ms of processor", "at most"),
        Bar("hl7_syncs_per_second", round(floor, 1), 0, "syncs/s (the floor, no bar)"),
        Bar("hl7_one_connection_to_floor", round(one / floor, 3), 0, "messages/sync (no bar)"),
        Bar("hl7_four_connections_to_floor", round(four / floor, 3), 0, "messages/sync (no bar)"),
    ]


def _run(port: int, connections: int, messages: int, mark: str) -> tuple[float, float]:
    """(messages per second, 99th percentile in ms) with one message outstanding on each connection."""
    frames = [framed(adt(f"{mark}{number}", visit=f"V{number % 500}")) for number in range(messages)]
    waiting = iter(frames)
    took: list[float] = []
    with selectors.DefaultSelector() as ready:
        sent: dict[socket.socket, float] = {}
        begun = time.perf_counter()
        for _ in range(connections):
            one = socket.create_connection(("127.0.0.1", port))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.register(one, selectors.EVENT_READ)
            sent[one] = time.perf_counter()
            one.sendall(next(waiting))
        while sent:
            for key, _ in ready.select():
                one = key.fileobj  # type: ignore[assignment]
                answer = one.recv(65_536)
                assert answer.endswith(b"\x1c\r"), "an answer in two pieces, or none"
                assert b"\rMSA|AA|" in answer
                took.append(time.perf_counter() - sent[one])
                frame = next(waiting, None)
                if frame is None:
                    del sent[one]
                    ready.unregister(one)
                    one.close()
                else:
                    sent[one] = time.perf_counter()
                    one.sendall(frame)
        seconds = time.perf_counter() - begun
    assert len(took) == messages
    return messages / seconds, sorted(took)[int(len(took) * 0.99)] * 1000


def _syncs_per_second(folder: Path) -> float:
    """How often a second this disk keeps four kilobytes for good."""
    handle = os.open(folder / "sync", os.O_CREAT | os.O_WRONLY)
    try:
        begun, count = time.perf_counter(), 0
        while time.perf_counter() - begun < 1:
            os.write(handle, b"x" * 4096)
            os.fsync(handle)
            count += 1
        return count / (time.perf_counter() - begun)
    finally:
        os.close(handle)


def _cpu_seconds(role: Intake) -> float:
    """Processor time of the role so far."""
    assert role.process is not None
    stat = Path(f"/proc/{role.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mb(role: Intake) -> float:
    """The most the role ever held, by the kernel's count."""
    assert role.process is not None
    status = Path(f"/proc/{role.process.pid}/status").read_text(encoding="ascii")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024
