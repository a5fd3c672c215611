"""What a visit's messages add up to, in the order they came.

Segments that speak of person and visit are merged field by field; lists (diagnoses, insurances, allergies …) are
snapshots: a message that has any replaces all. Orders are known by their number, results by test and sub-number,
charges by their transaction number. Cancellations take away; an order or charge may come anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors.hl7v2.spec import Spec, matches
from connectors.hl7v2.visit.groups import Group, grouped
from connectors.hl7v2.visit.segments import Message, Part, Segment, merge

_CANCEL_ORDER = frozenset({"CA", "OC", "CR"})
_CANCELLED = frozenset({"ADT^A11", "ADT^A38", "ADT^A27"})
_BEGUN = frozenset({"ADT^A01", "ADT^A04", "ADT^A05"})
_ADMISSION, _DISCHARGE = 44, 45


@dataclass(slots=True)
class Order:
    """One order or one charge as it stands now."""

    group: Group
    cancelled: bool = False


@dataclass(slots=True)
class Visit:
    """The state of a visit. Times are HL7 text as sent; empty: not so."""

    number: str
    spec: Spec
    single: dict[str, Segment] = field(default_factory=dict)
    lists: dict[str, list[Part]] = field(default_factory=dict)
    orders: dict[tuple[str, str], Order] = field(default_factory=dict)
    charges: dict[str, Order] = field(default_factory=dict)
    event: str = ""
    stamp: str = ""
    admitted: str = ""
    inpatient: str = ""
    discharged: str = ""
    settled: str = ""
    cancelled: str = ""
    merged_into: str = ""
    survivors: dict[str, Segment] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        """The next message: of this visit, of one it took in, or a merge that concerns its patient."""
        head = message.of("MSH")
        event = "^".join(head.get(9, "").split("^")[:2])
        self.stamp = max(self.stamp, head.get(7, "").split("^")[0])
        when = message.first("EVN-6.1") or message.first("EVN-2.1") or message.first("MSH-7.1")
        if event == "ADT^A40":
            self._merge_patient(message)
            return
        if event == "ADT^A42" and self.number in (message.first(s) for s in self.spec.merged_visit):
            self.cancelled = self.cancelled or when
            self.merged_into = _of(message, self.spec.visit)
            return
        found = grouped(event.partition("^")[0], [_usual(message, part) for part in message.parts])
        if _of(message, self.spec.visit) == self.number:
            self._person_and_visit(found.single, found.lists)
            self._happened(event, when)
        for group in found.orders:
            self._order(group)
        for at, group in enumerate(found.charges):
            self._charge(group, f"{head.get(10, '')}#{at}")

    def finish(self) -> None:
        """After the last message: merges hold whatever came later under the old number; a rule may settle."""
        seen: set[str] = set()
        while (number := self._patient()) in self.survivors and number not in seen:
            seen.add(number)
            self.single["PID"] = merge(self.single.get("PID", {}), self.survivors[number])
        if (
            self.spec.discharge_settles
            and self.discharged
            and not self.settled
            and self.standing(self.charges.values())
        ):
            self.settled = self.discharged

    def standing(self, orders: Iterable[Order]) -> list[Group]:
        """Those not cancelled, in the order they first came."""
        return [one.group for one in orders if not one.cancelled]

    # ---- person and visit ------------------------------------------------------------------------

    def _person_and_visit(self, single: dict[str, Segment], lists: dict[str, list[Part]]) -> None:
        for name, segment in single.items():
            self.single[name] = merge(self.single.get(name, {}), segment)
        for name, parts in lists.items():
            self.lists[name] = parts

    def _happened(self, event: str, when: str) -> None:
        self.event = event
        visit = self.single.get("PV1", {})
        if event in _BEGUN:
            self.cancelled = ""
        if event in ("ADT^A01", "ADT^A04"):
            self.admitted = visit.get(_ADMISSION, "").split("^")[0] or self.admitted or when
        if event == "ADT^A01" and visit.get(2, "").startswith("I"):
            self.inpatient = self.inpatient or visit.get(_ADMISSION, "").split("^")[0] or when
        elif event == "ADT^A06":
            self.inpatient = when
        elif event in ("ADT^A07", "ADT^A11"):
            self.inpatient = ""
        if event in _CANCELLED:
            self.cancelled = when
        elif event == "ADT^A03":
            self.discharged = visit.get(_DISCHARGE, "").split("^")[0] or when
        elif event == "ADT^A13":
            self.discharged = self.settled = ""
            visit.pop(_DISCHARGE, None)
            visit.pop(36, None)
        if matches(event, self.spec.settled_by):
            self.settled = when
        elif matches(event, self.spec.reopened_by):
            self.settled = ""

    def _patient(self) -> str:
        pid = self.single.get("PID", {})
        return next((value for s in self.spec.patient if (value := _value(pid, s))), "")

    def _merge_patient(self, message: Message) -> None:
        pid = message.standard(message.of("PID"))
        for selector in self.spec.merged_patient:
            prior = message.first(selector)
            if prior:
                self.survivors[prior] = pid
                if prior == self._patient():
                    self.single["PID"] = merge(self.single.get("PID", {}), pid)

    # ---- orders, results, charges ------------------------------------------------------------------

    def _order(self, group: Group) -> None:
        orc, obr = group.heads.get("ORC", {}), group.heads.get("OBR", {})
        code = obr.get(4, "").split("^")[0]
        numbers = [
            f"{kind}:{value}"
            for kind, number in (("placer", 2), ("filler", 3))
            if (value := (obr.get(number, "") or orc.get(number, "")).split("^")[0])
        ] or [f"unnumbered:{obr.get(1, '')}:{len(self.orders)}"]
        known = next(
            (key for number in numbers for key in ((number, code), (number, "")) if key in self.orders),
            None,
        )
        control = orc.get(1, "")
        if known is None:
            order = Order(Group())
            for number in numbers:
                self.orders[number, code] = order
        else:
            order = self.orders[known]
            for number in numbers:
                self.orders.setdefault((number, code), order)
        if control in _CANCEL_ORDER:
            if not code:  # a cancel that names the number alone takes every line of it
                for (number, _), one in self.orders.items():
                    if number in numbers:
                        one.cancelled = True
            order.cancelled = True
            return
        if control in ("NW", "RP", "RO", "XO", "RU"):
            order.cancelled = False
        for name, segment in group.heads.items():
            order.group.heads[name] = merge(order.group.heads.get(name, {}), segment)
        _results(order.group, group.below)

    def _charge(self, group: Group, otherwise: str) -> None:
        charge = group.heads["FT1"]
        number = charge.get(2, "").split("^")[0] or otherwise
        if charge.get(6, "") == "CD":
            taken_back = self.charges.get(number) or self._same_charge(charge)
            if taken_back is not None:
                taken_back.cancelled = True
                return
        self.charges[number] = Order(group)

    def _same_charge(self, credit: Segment) -> Order | None:
        """The newest standing charge a credit without its number means: same service, day and quantity."""

        def meaning(segment: Segment) -> tuple[str, ...]:
            return (segment.get(7, "").split("^")[0], segment.get(4, "")[:8], segment.get(10, "").lstrip("-"))

        for one in reversed(self.charges.values()):
            head = one.group.heads["FT1"]
            if not one.cancelled and head.get(6, "CG") == "CG" and meaning(head) == meaning(credit):
                return one
        return None


def _results(into: Group, below: list[Part]) -> None:
    """Results by test and sub-number; other kinds as a whole, when the message has any."""
    kinds = {part.name for part in below if part.name != "OBX"}
    kept = [part for part in into.below if part.name not in kinds]
    places = {_test(part): at for at, part in enumerate(kept) if part.name == "OBX"}
    gone: set[int] = set()
    fresh: set[tuple[str, str]] = set()
    for part in below:
        if part.name != "OBX":
            kept.append(part)
            continue
        test = _test(part)
        if part.segment.get(11, "") in ("D", "W"):
            if test in places:
                gone.add(places[test])
        elif test in places and test not in fresh:
            kept[places[test]] = part
        else:
            places[test] = len(kept)
            kept.append(part)
        fresh.add(test)
    into.below = [part for at, part in enumerate(kept) if at not in gone]


def _test(part: Part) -> tuple[str, str]:
    return part.segment.get(3, "").split("^")[0], part.segment.get(4, "")


def _usual(message: Message, part: Part) -> Part:
    return Part(part.name, message.standard(part.segment))


def _of(message: Message, selectors: tuple[str, ...]) -> str:
    return next((value for s in selectors if (value := message.first(s))), "")


def _value(segment: Segment, selector: str) -> str:
    """A selector's value in a segment whose separators are the usual ones."""
    number, *rest = (int(part) for part in selector.partition("-")[2].split("."))
    value = segment.get(number, "").split("~")[0]
    for separator, position in zip("^&", rest, strict=False):
        pieces = value.split(separator)
        value = pieces[position - 1] if position <= len(pieces) else ""
    return value.strip()
