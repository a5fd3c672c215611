"""The statements sent to the source: pages of encounters, encounters by key, and their collections.

A mapping's query is never changed, only put into a larger one, so that paging and ordering are
the same for every hospital and a missing ``WHERE`` cannot skip or double a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.sql.elements import TextClause
from sqlglot import exp

from adapter.errors import SourceSchemaError
from adapter.source import SourceEncounter, SourceRow
from connectors.sql.guard import DIALECTS, CheckedQuery, check_query
from connectors.sql.months import PLACE, refuse_order, sample, union
from connectors.sql.rows import ColumnNames, column, in_fixed_order, key_text, to_rows
from connectors.sql.spec import Collection, SqlSpec
from connectors.sql.stamps import FORMS, Form, find_form

_STAMP = "bhyt_stamp"
_ENCOUNTERS = "source.encounters.query"
_SOME = 250
_EXPANDED = re.compile(r"\bIN\s*\(\s*:keys\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Types:
    """What the source's own values showed: the stamps' form and whether keys are integers."""

    form: Form
    integer_keys: bool

    def key(self, key: str) -> int | str:
        """A key's text as the driver must bind it."""
        return int(key) if self.integer_keys else key


@dataclass(frozen=True, slots=True)
class Place:
    """Where an encounter stands in the order of reading."""

    stamp: str
    key: str


@dataclass(frozen=True, slots=True)
class Stamped:
    """An encounter's own row with the two parts of its cursor."""

    stamp: str
    key: str
    row: SourceRow


