"""A demo workdir is made once, holds no readable secret, and refuses to be mistaken for another."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

import pytest

from adapter.clock import VIETNAM
from adapter.demo.workdir import DemoWorkdir, planted_defects, prepare
from adapter.errors import ConfigError
from adapter.settings import load_settings

NOW = datetime(2026, 11, 22, 20, 30, tzinfo=VIETNAM)


def _prepare(workdir: Path, source: str = "his-b", seed: int = 1) -> DemoWorkdir:
    return prepare(
        workdir, source=source, encounters=45, seed=seed, now=NOW, gateway_url="http://127.0.0.1:18130", store_url=None
    )


def test_the_workdir_is_complete_and_readable_as_an_installation(tmp_path: Path) -> None:
    made = _prepare(tmp_path / "w")
    assert made.fresh
    settings = load_settings(workdir=tmp_path / "w")
    assert settings.demo
    assert settings.facilities[0].code == made.facility == "01999"
    assert settings.gateway.base_url == "http://127.0.0.1:18130"
    for name in ("his.db", "ca.pem", "facility.p12", "facility.pass", "gateway.pass"):
        assert (tmp_path / "w" / name).stat().st_size > 0
    assert stat.S_IMODE((tmp_path / "w" / "gateway.pass").stat().st_mode) == 0o600


def test_a_second_call_sows_and_writes_nothing(tmp_path: Path) -> None:
    _prepare(tmp_path / "w")
    before = {p.name: p.read_bytes() for p in (tmp_path / "w").iterdir()}
    again = _prepare(tmp_path / "w", seed=99)
    assert not again.fresh
    assert {p.name: p.read_bytes() for p in (tmp_path / "w").iterdir()} == before


def test_an_interrupted_preparation_is_finished_by_the_next_call(tmp_path: Path) -> None:
    _prepare(tmp_path / "w")
    (tmp_path / "w" / "config.yaml").unlink()
    assert _prepare(tmp_path / "w").fresh
    assert planted_defects(tmp_path / "w")


def test_an_unknown_source_a_real_installation_and_another_source_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no demo source"):
        _prepare(tmp_path / "w", source="his-z")
    _prepare(tmp_path / "w")
    with pytest.raises(ConfigError, match="was made for"):
        _prepare(tmp_path / "w", source="omop")
    config = tmp_path / "w" / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("demo: true", "demo: false"), encoding="utf-8")
    with pytest.raises(ConfigError, match="real installation"):
        _prepare(tmp_path / "w")
