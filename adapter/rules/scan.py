"""Many files: files, folders and zips become items; each item is read, checked and told as plain data.

Items travel to worker processes as names only; what comes back is the file's entry of the command
contract. Nothing is kept beyond the item in hand, so ten thousand files need no more memory than ten.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from adapter.dossier.model import Purpose
from adapter.dossier.reader import ReadLimits
from adapter.errors import ConfigError, DocumentError, Where
from adapter.rules.context import Context
from adapter.rules.local import LocalRule
from adapter.rules.package import CheckedDossier, CheckedFile, check_bytes, unreadable
from adapter.standard.spec import use_layers

_MAX_ENTRIES = 200_000
_FEW = 24
"""Below so many items a second process costs more than it brings."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file to check: on disk, or ``entry`` inside a zip."""

    path: str
    entry: str | None = None

    @property
    def label(self) -> str:
        """How the file is named to the user."""
        return self.path if self.entry is None else f"{self.path}!{self.entry}"


@dataclass(frozen=True, slots=True)
class Job:
    """What every item is checked with. ``layers`` are further decisions a worker must know."""

    context: Context
    pin: str | None = None
    purpose: Purpose | None = None
    mask: bool = False
    limits: ReadLimits = field(default_factory=ReadLimits)
    layers: tuple[str, ...] = ()
    local: tuple[LocalRule, ...] = ()


def items(paths: Sequence[Path]) -> list[Item]:
    """The XML files behind the given files, folders (searched through) and zips, in a stable order.

    Raises ConfigError when a path does not exist.
    """
    found: list[Item] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in {".xml", ".zip"} and p.is_file())
            for file in inside:
                found.extend(_of_file(file))
        elif path.is_file():
            found.extend(_of_file(path))
        else:
            raise ConfigError(
                f"Không có tệp hay thư mục '{path}'",
                f"No such file or folder '{path}'",
                hint_vi="kiểm tra đường dẫn",
                hint_en="check the path",
            )
    return found


def _of_file(path: Path) -> Iterator[Item]:
    if path.suffix.lower() != ".zip":
        yield Item(str(path))
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names = [i.filename for i in archive.infolist() if not i.is_dir() and i.filename.lower().endswith(".xml")]
    except (zipfile.BadZipFile, OSError):
        yield Item(str(path))  # told as an unreadable file
        return
    yield from (Item(str(path), name) for name in names[:_MAX_ENTRIES])


def check_item(item: Item, job: Job) -> dict[str, Any]:
    """The entry of one file in the command contract's shape. Content never makes it raise."""
    try:
        checked = check_bytes(
            _load(item, job.limits),
            context=job.context,
            pin=job.pin,
            purpose=job.purpose,
            limits=job.limits,
            local=job.local,
        )
    except DocumentError as error:
        checked = unreadable(error, job.context)
    return told(item.label, checked, mask=job.mask)


def _load(item: Item, limits: ReadLimits) -> bytes:
    """The bytes, no more than one beyond the limit. Raises DocumentError when they cannot be had."""
    try:
        if item.entry is None:
            with Path(item.path).open("rb") as stream:
                return stream.read(limits.max_bytes + 1)
        with zipfile.ZipFile(item.path) as archive, archive.open(item.entry) as member:
            return member.read(limits.max_bytes + 1)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, KeyError, EOFError) as error:
        # RuntimeError: an entry with a password; NotImplementedError: an unknown compression.
        raise DocumentError(
            "Không đọc được tệp: hỏng, có mật khẩu hoặc không có quyền",
            "The file cannot be read: damaged, with a password, or without permission",
            where=Where(file=item.label),
        ) from error


def told(label: str, checked: CheckedFile, *, mask: bool = False) -> dict[str, Any]:
    """A checked file as plain data."""
    entry: dict[str, Any] = {"file": label}
    if checked.problem is not None:
        problem = checked.problem.to_dict()
        entry["problem"] = {k: problem[k] for k in ("code", "message_vi", "message_en")}
    entry["dossiers"] = [_dossier(c, mask=mask) for c in checked.dossiers]
    return entry


def _dossier(checked: CheckedDossier, *, mask: bool) -> dict[str, Any]:
    dossier, report = checked.dossier, checked.report
    return {
        "ma_lk": dossier.ma_lk if dossier else "",
        "standard": checked.standard.layout if checked.standard else None,
        "purpose": dossier.purpose.value if dossier else None,
        "findings": [f.to_dict(mask=mask) for f in report.findings],
        "not_checked": [{"rule": n.rule, "needs": n.needs} for n in report.not_checked],
    }


def scan(found: Sequence[Item], job: Job, *, workers: int) -> Iterator[dict[str, Any]]:
    """Check all items in order, over several processes when there are many."""
    if workers <= 1 or len(found) < _FEW:
        for item in found:
            yield check_item(item, job)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start, initargs=(job,)) as pool:
        # Batches are handed out only a few ahead, so results do not pile up behind a slow reader.
        waiting = []
        for batch in _batches(found, 32):
            waiting.append(pool.submit(_check_batch, batch))
            if len(waiting) > workers * 2:
                yield from waiting.pop(0).result()
        for future in waiting:
            yield from future.result()


_job: Job | None = None


def _start(job: Job) -> None:
    global _job  # noqa: PLW0603 -- a worker process has one job for its life
    _job = job
    if job.layers:
        use_layers([Path(folder) for folder in job.layers])


def _check_batch(batch: Sequence[Item]) -> list[dict[str, Any]]:
    assert _job is not None, "a worker starts with its job"  # noqa: S101 -- an invariant of the pool
    return [check_item(item, _job) for item in batch]


def _batches(found: Iterable[Item], size: int) -> Iterator[list[Item]]:
    source = iter(found)
    while batch := list(islice(source, size)):
        yield batch
