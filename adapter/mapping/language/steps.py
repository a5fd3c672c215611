"""The steps of the language: one table that the compiler, the schema and the reference share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapter.errors import ExpressionError
from adapter.expr import Expression, ValueProblem
from adapter.expr.functions import highest, lowest
from adapter.expr.operators import add
from adapter.mapping.language.compiled import Condition, Place, Value
from adapter.mapping.language.converting import (
    decimal_reader,
    digits_reader,
    integer_reader,
    moment_reader,
    reading_options,
)
from adapter.mapping.language.crossing import compile_aggregate, compile_field, compile_lookup, is_mapped
from adapter.mapping.language.rows import COLLECTION_OPTIONS, compile_rows, flatten, parse_json
from adapter.mapping.language.scope import SPECIAL, Scope
from adapter.mapping.language.values import Compiler, as_mapping_error, is_empty, on_value, value_error
from adapter.mapping.language.wire import element_writer
from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Node, Scalar, Seq, as_flag, as_list, as_map, as_text, as_whole
from adapter.text import html_to_plain, plain, rtf_to_plain, tidy

CompileStep = Callable[[Compiler, Map, Place], Value]


@dataclass(frozen=True, slots=True)
class Step:
    """A step: how it is compiled, its own options, and its line in the reference."""

    compile: CompileStep
    options: tuple[str, ...]
    argument: str
    vi: str
    en: str


STEPS: dict[str, Step] = {}


def _step(
    name: str, argument: str, vi: str, en: str, options: tuple[str, ...] = ()
) -> Callable[[CompileStep], CompileStep]:
    def register(compile_step: CompileStep) -> CompileStep:
        STEPS[name] = Step(compile_step, options, argument, vi, en)
        return compile_step

    return register


@_step("from", "value", "giá trị như nó có", "the value as it stands")
def _from(c: Compiler, m: Map, place: Place) -> Value:
    return c.value(m.items["from"], place)


@_step("const", "text", "chữ cố định", "a fixed text")
def _const(_c: Compiler, m: Map, _place: Place) -> Value:
    node = m.items["const"]
    if not isinstance(node, Scalar):
        raise broken("MAP-SHAPE", node.where, "const phải là chữ", "const must be a text")
    text = "" if node.null else node.text
    return Value(lambda _scope: text, "const", node.where, const=text, quick=lambda w: w.constant(text))


@_step("expr", "expression", "biểu thức (mục 7)", "an expression (section 7)")
def _expr(c: Compiler, m: Map, place: Place) -> Value:
    node = m.items["expr"]
    found = c.expression(node, place)

    run = found.run

    def evaluate(scope: Scope) -> Any:
        try:
            return run(scope)
        except ExpressionError as error:
            raise as_mapping_error(error, place, "MAP-EXPR-RUN") from error

    return Value(evaluate, _read_by(found) or "expr", node.where, quick=lambda w: w.expression(found))


def _read_by(found: Expression) -> str:
    """The columns, named values and fields an expression reads, in its order: what a clerk is told to look at."""
    rows = {row for row, _ in found.columns}
    plain = found.names - rows - set(found.collections) - set(SPECIAL)
    fields = {str(arguments[0]) for name, arguments in found.calls if name == "field"}
    read = plain | fields | {f"{row}.{column}" for row, column in found.columns} | set(found.collections)
    return ", ".join(sorted(read, key=lambda name: (found.source.find(name.rpartition(".")[2]), name)))


@_step(
    "lookup",
    "lookup's name",
    "đổi mã theo bảng",
    "a code by its table",
    ("from", "at", "column", "on_missing"),
)
def _lookup(c: Compiler, m: Map, place: Place) -> Value:
    return compile_lookup(c, m, place)


@_step(
    "date",
    "value",
    "ngày giờ từ 8, 12, 14 chữ số, kiểu ngày, ISO hoặc `format`",
    "an instant from 8, 12, 14 digits, date types, ISO or `format`",
    ("precision", "format", "as", "birth"),
)
def _date(c: Compiler, m: Map, place: Place) -> Value:
    value = c.value(m.items["date"], place)
    form = m.get("as")
    if form is not None and as_text(form, "as", m.where).text not in ("date8", "datetime12"):
        raise broken("MAP-OPTION", form.where, "as phải là date8 hoặc datetime12", "as must be date8 or datetime12")
    if form is not None:
        day_only = as_text(form, "as", m.where).text == "date8"
    else:
        kind = place.spec.xml_type if place.spec else "datetime12"
        day_only = kind.startswith("date8") and kind != "date8_or_datetime12"
    formats = (
        tuple(as_text(f, "format", m.where).text for f in as_list(m.items["format"])) if "format" in m.items else ()
    )
    birth = as_flag(m.items["birth"], "birth") if "birth" in m.items else False
    known = _precision(c, m, place)
    partial = birth or known is not None or (place.spec is not None and place.spec.xml_type == "date8_partial")
    read = moment_reader(formats, day_only=day_only, partial=partial)
    if known is None:
        exact = place.spec is not None and form is None and place.spec.xml_type in ("date8", "datetime12")
        if exact and not formats and not birth:
            return on_value(value, digits_reader(day_only=day_only), m.at("date"), place, ("digits", day_only))
        key = ("date", day_only, partial, formats)
        return on_value(value, lambda found: read(found, 0), m.at("date"), place, key)
    run, label, where = value.run, value.label, m.at("date")

    def moment(scope: Scope) -> Any:
        found = run(scope)
        try:
            return read(found, known(scope))
        except ValueProblem as problem:
            raise value_error(problem, found, label, where, place) from None

    return Value(moment, label, where)


_PRECISIONS = {"year_only_when": 4, "month_only_when": 6, "day_only_when": 8}


def _precision(c: Compiler, m: Map, place: Place) -> Callable[[Scope], int] | None:
    node = m.get("precision")
    if node is None:
        return None
    tests: list[tuple[int, Callable[[Scope], bool]]] = []
    block = as_map(node, "precision", m.where)
    for key, expression in block.items.items():
        if key not in _PRECISIONS:
            raise broken(
                "MAP-OPTION",
                block.at(key),
                f"precision không có '{key}'",
                f"precision has no '{key}'",
                near=(key, _PRECISIONS),
            )
        tests.append((_PRECISIONS[key], c.condition(expression, place)))
    tests.sort(key=lambda t: t[0])
    return lambda scope: next((digits for digits, test in tests if test(scope)), 0)


@_step(
    "decimal",
    "value",
    "số chính xác, làm tròn nửa ra xa số 0",
    "an exact number, rounded half away from zero",
    ("places", "scale", "comma", "percent"),
)
def _decimal(c: Compiler, m: Map, place: Place) -> Value:
    value = c.value(m.items["decimal"], place)
    places = as_whole(m.items["places"], "places", 0, 20) if "places" in m.items else None
    key = ("decimal", places, *reading_options(m))
    return on_value(value, decimal_reader(places, m), m.at("decimal"), place, key)


@_step(
    "integer",
    "value",
    "số nguyên; phần lẻ là lỗi trừ khi round: true",
    "a whole number; a fraction is an error unless round: true",
    ("scale", "comma", "percent", "round"),
)
def _integer(c: Compiler, m: Map, place: Place) -> Value:
    value = c.value(m.items["integer"], place)
    rounding = as_flag(m.items["round"], "round") if "round" in m.items else False
    key = ("integer", rounding, *reading_options(m))
    return on_value(value, integer_reader(m, rounding=rounding), m.at("integer"), place, key)


# ---- lists and collections -----------------------------------------------------------------------


_WRITTEN_ALIKE = frozenset({str, int, type(None)})
_SHORT, _REMEMBERED = 80, 4_096


@_step(
    "join",
    "list of values, or a collection",
    "nối các giá trị không trống",
    "the values that are not empty, joined",
    ("separator", "distinct", "value", *COLLECTION_OPTIONS),
)
def _join(c: Compiler, m: Map, place: Place) -> Value:
    separator = _separator(m.get("separator"), place)
    write = element_writer(place.spec)
    each = _many(c, m, "join", place)
    distinct = _distinct(m)
    where = m.at("join")

    label = _label(m, "join")

    def joined(scope: Scope) -> Any:
        parts: list[str] = []
        for found in each(scope):
            try:
                text = write(found)
            except ValueProblem as problem:
                raise value_error(problem, found, label, where, place) from None
            if text:
                parts.append(text)
        return separator.join(dict.fromkeys(parts) if distinct else parts)

    known: dict[tuple[Any, ...], str] = {}

    def of_parts(found: tuple[Any, ...]) -> str:
        # tender numbers and the like come again; among these types equal values are written alike
        plain = _WRITTEN_ALIKE.issuperset(map(type, found))
        if plain and (text := known.get(found)) is not None:
            return text
        parts = [text for value in found if value is not None and (text := write(value))]
        text = separator.join(dict.fromkeys(parts) if distinct else parts)
        if plain and len(text) <= _SHORT:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[found] = text
        return text

    node = m.items["join"]
    if not isinstance(node, Seq):
        return Value(joined, label, where)
    values = [c.value(item, place) for item in node.items]
    return Value(joined, label, where, quick=lambda w: w.call(of_parts, w.together(values)))


def _separator(node: Node | None, place: Place) -> str:
    if isinstance(node, Scalar):
        return {"\\n": "\n"}.get(node.text, node.text)
    return (place.spec.separator if place.spec is not None else "") or ";"


def _distinct(m: Map) -> bool:
    return as_flag(m.items["distinct"], "distinct") if "distinct" in m.items else False


def _label(m: Map, step: str) -> str:
    """``payers.CARD_NUMBER`` of a collection and what is taken from its rows, ``A, B`` of a list."""
    node = m.items[step]
    if isinstance(node, Seq):
        return ", ".join(one.text for one in node.items if isinstance(one, Scalar)) or step
    if not isinstance(node, Scalar):
        return step
    value = m.items.get("value")
    column = next(iter(value.items.values()), None) if isinstance(value, Map) else value
    if isinstance(column, Scalar) and column.text.isidentifier():
        return f"{node.text}.{column.text}"
    return node.text


def _many(c: Compiler, m: Map, step: str, place: Place) -> Callable[[Scope], list[Any]]:
    """The values of a list, or of a collection's rows by ``value``."""
    node = m.items[step]
    if isinstance(node, Seq):
        for key in ("value", *COLLECTION_OPTIONS):
            if key in m.items:
                raise broken(
                    "MAP-OPTION",
                    m.at(key),
                    f"'{key}' chỉ dùng khi {step} lấy một tập dòng",
                    f"'{key}' is only for {step} over a collection",
                )
        runs = [c.value(item, place).run for item in node.items]
        return lambda scope: [run(scope) for run in runs]
    rows, inner = compile_rows(c, node, m, place)
    of_row = m.get("value")
    if of_row is None:
        raise broken(
            "MAP-OPTION",
            m.at(step),
            f"{step} trên tập dòng cần `value`",
            f"{step} over a collection needs `value`",
            hint=("thêm value: TÊN_CỘT", "add value: COLUMN"),
        )
    value = c.value(of_row, inner)
    run = value.run
    return lambda scope: [run(scope.inner(row)) for row in rows(scope)]


