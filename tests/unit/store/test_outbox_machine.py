"""The outbox against a dictionary: any order of reads, claims, answers, deaths and holds.

The model is plain Python over dicts and shares nothing with the store but the words. After each
step both must agree on every revision's state, on what a claim gives, and on both equations.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from adapter.clock import VIETNAM
from adapter.dossier.model import Dossier, Purpose
from adapter.errors import LeaseLost
from adapter.rules.facts import facts_of
from adapter.rules.finding import Finding
from adapter.source import Cursor, SourceEncounter
from adapter.store import Answer, Claimed, Expected, Read, Settlement, Stage, State, Store, Unit
from adapter.store.records import Translated
from adapter.store.tables.schema import receipts, revisions
from tests.support.pipeline_world import FACILITY, Time, vault
from tests.support.postgres import new_database

LEASE = timedelta(minutes=5)
WAIT = timedelta(minutes=10)
KEYS = ["1", "2"]


@dataclass
class Rev:
    """The model of one revision."""

    content: int
    state: str
    due: object = None  # None: at once
    lease: object = None
    fence: int = 0
    receipts: int = 0
    replaced: bool = False


@dataclass
class Doc:
    """The model of one dossier: its revisions in order, which one is current, and the flag."""

    key: str
    days: int
    revs: list[Rev] = field(default_factory=list)
    current: int = 0
    held: bool = False


UNSENT = {"translated", "blocked", "ready", "signing", "signed"}
BAD = Finding("R", "error", "XML1", 1, "X", "", "sai", "wrong")


class OutboxMachine(RuleBasedStateMachine):
    """Rules are what can happen; ``model`` is what must have become of it."""

    url_of_new_store = staticmethod(lambda: "")

    def __init__(self) -> None:
        super().__init__()
        self.time = Time()
        self.store = Store.open(type(self).url_of_new_store(), vault(), self.time)
        self.docs: dict[str, Doc] = {}
        self.claims: list[tuple[Claimed, str, int, int]] = []  # claim, key, revision index, fence in the model
        self.pull_id = 0
        self.reads = 0
        self.finished = 0

    @initialize()
    def begin(self) -> None:
        self.pull_id = self.store.intake.start_pull(FACILITY, "s", self.time())

    def teardown(self) -> None:
        self.store.close()

    # ---- the source ------------------------------------------------------------------------------

    @precondition(lambda self: self.reads <= 2 + self.finished)  # or runs would be all reading
    @rule(key=st.sampled_from(KEYS), content=st.integers(0, 2))
    def his_says(self, key: str, content: int) -> None:
        self.reads += 1
        encounter = SourceEncounter(key, str(self.reads), {"content": content})
        expected = (Expected(f"LK{key}", "claim"),)
        position = self.store.intake.position(FACILITY, "s")
        self.store.intake.save_batch(
            FACILITY, "s", position, [Read(encounter, expected)], Cursor(str(self.reads), key),
            pull_id=self.pull_id, plan_hash="p", now=self.time(),
        )  # fmt: skip
        for claimed in self.store.pending.claim(FACILITY, "s", owner="t", limit=9, now=self.time(), lease=LEASE):
            self.store.dossiers.save(
                Translated(claimed, (self._unit(claimed.encounter),), expected), plan_hash="p",
                now=self.time(), actor="t", hold_after_receipt=False,
            )  # fmt: skip
        self._model_content(key, content)

    def _unit(self, encounter: SourceEncounter) -> Unit:
        content, ma_lk = encounter.row["content"], f"LK{encounter.key}"
        dossier = Dossier(FACILITY, ma_lk, Purpose.CLAIM, "3176", {"XML1": [{"MA_LK": ma_lk, "V": str(content)}]})
        deadline = self.time.at.replace(hour=0) + timedelta(days=int(encounter.key))
        return Unit(
            ma_lk=ma_lk, purpose="claim", occasion="", content_hash=dossier.content_hash(), standard="3176",
            deadline=deadline, body=dossier.to_bytes(), facts=facts_of(dossier),
        )  # fmt: skip

    def _model_content(self, key: str, content: int) -> None:
        doc = self.docs.get(key)
        if doc is None:
            self.docs[key] = Doc(key, int(key), [Rev(content, "translated")])
            return
        if doc.revs[doc.current].content == content:
            return
        for rev in doc.revs:
            if rev.state in UNSENT:
                rev.state, rev.lease = "superseded", None
        handed = [i for i, r in enumerate(doc.revs) if r.state in {"sending", "unknown", "accepted"}]
        if handed and doc.revs[handed[-1]].content == content:
            doc.current = handed[-1]
            return
        doc.revs.append(Rev(content, "translated"))
        doc.current = len(doc.revs) - 1

    # ---- workers ---------------------------------------------------------------------------------

    @rule(stage=st.sampled_from(list(Stage)), limit=st.integers(1, 3))
    def worker_claims(self, stage: Stage, limit: int) -> None:
        taken = self.store.outbox.claim(stage, FACILITY, owner="w", limit=limit, now=self.time(), lease=LEASE)
        expected = self._model_claim(stage, limit)
        assert [(c.dossier_id, c.number) for c in taken] == [(self._id(k), i + 1) for k, i in expected]
        for claimed, (key, index) in zip(taken, expected, strict=True):
            assert claimed.fence == self.docs[key].revs[index].fence
            self.claims.append((claimed, key, index, claimed.fence))

    def _model_claim(self, stage: Stage, limit: int) -> list[tuple[str, int]]:
        now = self.time()
        queues = {Stage.CHECK: ["translated"], Stage.SIGN: ["signing", "ready"], Stage.SEND: ["unknown", "signed"]}
        chosen: list[tuple[str, int]] = []
        for state in queues[stage]:
            due = []
            for key, doc in self.docs.items():
                for index, rev in enumerate(doc.revs):
                    at_gateway = [r for r in doc.revs if r is not rev and r.state in {"sending", "unknown"}]
                    if (
                        rev.state == state
                        and not doc.held
                        and (rev.due is None or rev.due <= now)
                        and (rev.lease is None or rev.lease <= now)
                        and (state == "unknown" or index == doc.current)
                        and not (stage is Stage.SEND and at_gateway)
                    ):
                        due.append((doc.days, key, index))
            chosen += [(key, index) for _, key, index in sorted(due)][: limit - len(chosen)]
        for key, index in chosen:
            rev = self.docs[key].revs[index]
            rev.fence += 1
            rev.lease = now + LEASE
            rev.state = {Stage.CHECK: "translated", Stage.SIGN: "signing", Stage.SEND: "sending"}[stage]
            if stage is Stage.SEND:
                rev.due = None
        return chosen

    @precondition(lambda self: self.docs)
    @rule()
    def the_line_works_smoothly(self) -> None:
        """Check and sign as on a good day, so that a run gets to the sending and what comes after it."""
        for stage in (Stage.CHECK, Stage.SIGN):
            self.worker_claims(stage, 9)
            while self.claims and self.claims[-1][0].state in {State.TRANSLATED, State.SIGNING}:
                self._finish(len(self.claims) - 1, True, "")  # noqa: FBT003
        self.worker_claims(Stage.SEND, 9)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), good=st.booleans(), answer=st.sampled_from(["accepted", "refused", "unknown", "not taken"]))
    def worker_finishes(self, data: st.DataObject, good: bool, answer: str) -> None:
        self._finish(data.draw(st.integers(0, len(self.claims) - 1)), good, answer)

    def _finish(self, position: int, good: bool, answer: str) -> None:
        claimed, key, index, fence = self.claims.pop(position)
        self.finished += 1
        rev = self.docs[key].revs[index]
        owns = rev.fence == fence and rev.state == claimed.state.value
        if claimed.state is State.SENDING:
            self._answer(claimed, key, rev, owns, answer)
            return
        try:
            if claimed.state is State.TRANSLATED:
                self.store.outbox.checked(claimed, () if good else (BAD,), now=self.time(), actor="w")
                target = "ready" if good else "blocked"
            elif good:
                self.store.outbox.signed(claimed, b"signed:" + claimed.body, "0" * 64, "01", now=self.time(), actor="w")
                target = "signed"
            else:
                self.store.outbox.put_back(claimed, "no key", now=self.time(), actor="w")
                target = "ready"
        except LeaseLost:
            assert not owns
            return
        assert owns, "a result was written without its lease"
        rev.state, rev.lease = target, None

    def _answer(self, claimed: Claimed, key: str, rev: Rev, owns: bool, answer: str) -> None:
        target, wait = {
            "accepted": (State.ACCEPTED, None),
            "refused": (State.REFUSED, None),
            "unknown": (State.UNKNOWN, WAIT),
            "not taken": (State.SIGNED, WAIT),
        }[answer]
        given = Answer(answer, ma_giao_dich="GD" if answer == "accepted" else None)
        next_at = None if wait is None else self.time() + wait
        late = self.store.outbox.settle(
            [Settlement(claimed, given, target, next_attempt_at=next_at)], now=self.time(), actor="w"
        )
        assert bool(late) is not owns
        if answer == "accepted":
            rev.receipts += 1
        if owns:
            rev.state, rev.lease, rev.due = target.value, None, next_at
        elif answer == "accepted" and rev.state == "unknown":
            rev.state, rev.lease, rev.due = "accepted", None, None
        revs = self.docs[key].revs
        newest = max((i for i, r in enumerate(revs) if r.state == "accepted"), default=-1)
        for i, other in enumerate(revs):
            other.replaced = other.state == "accepted" and i < newest

    @precondition(lambda self: any(c[0].state is State.SENDING for c in self.claims))
    @rule(data=st.data(), answer=st.sampled_from(["accepted", "refused", "unknown", "not taken"]))
    def the_gateway_answers(self, data: st.DataObject, answer: str) -> None:
        asked = [i for i, c in enumerate(self.claims) if c[0].state is State.SENDING]
        self._finish(data.draw(st.sampled_from(asked)), True, answer)  # noqa: FBT003

    @precondition(lambda self: self.docs)
    @rule(minutes=st.sampled_from([4, 6, 11]))
    def time_passes(self, minutes: int) -> None:
        self.time.pass_(minutes=minutes)

    @rule()
    def the_dead_are_buried(self) -> None:
        now = self.time()
        lost = [
            Settlement(c, Answer("lost"), State.UNKNOWN, next_attempt_at=now + WAIT)
            for c in self.store.outbox.expired(FACILITY, now)
        ]
        assert self.store.outbox.settle(lost, now=now, actor="w") == []
        for doc in self.docs.values():
            for rev in doc.revs:
                if rev.state == "sending" and rev.lease <= now:
                    rev.state, rev.lease, rev.due = "unknown", None, now + WAIT

    @precondition(lambda self: any(d.revs[d.current].state == "sending" for d in self.docs.values()))
    @rule()
    def a_worker_stalls_and_another_takes_over(self) -> None:
        self.time_passes(6)
        self.the_dead_are_buried()
        self.time_passes(11)
        self.worker_claims(Stage.SEND, 9)

    # ---- people ----------------------------------------------------------------------------------

    @precondition(lambda self: self.docs)
    @rule(data=st.data())
    def person_holds_or_releases(self, data: st.DataObject) -> None:
        doc = self.docs[data.draw(st.sampled_from(sorted(self.docs)))]
        if doc.held:
            self.store.queue.release(self._id(doc.key), reason="r", actor="p")
            doc.held = False
        elif doc.revs[doc.current].state != "accepted":
            self.store.queue.hold(self._id(doc.key), reason="r", actor="p")
            doc.held = True

    @precondition(lambda self: any(self._retriable(d) for d in self.docs.values()))
    @rule(data=st.data())
    def person_retries(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(k for k, d in self.docs.items() if self._retriable(d))))
        self.store.queue.retry(self._id(key), reason="r", actor="p")
        doc = self.docs[key]
        rev = doc.revs[doc.current]
        rev.state = {"refused": "signed", "blocked": "translated"}.get(rev.state, rev.state)
        rev.lease = None if rev.state in {"signed", "translated"} else rev.lease
        for other in doc.revs:
            if other.state in {"ready", "translated", "signed", "unknown", "refused"}:
                other.due = None

    def _retriable(self, doc: Doc) -> bool:
        return not doc.held and doc.revs[doc.current].state in {"refused", "blocked"}

    # ---- what must always be true ------------------------------------------------------------------

    def _id(self, key: str) -> int:
        (found,) = self.store.queries.list(ma_lk=f"LK{key}")
        return int(found["id"])

    @invariant()
    def every_revision_stands_where_the_model_says(self) -> None:
        for key, doc in self.docs.items():
            (line,) = self.store.queries.list(ma_lk=f"LK{key}")
            with self.store.database.read() as connection:
                rows = connection.execute(
                    select(revisions.c.state, revisions.c.replaced_by, func.count(receipts.c.id))
                    .outerjoin(receipts, receipts.c.revision_id == revisions.c.id)
                    .where(revisions.c.dossier_id == line["id"])
                    .group_by(revisions.c.id, revisions.c.number, revisions.c.state, revisions.c.replaced_by)
                    .order_by(revisions.c.number)
                ).all()
            seen = [(state, count, by is not None) for state, by, count in rows]
            assert seen == [(r.state, r.receipts, r.replaced) for r in doc.revs]
            assert (line["revision"], line["held"]) == (doc.current + 1, doc.held)
            assert line["state"] == doc.revs[doc.current].state

    @invariant()
    def at_most_one_revision_of_a_dossier_is_under_way(self) -> None:
        for doc in self.docs.values():
            assert sum(r.state in {"sending", "unknown"} for r in doc.revs) <= 1

    @invariant()
    def both_equations_hold(self) -> None:
        summary = self.store.balance.summary()
        assert summary["conserved"]
        assert sum(summary["dossiers"].values()) == len(self.docs)
        assert summary["equation"]["pull"]["read"] == self.reads
        for line in self.store.balance.lines():
            assert line.day == self.time.at.astimezone(VIETNAM).date() or line.expected


def _explore(machine: type[OutboxMachine], *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_outbox_behaves_like_the_dictionary_model_on_sqlite(migrated_sqlite: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        numbers = iter(range(10_000))

        def copy() -> str:
            path = Path(folder) / f"{next(numbers)}.db"
            shutil.copy(migrated_sqlite, path)
            return f"sqlite:///{path}"

        _explore(type("OnSqlite", (OutboxMachine,), {"url_of_new_store": staticmethod(copy)}), examples=25, steps=35)


@pytest.mark.needs("postgres")
def test_the_outbox_behaves_like_the_dictionary_model_on_postgresql(
    postgres_server: str, migrated_postgres: str
) -> None:
    def copy() -> str:
        return new_database(postgres_server, template=migrated_postgres)

    _explore(type("OnPostgres", (OutboxMachine,), {"url_of_new_store": staticmethod(copy)}), examples=5, steps=25)
