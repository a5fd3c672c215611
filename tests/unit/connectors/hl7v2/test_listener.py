"""The listener over the real store: kept before it is answered, once, in order; foreign clients; hostile ones."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import hl7.client
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapter.errors import StoreBusy
from adapter.source import Kept, Message
from tests.support.hl7_tools import NodeSender, adt, framed
from tests.support.hl7_world import Hl7World, answers


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Hl7World]:
    one = Hl7World(tmp_path)
    yield one
    one.close()


def test_pipelined_messages_are_answered_in_order_and_kept_once(world: Hl7World) -> None:
    world.start()
    with world.connect() as connection:
        stream = b"".join(framed(adt(number % 150)) for number in range(300))
        for at in range(0, len(stream), 1_001):
            connection.sendall(stream[at : at + 1_001])
        assert answers(connection, 300) == [("AA", str(number % 150)) for number in range(300)]
    assert world.store.messages.counts()["waiting"] == 150


def test_the_sender_of_pypi_hl7_is_served(world: Hl7World) -> None:
    world.start()
    with hl7.client.MLLPClient("127.0.0.1", world.port) as client:
        told = hl7.parse(client.send_message(adt("77", event="A08")).decode().strip("\x0b\x1c\r") + "\r")
    assert (str(told.segment("MSA")[1]), str(told.segment("MSA")[2])) == ("AA", "77")


@pytest.mark.needs("npm")
def test_the_client_of_npm_is_served(world: Hl7World, tmp_path: Path) -> None:
    world.start()
    sender = NodeSender(world.port, [adt(f"N{number}", visit=f"V{number}") for number in range(60)], tmp_path)
    assert sender.wait(60) == [("AA", f"N{number}") for number in range(60)]
    assert world.store.messages.counts()["waiting"] == 60


def test_another_message_under_a_known_number_is_not_lost_silently(world: Hl7World) -> None:
    world.start()
    with world.connect() as connection:
        dated_anew = adt(1).replace("|20261120080000||ADT", "|20261120090000||ADT", 1)
        connection.sendall(framed(adt(1)) + framed(dated_anew) + framed(adt(1, visit="V2")))
        assert answers(connection, 3) == [("AA", "1"), ("AA", "1"), ("AE", "1")]
        assert world.store.messages.counts()["waiting"] == 1


def test_hostile_bytes_are_reported_one_by_one_and_the_feed_goes_on(world: Hl7World) -> None:
    world.start(port={"max_bytes": 100_000})
    with world.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n" + framed(adt(1)))
        connection.sendall(b"\x0bMSH|half" + framed(adt(2)))
        connection.sendall(framed(b"\xff\xfe\xff\xfe" * 10) + framed("no message") + framed(""))
        connection.sendall(framed(adt(3).encode("cp1258", "replace")))
        connection.sendall(framed(adt(4).rstrip("\r")))
        assert answers(connection, 7) == [
            ("AA", "1"), ("AA", "2"), ("AR", ""), ("AR", ""), ("AR", ""), ("AE", "3"), ("AA", "4"),
        ]  # fmt: skip
        connection.sendall(b"\x0b" + adt(5).encode())
        for _ in range(800):  # 50 MB in one message
            connection.sendall(b"x" * 65_536)
        connection.sendall(b"\x1c\r" + framed(adt(6)))
        assert answers(connection, 2) == [("AR", "5"), ("AA", "6")]
    with world.connect() as connection:
        connection.sendall(b"\x0bMSH|half and gone")
    with world.connect() as connection:
        connection.sendall(framed(adt(8)))
        assert answers(connection, 1) == [("AA", "8")]
    for _ in range(100):  # the last one is noted after its connection has ended
        reasons = " ".join(message.reason for message in world.store.messages.listing(("refused",)))
        if "half" in reasons:
            break
        world.stop.wait(0.05)
    for why in ("garbage", "interrupted", "too_long", "half", "not utf-8"):
        assert why in reasons
    assert "Nguyễn" not in reasons


def test_what_is_not_kept_is_not_acknowledged(world: Hl7World) -> None:
    class Busy:
        def __init__(self, inbox: Any) -> None:
            self.inbox, self.refusals = inbox, 1

        def put(self, encounters: Any) -> None:
            raise AssertionError

        def keep(self, messages: list[Message]) -> list[Kept]:
            if self.refusals:
                self.refusals -= 1
                raise StoreBusy("bận", "busy")
            kept: list[Kept] = self.inbox.keep(messages)
            return kept

        def refuse(self, raw: bytes, *, kind: str, reason: str) -> None:
            self.inbox.refuse(raw, kind=kind, reason=reason)

    world.start(Busy(world.inbox))
    with world.connect() as connection:
        connection.sendall(framed(adt(1)))
        assert answers(connection, 1) == [("AE", "1")]
        assert world.store.messages.counts()["waiting"] == 0
        connection.sendall(framed(adt(1)))
        assert answers(connection, 1) == [("AA", "1")]
    assert world.store.messages.counts()["waiting"] == 1


def test_only_listed_peers_are_let_in(world: Hl7World) -> None:
    world.start(port={"peers": ["10.1.0.0/16"]})
    with world.connect() as connection:
        try:
            connection.sendall(framed(adt(1)))
            assert connection.recv(100) == b""
        except ConnectionError:
            pass
    assert sum(world.store.messages.counts().values()) == 0


def test_a_half_message_does_not_hold_a_connection_for_ever(world: Hl7World) -> None:
    world.start(port={"frame_seconds": 0.3})
    with world.connect() as connection:
        connection.sendall(b"\x0bMSH|never finished")
        assert connection.recv(100) == b""


def test_tls_lets_in_only_senders_with_a_certificate(world: Hl7World, tmp_path: Path) -> None:
    files = {name: _certificate(tmp_path, name) for name in ("server", "client", "stranger")}
    tls = {
        "certificate_file": str(files["server"][0]),
        "key_file": str(files["server"][1]),
        "client_ca_file": str(files["client"][0]),
    }
    world.start(port={"tls": tls})

    def ask(who: str) -> list[tuple[str, str]]:
        context = ssl.create_default_context(cafile=str(files["server"][0]))
        context.load_cert_chain(*map(str, files[who]))
        with world.connect() as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
            connection.sendall(framed(adt(who)))
            return answers(connection, 1)

    assert ask("client") == [("AA", "client")]
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        ask("stranger")
    assert world.store.messages.counts()["waiting"] == 1


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


# ---- folders ---------------------------------------------------------------------------------------


def _folder_world(world: Hl7World) -> Path:
    inbox = world.folder / "in"
    inbox.mkdir()
    world.start(folders=[{"folder": str(inbox), "every": 0.05, "settle_seconds": 0.3}])
    return inbox


def _wait(path: Path) -> Path:
    for _ in range(200):
        if path.exists():
            return path
        threading.Event().wait(0.05)
    raise AssertionError(f"{path.name} did not appear")


def test_batch_files_with_a_bom_are_taken_in_and_moved(world: Hl7World) -> None:
    folder = _folder_world(world)
    batch = ["FHS|^~\\&|HIS\r", "BHS|^~\\&|HIS\r", adt(1), adt(2, visit="V2"), "BTS|2\r", "FTS|1\r"]
    (folder / "a.hl7").write_bytes(b"\xef\xbb\xbf" + "".join(batch).replace("\r", "\r\n").encode())
    _wait(folder / "done" / "a.hl7")
    assert not (folder / "a.hl7").exists()
    assert world.store.messages.counts()["waiting"] == 2


def test_a_file_still_being_written_is_waited_for(world: Hl7World) -> None:
    folder = _folder_world(world)
    with (folder / "slow.hl7").open("w", encoding="utf-8", newline="") as file:
        for number in range(4):
            file.write(adt(number))
            file.flush()
            world.stop.wait(0.15)
            assert (folder / "slow.hl7").exists()
    _wait(folder / "done" / "slow.hl7")
    assert world.store.messages.counts() == {"waiting": 4, "collected": 0, "aside": 0, "refused": 0}


def test_a_refused_message_and_a_cut_batch_are_reported_and_the_rest_is_kept(world: Hl7World) -> None:
    folder = _folder_world(world)
    (folder / "mixed.hl7").write_text(adt(1) + adt(2).replace("PID|", "XPI|") + adt(3), encoding="utf-8", newline="")
    (folder / "cut.hl7").write_text("BHS|^~\\&|HIS\r" + adt(4), encoding="utf-8", newline="")
    (folder / "noise.hl7").write_bytes(b"\x00\x01\x02" * 100)
    report = json.loads(_wait(folder / "failed" / "mixed.hl7.report.json").read_text(encoding="utf-8"))
    assert report["taken"] == 2
    assert [one["message"] for one in report["refused"]] == [2]
    cut = json.loads(_wait(folder / "failed" / "cut.hl7.report.json").read_text(encoding="utf-8"))
    assert "cut off" in cut["problems"][0]
    _wait(folder / "failed" / "noise.hl7.report.json")
    assert world.store.messages.counts()["waiting"] == 3


def test_a_file_read_twice_has_one_effect(world: Hl7World) -> None:
    folder = _folder_world(world)
    for _ in range(2):
        (folder / "same.hl7").write_text(adt(1), encoding="utf-8", newline="")
        _wait(folder / "done" / "same.hl7")
        (folder / "done" / "same.hl7").rename(folder / "kept.txt")
    assert world.store.messages.counts()["waiting"] == 1
