"""Deliveries: what was exported together, and whether all of it is there. Nothing is written at the source."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapter.errors import SourceValueError
from connectors.folders import PARTIAL

_SKEW_HOURS = 0.25


@dataclass(frozen=True, slots=True)
class Delivery:
    """The files of one export, oldest delivery first in order of names (days written year first).

    ``looks``: changes when any file does; ``newest``: the latest change (seconds since 1970).
    """

    name: str
    files: tuple[Path, ...]
    looks: str
    newest: float
    partial: bool

    def complete(self, marker: str | None, *, steady: float, now: float) -> bool:
        """Whether its writer is done with it."""
        if marker is not None and not any(path.name == marker for path in self.files):
            return False
        return not self.partial and self.newest <= now - steady

    def waits_for(self, marker: str | None, *, hours: float, now: float) -> Overdue | None:
        """What it lacks although nothing of it has changed for ``hours``; None while it is complete or still young."""
        standing = (now - self.newest) / 3600
        if standing < -_SKEW_HOURS:
            vi, en = (
                "đồng hồ máy chủ tệp: tệp mang giờ tương lai",
                "the file server's clock: its files bear future times",
            )
            return Overdue(self.name, vi, en, 0)
        if standing < hours:
            return None
        if self.partial:
            return Overdue(self.name, "tệp còn đang ghi dở", "a file that is still being written", int(standing))
        if marker is not None and not any(path.name == marker for path in self.files):
            return Overdue(self.name, f"tệp '{marker}'", f"the file '{marker}'", int(standing))
        return None

    def content(self) -> str:
        """Digest of names and bytes. Raises OSError."""
        digest = hashlib.sha256()
        for path in self.files:
            with path.open("rb") as file:
                digest.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Overdue:
    """A delivery that waits for something that does not come."""

    name: str
    what_vi: str
    what_en: str
    hours: int


def overdue_error(waiting: Sequence[Overdue]) -> SourceValueError:
    """What a person is told about these; at least one."""
    first, more = waiting[0], f" (+{len(waiting) - 1})" if len(waiting) > 1 else ""
    return SourceValueError(
        f"Đợt giao {first.name}{more} đợi {first.what_vi} đã {first.hours} giờ",
        f"Delivery {first.name}{more} has waited {first.hours} hours for {first.what_en}",
        hint_vi="xem lại việc xuất tệp ở HIS; xuất lại, hoặc tự đặt tệp đánh dấu nếu đợt giao đã đủ",
        hint_en="look at the export of the HIS; export again, or put the marker there if the delivery is complete",
    )


def deliveries(folder: Path, group: str | None) -> list[Delivery]:
    """All there are, in order. Raises OSError when the folder cannot be read."""
    if group is None:
        inside = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
        return [one for one in (delivery(p.name, list(p.iterdir())) for p in inside) if one is not None]
    named: dict[str, list[Path]] = {}
    for path in folder.iterdir():
        if found := re.search(group, path.name):
            named.setdefault(found[1], []).append(path)
    return [one for one in (delivery(name, files) for name, files in sorted(named.items())) if one is not None]


def delivery(name: str, paths: Sequence[Path]) -> Delivery | None:
    """One delivery of these files; None when it is empty, or changes while it is looked at."""
    files = tuple(sorted(p for p in paths if not p.name.startswith((".", "~$")) and not p.name.endswith(PARTIAL)))
    partial = any(p.name.endswith(PARTIAL) for p in paths)
    looks, newest, kept = hashlib.sha256(), 0.0, []
    for path in files:
        try:
            status = path.stat()
        except FileNotFoundError:
            return None
        if not path.is_file():
            continue
        kept.append(path)
        looks.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
        newest = max(newest, status.st_mtime)
    return Delivery(name, tuple(kept), looks.hexdigest()[:16], newest, partial) if kept else None