def _over(name: str, vi: str, en: str, pick: Callable[[list[Any]], Any], argument: str) -> None:
    @_step(name, argument, vi, en, ("value", "distinct", *COLLECTION_OPTIONS))
    def compile_over(c: Compiler, m: Map, place: Place) -> Value:
        each = _many(c, m, name, place)
        gathered = Value(each, _label(m, name), m.at(name))
        return on_value(gathered, pick, m.at(name), place)


def _filled(values: list[Any]) -> list[Any]:
    return [v for v in values if not is_empty(v)]


_over(
    "first",
    "giá trị không trống của dòng đầu",
    "the first row's value that is not empty",
    lambda v: next(iter(_filled(v)), None),
    "collection",
)
_over(
    "last",
    "giá trị không trống của dòng cuối",
    "the last row's value that is not empty",
    lambda v: next(iter(reversed(_filled(v))), None),
    "collection",
)
_over("min", "nhỏ nhất", "the smallest", lambda v: lowest(_filled(v)), "collection, or list of values")
_over("max", "lớn nhất", "the largest", lambda v: highest(_filled(v)), "collection, or list of values")


def _sum_of(values: list[Any]) -> Any:
    total: Any = 0
    read = decimal_reader(None, None)
    for value in _filled(values):
        total = add(total, read(value))
    return total


