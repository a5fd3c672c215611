"""The 14 steps of one facility: proven by the store, attested by a person, missing, or not applicable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Literal

from adapter import resources
from adapter.clock import VIETNAM
from adapter.errors import ConfigError
from adapter.readiness.proofs import LOOK_BACK, PROOFS, Facts
from adapter.settings import Facility, Settings
from adapter.store.readiness.attestations import Attestation, Kind
from adapter.store.store import Store

State = Literal["proven", "attested", "missing", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it stands. ``evidence`` and ``missing`` are sentences, Vietnamese; ``*_en`` the same in English."""

    n: int
    title_vi: str
    title_en: str
    state: State
    evidence: tuple[str, ...]
    missing: tuple[str, ...]
    evidence_en: tuple[str, ...]
    missing_en: tuple[str, ...]
    attestable: bool
    attested_at: str | None = None
    attested_by: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For ``--json`` and the API."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}


def readiness_of(store: Store, settings: Settings, facility: Facility) -> list[Step]:
    """All steps of a facility, in order. Reads only; names no patient."""
    facts = _facts(store, settings, facility)
    standing = store.attestations.standing(facility.code)
    return [_judge(one, facts, standing.get(int(one["n"]))) for one in steps()]


def attest(
    store: Store, facility: Facility, n: int, *, person: str, note: str, actor: str, kind: Kind = "done"
) -> Attestation:
    """Record that a person vouches for a step. ConfigError when it is no step, or cannot be attested."""
    step = next((one for one in steps() if one["n"] == n), None)
    if step is None or (kind == "done" and "attest" not in step):
        raise ConfigError(
            f"Không có bước {n}" if step is None else f"Bước {n} chỉ chương trình chứng minh được, không xác nhận thay",
            f"There is no step {n}" if step is None else f"Step {n} is proven by the program and cannot be attested",
            hint_vi="xem bhyt readiness",
            hint_en="see bhyt readiness",
        )
    if not person.strip() or not note.strip():
        raise ConfigError(
            "Xác nhận cần họ tên người chịu trách nhiệm và căn cứ",
            "An attestation needs the name of who answers for it, and the ground",
        )
    return store.attestations.add(
        facility.code, n, kind=kind, person=person.strip(), note=note.strip(), actor=actor, now=store.clock()
    )


def withdraw(store: Store, facility: Facility, n: int, *, actor: str, reason: str) -> int:
    """Take back what was attested for a step; how many attestations stood."""
    return store.attestations.withdraw(facility.code, n, actor=actor, reason=reason, now=store.clock())


@cache
def steps() -> Sequence[Mapping[str, Any]]:
    """The steps as data (``steps.yaml``)."""
    document = resources.document("adapter.readiness", "steps.yaml")
    found: list[Mapping[str, Any]] = document["steps"]
    return found


def _judge(step: Mapping[str, Any], facts: Facts, attested: Attestation | None) -> Step:
    proof = PROOFS[step["proof"]](facts) if "proof" in step else None
    beside = [PROOFS[name](facts) for name in step.get("seen", ())]
    seen = [*([proof] if proof else []), *beside]
    evidence = [one for one in seen if one.held == "yes"]
    lacking = [one for one in seen if one.held != "yes"]
    told: list[tuple[str, str]] = [(one.vi, one.en) for one in evidence]
    missing = [(one.vi, one.en) for one in lacking]
    against = any(one.held == "against" for one in seen)
    state: State = "missing"
    if attested is not None:
        day = attested.at.astimezone(VIETNAM).strftime("%d/%m/%Y")
        told.append((f"{attested.person} xác nhận ngày {day}: {attested.note}",
                     f"attested by {attested.person} on {day}: {attested.note}"))  # fmt: skip
    if attested is not None and attested.kind == "not_applicable":
        state = "not_applicable"
    elif proof is not None and proof.held == "yes" and not against:
        state = "proven"
    elif attested is not None and not against:
        state = "attested"
    elif "attest" in step:
        missing.append((f"cần người xác nhận: {step['attest']['vi']}", f"to be attested: {step['attest']['en']}"))
    if state in {"proven", "not_applicable"}:
        missing = []
    return Step(
        int(step["n"]),
        step["vi"],
        step["en"],
        state,
        tuple(vi for vi, _ in told),
        tuple(vi for vi, _ in missing),
        tuple(en for _, en in told),
        tuple(en for _, en in missing),
        "attest" in step,
        attested.at.astimezone(VIETNAM).isoformat() if attested else None,
        attested.person if attested else None,
    )


def _facts(store: Store, settings: Settings, facility: Facility) -> Facts:
    now, code = store.clock(), facility.code
    since = now - LOOK_BACK
    return Facts(
        now=now,
        settings=settings,
        facility=facility,
        counts=store.attestations.counts(code, since=since, now=now),
        figures=store.watching.figures(code, now=now, near_until=now, since=now - timedelta(days=1)),
        stages=store.health.stages(code),
        certificate=next(iter(store.health.certificates(code)), None),
        overdue=len(store.books.overdue(now, code, hours=settings.book.watch_hours)),
    )


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
