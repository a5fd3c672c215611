"""When an encounter is due, for what, and what exempts it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapter.dossier.model import Purpose
from adapter.mapping.language.compiled import Place
from adapter.mapping.language.scope import Scope
from adapter.mapping.language.values import Compiler
from adapter.mapping.problems import broken
from adapter.mapping.yamltree import Map, Node, as_list, as_map, as_text

Test = Callable[[Scope], bool]

OCCASIONS = ("first_cost", "treating_department")
READY_KEYS = ("ready", "insured", "exempt")


@dataclass(frozen=True, slots=True)
class Due:
    """One dossier that should exist now. ``exempt_reason`` is not empty when it need not be sent."""

    purpose: Purpose
    occasion: str = ""
    exempt_reason: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What an encounter is due for; ``reason`` says why when it is nothing."""

    ma_lk: str
    due: tuple[Due, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReadyRules:
    """The compiled conditions, in the order check-ins, claim, book."""

    tests: tuple[tuple[Purpose, str, Test], ...]
    insured: Test | None
    exempt: Mapping[Purpose, tuple[tuple[Test, str], ...]]

    def due(self, scope: Scope) -> tuple[tuple[Due, ...], str]:
        """Everything due for the encounter at hand, and the reason when there is nothing."""
        insured = self.insured(scope) if self.insured is not None else None
        found: list[Due] = []
        for purpose, occasion, test in self.tests:
            if insured is not None and insured is (purpose is Purpose.BOOK):
                continue
            if test(scope):
                reason = next((text for when, text in self.exempt.get(purpose, ()) if when(scope)), "")
                found.append(Due(purpose, occasion, reason))
        return tuple(found), "" if found else "not ready"


def compile_readiness(c: Compiler, encounters: Map | None, source: Map | None, place: Place) -> ReadyRules:
    """The rules of ``ready``, ``insured`` and ``exempt``, which stand in encounters or beside it."""

    def find(key: str) -> Node | None:
        for block in (encounters, source):
            if block is not None and key in block.items:
                return block.items[key]
        return None

    ready, insured, exempt = find("ready"), find("insured"), find("exempt")
    tests = _tests(c, ready, place) if ready is not None else ((Purpose.CLAIM, "", _always),)
    return ReadyRules(
        tests,
        c.condition(insured, place) if insured is not None else None,
        _exempt(c, exempt, place) if exempt is not None else {},
    )


def _always(_scope: Scope) -> bool:
    return True


def _purpose(block: Map, key: str) -> Purpose:
    if key not in set(Purpose):
        raise broken(
            "MAP-READY",
            block.at(key),
            f"Không có mục đích '{key}'",
            f"There is no purpose '{key}'",
            near=(key, list(Purpose)),
        )
    return Purpose(key)


def _tests(c: Compiler, node: Node, place: Place) -> tuple[tuple[Purpose, str, Test], ...]:
    block = as_map(node, "ready", node.where)
    found: list[tuple[Purpose, str, Test]] = []
    for key, value in block.items.items():
        purpose = _purpose(block, key)
        if purpose is Purpose.CHECKIN:
            found.extend(_checkins(c, value, place))
        else:
            found.append((purpose, "", c.condition(value, place)))
    order = {Purpose.CHECKIN: 0, Purpose.CLAIM: 1, Purpose.BOOK: 2}
    return tuple(sorted(found, key=lambda t: order[t[0]]))


def _checkins(c: Compiler, value: Node, place: Place) -> list[tuple[Purpose, str, Test]]:
    if not isinstance(value, Map):
        return [(Purpose.CHECKIN, OCCASIONS[0], c.condition(value, place))]
    for name in value.items:
        if name not in OCCASIONS:
            raise broken(
                "MAP-READY",
                value.at(name),
                f"Không có lần check-in '{name}'",
                f"There is no check-in occasion '{name}'",
                near=(name, OCCASIONS),
            )
    return [(Purpose.CHECKIN, name, c.condition(value.items[name], place)) for name in OCCASIONS if name in value.items]


def _exempt(c: Compiler, node: Node, place: Place) -> dict[Purpose, tuple[tuple[Test, str], ...]]:
    block = as_map(node, "exempt", node.where)
    found: dict[Purpose, tuple[tuple[Test, str], ...]] = {}
    for key, value in block.items.items():
        rules: list[tuple[Test, str]] = []
        for item in as_list(value):
            rule = as_map(item, "exempt", value.where)
            if set(rule.items) != {"when", "reason"}:
                raise broken("MAP-READY", rule.where, "exempt cần when và reason", "exempt needs when and reason")
            rules.append(
                (c.condition(rule.items["when"], place), as_text(rule.get("reason"), "reason", rule.where).text)
            )
        found[_purpose(block, key)] = tuple(rules)
    return found