@_step(
    "sum",
    "mapped column, list of them, or a collection",
    "tổng chính xác",
    "the exact total",
    ("value", *COLLECTION_OPTIONS),
)
def _sum(c: Compiler, m: Map, place: Place) -> Value:
    if is_mapped(m.items["sum"], c):
        return compile_aggregate(c, m, "sum", place)
    each = _many(c, m, "sum", place)
    return on_value(Value(each, _label(m, "sum"), m.at("sum")), _sum_of, m.at("sum"), place)


@_step(
    "count",
    "table, or a collection",
    "số dòng",
    "the number of rows",
    ("value", "distinct", *COLLECTION_OPTIONS),
)
def _count(c: Compiler, m: Map, place: Place) -> Value:
    if is_mapped(m.items["count"], c):
        return compile_aggregate(c, m, "count", place)
    if "value" not in m.items:
        rows, _ = compile_rows(c, m.items["count"], m, place)
        return Value(lambda scope: len(rows(scope)), _label(m, "count"), m.at("count"))
    each = _many(c, m, "count", place)
    if _distinct(m):
        return Value(lambda scope: len({str(v) for v in _filled(each(scope))}), _label(m, "count"), m.at("count"))
    return Value(lambda scope: len(_filled(each(scope))), _label(m, "count"), m.at("count"))


