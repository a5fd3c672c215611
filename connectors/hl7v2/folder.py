"""A watched folder: files of one message or of batches (FHS, BHS), taken in whole, then moved.

A file is read once it has stopped changing. Messages are kept before it is moved, so a crash in between only
reads it again: what is known has no second effect. A file whose every message was taken in goes to ``done``;
one with a refused message, a broken batch or unreadable bytes goes to ``failed`` beside ``<name>.report.json``.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from adapter.errors import BhytError, StoreBusy
from adapter.source import Kept, Message
from connectors.base import MessageInbox
from connectors.hl7v2.frames import CR, FS, VT
from connectors.hl7v2.keeping import keep_all
from connectors.hl7v2.options import Folder
from connectors.hl7v2.reading import Reader, told_kind
from connectors.hl7v2.spec import Spec

log = structlog.get_logger("bhyt")

_START = re.compile(rb"(?:^|(?<=[\r\n\x0b]))(?=MSH[^A-Za-z0-9\r\n])")
_ENVELOPE = re.compile(rb"^(FHS|BHS|BTS|FTS)")


@dataclass(slots=True)
class _Outcome:
    taken: int = 0
    again: int = 0
    refused: list[dict[str, object]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class FolderReader:
    """One folder; :meth:`look` is called again and again."""

    def __init__(self, folder: Folder, spec: Spec, inbox: MessageInbox, group: int) -> None:
        self._folder = folder
        self._reader = Reader(spec, charset=folder.charset, default_charset=folder.default_charset)
        self._inbox = inbox
        self._group = group
        self._seen: dict[str, tuple[int, int, float]] = {}
        self._next = 0.0
        self.name = folder.name or str(folder.folder)

    def look(self) -> None:
        """Take in every file that has come to rest. Raises OSError when the folder cannot be read."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._folder.every
        names = sorted({p.name for pattern in self._folder.patterns for p in self._folder.folder.glob(pattern)})
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}
        for name in names:
            path = self._folder.folder / name
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            if path.is_symlink() or not path.is_file():
                continue
            mark = (stat.st_size, stat.st_mtime_ns)
            before = self._seen.get(name)
            if before is None or before[:2] != mark:
                self._seen[name] = (*mark, now)
                if self._folder.settle_seconds > 0:
                    continue
            elif now - before[2] < self._folder.settle_seconds:
                continue
            self._take(path, stat.st_size)

    def _take(self, path: Path, size: int) -> None:
        if size > self._folder.max_bytes:
            outcome = _Outcome(problems=[f"longer than {self._folder.max_bytes} bytes"])
            with path.open("rb") as file:
                self._inbox.refuse(file.read(4096), kind="", reason=outcome.problems[0])
        else:
            try:
                outcome = self._read(path.read_bytes())
            except StoreBusy as error:
                log.warning("hl7v2 file waits", folder=self.name, **error.to_dict())
                return  # nothing was moved; the next look reads it again
        bad = bool(outcome.refused or outcome.problems)
        target = self._move(path, "failed" if bad else "done")
        if bad:
            report = {"taken": outcome.taken, "again": outcome.again, "refused": outcome.refused}
            _write(target.with_name(target.name + ".report.json"), report | {"problems": outcome.problems})
        log.info(
            "hl7v2 file taken in",
            folder=self.name,
            taken=outcome.taken,
            again=outcome.again,
            refused=len(outcome.refused),
            problems=outcome.problems,
        )

    def _read(self, data: bytes) -> _Outcome:
        outcome = _Outcome()
        parts, trailers = _messages(data)
        good: list[tuple[int, Message]] = []
        for number, raw in enumerate(parts, start=1):
            read = self._reader.read(raw)
            if read.message is None:
                assert read.refusal is not None  # noqa: S101 -- a reading gives one or the other
                reason = f"{read.refusal.code}: {read.refusal.text}"
                self._inbox.refuse(raw, kind=told_kind(read.head), reason=reason)
                outcome.refused.append({"message": number, "code": read.refusal.code, "text": read.refusal.text})
            else:
                good.append((number, read.message))
        answers = keep_all(self._inbox, [message for _, message in good], self._group)
        for (number, _), kept in zip(good, answers, strict=True):
            if isinstance(kept, StoreBusy):
                raise kept
            if isinstance(kept, BhytError):
                outcome.refused.append({"message": number, "code": "207", "text": kept.message_en})
                continue
            if kept is Kept.OTHER:
                text = "another message was received under this number before"
                outcome.refused.append({"message": number, "code": "205", "text": text})
            outcome.taken += kept is Kept.NEW
            outcome.again += kept is Kept.AGAIN
        if not parts:
            outcome.problems.append("no message in this file")
            self._inbox.refuse(data[:4096], kind="", reason="no message in this file")
        outcome.problems.extend(_trailer_problems(trailers, parts))
        return outcome

    def _move(self, path: Path, to: str) -> Path:
        """An atomic move within the folder's own file system; a name that is taken gets a number."""
        folder = path.parent / to
        folder.mkdir(exist_ok=True)
        target, number = folder / path.name, 1
        while target.exists():
            number += 1
            target = folder / f"{path.stem}.{number}{path.suffix}"
        os.rename(path, target)  # noqa: PTH104 -- the one call that is atomic here
        self._seen.pop(path.name, None)
        return target


def _messages(data: bytes) -> tuple[list[bytes], list[bytes]]:
    """The messages of a file, and the envelope lines that stood around them."""
    wide = _wide(data)
    if wide is not None:
        data = data.decode(wide, "replace").encode("utf-8")
    data = data.removeprefix(b"\xef\xbb\xbf").replace(VT, CR).replace(FS, CR)
    starts = [match.start() for match in _START.finditer(data)]
    envelopes = [line for line in re.split(rb"[\r\n]+", data[: starts[0]] if starts else data) if _ENVELOPE.match(line)]
    parts: list[bytes] = []
    for start, end in zip(starts, [*starts[1:], len(data)], strict=False):
        lines = re.split(rb"((?:\r\n|\r|\n))", data[start:end])
        kept: list[bytes] = []
        for line, ending in zip(lines[::2], [*lines[1::2], b""], strict=True):
            if _ENVELOPE.match(line):
                envelopes.append(line)
            else:
                kept.append(line + ending)
        parts.append(b"".join(kept).strip(b"\r\n") + b"\r")
    return parts, envelopes


def _wide(data: bytes) -> str | None:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    return {b"M\x00": "utf-16-le", b"F\x00": "utf-16-le", b"B\x00": "utf-16-le", b"\x00M": "utf-16-be"}.get(data[:2])


def _trailer_problems(envelopes: list[bytes], parts: list[bytes]) -> Iterator[str]:
    """A batch that was opened must be closed, and hold as many messages as it says: else the file was cut."""
    for opening, closing in ((b"FHS", b"FTS"), (b"BHS", b"BTS")):
        opened = sum(line.startswith(opening) for line in envelopes)
        closed = sum(line.startswith(closing) for line in envelopes)
        if opened != closed:
            yield f"{opening.decode()} without {closing.decode()}: the file is cut off"
    said = 0
    counted = False
    for line in envelopes:
        count = line.split(line[3:4])[1].strip() if line.startswith(b"BTS") and line[3:4] else b""
        if count.isdigit():
            said += int(count)
            counted = True
    if counted and said != len(parts):
        yield f"BTS-1 says {said} messages, the file holds {len(parts)}"


def _write(path: Path, document: dict[str, object]) -> None:
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
