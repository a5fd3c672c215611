"""Received messages on SQLite and PostgreSQL: kept once, found by visit and by merge, set aside, taken up again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapter.errors import StoreBusy
from adapter.source import Kept, Message
from adapter.store import Store
from adapter.store.people.audit import Entry
from tests.support.pipeline_world import FACILITY, vault

AGAIN = Entry("message.again", "test", kind="message")
NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url, vault(), lambda: NOW) as opened:
        yield opened


def message(number: str, visit: str = "V1", **more: object) -> Message:
    made = Message(
        sender="HIS|01999", number=number, kind="ADT^A01", content=f"content of {number}", raw=f"MSH {number}".encode(),
        charset="utf-8", visit=visit, links=("patient:BN1",), touches=(), aside="",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def keep(store: Store, *arrived: Message, now: datetime = NOW) -> list[Kept]:
    return store.messages.keep(FACILITY, "hl7v2", arrived, now)


def test_a_message_is_kept_once_whatever_group_it_comes_in(store: Store) -> None:
    assert keep(store, message("1")) == [Kept.NEW]
    group = [message("1"), message("2"), message("2"), message("2", content="other"), message("1", content="other")]
    assert keep(store, *group) == [Kept.AGAIN, Kept.NEW, Kept.AGAIN, Kept.OTHER, Kept.OTHER]
    assert keep(store, message("1", sender="LIS|01999")) == [Kept.NEW], "another sender counts for itself"
    assert store.messages.keep("01998", "hl7v2", [message("1")], NOW) == [Kept.NEW], "and so does another facility"
    assert store.messages.counts() == {"waiting": 4, "collected": 0, "aside": 0, "refused": 0}


def test_what_was_kept_comes_back_as_it_came_oldest_first(store: Store) -> None:
    keep(store, *(message(str(number), visit=f"V{number % 2}") for number in range(10)))
    visits, loose = store.messages.waiting(FACILITY, 10)
    assert visits == ["V0", "V1"]
    assert loose == []
    found = store.messages.of_visit(FACILITY, "V1")
    assert [one.raw for one in found] == [f"MSH {number}".encode() for number in (1, 3, 5, 7, 9)]
    assert {(one.kind, one.state, one.charset, one.received_at) for one in found} == {
        ("ADT^A01", "waiting", "utf-8", NOW)
    }
    store.messages.collected([one.id for one in found], NOW)
    assert store.messages.waiting(FACILITY, 10)[0] == ["V0"]


def test_names_and_texts_are_never_in_the_clear(store: Store) -> None:
    keep(store, message("SECRET1", visit="SECRET2", links=("patient:SECRET3",), raw=b"SECRET4"))
    with store.database.read() as connection:
        rows = [
            row
            for table in ("messages", "message_links")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    assert len(rows) == 2
    assert b"SECRET" not in b"|".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for row in rows for value in row
    )


def test_a_merge_reaches_every_visit_of_the_prior_patient_also_through_another_merge(store: Store) -> None:
    keep(store, message("1", "V1"), message("2", "V2", links=("patient:BN2",)), message("3", "V3", links=()))
    merges = [
        message("4", "", kind="ADT^A40", links=("patient:BN2",), touches=("patient:BN1",)),
        message("5", "", kind="ADT^A40", links=("patient:BN3",), touches=("patient:BN2",)),
    ]
    visits, _ = store.messages.waiting(FACILITY, 10)
    store.messages.collected([one.id for visit in visits for one in store.messages.of_visit(FACILITY, visit)], NOW)
    keep(store, *merges)
    visits, loose = store.messages.waiting(FACILITY, 10)
    assert sorted(visits) == ["V1", "V2"]
    assert len(loose) == 2
    assert [one.raw for one in store.messages.of_visit(FACILITY, "V1")] == [b"MSH 1", b"MSH 4", b"MSH 5"]


def test_what_is_set_aside_waits_with_its_reason_and_is_taken_up_again_once(store: Store) -> None:
    keep(store, message("1", "", aside="no visit number"), message("2"))
    (aside,) = store.messages.listing()
    assert (aside.state, aside.reason, aside.raw) == ("aside", "no visit number", b"")
    assert store.messages.waiting(FACILITY, 10) == (["V1"], [])
    assert not store.messages.read_anew(aside.id + 1, message("2", "V9"), entry=AGAIN), "that one is not aside"
    assert store.messages.read_anew(aside.id, message("1", "V7", links=("patient:BN7",)), entry=AGAIN)
    assert not store.messages.read_anew(aside.id, message("1", "V8"), entry=AGAIN)
    assert sorted(store.messages.waiting(FACILITY, 10)[0]) == ["V1", "V7"]
    assert [one.raw for one in store.messages.of_visit(FACILITY, "V7")] == [b"MSH 1"]
    assert len(store.audit.list(action="message.again")) == 1, "what was done is recorded, what was not is not"


def test_lists_are_paged_and_keep_to_the_facilities_asked_for(store: Store) -> None:
    keep(store, *(message(str(number), aside="unused") for number in range(5)))
    store.messages.refuse("01998", "hl7v2", b"\x00" * 100_000, kind="", reason="garbage", now=NOW)
    assert store.messages.counts(frozenset({"01998"}))["refused"] == 1
    assert store.messages.counts(frozenset()) == {"waiting": 0, "collected": 0, "aside": 0, "refused": 0}
    assert [one.facility for one in store.messages.listing(facilities="01998")] == ["01998"]
    assert store.messages.listing(facilities=frozenset()) == []
    first = store.messages.listing(facilities=FACILITY, limit=3)
    rest = store.messages.listing(facilities=FACILITY, limit=3, before=first[-1].id)
    assert [one.id for one in first + rest] == sorted((one.id for one in first + rest), reverse=True)
    assert len(first + rest) == 5
    refused = store.messages.show(store.messages.listing(("refused",))[0].id)
    assert refused is not None
    assert len(refused.raw) == 65_536, "of what was refused the beginning is kept"


def test_two_processes_that_get_the_same_message_keep_it_once(store: Store, store_url: str) -> None:
    told: list[Kept | StoreBusy] = []

    def work() -> None:
        with Store.open(store_url, vault(), lambda: NOW) as other:
            for number in range(40):
                try:
                    told.extend(keep(other, message(f"S{number}")))
                except StoreBusy as error:  # PostgreSQL: both looked before either wrote; the sender asks again
                    told.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 120
    assert told.count(Kept.NEW) == 40
    assert store.messages.counts()["waiting"] == 40


def test_a_group_is_kept_whole_or_not_at_all(store: Store) -> None:
    broken = replace(message("3"), kind=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        keep(store, message("1"), message("2"), broken)
    assert sum(store.messages.counts().values()) == 0
    assert keep(store, message("1")) == [Kept.NEW], "the connection serves on"


def test_bodies_end_with_their_retention_unless_they_still_wait(store: Store) -> None:
    long_ago = NOW - timedelta(days=200)
    keep(store, message("1"), now=long_ago)
    store.messages.collected([one.id for one in store.messages.of_visit(FACILITY, "V1")], long_ago)
    keep(store, message("2"), now=long_ago)
    store.purge()
    assert [one.raw for one in store.messages.of_visit(FACILITY, "V1")] == [b"MSH 2"]
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM message_links").scalar_one() == 1
