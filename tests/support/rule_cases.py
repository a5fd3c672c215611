"""Rule cases as data: a base dossier, a patch, and whether the rule must speak or stay silent.

A patch is a flat mapping. ``XML2.1.PHAM_VI: "4"`` sets a field; ``@repeat 1501`` as a value
means a text of that length; ``~XML2.1.PHAM_VI`` removes the tag;
``-XML4`` drops a table and ``-XML3.2`` a row; ``+XML3: [{from: 1, STT: "9"}]`` appends rows, copied from
row ``from`` when given. Keys with ``@`` set the stage: ``@base``, ``@at`` (sending time), ``@on`` (day that
selects the standard), ``@layout``, ``@purpose``, ``@facility_code``, ``@options``, ``@profile``, ``@card``,
``@catalogues``, ``@history``, ``@signed``, ``@file`` (see
:func:`file_of`); on a hit also what is expected: ``@severity``, ``@field``, ``@row``.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from adapter.clock import from_datetime12
from adapter.dossier.model import Dossier, Purpose
from adapter.dossier.writer import write
from adapter.rules.context import CardLookup, Context, FacilityProfile, Options, SentVisit
from adapter.rules.engine import check
from adapter.rules.finding import Report
from adapter.rules.package import check_bytes
from adapter.standard.spec import effective_on

ROOT = Path(__file__).resolve().parents[1] / "unit" / "rules"


@dataclass(frozen=True)
class Case:
    """One expectation: ``rule`` fires (``hit``) or not on the base with this patch."""

    rule: str
    hit: bool
    patch: Mapping[str, Any]
    number: int

    def __str__(self) -> str:
        return f"{self.rule}-{'hits' if self.hit else 'passes'}-{self.number}"


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of one YAML file: ``base: name`` and per rule ``hits`` and ``passes``."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    default = document.pop("base", "outpatient")
    for rule, body in document.items():
        for kind in ("hits", "passes"):
            patches = body.get(kind)
            for n, patch in enumerate(patches if isinstance(patches, list) else [patches or {}]):
                yield Case(rule, kind == "hits", {"@base": default, **patch}, n)


@cache
def _base(name: str) -> dict[str, Any]:
    path = ROOT / "bases" / f"{name}.yaml"
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    if "extends" in document:
        lower = copy.deepcopy(_base(document["extends"]))
        lower.update({k: v for k, v in document.items() if k not in {"extends", "patch"}})
        apply(lower["tables"], document["patch"])
        return lower
    return document


def apply(tables: dict[str, list[dict[str, str]]], patch: Mapping[str, Any]) -> None:
    """Change the tables in place as the patch says, in its order."""
    for key, value in patch.items():
        if key.startswith("@"):
            continue
        sign, path = (key[0], key[1:]) if key[0] in "+-~" else ("", key)
        table, *rest = path.split(".")
        if sign == "+":
            for row in value:
                template = dict(tables[table][row["from"] - 1]) if "from" in row else {}
                template.update({k: v for k, v in row.items() if k != "from"})
                tables.setdefault(table, []).append(template)
        elif sign == "-" and rest:
            del tables[table][int(rest[0]) - 1]
        elif sign == "-":
            del tables[table]
        elif sign == "~":
            del tables[table][int(rest[0]) - 1][rest[1]]
        else:
            tables[table][int(rest[0]) - 1][rest[1]] = _text(value)


def _text(value: str) -> str:
    """``@repeat 1501`` stands for a text of so many letters."""
    return "L" * int(value.split()[1]) if value.startswith("@repeat ") else value


def build(patch: Mapping[str, Any]) -> Dossier:
    """The dossier a patch describes."""
    base = copy.deepcopy(_base(patch["@base"]))
    apply(base["tables"], patch)
    purpose = Purpose(patch.get("@purpose", base["purpose"]))
    header = base["tables"].get("XML0" if purpose is Purpose.CHECKIN else "XML1", [{}])[0]
    return Dossier(
        facility=patch.get("@facility_code", base["facility"]),
        ma_lk=patch.get("@ma_lk", header.get("MA_LK", "")),
        purpose=purpose,
        standard=patch.get("@layout", "3176"),
        tables=base["tables"],
        occasion=base.get("occasion", ""),
    )


def context_of(patch: Mapping[str, Any]) -> Context:
    """The stage a patch sets: sending time, options, lists, history."""
    at = patch.get("@at", _base(patch["@base"])["at"])
    return Context(
        at=from_datetime12(at) if at else None,
        options=_options(patch.get("@options", {})),
        catalogues=Lists(patch["@catalogues"]) if "@catalogues" in patch else None,
        history=Sent(patch["@history"]) if "@history" in patch else None,
        facility=FacilityProfile(**patch["@profile"]) if "@profile" in patch else None,
        card=CardLookup(**patch["@card"]) if "@card" in patch else None,
        signed=patch.get("@signed"),
        replacement=patch.get("@replacement", False),
    )


def _options(given: Mapping[str, Any]) -> Options:
    kinds = {f.name: f.type for f in fields(Options)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        kind = str(kinds[name])
        if "frozenset" in kind:
            values[name] = frozenset(value)
        elif "Decimal" in kind:
            values[name] = Decimal(str(value))
        else:
            values[name] = value
    return Options(**values)


def file_of(patch: Mapping[str, Any]) -> bytes:
    """The written file of a patch's dossier, edited as ``@file`` says: ``outer`` and per part ``[from, to]`` pairs."""
    edits = patch["@file"]
    text = write(build(patch), created_on=date(2026, 9, 3)).decode("utf-8")

    def edited(found: re.Match[str]) -> str:
        inner = base64.b64decode(found[2]).decode("utf-8")
        for old, new in edits.get(found[1], ()):
            assert old in inner, f"{old} does not stand in {found[1]}"
            inner = inner.replace(old, new, 1)
        return found[0].replace(found[2], base64.b64encode(inner.encode("utf-8")).decode("ascii"))

    text = re.sub(r"<LOAIHOSO>(XML\d+)</LOAIHOSO><NOIDUNGFILE>([^<]*)", edited, text)
    for old, new in edits.get("outer", ()):
        assert re.search(old, text, re.DOTALL), f"{old} does not stand in the file"
        text = re.sub(old, new, text, count=1, flags=re.DOTALL)
    return text.encode(edits.get("encoding", "utf-8"))


