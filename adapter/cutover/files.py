"""Dossiers of a file, a folder or a zip, one per MA_LK, packed small: an installation has ten thousands."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from adapter.dossier.model import Dossier, Purpose
from adapter.dossier.reader import ReadLimits, read
from adapter.errors import BhytError, ConfigError

_LIMITS = ReadLimits()


@dataclass(slots=True)
class Side:
    """One side of a comparison. ``problems``: (file, Vietnamese, English) of what could not be used."""

    files: int = 0
    checkins: int = 0
    problems: list[tuple[str, str, str]] = field(default_factory=list)
    _packed: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """Every MA_LK."""
        return set(self._packed)

    def dossier(self, ma_lk: str) -> Dossier:
        """The dossier of an MA_LK; KeyError when there is none."""
        return Dossier.from_bytes(zlib.decompress(self._packed[ma_lk][1]))

    def file_of(self, ma_lk: str) -> str:
        """Where it was found."""
        return self._packed[ma_lk][0]

    def add(self, name: str, data: bytes) -> None:
        """Read one file. The same MA_LK twice with other content is a problem; the first one stays."""
        self.files += 1
        try:
            package = read(data, limits=_LIMITS)
        except BhytError as error:
            self.problems.append((name, error.text("vi"), error.text("en")))
            return
        for dossier in package.dossiers:
            if dossier.purpose is Purpose.CHECKIN or not dossier.rows("XML1"):
                self.checkins += 1
                continue
            if dossier.ma_lk not in self._packed:
                self._packed[dossier.ma_lk] = (name, zlib.compress(dossier.to_bytes(), 1))
            elif self.dossier(dossier.ma_lk).tables != dossier.tables:
                before = self._packed[dossier.ma_lk][0]
                self.problems.append(
                    (
                        name,
                        f"MA_LK {dossier.ma_lk} đã có trong {before} với nội dung khác; chỉ so bản kia",
                        f"MA_LK {dossier.ma_lk} stands in {before} with other content; that one is compared",
                    )
                )

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "files": self.files,
            "dossiers": len(self._packed),
            "checkins_left_out": self.checkins,
            "problems": [{"file": file, "message_vi": vi, "message_en": en} for file, vi, en in self.problems],
        }


def load(path: Path) -> Side:
    """Read everything at a path. ConfigError when it is absent or holds no XML file."""
    if not path.exists():
        raise ConfigError("Không có tệp hoặc thư mục này", "There is no such file or folder", tried=[str(path)])
    side = Side()
    for name, data in _files(path, side):
        side.add(name, data)
    if not side.files and not side.problems:
        raise ConfigError("Không có tệp XML nào", "There is no XML file", tried=[str(path)])
    return side


def _files(path: Path, side: Side) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        # A folder of `bhyt export sent` keeps what a newer revision replaced, and check-ins, apart.
        own = (path / "index.json").is_file()
        for file in sorted(p for p in path.rglob("*") if p.suffix.lower() in (".xml", ".zip")):
            inner = file.relative_to(path)
            if not (own and inner.parts[0] in ("old", "checkin")):
                yield from _one(file, inner.as_posix(), side)
    else:
        yield from _one(path, path.name, side)


def _one(file: Path, name: str, side: Side) -> Iterator[tuple[str, bytes]]:
    if file.suffix.lower() != ".zip":
        with file.open("rb") as stream:
            yield name, stream.read(_LIMITS.max_bytes + 1)
        return
    try:
        with ZipFile(file) as archive:
            for info in archive.infolist():
                if info.is_dir() or not info.filename.lower().endswith(".xml"):
                    continue
                with archive.open(info) as stream:
                    # What the archive claims about a member's size is not believed.
                    yield f"{name}/{info.filename}", stream.read(_LIMITS.max_bytes + 1)
    except (BadZipFile, RuntimeError, NotImplementedError, zlib.error) as error:
        what = type(error).__name__
        side.problems.append((name, f"không mở được tệp zip ({what})", f"the zip cannot be opened ({what})"))
