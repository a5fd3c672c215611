"""Remote signing against an invented provider over real HTTP, in the three shapes the product ships."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding

from adapter.errors import CertificateError, ConfigError, SignatureInvalid, SignerUnavailable
from adapter.settings import CertificateSettings
from adapter.signing import profile1
from adapter.signing.devices.remote import RemoteKey, open_remote, providers
from adapter.signing.keys import AsynchronousKey
from adapter.signing.verify import verify
from tests.support.xmldsig_world import NOW, dossier, world

_CERTIFICATE = base64.b64encode(world().facility.certificate.public_bytes(Encoding.DER)).decode()


def _signed(digest: bytes) -> str:
    key = world().facility.key
    assert isinstance(key, rsa.RSAPrivateKey)
    value = key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    return base64.encodebytes(value).decode()  # with line breaks, as one provider writes it


class Fake:
    """The provider: answers by path, counts, and waits for a confirmation when told to."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.waiting: dict[str, str] = {}
        self.confirmed = True
        self.answer: tuple[int, bytes] | None = None
        self.tokens = 0
        self.expire = False

    def reply(  # noqa: PLR0911, PLR0912 -- one answer per path
        self, path: str, body: dict[str, Any], authorization: str | None
    ) -> tuple[int, Any]:
        self.calls.append(path)
        self.bodies.append(body)
        if self.answer is not None:
            return self.answer
        if path.endswith("/login"):
            self.tokens += 1
            self.expire = False
            return 200, {"access_token": f"t{self.tokens}"}
        if path.startswith("/vtss") and (self.expire or authorization != f"Bearer t{self.tokens}"):
            return 401, {"error": "token"}
        match path:
            case "/credentials/info":
                return 200, {"cert": {"certificates": [_CERTIFICATE]}}
            case "/vtss/service/certificates/info":
                return 200, [{"cert": {"certificates": [_CERTIFICATE]}}]
            case "/v1/credentials/get_certificate":
                return 200, {"data": {"user_certificates": [{"cert_data": _CERTIFICATE}]}}
            case "/credentials/authorize":
                return (200, {"SAD": "sad"}) if body["PIN"] == "7788" else (400, {"error": "invalid_pin"})
            case "/signatures/signHash" if self.confirmed:
                assert body["SAD"] == "sad"
                return 200, {"signatures": [_signed(base64.b64decode(body["hash"][0]))]}
            case "/signatures/signHash" | "/vtss/service/signHash":
                return 200, self._begin(base64.b64decode(body["hash"][0]), "responseID", "transactionId")
            case "/v1/signatures/sign":
                digest = bytes.fromhex(body["sign_files"][0]["data_to_be_signed"])
                return 200, {"data": self._begin(digest, "tran_code")}
            case "/signatures/signPolling":
                return 200, {"signatures": self._outcome(body["responseID"])}
            case "/vtss/service/requests/status":
                done = self._outcome(body["transactionId"])
                return 200, {"status": "1" if done else "0", "signatures": done}
            case _ if path.startswith("/v1/signatures/sign/") and path.endswith("/status"):
                done = self._outcome(path.split("/")[4])
                return 200, {"data": {"signatures": [{"signature_value": one} for one in done]}}
        return 404, {}

    def _begin(self, digest: bytes, *names: str) -> dict[str, str]:
        transaction = f"gd-{len(self.waiting)}"
        self.waiting[transaction] = _signed(digest)
        return dict.fromkeys(names, transaction)

    def _outcome(self, transaction: str) -> list[str]:
        return [self.waiting[transaction]] if self.confirmed else []


@pytest.fixture
def fake() -> Iterator[tuple[Fake, str]]:
    provider = Fake()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = provider.reply(self.path, body, self.headers.get("Authorization"))
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield provider, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


VALUES = {
    "csc": {"credential": "c1"},
    "vnpt-smartca": {"sp_id": "sp", "user_id": "u"},
    "viettel-mysign": {"client_id": "c", "user_id": "u", "profile_id": "p", "credential": "c1"},
}


def _open(folder: Path, url: str, provider: str = "csc", *, pin: str = "7788", **options: Any) -> RemoteKey:
    (folder / "secret").write_text("bí mật")
    (folder / "pin").write_text(pin)
    wanted = {"provider": provider, "base_url": url, "values": VALUES[provider], "poll": 0.01, "wait": 0.05}
    wanted |= {"secret_files": {"pin": Path("pin")}} | options
    return open_remote(CertificateSettings(kind="remote", password_file=Path("secret"), options=wanted), folder)


