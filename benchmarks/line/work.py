"""One installation laid down for measuring: a sown source, an empty store, a certificate, and the stages' context."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import Certificate

from adapter.demo.pki import write_pki
from adapter.engine.opening import open_store
from adapter.mapping import Plan
from adapter.pipeline.context import Context
from adapter.pipeline.workbench import InlineBench
from adapter.settings import Settings, load_settings
from adapter.signing.keys import KeyHolder, open_signer
from adapter.signing.trust import Trust
from adapter.store import Store
from benchmarks.encounters import DISTINCT, FACILITY, LINES, NOW, plan, sow
from connectors.base import PullSource, open_source

T = TypeVar("T")
MAPPING = Path(__file__).resolve().parents[1] / "claims"
SOURCE = "his.db"


def clock() -> datetime:
    """The moment the sown visits were settled by."""
    return NOW


def configure(
    folder: Path, *, encounters: int, lines: int = LINES, first: int = 1, gateway: str = "", distinct: int = DISTINCT
) -> Settings:
    """Sow the source and write the configuration of one facility beside it; ``distinct`` stays are made one by one."""
    folder.mkdir(parents=True, exist_ok=True)
    sow(folder / SOURCE, encounters=encounters, lines=lines, first=first, distinct=distinct)
    write_pki(folder, "Bệnh viện Đa khoa Minh Hoạ", NOW)
    (folder / "gateway.pass").write_text("x\n", encoding="ascii")
    document = {
        "demo": True,
        "facilities": [
            {
                "code": FACILITY,
                "account": f"{FACILITY}_BV",
                "password_file": "gateway.pass",
                "certificate": {"path": "facility.p12", "password_file": "facility.pass"},
                "mapping": str(MAPPING),
                "source": {"url": f"sqlite:///{SOURCE}", "batch_size": 200},
            }
        ],
        "gateway": {"base_url": gateway or "http://127.0.0.1:9"},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_settings(workdir=folder)


class Work:
    """An installation whose stages are called by hand, in this process: what one core does."""

    def __init__(self, settings: Settings, store: Store, *, batch_size: int = 200) -> None:
        """``batch_size``: encounters the source hands over at a time."""
        self.settings, self.store = settings, store
        (self.facility,) = settings.facilities
        source = self.facility.source
        assert source is not None
        url = f"sqlite:///{settings.workdir / SOURCE}"
        self.plan: Plan = plan()
        self.source: PullSource = open_source(
            self.plan.source, source.model_copy(update={"url": url, "batch_size": batch_size})
        )
        self.key: KeyHolder = open_signer(self.facility.certificate, settings.workdir)
        self.trust = Trust((self.key.certificate,))
        self.base = Context(
            settings, self.facility, store, clock, plan=self.plan, source=self.source, key=self.key, trust=self.trust
        )

    @classmethod
    @contextmanager
    def open(
        cls, folder: Path, *, encounters: int, lines: int = LINES, batch_size: int = 200, gateway: str = ""
    ) -> Iterator[Self]:
        """Sow stays no two of which are alike, configure, open; closed at the end, the files stay."""
        settings = configure(folder, encounters=encounters, lines=lines, gateway=gateway, distinct=encounters)
        with open_store(settings, clock) as store:
            work = cls(settings, store, batch_size=batch_size)
            try:
                yield work
            finally:
                work.source.close()
                work.key.close()

    def context(self, **parts: Any) -> Context:
        """The stages' context with some parts in place of the usual ones; everything in this process."""
        if "bench" not in parts:
            index = self.store.catalogues.index(self.facility.code)
            parts["bench"] = InlineBench(self.settings, self.facility, key=self.key, trust=self.trust, catalogues=index)
        return replace(self.base, **parts)

    def private_key(self) -> rsa.RSAPrivateKey:
        """The facility's key as a library takes it."""
        password = (self.settings.workdir / "facility.pass").read_bytes().strip()
        data = (self.settings.workdir / "facility.p12").read_bytes()
        key, _, _ = pkcs12.load_key_and_certificates(data, password)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    @property
    def certificate(self) -> Certificate:
        """The facility's."""
        return self.key.certificate


@contextmanager
def one_core() -> Iterator[None]:
    """This process, and what it starts, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds of this process, and the result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result
