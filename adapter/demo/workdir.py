"""A demo workdir: configuration, secrets, certificates and a sown HIS, ready for ``bhyt run``.

Made once; a second call finds what is there and sows nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from adapter.demo import change as clerk
from adapter.demo import omop
from adapter.demo.change import HIS
from adapter.demo.defects import Planted, planted
from adapter.demo.his_b.catalogue import read_yaml
from adapter.demo.his_d.export import export_his_d
from adapter.demo.pki import write_pki
from adapter.demo.seed import SeedReport, seed_his_a, seed_his_b, seed_his_c
from adapter.errors import ConfigError
from adapter.settings import load_settings

EXPORT = "his-export"
DEMO_USER = "demo"
_API_PORT = 8131


@dataclass(frozen=True, slots=True)
class _Source:
    """A demo HIS: its mapping's name and the URL its connector opens, relative to the workdir."""

    mapping: str
    url: str
    options: dict[str, Any] = field(default_factory=dict)


_SOURCES = {
    "his-a": _Source("demo-his-a", f"sqlite:///{HIS}"),
    "his-b": _Source("demo-his-b", f"sqlite:///{HIS}"),
    "his-c": _Source("demo-his-c", f"sqlite:///{HIS}"),
    "his-d": _Source("demo-his-d", "tabular:", {"folder": EXPORT, "steady": 2}),
    "omop": _Source(omop.MAPPING, f"duckdb:///{omop.DATABASE}"),
}
_SEEDS: dict[str, Callable[..., SeedReport]] = {"his-a": seed_his_a, "his-b": seed_his_b, "his-c": seed_his_c}


@dataclass(frozen=True, slots=True)
class DemoWorkdir:
    """Where the demo lives. ``fresh`` is true when this call sowed it; ``source`` names its HIS."""

    path: Path
    source: str
    facility: str
    gateway_url: str
    fresh: bool


def prepare(
    workdir: Path,
    *,
    source: str,
    encounters: int,
    seed: int,
    now: datetime,
    gateway_url: str,
    store_url: str | None = None,
) -> DemoWorkdir:
    """Make a demo workdir, or take the one that is there as it is.

    ``gateway_url`` and ``store_url`` count for a new workdir only. Raises ConfigError for an
    unknown source, a folder that holds another installation, or another source than the first time.
    """
    if source not in _SOURCES:
        raise ConfigError(
            f"Không có nguồn demo tên {source}",
            f"There is no demo source named {source}",
            hint_vi=f"chọn một trong: {', '.join(_SOURCES)}",
            hint_en=f"choose one of: {', '.join(_SOURCES)}",
        )
    if (workdir / "config.yaml").is_file():
        return _existing(workdir, source)
    workdir.mkdir(parents=True, exist_ok=True)
    facility = read_yaml("parameters")
    _secret(workdir / "gateway.pass")
    write_pki(workdir, facility["branch"]["name"], now)
    if source == "omop":
        omop.lay_out(workdir, now=now)
    elif source == "his-d":
        target = workdir / EXPORT
        if not target.exists():
            export_his_d(target, facility=facility["facility"], encounters=encounters, seed=seed, now=now)
    else:
        _sow(workdir, source, encounters=encounters, seed=seed, now=now)
    document = _configuration(source, facility, gateway_url, store_url)
    # The configuration comes last: its presence means that everything else is complete.
    partial = workdir / "config.yaml.part"
    partial.write_text(_HEADER + yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    partial.replace(workdir / "config.yaml")
    return DemoWorkdir(workdir, source, facility["facility"], gateway_url, fresh=True)


_HEADER = (
    "# Thư mục minh hoạ do `bhyt demo` tạo; mọi người bệnh đều bịa / made by `bhyt demo`; all people are invented\n"
)


def _existing(workdir: Path, source: str) -> DemoWorkdir:
    settings = load_settings(workdir=workdir)
    if not settings.demo:
        raise ConfigError(
            f"{workdir} là thư mục làm việc thật, không phải minh hoạ",
            f"{workdir} is a real installation, not a demo",
            hint_vi="chọn thư mục khác bằng --workdir",
            hint_en="choose another folder with --workdir",
        )
    facility = settings.facilities[0]
    if facility.mapping != _SOURCES[source].mapping:
        raise ConfigError(
            f"Thư mục này đã tạo cho ánh xạ {facility.mapping}, không phải {source}",
            f"This folder was made for mapping {facility.mapping}, not for {source}",
            hint_vi="dùng --workdir khác cho nguồn khác",
            hint_en="use another --workdir for another source",
        )
    return DemoWorkdir(workdir, source, facility.code, settings.gateway.base_url, fresh=False)


def _sow(workdir: Path, source: str, *, encounters: int, seed: int, now: datetime) -> None:
    target = workdir / HIS
    partial = workdir / f"{HIS}.part"
    partial.unlink(missing_ok=True)
    _SEEDS[source](partial, encounters=encounters, seed=seed, now=now)
    partial.replace(target)


def _configuration(source: str, facility: dict[str, Any], gateway_url: str, store_url: str | None) -> dict[str, Any]:
    options = {"options": dict(_SOURCES[source].options)} if _SOURCES[source].options else {}
    return {
        "language": "vi",
        "demo": True,
        "store": {"url": store_url or "sqlite:///state.db"},
        "facilities": [
            {
                "code": facility["facility"],
                "name": facility["branch"]["name"],
                "account": f"{facility['facility']}_BV",
                "password_file": "gateway.pass",
                "certificate": {"path": "facility.p12", "password_file": "facility.pass"},
                "mapping": _SOURCES[source].mapping,
                "source": {"url": _SOURCES[source].url, **options},
            }
        ],
        "standard": {"book_tables": ["XML1", "XML8", "XML12"]},
        "gateway": {"environment": "simulator", "base_url": gateway_url},
        # A correction in the practice HIS is seen within seconds, not within a minute.
        "schedule": {"pull": 5},
        "reception": {"staff": [{"user": DEMO_USER, "name": "Người dùng thử", "citizen_number": "001199000001"}]},
        "api": {"host": "127.0.0.1", "port": _API_PORT},
    }


def _secret(path: Path) -> None:
    """A random password in a file that only the owner reads."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(18) + "\n", encoding="utf-8")


def planted_defects(workdir: Path) -> tuple[Planted, ...]:
    """What was planted in this workdir's HIS; empty for sources without planted faults."""
    his = workdir / HIS
    return planted(his) if his.is_file() else ()


def change_his(workdir: Path, ma_lk: str, table: str, column: str, value: str | None, *, now: datetime) -> int:
    """Edit the demo HIS of a workdir; the number of rows set. Raises ConfigError, see ``change``."""
    if (workdir / EXPORT).is_dir():
        raise ConfigError(
            f"Nguồn his-d là các tệp trong {EXPORT}: mở tệp ra sửa, hoặc thêm thư mục mới",
            f"Source his-d is the files in {EXPORT}: edit one, or add a folder",
        )
    if not (workdir / HIS).is_file() and (workdir / omop.DATABASE).is_file():
        raise ConfigError(
            "Nguồn omop chỉ để đọc, không sửa được",
            "Source omop is read only and cannot be edited",
            hint_vi="dùng `bhyt demo --source his-b` ở thư mục khác",
            hint_en="use `bhyt demo --source his-b` in another folder",
        )
    return clerk.change(workdir / HIS, ma_lk, table, column, value, now=now).rows
