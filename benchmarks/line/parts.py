"""Each part of the line alone: the same stays read, mapped, checked, written, signed and verified, nothing stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from adapter.clock import VIETNAM
from adapter.dossier.model import Dossier, Purpose
from adapter.dossier.reader import read
from adapter.dossier.writer import write
from adapter.mapping import Due, Plan
from adapter.rules.context import Context as RulesContext
from adapter.rules.engine import check
from adapter.rules.package import standard_for
from adapter.rules.setup import setup_of
from adapter.signing.profile1 import prepare_written
from adapter.signing.verify import verify
from adapter.source import SourceEncounter
from benchmarks.encounters import FACILITY, NOW, plan
from benchmarks.line.reference import SignxmlBench, build
from benchmarks.line.work import Work, timed

TODAY = NOW.astimezone(VIETNAM).date()
CLAIM = Due(Purpose.CLAIM)


@dataclass(frozen=True)
class Parts:
    """What each part is given, and what it does with one of them. ``mapping`` has not seen the encounters before."""

    work: Work
    mapping: Plan
    encounters: Sequence[SourceEncounter]
    dossiers: Sequence[Dossier]
    written: Sequence[bytes]
    signed: Sequence[bytes]
    plain: SignxmlBench
    plain_signed: Sequence[bytes]

    @classmethod
    def of(cls, work: Work, count: int) -> Parts:
        """The first stays of the source, taken through every part once; each file is proved by both verifiers."""
        encounters: list[SourceEncounter] = []
        cursor = None
        while len(encounters) < count:
            batch = work.source.pull(cursor, now=NOW)
            encounters += batch.encounters
            cursor = batch.cursor
        dossiers = [work.plan.translate(e, CLAIM, facility=FACILITY, now=NOW) for e in encounters]
        written = [write(d, created_on=TODAY) for d in dossiers]
        plain = SignxmlBench(work)
        signed = [_sign(work, document) for document in written]
        plain_signed = [plain.sign(build(d, TODAY)) for d in dossiers]
        for ours, theirs in zip(signed, plain_signed, strict=True):
            for document in (ours, theirs):
                assert verify(document, trust=work.trust, at=NOW).valid
                plain.verify(document, NOW)
            assert read(ours).dossiers == read(theirs).dossiers
        return cls(work, plan(), encounters, dossiers, written, signed, plain, plain_signed)

    def costs(self, part: slice) -> dict[str, float]:
        """Processor seconds one dossier costs in each part, over some of them once.

        Taken a second time they would cost less: what a price, an instant or a text comes to is remembered.
        """
        keys = [e.key for e in self.encounters[part]]
        found = {"pull": timed(lambda: self.work.source.fetch(keys))[0] / len(keys)}
        for name, (all_things, act) in self._acts().items():
            things = all_things[part]
            found[name] = timed(lambda act=act, things=things: [act(thing) for thing in things])[0] / len(things)  # type: ignore[misc]
        return found

    def _acts(self) -> dict[str, tuple[Sequence[Any], Callable[[Any], object]]]:
        work, plain = self.work, self.plain
        rules = setup_of(work.settings, work.facility)
        catalogues = work.store.catalogues.index(FACILITY)

        def rule(dossier: Dossier) -> object:
            context = RulesContext(at=NOW, options=rules.options, catalogues=catalogues, facility=rules.profile)
            return check(dossier, standard=standard_for(dossier, context), context=context, local=rules.local)

        return {
            "map": (self.encounters, lambda e: self.mapping.translate(e, CLAIM, facility=FACILITY, now=NOW)),
            "check": (self.dossiers, rule),
            "build": (self.dossiers, lambda d: write(d, created_on=TODAY)),
            "sign": (self.written, lambda document: _sign(work, document)),
            "verify": (self.signed, lambda document: verify(document, trust=work.trust, at=NOW)),
            "plain build": (self.dossiers, lambda d: etree.tostring(build(d, TODAY), encoding="utf-8")),
            "plain build and sign": (self.dossiers, lambda d: plain.sign(build(d, TODAY))),
            "plain sign": (self.written, lambda document: plain.sign(etree.fromstring(document))),
            "plain verify": (self.plain_signed, lambda document: plain.verify(document, NOW)),
        }


def _sign(work: Work, document: bytes) -> bytes:
    place, unsigned = prepare_written(document, work.certificate)
    return place.fill(unsigned.with_value(work.key.sign(unsigned.to_sign)))
