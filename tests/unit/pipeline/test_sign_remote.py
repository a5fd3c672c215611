"""A key whose holder confirms later: the request survives restarts, and one content is signed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from adapter.errors import CertificateError, SignerUnavailable
from adapter.settings import CertificateSettings
from adapter.signing.keys import Started
from adapter.signing.verify import verify
from adapter.store import State
from tests.support.pipeline_world import Time, World
from tests.support.xmldsig_world import NOW
from tests.support.xmldsig_world import world as pki


@dataclass
class PhoneKey:
    """The provider of a test: it keeps requests until someone confirms them."""

    confirmed: bool = False
    refuses: bool = False
    away: bool = False
    requests: dict[str, bytes] = field(default_factory=dict)
    questions: int = 0

    poll = timedelta(seconds=30)
    patience = timedelta(hours=24)

    @property
    def certificate(self) -> x509.Certificate:
        return pki().facility.certificate

    def start(self, data: bytes) -> Started:
        if self.away:
            raise SignerUnavailable("mất kết nối", "away")
        name = f"T{len(self.requests) + 1}"
        self.requests[name] = data
        return Started(name, None)

    def result(self, transaction: str, data: bytes) -> bytes | None:
        self.questions += 1
        if self.refuses:
            raise CertificateError("người giữ khóa từ chối", "declined")
        assert self.requests[transaction] == data, "the bytes asked about are those that were asked for"
        return pki().key.sign(data) if self.confirmed else None


@pytest.fixture
def key() -> PhoneKey:
    return PhoneKey()


@pytest.fixture
def ready(world: World) -> World:
    """One dossier, checked; certificate and clock of the same days."""
    world.time = Time(NOW)
    world.store.clock = world.time
    world.facility["certificate"] = CertificateSettings()
    world.source.put("1")
    world.run("pull", "translate", "check")
    assert world.dossier("LK1")["state"] == "ready"
    return world


def sign(world: World, key: PhoneKey, owner: str = "worker-1") -> Any:
    from adapter.pipeline import STAGES

    return STAGES["sign"](world.context(owner, key=key))


def test_the_transaction_is_kept_and_the_value_fetched_after_a_restart(ready: World, key: PhoneKey) -> None:
    assert sign(ready, key).counts == {"waiting_for_confirmation": 1}
    assert ready.dossier("LK1")["state"] == State.SIGNING
    assert ready.summary()["dossiers"]["waiting"] == 1

    assert sign(ready, key).counts == {}, "nobody asks again before its time"
    ready.time.pass_(seconds=31)
    assert sign(ready, key).counts == {"waiting_for_confirmation": 1}

    # Another process, another day: the document is written for the day it was asked for.
    ready.time.pass_(hours=20)
    key.confirmed = True
    result = sign(ready, key, "worker-2")
    assert result.counts == {"signed": 1}
    assert not result.failures
    assert len(key.requests) == 1, "the phone rang once"
    shown = ready.dossier("LK1")
    assert shown["state"] == "signed"
    document = ready.store.outbox.signed_bytes(shown["revision_id"])
    assert document is not None
    assert verify(document, trust=pki().trust, at=ready.time()).valid
    assert NOW.strftime("%Y%m%d").encode() in document


def test_a_request_nobody_confirms_is_asked_anew_after_its_patience(ready: World, key: PhoneKey) -> None:
    sign(ready, key)
    ready.time.pass_(hours=25)
    assert sign(ready, key).counts == {"asked_anew": 1, "waiting_for_confirmation": 1}
    assert len(key.requests) == 2


def test_a_declined_request_is_told_and_does_not_ring_again_at_once(ready: World, key: PhoneKey) -> None:
    sign(ready, key)
    ready.time.pass_(minutes=1)
    key.refuses = True
    result = sign(ready, key)
    assert isinstance(result.failures[0], CertificateError)
    assert result.counts == {"confirmation_refused": 1}
    key.refuses = False
    ready.time.pass_(minutes=5)
    assert sign(ready, key).counts == {}
    ready.time.pass_(minutes=11)
    assert sign(ready, key).counts == {"waiting_for_confirmation": 1}
    assert len(key.requests) == 2


def test_a_provider_that_is_away_leaves_the_dossier_ready(ready: World, key: PhoneKey) -> None:
    key.away = True
    result = sign(ready, key)
    assert isinstance(result.failures[0], SignerUnavailable)
    assert ready.dossier("LK1")["state"] == "ready"


def test_a_correction_while_the_phone_waits_supersedes_the_request(ready: World, key: PhoneKey) -> None:
    sign(ready, key)
    ready.source.put("1", amount="200.00")
    ready.run("pull", "translate", "check")
    key.confirmed = True
    ready.time.pass_(minutes=1)
    sign(ready, key)
    shown = ready.dossier("LK1")
    assert shown["state"] in {"signing", "signed"}
    ready.time.pass_(minutes=1)
    sign(ready, key)
    assert ready.dossier("LK1")["state"] == "signed"
    assert [revision["state"] for revision in shown["revisions"]].count("superseded") == 1
