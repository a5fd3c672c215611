"""The options every step shares, applied in one fixed order whatever order the file has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapter.expr import ValueProblem
from adapter.expr.functions import text_of
from adapter.mapping.language.compiled import Condition, Place, Value
from adapter.mapping.language.scope import Note, Scope, Thunk
from adapter.mapping.language.values import Compiler, is_empty, on_value, then
from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Node, Scalar, as_flag, as_map, as_text, as_whole
from adapter.text import one_line
from adapter.text.charset import CHARSETS, decode


@dataclass(frozen=True, slots=True)
class Option:
    """An option's line in the reference."""

    argument: str
    vi: str
    en: str


OPTIONS: dict[str, Option] = {
    "when": Option("expression", "điều kiện sai thì trống (hoặc `else`)", "not true: empty, or the `else` value"),
    "else": Option("value", "giá trị khi `when` sai", "the value when `when` is not true"),
    "charset": Option("auto, " + ", ".join(CHARSETS), "bảng mã cũ sang Unicode", "an old charset to Unicode"),
    "chars": Option("1-15, 16-", "các ký tự này, đếm từ 1", "these characters, counted from 1"),
    "digits_only": Option("true", "chỉ giữ 0–9", "only 0–9 stay"),
    "replace": Option("{old: new}", "thay chữ", "text by text"),
    "case": Option("upper, lower", "chữ hoa, thường", "upper or lower case"),
    "default": Option("text", "khi kết quả trống", "when the result is empty"),
    "pad": Option('{width: 5, fill: "0"}', "thêm bên trái cho đủ", "filled up at the left"),
    "lines": Option("keep, one", "giữ dòng, hoặc một dòng", "line ends kept, or one line"),
    "too_long": Option("keep, cut, error", "khi dài hơn trường", "when longer than the field"),
}

Change = Callable[[Any], Any]


def apply_options(c: Compiler, value: Value, m: Map, place: Place, *, skip: frozenset[str]) -> Value:
    """The value after the step's options."""
    if "when" in m.items:
        value = _when(c, value, m, place)
    elif "else" in m.items:
        raise broken("MAP-OPTION", m.at("else"), "else cần when", "else needs when", hint=("thêm when", "add when"))
    for name, make in (
        ("charset", _charset),
        ("chars", _chars),
        ("digits_only", _digits),
        ("replace", _replace),
        ("case", _case),
    ):
        if name in m.items and name not in skip:
            value = make(value, m.items[name], place)
    if "default" in m.items:
        value = _default(value, m.items["default"])
    for name, make in (("pad", _pad), ("lines", _lines), ("too_long", _too_long)):
        if name in m.items:
            value = make(value, m.items[name], place)
    return value


def _when(c: Compiler, value: Value, m: Map, place: Place) -> Value:
    test = c.test(m.items["when"], place)
    other = c.value(m.items["else"], place) if "else" in m.items else None
    otherwise: Thunk = other.run if other is not None else lambda _scope: None
    run, holds = value.run, test.run
    branches: list[tuple[Condition | None, Value]] = [(test, value)]
    if other is not None:
        branches.append((None, other))
    return Value(
        lambda scope: run(scope) if holds(scope) else otherwise(scope),
        value.label,
        value.where,
        quick=lambda w: w.branches(branches),
    )


def _on_text(value: Value, change: Callable[[str], str], where: Node, place: Place) -> Value:
    return on_value(value, lambda found: None if found is None else change(text_of(found)), where.where, place)


def _charset(value: Value, node: Node, place: Place) -> Value:
    name = as_text(node, "charset", node.where).text
    if name != "auto" and name not in CHARSETS:
        raise broken(
            "MAP-OPTION",
            node.where,
            f"Không có bảng mã chữ '{name}'",
            f"There is no charset '{name}'",
            near=(name, ("auto", *CHARSETS)),
        )
    run, label = value.run, value.label

    def decoded(scope: Scope) -> Any:
        found = run(scope)
        if not isinstance(found, str | bytes | bytearray | memoryview) or (isinstance(found, str) and found.isascii()):
            return found
        result = decode(found if isinstance(found, str) else bytes(found), None if name == "auto" else name)
        if result.lost:
            note(
                scope,
                place,
                "MAP-LETTERS-LOST",
                f"{label}: mất {result.lost} chữ khi đổi bảng mã {result.charset}",
                f"{label}: {result.lost} letters lost converting {result.charset}",
            )
        return result.text

    return Value(decoded, label, node.where, quick=lambda w: w.ascii_or_exact(value, decoded))