# ---- text ------------------------------------------------------------------------------------------


@_step(
    "split",
    "value",
    "tách chữ, lấy một phần hoặc nối lại",
    "text taken apart; one part, or joined again",
    ("by", "take", "join", "distinct"),
)
def _split(c: Compiler, m: Map, place: Place) -> Value:
    value = c.value(m.items["split"], place)
    by = as_text(m.get("by"), "by", m.where).text if "by" in m.items else ",;"
    take = as_whole(m.items["take"], "take", -1000, 1000) if "take" in m.items else None
    if take == 0:
        raise broken(
            "MAP-OPTION", m.items["take"].where, "take đếm từ 1, hoặc -1 là cuối", "take counts from 1; -1 is last"
        )
    if take is not None and "join" in m.items:
        raise broken("MAP-OPTION", m.at("join"), "chỉ dùng take hoặc join", "use either take or join")
    separator, distinct = _separator(m.get("join"), place), _distinct(m)
    table = str.maketrans(dict.fromkeys(by, by[0]))

    def split(found: Any) -> Any:
        if found is None:
            return None
        parts = [p for p in (part.strip() for part in str(found).translate(table).split(by[0])) if p]
        if distinct:
            parts = list(dict.fromkeys(parts))
        if take is None:
            return separator.join(parts)
        index = take - 1 if take > 0 else take
        return parts[index] if -len(parts) <= index < len(parts) else None

    return on_value(value, split, m.at("split"), place)


@_step(
    "json",
    "value holding JSON text",
    "một giá trị trong chữ JSON",
    "a value inside JSON text",
    ("path",),
)
def _json(c: Compiler, m: Map, place: Place) -> Value:
    value = c.value(m.items["json"], place)
    path = as_text(m.get("path"), "path", m.where).text
    where = m.at("json")
    run, label = value.run, value.label

    def read(scope: Scope) -> Any:
        document = parse_json(run(scope), where, label)
        return flatten(document)[path] if isinstance(document, dict) else None

    return Value(read, f"{label}.{path}", where)


@_step(
    "choose",
    "list of {when, then}, last {else}",
    "nhánh đầu tiên có điều kiện đúng",
    "the first branch whose condition holds",
)
def _choose(c: Compiler, m: Map, place: Place) -> Value:
    branches: list[tuple[Condition | None, Value]] = []
    items = as_list(m.items["choose"])
    for index, item in enumerate(items):
        block = as_map(item, "choose", m.where)
        if set(block.items) == {"else"} and index == len(items) - 1:
            branches.append((None, c.value(block.items["else"], place)))
        elif set(block.items) == {"when", "then"}:
            branches.append((c.test(block.items["when"], place), c.value(block.items["then"], place)))
        else:
            raise broken(
                "MAP-CHOOSE",
                block.where,
                "Mỗi nhánh là {when, then}, nhánh cuối có thể là {else}",
                "Each branch is {when, then}; the last may be {else}",
            )

    def choose(scope: Scope) -> Any:
        for test, value in branches:
            if test is None or test.run(scope):
                return value.run(scope)
        return None

    labels = dict.fromkeys(value.label for _, value in branches if value.const is None)
    return Value(choose, ", ".join(labels) or "choose", m.at("choose"), quick=lambda w: w.branches(branches))


@_step("field", "FIELD or XML1.FIELD", "trường đã ánh xạ", "a field as mapped")
def _field(c: Compiler, m: Map, place: Place) -> Value:
    return compile_field(c, m.items["field"], place)


def _markup(name: str, vi: str, en: str, convert: Callable[[str], str]) -> None:
    @_step(name, "value", vi, en)
    def compile_markup(c: Compiler, m: Map, place: Place) -> Value:
        value = c.value(m.items[name], place)
        return on_value(value, lambda found: convert(found) if isinstance(found, str) else found, m.at(name), place)


_markup("text", "chữ tự do, bỏ dòng trống thừa", "free text without spare blank lines", tidy)
_markup("html", "HTML thành chữ thường", "HTML to plain text", html_to_plain)
_markup("rtf", "RTF thành chữ thường", "RTF to plain text", rtf_to_plain)
_markup("plain", "RTF, HTML hoặc chữ thường, tự nhận biết", "RTF, HTML or plain, found out by itself", plain)
