"""Findings of many files, gathered by rule: what to fix first stands first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapter.errors import ConfigError
from adapter.rules.catalogue import catalogue
from adapter.rules.report.hints import hint
from adapter.standard.spec import written_as

_RANK = {"error": 0, "warning": 1, "info": 2}


@dataclass(slots=True)
class Place:
    """Where one finding stands, in words."""

    file: str
    ma_lk: str
    table: str
    table_vi: str
    row: int | None
    field: str
    field_vi: str
    field_en: str
    value: str
    severity: str
    message_vi: str
    message_en: str

    @property
    def short(self) -> str:
        """The file's name with its folder; the whole path is for programs."""
        return "/".join(self.file.replace("\\", "/").split("/")[-2:])


@dataclass(slots=True)
class Group:
    """One rule and all its findings."""

    rule: str
    severity: str
    title_vi: str
    title_en: str
    fix_vi: str
    fix_en: str
    source: str
    condition: str
    places: list[Place] = field(default_factory=list)
    dossiers: set[tuple[str, str]] = field(default_factory=set)
    more: int = 0

    @property
    def differs(self) -> bool:
        """Whether some place has more to say than the title: a computed value, the field's name."""
        return any(p.message_vi != self.title_vi for p in self.places)


@dataclass(slots=True)
class Summary:
    """What a report shows. ``more`` in a group counts findings beyond ``per_rule``, told but not listed."""

    groups: list[Group]
    files: int
    dossiers: int
    clean: int
    counts: dict[str, int]
    not_checked: dict[str, str]
    unreadable: list[tuple[str, str, str]]


def _words(standard: str | None, table: str, name: str) -> tuple[str, str, str]:
    """Table title, field meaning vi and en; empty where the standard knows none."""
    try:
        found = written_as(standard or "3176").tables.get(table)
    except ConfigError:  # a layout this installation does not know: names must do
        found = None
    spec = found.by_name.get(name) if found else None
    return (found.title_vi if found else "", spec.meaning_vi if spec else "", spec.meaning_en if spec else "")


def gather(entries: Iterable[Mapping[str, Any]], *, per_rule: int = 200) -> Summary:
    """Group the files' entries of the command contract, errors first, then by how many dossiers they touch."""
    groups: dict[str, Group] = {}
    summary = Summary([], 0, 0, 0, {"error": 0, "warning": 0, "info": 0}, {}, [])
    for entry in entries:
        summary.files += 1
        if problem := entry.get("problem"):
            summary.unreadable.append((entry["file"], problem["message_vi"], problem["message_en"]))
        for dossier in entry["dossiers"]:
            readable = dossier["standard"] is not None
            summary.dossiers += readable
            weights = {f["severity"] for f in dossier["findings"]}
            summary.clean += readable and not weights & {"error", "warning"}
            for note in dossier["not_checked"]:
                summary.not_checked[note["rule"]] = note["needs"]
            for f in dossier["findings"]:
                summary.counts[f["severity"]] += 1
                _add(groups, entry["file"], dossier, f, per_rule)
    # A wrong sum is usually the shadow of a wrong row: the row stands first.
    order = sorted(groups.values(), key=lambda g: (g.rule.startswith("X1-MONEY"), g.rule))
    summary.groups = sorted(order, key=lambda g: (_RANK[g.severity], -len(g.dossiers)))
    return summary


def _add(groups: dict[str, Group], file: str, dossier: Mapping[str, Any], f: Mapping[str, Any], per_rule: int) -> None:
    group = groups.get(f["rule"])
    if group is None:
        info = catalogue().get(f["rule"])
        fix_vi, fix_en = hint(f["rule"])
        group = groups[f["rule"]] = Group(
            f["rule"],
            f["severity"],
            info.message_vi if info else f["message_vi"],
            info.message_en if info else f["message_en"],
            fix_vi,
            fix_en,
            info.source if info else "",
            info.condition if info else "",
        )
    if _RANK[f["severity"]] < _RANK[group.severity]:
        group.severity = f["severity"]
    group.dossiers.add((file, dossier["ma_lk"]))
    if len(group.places) >= per_rule:
        group.more += 1
        return
    table_vi, field_vi, field_en = _words(dossier["standard"], f["table"], f["field"])
    group.places.append(
        Place(
            file,
            dossier["ma_lk"],
            f["table"],
            table_vi,
            f["row"],
            f["field"],
            field_vi,
            field_en,
            f["value"],
            f["severity"],
            f["message_vi"],
            f["message_en"],
        )
    )
