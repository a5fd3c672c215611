"""Which mapping a facility works with: the version people put to work, else the file the configuration names."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from adapter.errors import ConfigError
from adapter.resources import mapping_file
from adapter.settings import Facility, Settings
from adapter.store.store import Store

MAPPING = "mapping.yaml"
_KEPT = Path("mappings") / ".versions"


def plan_path(settings: Settings, facility: Facility, store: Store) -> Path:
    """The mapping.yaml to load. A version kept in the store is laid out as files first; they are never changed."""
    number = store.mappings.active_number(facility.code)
    if number is None:
        return mapping_file(facility.mapping, settings.workdir)
    return version_path(settings, facility.code, number, store)


def version_path(settings: Settings, code: str, number: int, store: Store) -> Path:
    """The mapping.yaml of one saved version. ConfigError when there is none."""
    folder = settings.workdir / _KEPT / code / str(number)
    if not (folder / MAPPING).is_file():
        version = store.mappings.get(code, number)
        if version is None:
            raise ConfigError(f"Không có bản ánh xạ số {number}", f"There is no mapping version {number}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent))
        lay_out(version.files, partial)
        try:
            partial.rename(folder)
        except OSError:
            # Another process was quicker with the same files.
            shutil.rmtree(partial, ignore_errors=True)
            if not (folder / MAPPING).is_file():
                raise
    return folder / MAPPING


def files_of(mapping: Path) -> dict[str, str]:
    """The texts of a mapping's folder: the mapping, its code lists, its tests."""
    folder = mapping.parent
    found = {MAPPING: mapping.read_text(encoding="utf-8-sig")}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path != mapping and path.suffix in {".csv", ".yaml", ".yml"} and name.count("/") <= 2:
            found[name] = path.read_text(encoding="utf-8-sig")
    return found


def lay_out(files: Mapping[str, str], folder: Path) -> Path:
    """Write a version's files into a folder; the path of its mapping. ConfigError for a name that leads out of it."""
    for name, text in files.items():
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or PurePosixPath(name).is_absolute() or "\\" in name:
            raise ConfigError(f"Tên tệp không dùng được: {name}", f"This file name cannot be used: {name}")
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    return folder / MAPPING
