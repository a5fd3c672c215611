"""Senders that are slow, silent, greedy or gone: others are served, memory stays, only what is kept is acknowledged."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import StoreBusy
from connectors.hl7v2 import mllp
from tests.support.hl7_tools import adt, framed
from tests.support.hl7_world import Hl7World, answers


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Hl7World]:
    one = Hl7World(tmp_path)
    yield one
    one.close()


def _ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(65_536) == b""
    except ConnectionError:
        return True


def test_slow_senders_hold_nobody_up_and_are_ended(world: Hl7World) -> None:
    world.start(port={"frame_seconds": 1.0})
    slow = [world.connect() for _ in range(20)]
    for one in slow:
        one.sendall(b"\x0bMSH|")
    with world.connect() as quick:
        for number in range(20):
            for one in slow:
                try:
                    one.sendall(b"x")
                except ConnectionError:
                    continue
            quick.sendall(framed(adt(number)))
            assert answers(quick, 1) == [("AA", str(number))]
    assert all(_ended(one) for one in slow), "a byte now and then is no message"
    for one in slow:
        one.close()


def test_a_sender_that_fetches_no_answers_is_not_read_from_and_ended(
    world: Hl7World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mllp, "_keep_alive", lambda made: made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096))
    world.start(port={"frame_seconds": 0.5})
    one = framed(adt(1))
    with socket.socket() as greedy, world.connect() as other:
        greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        greedy.connect(("127.0.0.1", world.port))
        greedy.settimeout(5)
        with pytest.raises(ConnectionError):  # ended, not left hanging
            greedy.sendall(one * 20_000)
        other.sendall(framed(adt("other")))
        assert answers(other, 1) == [("AA", "other")]
    assert world.store.messages.counts()["waiting"] == 2


def test_silent_connections_make_room_for_a_new_one(world: Hl7World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.start(port={"connections": 2})
    world.stop.wait(0.5)  # until the connection that saw it listen is gone
    oldest, other = world.connect(), world.connect()
    with oldest, other:
        for number, one in enumerate((oldest, other)):
            one.sendall(framed(adt(number)))
            answers(one, 1)
        with world.connect() as refused:
            assert _ended(refused), "both were busy a moment ago"
        monkeypatch.setattr(mllp, "_YIELDS_AFTER", 0.3)
        for _ in range(8):  # the other goes on speaking, the oldest is silent
            world.stop.wait(0.1)
            other.sendall(framed(adt("again")))
            answers(other, 1)
        with world.connect() as newcomer:
            newcomer.sendall(framed(adt("new")))
            assert answers(newcomer, 1) == [("AA", "new")]
            assert _ended(oldest)
            other.sendall(framed(adt("still there")))
            assert answers(other, 1) == [("AA", "still there")]


def test_unfinished_messages_share_a_bound_and_all_of_them_finish(world: Hl7World) -> None:
    world.start(in_flight_bytes=1_000_000)
    whole = [framed(adt(number, more=["NTE|1||" + "x" * 900_000])) for number in range(4)]
    senders = [world.connect() for _ in whole]
    for one, message in zip(senders, whole, strict=True):
        one.sendall(message[:200_000])
    for one, message in zip(senders, whole, strict=True):
        one.settimeout(20)
        one.sendall(message[200_000:-2])
    world.stop.wait(0.3)
    for number, one in enumerate(senders):
        one.sendall(whole[number][-2:])
    for number, one in enumerate(senders):
        assert answers(one, 1) == [("AA", str(number))]
        one.close()


def test_a_sender_that_closes_its_half_gets_its_answers(world: Hl7World) -> None:
    world.start()
    with world.connect() as connection:
        connection.sendall(b"".join(framed(adt(number)) for number in range(50)))
        connection.shutdown(socket.SHUT_WR)
        assert answers(connection, 50) == [("AA", str(number)) for number in range(50)]
        assert _ended(connection)


def test_senders_that_vanish_leave_nothing_behind(world: Hl7World) -> None:
    world.start(port={"connections": 3})
    for number in range(30):
        with world.connect() as connection:
            connection.sendall(framed(adt(number)) + b"\x0bMSH|half")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not an end
    for _ in range(100):
        with world.connect() as connection:
            connection.sendall(framed(adt("last")))
            try:
                assert answers(connection, 1) == [("AA", "last")]
                break
            except (AssertionError, ConnectionError):  # the places of those gone are not free yet
                world.stop.wait(0.05)
    else:
        raise AssertionError("the places of the vanished were never free")


def test_a_flood_of_refused_messages_is_answered_each_and_bounded(world: Hl7World) -> None:
    world.start()
    with world.connect() as connection:
        connection.sendall(framed("no message") * 500 + framed(adt(1)))
        assert answers(connection, 501) == [("AR", "")] * 500 + [("AA", "1")]
    for _ in range(200):
        if world.store.messages.counts()["refused"] == 500:
            break
        world.stop.wait(0.05)
    assert world.store.messages.counts() == {"waiting": 1, "collected": 0, "aside": 0, "refused": 500}


def test_one_message_the_store_breaks_on_spoils_no_other_of_its_group(world: Hl7World) -> None:
    class Breaks:
        def put(self, encounters: Any) -> None:
            raise AssertionError

        def keep(self, messages: Any) -> Any:
            if any(message.number == "13" for message in messages):
                raise ValueError("cannot be written")
            if any(message.number == "17" for message in messages):
                raise StoreBusy("bận", "busy")
            return world.inbox.keep(messages)

        def refuse(self, raw: bytes, *, kind: str, reason: str) -> None:
            world.inbox.refuse(raw, kind=kind, reason=reason)

    world.start(Breaks(), group=5)
    with world.connect() as connection:
        connection.sendall(b"".join(framed(adt(number)) for number in range(20)))
        told = {number: code for code, number in answers(connection, 20)}
    assert {told[str(number)] for number in range(13)} == {"AA"}
    assert told["13"] == told["17"] == "AE"
    assert world.store.messages.counts()["waiting"] == list(told.values()).count("AA")