def run(patch: Mapping[str, Any]) -> Report:
    """Check the dossier a patch describes, or the file when it has ``@file``."""
    if "@file" in patch:
        checked = check_bytes(file_of(patch), context=context_of(patch)).dossiers
        return Report(tuple(f for c in checked for f in c.report.findings))
    dossier = build(patch)
    header = dossier.header
    end = str(patch.get("@on") or header.get("NGAY_RA") or header.get("NGAY_VAO") or "20260901")[:8]
    try:
        on = date(int(end[:4]), int(end[4:6]), int(end[6:]))
    except ValueError:
        on = date(2026, 9, 1)
    standard = effective_on(on, patch.get("@layout"))
    return check(dossier, standard=standard, context=context_of(patch))


class Lists:
    """Catalogues held in a mapping: list → rows with ``code``. A list named here is loaded, others are not."""

    def __init__(self, lists: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
        self._lists = lists

    def has(self, name: str, on: date) -> bool:
        return name in self._lists

    def find(self, name: str, code: str, on: date) -> Sequence[Mapping[str, str]]:
        return [row for row in self._lists.get(name, ()) if row["code"] == code]


class Sent:
    """A history held in a mapping: accepted keys, visits, claims, used values, busy times."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def accepted(self, ma_lk: str) -> bool:
        return ma_lk in self._given.get("accepted", ())

    def visits(self, person: Collection[str], *, but_not: str) -> Sequence[SentVisit]:
        found = [v for v in self._given.get("visits", ()) if v["person"] in person and v["ma_lk"] != but_not]
        return [SentVisit(**{k: x for k, x in v.items() if k != "person"}) for v in found]

    def same_claim(self, key: Mapping[str, str], *, but_not: str) -> Sequence[tuple[str, Decimal, Decimal]]:
        return [
            (c["ma_lk"], Decimal(c["total"]), Decimal(c["paid"]))
            for c in self._given.get("claims", ())
            if c["ma_lk"] != but_not and c["key"].items() <= key.items()
        ]

    def used(self, table: str, values: Mapping[str, str], *, but_not: str) -> Sequence[str]:
        return [
            u["ma_lk"]
            for u in self._given.get("used", ())
            if u["table"] == table and u["ma_lk"] != but_not and dict(values) == u["values"]
        ]

    def busy(self, field: str, code: str, start: str, end: str, *, but_not: str) -> Sequence[str]:
        return [
            b["ma_lk"]
            for b in self._given.get("busy", ())
            if b["field"] == field and b["code"] == code and b["start"] < end and start < b["end"]
        ]
