"""From the tree of one table to its rows, writing down what departs from the table's layout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lxml import etree

from adapter.dossier.model import Row
from adapter.dossier.package import Problem, ProblemKind
from adapter.dossier.plainrows import plain_rows
from adapter.dossier.safexml import ReadLimits, Unreadable, too_many_nodes
from adapter.standard import envelope
from adapter.standard.model import Table
from adapter.standard.spec import renamed_fields

_MAX_NAME = 64
"""Longest tag name repeated in a problem: a hostile file must not fill the report."""


def local_name(element: etree._Element) -> str:
    """The tag without its namespace."""
    tag = element.tag
    assert isinstance(tag, str)  # noqa: S101 -- comments and instructions are dropped while parsing
    return tag.rpartition("}")[2] if "}" in tag else tag


def content(element: etree._Element) -> str:
    """All text inside, exactly as it stands."""
    return "".join([str(text) for text in element.itertext()]) if len(element) else element.text or ""


def signed(signature: etree._Element | None) -> bool:
    """True when the signature element holds anything."""
    return signature is not None and (len(signature) > 0 or bool((signature.text or "").strip()))


@dataclass(slots=True)
class Recorder:
    """Collects problems and rows of one file, within its limits."""

    limits: ReadLimits
    _problems: list[Problem] = field(default_factory=list)
    _rows: int = 0
    _dropped: bool = False

    def problem(
        self,
        kind: ProblemKind,
        hoso: int | None = None,
        part: str = "",
        row: int | None = None,
        *,
        field: str = "",
        detail: str = "",
    ) -> None:
        """Keep one fact; beyond the limit only that there were more."""
        if len(self._problems) < self.limits.max_problems:
            self._problems.append(Problem(kind, hoso, part, row, field[:_MAX_NAME], detail[:_MAX_NAME]))
        else:
            self._dropped = True

    def problems(self) -> tuple[Problem, ...]:
        """What was collected."""
        if self._dropped:
            return (*self._problems, Problem(ProblemKind.TRUNCATED))
        return tuple(self._problems)

    def plain_rows(self, data: bytes, table: Table) -> list[Row] | None:
        """The rows of a part written exactly as its table says; None when it must be parsed."""
        if too_many_nodes(data, self.limits):
            return None
        found = plain_rows(data, table, self.limits.max_rows - self._rows)
        self._rows += len(found or ())
        return found

    def rows(self, root: etree._Element, table: Table, hoso: int | None, before: int = 0) -> list[Row]:
        """The records below ``root``; rows of repeated parts are numbered on from ``before``.

        Raises Unreadable when the file holds more rows than the limit.
        """
        if table.record_element is None:
            if not len(root):
                self.problem(ProblemKind.EMPTY_PART, hoso, table.name)
                return []
            self._count(1)
            return [self._row(root, table, hoso, before + 1)]
        # Before any row is built: a flood of rows must cost no more than its tree.
        self._count(sum(max(len(holder), 1) for holder in root))
        rows: list[Row] = []
        for record in self._records(root, table, hoso):
            rows.append(self._row(record, table, hoso, before + len(rows) + 1))
        if not rows:
            self.problem(ProblemKind.EMPTY_PART, hoso, table.name)
        return rows

    def _count(self, rows: int) -> None:
        self._rows += rows
        if self._rows > self.limits.max_rows:
            raise Unreadable(
                f"Tệp có nhiều hơn {self.limits.max_rows} dòng",
                f"The file has more than {self.limits.max_rows} rows",
                code="DOCUMENT-SIZE",
            )

    def _records(self, root: etree._Element, table: Table, hoso: int | None) -> Iterable[etree._Element]:
        for holder in root:
            name = local_name(holder)
            if name == envelope.SIGNATURE and table.carrier != "part":
                continue
            if name == table.record_element:
                # Records straight under the root: the list element was forgotten.
                self.problem(ProblemKind.BAD_ROOT, hoso, table.name, field=name)
                yield holder
                continue
            if name != table.list_element:
                self.problem(ProblemKind.BAD_ROOT, hoso, table.name, field=name)
            for record in holder:
                if local_name(record) != table.record_element:
                    self.problem(ProblemKind.BAD_ROOT, hoso, table.name, field=local_name(record))
                    if not len(record):
                        continue
                yield record

    def _row(self, record: etree._Element, table: Table, hoso: int | None, number: int) -> Row:
        names = table.names
        found = [(child.tag, child.text or "") for child in record]
        if [tag for tag, _ in found] == list(names) and not any(len(child) for child in record):
            return dict(found)
        return self._odd_row(record, table, hoso, number)

    def _odd_row(self, record: etree._Element, table: Table, hoso: int | None, number: int) -> Row:
        """A record whose elements are not exactly the table's."""
        old_names = renamed_fields(table.name)
        seen: dict[str, str] = {}
        for child in record:
            name = local_name(child)
            if name not in table.by_name and old_names.get(name) in table.by_name:
                self.problem(ProblemKind.OLD_NAME, hoso, table.name, number, field=name)
                name = old_names[name]
            if name not in table.by_name:
                self.problem(ProblemKind.UNKNOWN_ELEMENT, hoso, table.name, number, field=name)
            elif name in seen:
                self.problem(ProblemKind.REPEATED_ELEMENT, hoso, table.name, number, field=name)
            else:
                seen[name] = content(child)
                for inner in child.iterdescendants():
                    self.problem(ProblemKind.UNKNOWN_ELEMENT, hoso, table.name, number, field=local_name(inner))
        for name in table.names:
            if name not in seen:
                self.problem(ProblemKind.MISSING_ELEMENT, hoso, table.name, number, field=name)
        return {name: seen.get(name, "") for name in table.names}


def tags(records: Sequence[etree._Element]) -> set[str]:
    """The names of all elements directly below the given ones."""
    return {local_name(child) for record in records for child in record}
