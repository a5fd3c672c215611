"""Some dossiers at a time, step by step: each result stands in its place, and what was signed is not lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from adapter.demo.pki import make_authority
from adapter.errors import CertificateError, DocumentError
from adapter.pipeline.workbench import InlineBench, Signed, SignJob
from adapter.settings import CertificateSettings, Facility, Settings, SourceSettings
from adapter.signing.pkcs12 import Pkcs12Key
from adapter.signing.trust import Trust
from benchmarks.encounters import NOW
from tests.support.pipeline_world import FACILITY
from tests.support.rule_cases import build


class _Tired:
    """A token that is drawn out after three signatures."""

    def __init__(self, key: Pkcs12Key) -> None:
        self._key, self._left = key, 3
        self.certificate = key.certificate

    def sign(self, data: bytes) -> bytes:
        if self._left == 0:
            raise CertificateError("token đã rút", "the token was drawn out")
        self._left -= 1
        return self._key.sign(data)


def _bench(key: _Tired, folder: Path) -> InlineBench:
    facility = Facility(
        code=FACILITY,
        account="x",
        password_file=folder / "x",
        mapping="demo-his-b",
        certificate=CertificateSettings(path=folder / "x.p12", password_file=folder / "x"),
        source=SourceSettings(url="sqlite:///x"),
    )
    return InlineBench(Settings(facilities=(facility,)), facility, key=key, trust=Trust((key.certificate,)))


@pytest.fixture
def key() -> _Tired:
    issued = make_authority(NOW).issue("Bệnh viện Minh Hoạ", NOW)
    assert isinstance(issued.key, RSAPrivateKey)
    return _Tired(Pkcs12Key(issued.certificate, issued.key))


def _jobs(count: int) -> list[SignJob]:
    dossier = build({"@base": "outpatient"})
    return [SignJob(dossier.to_bytes(), NOW) for _ in range(count)]


def test_what_was_signed_before_the_key_failed_is_given_then_the_failure_is_told(key: _Tired, tmp_path: Path) -> None:
    came = iter(_bench(key, tmp_path).sign_many(_jobs(6)))
    assert all(isinstance(next(came), Signed) for _ in range(3))
    with pytest.raises(CertificateError):
        next(came)


def test_a_dossier_that_cannot_be_written_stands_in_its_place_and_costs_no_signature(
    key: _Tired, tmp_path: Path
) -> None:
    good = _jobs(3)
    dossier = build({"@base": "outpatient"})
    (header,) = dossier.rows("XML1")
    broken = replace(dossier, tables={**dossier.tables, "XML1": [{**header, "HO_TEN": "\x01"}]})
    jobs = [good[0], SignJob(broken.to_bytes(), NOW), *good[1:]]
    came = list(_bench(key, tmp_path).sign_many(jobs))
    assert [type(one) for one in came] == [Signed, DocumentError, Signed, Signed]