@pytest.mark.parametrize("provider", VALUES)
def test_every_shipped_provider_signs_what_our_verifier_accepts(
    provider: str, fake: tuple[Fake, str], tmp_path: Path
) -> None:
    key = _open(tmp_path, fake[1], provider)
    assert key.certificate == world().facility.certificate
    assert verify(profile1.sign(dossier(), key), trust=world().trust, at=NOW).valid
    key.close()
    assert set(VALUES) == set(providers())


@pytest.mark.parametrize("provider", VALUES)
def test_a_signature_confirmed_later_is_fetched_by_its_transaction_after_a_restart(
    provider: str, fake: tuple[Fake, str], tmp_path: Path
) -> None:
    fake[0].confirmed = False
    first = _open(tmp_path, fake[1], provider)
    assert isinstance(first, AsynchronousKey)
    place, unsigned = profile1.prepare_signature(dossier(), first.certificate)
    started = first.start(unsigned.to_sign)
    assert (started.transaction, started.value) == ("gd-0", None)
    assert first.result("gd-0", unsigned.to_sign) is None
    first.close()
    fake[0].confirmed = True
    second = _open(tmp_path, fake[1], provider)
    value = second.result("gd-0", unsigned.to_sign)
    second.close()
    assert value is not None
    assert verify(place.fill(unsigned.with_value(value))).valid
    assert len(fake[0].waiting) == 1, "no second request was made"


def test_waiting_for_a_confirmation_ends(fake: tuple[Fake, str], tmp_path: Path) -> None:
    fake[0].confirmed = False
    key = _open(tmp_path, fake[1])
    with pytest.raises(SignerUnavailable, match="confirmed"):
        key.sign(b"x")
    key.close()


def test_an_expired_token_is_renewed_once(fake: tuple[Fake, str], tmp_path: Path) -> None:
    key = _open(tmp_path, fake[1], "viettel-mysign")
    fake[0].expire = True
    assert key.sign(b"x")
    assert fake[0].tokens == 2
    key.close()


def test_only_the_hash_travels(fake: tuple[Fake, str], tmp_path: Path) -> None:
    key = _open(tmp_path, fake[1])
    profile1.sign(dossier(), key)
    key.close()
    assert "01999" not in json.dumps(fake[0].bodies)
    assert "SignedInfo" not in json.dumps(fake[0].bodies)


def test_a_value_over_another_hash_is_found_before_it_is_used(fake: tuple[Fake, str], tmp_path: Path) -> None:
    fake[0].confirmed = False
    key = _open(tmp_path, fake[1])
    started = key.start(b"x")
    fake[0].confirmed = True
    assert started.transaction is not None
    with pytest.raises(SignatureInvalid, match="does not fit"):
        key.result(started.transaction, b"y")
    key.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, b"{}"), SignerUnavailable),
        ((429, b"{}"), SignerUnavailable),
        ((200, b"<html>"), SignerUnavailable),
        ((401, b"{}"), CertificateError),
        ((400, b'{"error": "x"}'), CertificateError),
        ((200, b"{}"), CertificateError),
        ((200, b'{"cert": {"certificates": ["AAAA"]}}'), CertificateError),
        ((200, b'{"cert": {"certificates": []}}'), CertificateError),
    ],
)
def test_an_answer_that_helps_nothing_is_told_apart_by_whether_trying_again_makes_sense(
    answer: tuple[int, bytes], error: type[Exception], fake: tuple[Fake, str], tmp_path: Path
) -> None:
    fake[0].answer = answer
    with pytest.raises(error) as caught:
        _open(tmp_path, fake[1])
    assert "bí mật" not in str(caught.value)


def test_a_wrong_pin_at_the_provider_is_terminal_and_asked_once(fake: tuple[Fake, str], tmp_path: Path) -> None:
    key = _open(tmp_path, fake[1], pin="0000")
    with pytest.raises(CertificateError):
        key.sign(b"x")
    assert fake[0].calls.count("/credentials/authorize") == 1
    key.close()


def test_a_service_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    with pytest.raises(SignerUnavailable):
        _open(tmp_path, "http://127.0.0.1:9")


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://ky.example"},
        {"base_url": ""},
        {"provider": "khac"},
        {"values": {}},
        {"la": 1},
        {"wait": -1},
    ],
    ids=["no-tls", "no-address", "unknown-provider", "no-credential", "unknown-key", "negative"],
)
def test_options_that_cannot_work_say_so(options: dict[str, Any], fake: tuple[Fake, str], tmp_path: Path) -> None:
    wanted = {"base_url": fake[1], "values": {"credential": "c"}, **options}
    with pytest.raises(ConfigError):
        open_remote(CertificateSettings(kind="remote", options=wanted), tmp_path)
