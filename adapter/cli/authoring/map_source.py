"""Where ``bhyt map`` finds mappings and encounters: a path or name, a configured facility, a URL or a snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from adapter.errors import ConfigError
from adapter.mapping import Plan
from adapter.resources import mapping_file
from adapter.settings import Facility, Settings, SourceSettings, absolute_sqlite_url, load_settings
from adapter.source import SourceEncounter
from connectors.base import PullSource, open_source


@dataclass(frozen=True, slots=True)
class Site:
    """The installation a command stands in, as far as there is one."""

    settings: Settings | None
    facility: Facility | None

    @property
    def code(self) -> str:
        return self.facility.code if self.facility is not None else "00000"

    @property
    def standard(self) -> str | None:
        """The layout the facility is pinned to."""
        return self.facility.standard if self.facility is not None else None


def site(workdir: Path | None, config: Path | None, facility: str | None) -> Site:
    """The configured facility; without any configuration an empty site, unless one was asked for."""
    try:
        settings = load_settings(workdir=workdir, config=config)
    except ConfigError:
        if workdir is not None or config is not None or facility is not None:
            raise
        return Site(None, None)
    found = [f for f in settings.facilities if facility in (None, f.code)]
    if facility is not None and not found:
        known = ", ".join(f.code for f in settings.facilities) or "-"
        raise ConfigError(
            f"Cấu hình không có cơ sở '{facility}'",
            f"The configuration has no facility '{facility}'",
            hint_vi=f"các cơ sở: {known}",
            hint_en=f"facilities: {known}",
        )
    return Site(settings, found[0] if found else None)


def mapping_path(name: str | None, at: Site) -> Path:
    """The mapping named on the command line, else the facility's."""
    if name is None:
        if at.facility is None:
            raise ConfigError(
                "Cần tên hoặc đường dẫn của ánh xạ",
                "A mapping's name or path is needed",
                hint_vi="ví dụ: bhyt map lint mappings/demo-his-b/mapping.yaml",
                hint_en="for example: bhyt map lint mappings/demo-his-b/mapping.yaml",
            )
        name = at.facility.mapping
    workdir = at.settings.workdir if at.settings is not None else Path.cwd()
    here = Path(name)
    for candidate in (here, here / "mapping.yaml"):
        if candidate.is_file():  # a path typed at the prompt counts from where one stands
            return candidate
    return mapping_file(name, workdir)


@contextmanager
def opened(plan: Plan, at: Site, url: str | None) -> Iterator[PullSource]:
    """The source of a mapping: the URL given, else the facility's."""
    if url is not None:
        settings = SourceSettings(url=url)
    elif at.facility is not None and at.settings is not None:
        if at.facility.source is None:
            raise ConfigError("Cơ sở này không có nguồn để đọc", "This facility has no source to read")
        settings = at.facility.source
        if settings.password_file is not None:
            settings = settings.model_copy(update={"password_file": at.settings.path(settings.password_file)})
        settings = settings.model_copy(update={"url": absolute_sqlite_url(settings.url, at.settings.workdir)})
    else:
        raise ConfigError(
            "Cần biết nguồn: --url, --snapshot, hoặc một thư mục làm việc",
            "A source is needed: --url, --snapshot, or a working directory",
            hint_vi="ví dụ: --url sqlite:///his.db",
            hint_en="for example: --url sqlite:///his.db",
        )
    source = open_source(plan.source, settings)
    try:
        yield source
    finally:
        source.close()


def one(source: PullSource, key: str) -> SourceEncounter:
    """The encounter with this key; ConfigError when the source has none."""
    found = source.fetch([key])
    if not found:
        raise ConfigError(
            "Nguồn không có đợt khám với khóa này",
            "The source has no encounter with this key",
            hint_vi="khóa là cột source.encounters.key, không phải MA_LK",
            hint_en="the key is the column source.encounters.key, not MA_LK",
        )
    return found[0]


def sample(source: PullSource, count: int, now: datetime) -> list[SourceEncounter]:
    """The first ``count`` encounters the source gives."""
    return list(islice(_all(source, now), count))


def _all(source: PullSource, now: datetime) -> Iterator[SourceEncounter]:
    cursor, seen = None, set[str]()
    while True:
        batch = source.pull(cursor, now=now)
        for encounter in batch.encounters:
            if encounter.key not in seen:
                seen.add(encounter.key)
                yield encounter
        cursor = batch.cursor
        if batch.done:
            return


def snapshot(path: Path) -> SourceEncounter:
    """An encounter saved as canonical JSON (``SourceEncounter.to_bytes``)."""
    try:
        return SourceEncounter.from_bytes(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"Không đọc được '{path}'", f"Cannot read '{path}'") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"'{path}' không phải ảnh chụp một đợt khám", f"'{path}' is not the snapshot of an encounter"
        ) from error