def note(scope: Scope, place: Place, code: str, vi: str, en: str) -> None:
    """Remember something a person should know."""
    scope.run.notes.append(Note(code, place.table or "", scope.number, place.field or "", vi, en))


def _chars(value: Value, node: Node, place: Place) -> Value:
    text = as_text(node, "chars", node.where).text
    first, dash, last = text.partition("-")
    if not first.isdigit() or int(first) < 1 or not dash or (last and (not last.isdigit() or int(last) < int(first))):
        raise broken("MAP-OPTION", node.where, "chars phải là dạng 1-15 hoặc 16-", "chars must look like 1-15 or 16-")
    begin, end = int(first) - 1, int(last) if last else None
    return _on_text(value, lambda found: found.strip()[begin:end], node, place)


def _digits(value: Value, node: Node, place: Place) -> Value:
    if not as_flag(node, "digits_only"):
        return value
    return _on_text(value, lambda found: "".join(c for c in found if c in "0123456789"), node, place)


def _replace(value: Value, node: Node, place: Place) -> Value:
    pairs: list[tuple[str, str]] = []
    for old, new in as_map(node, "replace", node.where).items.items():
        if not old or not isinstance(new, Scalar):
            raise broken("MAP-OPTION", node.where, "replace là {cũ: mới}", "replace is {old: new}")
        pairs.append((old, "" if new.null else new.text))

    def replaced(found: str) -> str:
        for old, new in pairs:
            found = found.replace(old, new)
        return found

    return _on_text(value, replaced, node, place)


def _case(value: Value, node: Node, place: Place) -> Value:
    text = as_text(node, "case", node.where).text
    if text not in ("upper", "lower"):
        raise broken("MAP-OPTION", node.where, "case phải là upper hoặc lower", "case must be upper or lower")
    return _on_text(value, str.upper if text == "upper" else str.lower, node, place)


def _default(value: Value, node: Node) -> Value:
    if not isinstance(node, Scalar):
        raise broken("MAP-OPTION", node.where, "default phải là chữ", "default must be a text")
    text = "" if node.null else node.text
    run = value.run

    def filled(scope: Scope) -> Any:
        found = run(scope)
        return text if is_empty(found) else found

    return Value(
        filled,
        value.label,
        value.where,
        quick=lambda w: w.or_default(value, text),
        pure=then(value.pure, lambda found: text if is_empty(found) else found, ("default", text)),
    )


def _pad(value: Value, node: Node, place: Place) -> Value:
    block = as_map(node, "pad", node.where)
    if set(block.items) != {"width", "fill"}:
        raise broken("MAP-OPTION", node.where, "pad cần width và fill", "pad needs width and fill")
    width = as_whole(block.items["width"], "width", 1, 255)
    fill = as_text(block.items["fill"], "fill", node.where).text
    if len(fill) != 1:
        raise broken("MAP-OPTION", block.at("fill"), "fill phải là một ký tự", "fill must be one character")
    return _on_text(value, lambda found: found.rjust(width, fill) if found else found, node, place)


def _lines(value: Value, node: Node, place: Place) -> Value:
    text = as_text(node, "lines", node.where).text
    if text not in ("keep", "one"):
        raise broken("MAP-OPTION", node.where, "lines phải là keep hoặc one", "lines must be keep or one")
    return value if text == "keep" else _on_text(value, one_line, node, place)


def _too_long(value: Value, node: Node, place: Place) -> Value:
    policy = as_text(node, "too_long", node.where).text
    if policy not in ("keep", "cut", "error"):
        raise broken(
            "MAP-OPTION", node.where, "too_long phải là keep, cut hoặc error", "too_long must be keep, cut or error"
        )
    limit = place.spec.max_len if place.spec is not None else None
    if policy == "keep" or limit is None:
        return value
    run, label = value.run, value.label

    def limited(found: Any) -> Any:
        if not isinstance(found, str) or len(found) <= limit:
            return found
        raise ValueProblem(f"dài {len(found)}, trường chỉ {limit} ký tự", f"{len(found)} long, the field holds {limit}")

    if policy == "error":
        return on_value(value, limited, node.where, place)

    def cut(scope: Scope) -> Any:
        found = run(scope)
        if not isinstance(found, str) or len(found) <= limit:
            return found
        note(
            scope,
            place,
            "MAP-CUT",
            f"{label}: cắt từ {len(found)} còn {limit} ký tự",
            f"{label}: cut from {len(found)} to {limit} characters",
        )
        return found[:limit].rstrip()

    return Value(cut, label, node.where)
