"""Watched folders: waiting for writers to finish, moving things without losing or overwriting one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from time import monotonic, sleep

from filelock import FileLock, Timeout

from adapter.errors import ConfigError

PARTIAL = (".part", ".tmp", ".crdownload", ".filepart", "~")
"""How names of files end that are still being written."""


class Steady:
    """Tells which files (or folders of files) nobody writes to any more.

    A thing is steady when sizes and change times have stood still for ``seconds``, seen by this process. Names that
    writers use for unfinished files, and hidden ones, are never taken.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[Path, tuple[object, float]] = {}

    def among(self, paths: Iterable[Path]) -> list[Path]:
        """Those of ``paths`` that are steady, in the order of their names."""
        now, found = monotonic(), []
        before, self._seen = self._seen, {}
        for path in sorted(paths):
            if path.name.startswith(".") or path.name.endswith(PARTIAL):
                continue
            try:
                looks = _looks(path)
            except FileNotFoundError:
                continue  # moved away between listing and looking
            old = before.get(path)
            since = old[1] if old is not None and old[0] == looks else now
            self._seen[path] = (looks, since)
            if looks and now - since >= self._seconds:
                found.append(path)
        return found


def _looks(path: Path) -> tuple[object, ...]:
    if path.is_dir():
        inside = sorted(p for p in path.rglob("*") if p.is_file())
        return tuple((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in inside)
    status = path.stat()
    return (status.st_size, status.st_mtime_ns)


def move(path: Path, folder: Path) -> Path:
    """Move a file or folder into ``folder`` (same file system), atomically, never over another; its new place."""
    target = place_in(path, folder)
    path.rename(target)
    flush(folder)
    return target


def place_in(path: Path, folder: Path) -> Path:
    """Where :func:`move` would put it: its own name, or the next that is free."""
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}~{number}{path.suffix}"
    return target


def write(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or nothing, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    flush(path.parent)


def flush(folder: Path) -> None:
    """Make renames in a folder durable (systems that cannot are left alone)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def watched(folder: Path, look: Callable[[], object], every: float, stopping: Callable[[], bool]) -> None:
    """Look every so many seconds until told to stop. ConfigError when another process watches the same folder."""
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigError(
            f"Một tiến trình khác đang theo dõi thư mục {folder.name}",
            f"Another process watches the folder {folder.name}",
        ) from None
    try:
        while not stopping():
            look()
            rest(every, stopping)
    finally:
        lock.release()


def rest(seconds: float, stopping: Callable[[], bool]) -> None:
    """Wait, but no longer than until told to stop."""
    until = monotonic() + seconds
    while not stopping() and monotonic() < until:
        sleep(min(0.2, seconds))