class Reader:
    """Builds and runs the statements of one mapping on one engine. Raises what the driver raises."""

    def __init__(self, spec: SqlSpec, engine: str, *, keys_per_statement: int) -> None:
        self._spec = spec
        self._engine = engine
        self._chunk = keys_per_statement
        self.months: list[str] = []
        self.encounters = self._checked(spec.encounters.query, _ENCOUNTERS, frozenset({"since", "until"}), paged=True)
        self.collections = {name: self._collection_query(name, c) for name, c in spec.collections.items()}
        self._names = ColumnNames(spec.columns, self.encounters.names, place=_ENCOUNTERS)

    def _checked(self, sql: str, place: str, binds: frozenset[str], *, paged: bool = False) -> CheckedQuery:
        """The query proven harmless; one over monthly schemas is proven for a sample month."""
        one_month = sample(sql, self._spec.months, place)
        checked = check_query(one_month, engine=self._engine, place=place, binds=binds, paged=paged)
        if one_month == sql:
            return checked
        refuse_order(checked.tree, place)
        return replace(checked, sql=sql.strip().rstrip(";").rstrip())

    def monthly_table(self) -> exp.Table | None:
        """A table whose name depends on the month, in the sample month; None when no query has one."""
        queries = (self.encounters, *self.collections.values())
        tables = (t for q in queries if PLACE in q.sql for t in q.tree.find_all(exp.Table))
        name = self.sample_month().casefold()
        return next((t for t in tables if name in t.sql().casefold()), None)

    def sample_month(self) -> str:
        """The month's name the queries were checked with."""
        return sample(PLACE, self._spec.months, _ENCOUNTERS)

    def encounters_sql(self) -> str:
        """The encounters' query, over all months where it names one."""
        return union(self.encounters.sql, self.months)

    def collection_statement(self, name: str) -> TextClause:
        """A collection's query, over all months where it names one, with :keys ready to be filled."""
        sql = _EXPANDED.sub("IN :keys", union(self.collections[name].sql, self.months))
        return text(sql).bindparams(_expanding("keys"))

    def _collection_query(self, name: str, collection: Collection) -> CheckedQuery:
        place = f"source.collections.{name}.query"
        query = self._checked(collection.query, place, frozenset({"keys"}))
        if "keys" not in query.binds:
            raise SourceSchemaError(
                f"{place}: thiếu điều kiện IN :keys",
                f"{place}: the condition IN :keys is missing",
                hint_vi="nếu không, đầu nối sẽ đọc cả bảng cho mỗi lô",
                hint_en="without it every batch would read the whole table",
            )
        return query

    # -- what kind of values the source holds -------------------------------------------------

    def types(self, connection: Connection) -> Types | None:
        """Look at one encounter; None when the source has none with a change stamp."""
        cols = self._spec.encounters.changed_at
        stamped = " OR ".join(f"q.{c} IS NOT NULL" for c in cols)
        wanted = ", ".join(f"q.{c}" for c in (self._spec.encounters.key, *cols))
        statement = (
            select(text(wanted))
            .select_from(text(f"({self._unbounded_sql()}\n) q"))
            .where(text(f"({stamped})"))
            .limit(1)
        )
        found = connection.execute(statement).first()
        if found is None:
            return None
        key, *samples = tuple(found)
        declared = self._spec.encounters.stamp
        form = FORMS[declared] if declared else find_form([s for s in samples if s is not None])
        key_text(key, place=_ENCOUNTERS, column=self._spec.encounters.key)
        return Types(form, not isinstance(key, str) and not hasattr(key, "hex"))

    def _unbounded_sql(self) -> str:
        """The encounters' query with its comparisons to :since and :until taken out, for a first look."""
        if not self.encounters.binds:
            return self.encounters_sql()

        def without(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Predicate) and not isinstance(node, exp.SubqueryPredicate):
                names = {p.name for p in node.find_all(exp.Placeholder)}
                if names & {"since", "until"} and not any(
                    isinstance(inner, exp.Predicate) and inner is not node for inner in node.find_all(exp.Predicate)
                ):
                    return exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1))
            return node

        sql = self.encounters.tree.copy().transform(without).sql(dialect=DIALECTS[self._engine])
        if PLACE in self.encounters.sql:
            sql = union(re.sub(re.escape(self.sample_month()), PLACE, sql, flags=re.IGNORECASE), self.months)
        return sql

    # -- encounters ----------------------------------------------------------------------------

    def listing(
        self, connection: Connection, types: Types, *, low: str | None, after: Place | None, limit: int
    ) -> list[Place]:
        """At most ``limit`` places in order: from ``low`` on (included), or after a place (not included).

        Only stamps and keys travel; the rows themselves are then read by key, so that a first load of a whole
        hospital sorts its encounters once in many pages.
        """
        key, cols = self._spec.encounters.key, self._spec.encounters.changed_at
        start = after.stamp if after is not None else low
        binds: dict[str, Any] = self._range(types, start)
        conditions = [f"s.{_STAMP} IS NOT NULL"]
        inner = self._with_stamp(f"q.{key}")
        if start is not None:
            # Says the same as the condition on the computed stamp, in a form an index on each column serves.
            inner += "\nWHERE " + " OR ".join(f"q.{c} >= :bhyt_low" for c in cols)
            binds["bhyt_low"] = types.form.to_bind(start)
        if self._engine == "sqlite":
            inner += "\nLIMIT -1"  # computes the stamp once per row instead of at every mention
        if after is not None:
            conditions.append(f"(s.{_STAMP} > :bhyt_low OR (s.{_STAMP} = :bhyt_low AND s.{key} > :bhyt_key))")
            binds["bhyt_key"] = types.key(after.key)
        statement = (
            select(text(f"s.{_STAMP}, s.{key}"))
            .select_from(text(f"({inner}) s"))
            .where(text(" AND ".join(conditions)))
            .order_by(text(f"s.{_STAMP}"), text(f"s.{key}"))
            .limit(limit)
        )
        found = [
            Place(types.form.to_text(stamp), key_text(value, place=_ENCOUNTERS, column=key))
            for stamp, value in connection.execute(statement, binds).fetchall()
        ]
        if after is not None and after in found:
            # The driver lost precision of the stamp on the way back; going on would read one page for ever.
            raise SourceSchemaError(
                "Mốc thay đổi (changed_at) bị mất độ chính xác khi so sánh lại ở nguồn",
                "The change stamp loses precision on its way back to the source",
                hint_vi="trong câu truy vấn, chuyển cột changed_at sang datetime2(3) hoặc văn bản ISO",
                hint_en="in the query, turn the changed_at column into datetime2(3) or ISO text",
            )
        self._unique([place.key for place in found])
        return found

    def by_keys(self, connection: Connection, types: Types, keys: Sequence[str]) -> list[Stamped]:
        """These encounters as they are now, in the order of ``keys``; absent ones are left out."""
        found: list[Stamped] = []
        statement = (
            select(text("s.*"))
            .select_from(text(f"({self._with_stamp('q.*')}) s"))
            .where(text(f"s.{self._spec.encounters.key} IN :bhyt_keys").bindparams(_expanding("bhyt_keys")))
        )
        wanted = list(dict.fromkeys(keys))
        for part in _parts(wanted, self._chunk):
            binds = {**self._range(types, None), "bhyt_keys": [types.key(k) for k in part]}
            found.extend(self._stamped(connection.execute(statement, binds), types))
        self._unique([stamped.key for stamped in found])
        order = {key: n for n, key in enumerate(wanted)}
        return sorted(found, key=lambda stamped: order.get(stamped.key, len(order)))

    def keys_between(self, connection: Connection, types: Types, start: datetime, end: datetime) -> frozenset[str]:
        """Keys of encounters whose day column lies in [start, end)."""
        key, day = self._spec.encounters.key, self._spec.encounters.day
        if day is None:
            raise SourceSchemaError(
                "Tệp ánh xạ không có khóa source.encounters.day nên không đối chiếu theo ngày được",
                "The mapping has no key source.encounters.day, so days cannot be reconciled",
                hint_vi="khai báo cột ngày không đổi, ví dụ ngày ra viện hoặc ngày thanh toán",
                hint_en="name a column that does not change, such as the day of discharge or settlement",
            )
        source = text(f"({self.encounters_sql()}\n) q")
        sample = select(text(f"q.{day}")).select_from(source).where(text(f"q.{day} IS NOT NULL")).limit(1)
        binds = self._range(types, None)
        if (value := connection.execute(sample, binds).scalar()) is None:
            return frozenset()
        form = find_form([value])
        if form.at is None:
            return frozenset()
        statement = (
            select(text(f"q.{key}")).select_from(source).where(text(f"q.{day} >= :bhyt_from AND q.{day} < :bhyt_to"))
        )
        binds |= {"bhyt_from": form.to_bind(form.at(start)), "bhyt_to": form.to_bind(form.at(end))}
        return self._keys(connection.execute(statement, binds))

    def present(self, connection: Connection, types: Types, keys: Sequence[str]) -> frozenset[str]:
        """Those of ``keys`` the query still gives."""
        key = self._spec.encounters.key
        statement = (
            select(text(f"q.{key}"))
            .select_from(text(f"({self.encounters_sql()}\n) q"))
            .where(text(f"q.{key} IN :bhyt_keys").bindparams(_expanding("bhyt_keys")))
        )
        found: frozenset[str] = frozenset()
        for part in _parts(list(dict.fromkeys(keys)), self._chunk):
            binds = {**self._range(types, None), "bhyt_keys": [types.key(k) for k in part]}
            found |= self._keys(connection.execute(statement, binds))
        return found

    def _keys(self, result: Any) -> frozenset[str]:
        column_name = self._spec.encounters.key
        return frozenset(key_text(value, place=_ENCOUNTERS, column=column_name) for (value,) in result.fetchall())

    def _unique(self, keys: list[str]) -> None:
        if len(set(keys)) == len(keys):
            return
        key = self._spec.encounters.key
        raise SourceSchemaError(
            f"{_ENCOUNTERS}: cột khóa {key} không duy nhất, một đợt điều trị ra nhiều dòng",
            f"{_ENCOUNTERS}: the key column {key} is not unique, one encounter gives several rows",
            hint_vi="đưa bảng con vào collections thay vì JOIN",
            hint_en="read the child table as a collection instead of joining it",
        )

    def _with_stamp(self, columns: str) -> str:
        stamp = _latest(self._engine, self._spec.encounters.changed_at)
        # Put together from a query the guard has parsed and names the specification has checked; values are bound.
        return f"SELECT {columns}, {stamp} AS {_STAMP} FROM ({self.encounters_sql()}\n) q"  # noqa: S608

    def _range(self, types: Types, start: str | None) -> dict[str, Any]:
        values = {
            "since": types.form.to_bind(start) if start is not None else types.form.lowest,
            "until": types.form.highest,
        }
        return {name: value for name, value in values.items() if name in self.encounters.binds}

    def _stamped(self, result: Any, types: Types) -> list[Stamped]:
        names = self._names(list(result.keys()))
        stamp = column(names, _STAMP, place=_ENCOUNTERS)
        key = column(names, self._spec.encounters.key, place=_ENCOUNTERS)
        stamped = []
        for raw in result.fetchall():
            row = dict(zip(names, raw, strict=True))
            moment = row.pop(stamp)
            stamped.append(
                Stamped(
                    types.form.to_text(moment) if moment is not None else "",
                    key_text(row[key], place=_ENCOUNTERS, column=key),
                    to_rows(list(row), [tuple(row.values())], place=_ENCOUNTERS)[0],
                )
            )
        return stamped

    # -- collections ---------------------------------------------------------------------------

    def complete(self, connection: Connection, stamped: Sequence[Stamped]) -> list[SourceEncounter]:
        """Read every collection for all these encounters at once and put both together."""
        rows: dict[str, dict[str, list[SourceRow]]] = {s.key: {} for s in stamped}
        for name, collection in self._spec.collections.items():
            owners: dict[str, list[str]] = {}
            values: dict[str, Any] = {}
            for one in stamped:
                wanted = column(list(one.row), collection.by or self._spec.encounters.key, place=_ENCOUNTERS)
                rows[one.key][name] = []
                if (value := one.row[wanted]) is not None:
                    text_value = key_text(value, place=_ENCOUNTERS, column=wanted)
                    owners.setdefault(text_value, []).append(one.key)
                    values[text_value] = value
            for parent, row in self._children(connection, name, collection, values):
                for owner in owners[parent]:
                    rows[owner][name].append(row)
        return [
            SourceEncounter(
                s.key,
                s.stamp,
                s.row,
                {name: self._ordered(name, found) for name, found in rows[s.key].items()},
            )
            for s in stamped
        ]

    def _ordered(self, name: str, rows: list[SourceRow]) -> list[SourceRow]:
        if not rows:
            return rows
        collection = self._spec.collections[name]
        if not collection.order_by and self.collections[name].tree.args.get("order"):
            return rows  # the query's own order
        place = f"source.collections.{name}.order_by"
        return in_fixed_order(rows, [column(list(rows[0]), c, place=place) for c in collection.order_by])

    def _children(
        self, connection: Connection, name: str, collection: Collection, values: Mapping[str, Any]
    ) -> list[tuple[str, SourceRow]]:
        place = f"source.collections.{name}.query"
        query = self.collections[name]
        statement = self.collection_statement(name)
        rename = ColumnNames(self._spec.columns, query.names, place=place)
        loose = {text_value.strip().casefold(): text_value for text_value in values}
        found: list[tuple[str, SourceRow]] = []
        known: dict[int | str, str] = {}  # a parent's value as the driver gives it → the encounter's; most come again
        for part in _parts(list(values.values()), self._chunk):
            result = connection.execute(statement, {"keys": part})
            names = rename(list(result.keys()))
            parent = column(names, collection.parent, place=place)
            # A few rows at a time: they are looked at while the processor still has them at hand.
            for row in chain.from_iterable(to_rows(names, some, place=place) for some in result.partitions(_SOME)):
                value = row[parent]
                plainly = type(value) is int or type(value) is str
                if plainly and (before := known.get(value)) is not None:
                    found.append((before, row))
                    continue
                owner = key_text(value, place=place, column=parent)
                if owner not in values:
                    # Collations that ignore case or trailing blanks match what Python does not.
                    owner = loose.get(owner.strip().casefold(), "")
                if not owner:
                    raise SourceSchemaError(
                        f"{place}: có dòng mà cột parent {parent} không thuộc :keys",
                        f"{place}: a row's parent column {parent} is none of :keys",
                        hint_vi="parent phải là chính cột được so với IN :keys",
                        hint_en="parent must be the very column compared with IN :keys",
                    )
                if plainly:
                    known[value] = owner
                found.append((owner, row))
        return found


def _expanding(name: str) -> Any:
    return bindparam(name, expanding=True)


def _latest(engine: str, columns: Sequence[str]) -> str:
    """SQL for the latest of several columns, NULLs apart; each engine has its own idea of GREATEST and NULL."""
    names = [f"q.{c}" for c in columns]
    if len(names) == 1:
        return names[0]
    if engine in ("postgresql", "duckdb"):
        return f"GREATEST({', '.join(names)})"
    if engine == "mssql":
        return f"(SELECT MAX(v.moment) FROM (VALUES {', '.join(f'({n})' for n in names)}) AS v(moment))"  # noqa: S608 -- checked names
    # Elsewhere one NULL makes the whole NULL: put each column first once, the others behind it as a stand-in.
    filled = (f"COALESCE({', '.join([*names[i:], *names[:i]])})" for i in range(len(names)))
    return f"{'MAX' if engine == 'sqlite' else 'GREATEST'}({', '.join(filled)})"


def _parts(values: list[Any], size: int) -> list[list[Any]]:
    return [values[i : i + size] for i in range(0, len(values), size)]
