"""A mapping at work: its files, what lint says at which line, what another version would change."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapter.console.core.context import Console
from adapter.console.reads.plans import plan_at
from adapter.engine.plans import MAPPING, files_of, lay_out, plan_path, version_path
from adapter.errors import BhytError
from adapter.later import later
from adapter.settings import Facility
from adapter.source import SourceEncounter

if TYPE_CHECKING:
    from adapter import mapping
    from adapter.mapping.tools import compare, lint, preview, testing
else:
    mapping = later("adapter.mapping")
    compare, lint, preview, testing = (
        later(f"adapter.mapping.tools.{one}") for one in ("compare", "lint", "preview", "testing")
    )

SAMPLE = 40
"""Encounters compared by default: enough to see a mistake, quick enough to wait for."""


@dataclass(frozen=True, slots=True)
class Marked:
    """One line of a file with what lint says about it."""

    number: int
    text: str
    marks: tuple[dict[str, Any], ...]


def running(console: Console, facility: Facility) -> tuple[Path, int | None]:
    """The mapping file that works now and the number of its version; None: the configuration's own file."""
    number = console.store.mappings.active_number(facility.code)
    return plan_path(console.settings, facility, console.store), number


def running_files(console: Console, facility: Facility) -> dict[str, str]:
    """The texts of the running mapping."""
    path, number = running(console, facility)
    if number is not None:
        version = console.store.mappings.get(facility.code, number)
        if version is not None:
            return dict(version.files)
    return files_of(path)


def version_file(console: Console, facility: Facility, number: int) -> Path:
    """The mapping file of a saved version."""
    return version_path(console.settings, facility.code, number, console.store)


@contextmanager
def laid_out(console: Console, files: Mapping[str, str]) -> Iterator[Path]:
    """Files that nobody has saved yet, for as long as they are looked at. ``extends`` finds its base by name."""
    console.settings.workdir.joinpath("mappings").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=console.settings.workdir / "mappings", prefix=".draft-") as folder:
        yield lay_out(files, Path(folder))


def findings_of(path: Path) -> list[dict[str, Any]]:
    """What lint says, with file names relative to the mapping's folder."""
    return [_local(one, path.parent) for one in lint.lint(path)]


def _local(one: lint.LintFinding, folder: Path) -> dict[str, Any]:
    shown = one.to_dict()
    file = Path(shown["file"]) if shown["file"] else None
    inside = file is not None and folder in file.parents
    shown["file"] = file.relative_to(folder).as_posix() if file is not None and inside else (file.name if file else "")
    shown["inside"] = inside
    return shown


def marked(text: str, file: str, findings: list[dict[str, Any]]) -> list[Marked]:
    """The lines of a file, each with its marks."""
    by_line: dict[int, list[dict[str, Any]]] = {}
    for one in findings:
        if one["inside"] and one["file"] == file and one["line"]:
            by_line.setdefault(one["line"], []).append(one)
    return [Marked(number, line, tuple(by_line.get(number, ()))) for number, line in enumerate(text.splitlines(), 1)]


def changed_lines(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """File → (kind, line) of a unified diff; kind is ``+``, ``-``, ``@`` or blank. Equal files are left out."""
    found = []
    for name in sorted({*before, *after}):
        lines = list(
            difflib.unified_diff(before.get(name, "").splitlines(), after.get(name, "").splitlines(), lineterm="", n=3)
        )[2:]
        if lines:
            found.append((name, [(line[:1].strip() or " ", line) for line in lines]))
    return found


def samples(console: Console, facility: Facility, count: int = SAMPLE) -> list[SourceEncounter]:
    """The newest encounters whose snapshots are still kept."""
    found = (
        console.store.pending.snapshot(identity, content)
        for identity, content in console.store.mappings.newest_encounters(facility.code, count)
    )
    return [one for one in found if one is not None]


def compared(console: Console, facility: Facility, new: Path) -> dict[str, Any]:
    """What a version changes over the newest encounters. Raises MappingError when one of both does not load."""
    old = plan_at(running(console, facility)[0])
    encounters = samples(console, facility)
    return compare.diff(
        old,
        mapping.load_mapping(new),
        encounters,
        facility=facility.code,
        now=console.clock(),
        standard=facility.standard,
    )


def covered(console: Console, facility: Facility, path: Path) -> dict[str, Any]:
    """How often each field is filled over the newest encounters."""
    return compare.coverage(
        plan_at(path),
        samples(console, facility),
        facility=facility.code,
        now=console.clock(),
        standard=facility.standard,
    )


def tested(path: Path) -> list[testing.Result]:
    """The mapping's own tests, run now; none when it has none."""
    file = path.parent / "tests.yaml"
    return testing.run_tests(plan_at(path), file) if file.is_file() else []


def previewed(console: Console, facility: Facility, path: Path, ma_lk: str) -> dict[str, Any] | None:
    """One encounter through a mapping, values masked; None when nobody knows this MA_LK or its snapshot is gone."""
    lines = console.store.queries.list(ma_lk=ma_lk, facility=facility.code, limit=1)
    if not lines:
        return None
    shown = console.store.queries.show(lines[0]["id"])
    if shown is None:
        return None
    snapshot = console.store.pending.snapshot(shown["encounter_id"], shown["revisions"][-1]["source_hash"])
    if snapshot is None:
        return None
    return preview.preview(
        plan_at(path), snapshot, facility=facility.code, now=console.clock(), standard=facility.standard
    )


def plan_or_none(path: Path) -> mapping.Plan | None:
    """The compiled mapping, None when it does not load."""
    try:
        return mapping.load_mapping(path)
    except BhytError:
        return None


__all__ = ["MAPPING", "SAMPLE", "Marked"]
