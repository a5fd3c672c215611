"""The console's list: every way to find a page gives the same dossiers, each once, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from adapter.access.accounts import By
from adapter.errors import ConfigError
from adapter.store.people.audit import Entry
from adapter.store.store import Store
from adapter.store.tables.schema import dossiers
from adapter.store.views.worklist import OPEN, Wanted, conditions
from tests.support.pipeline_world import FACILITY, Time, World, vault

_NAMES = ["Nguyễn Văn An", "Nguyễn Thị Bình", "Trần Văn An", "Lê Thị Hoa"]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Twelve claims, every third blocked, one held, one judged faulty; three check-ins."""
    time = Time()
    with Store.open(store_url, vault(), time) as opened:
        world = World(opened, time)
        for number in range(12):
            blocked = {"rule": "X1-REQ-016"} if number % 3 == 0 else {}
            due = "claim checkin:first_cost" if number % 4 == 1 else "claim"
            world.source.put(
                str(number), name=_NAMES[number % 4], due=due, header={"SO_CCCD": f"00109900{number:04d}"}, **blocked
            )
        world.run()
        lines = opened.queries.list(limit=100)
        with opened.database.write() as connection:
            for line in lines:
                connection.execute(
                    update(dossiers)
                    .where(dossiers.c.id == line["id"])
                    .values(
                        deadline=time() + timedelta(hours=7 * (line["id"] % 5)),
                        updated_at=time() - timedelta(hours=line["id"]),
                    )
                )
        blocked_one = next(line for line in lines if line["state"] == "blocked")
        opened.queue.hold(blocked_one["id"], reason="thử", actor="user:a")
        accepted = next(line for line in lines if line["state"] == "accepted" and line["purpose"] == "claim")
        with opened.database.write() as connection:
            connection.execute(update(dossiers).where(dossiers.c.id == accepted["id"]).values(verdict="faulty"))
        yield opened


def _all(store: Store, wanted: Wanted) -> list[dict[str, Any]]:
    """Every page forwards; going back from each gives the page before."""
    first = store.worklist.page(wanted)
    assert first.previous is None
    found, page = list(first.rows), first
    while page.next is not None:
        after = store.worklist.page(replace(wanted, after=page.next))
        if after.rows:
            assert after.previous is not None
            back = store.worklist.page(replace(wanted, before=after.previous))
            assert [r["id"] for r in back.rows] == [r["id"] for r in page.rows]
        found += after.rows
        page = after
    return found


_CASES: dict[str, dict[str, Any]] = {
    "all": {},
    "blocked": {"states": ("blocked",), "held": False},
    "held": {"held": True},
    "open": {"states": OPEN},
    "check-ins": {"purpose": "checkin"},
    "faulty": {"verdict": "faulty"},
    "a rule": {"rule": "X1-REQ-016"},
    "a rule and a state": {"rule": "X1-REQ-016", "states": ("blocked",), "held": False},
    "a word": {"text": "nguyen"},
    "two words": {"text": "van AN"},
    "a word and a state": {"text": "Nguyễn", "states": ("blocked",)},
    "nobody": {"text": "Zorro"},
    "an MA_LK": {"text": "LK7"},
    "a citizen number": {"text": "001099000003"},
}


def _fits(line: dict[str, Any], name: str, wanted: dict[str, Any], rules: dict[int, set[str]]) -> bool:
    text = wanted.get("text", "")
    person = _NAMES[int(line["ma_lk"][2:]) % 4]
    words = {"nguyen": "Nguyễn", "van AN": "Văn An", "Nguyễn": "Nguyễn"}.get(text)
    return (
        (not wanted.get("states") or line["state"] in wanted["states"])
        and wanted.get("held") in (None, line["held"])
        and wanted.get("purpose") in (None, line["purpose"])
        and wanted.get("verdict") in (None, line["verdict"])
        and (wanted.get("rule") is None or wanted["rule"] in rules[line["id"]])
        and (words is None or all(word in person for word in words.split()))
        and (name != "nobody")
        and (name != "an MA_LK" or line["ma_lk"] == "LK7")
        and (name != "a citizen number" or line["ma_lk"] == "LK3")
    )


@pytest.mark.parametrize("small", [3000, 0], ids=["gathered", "walked"])
def test_every_view_lists_exactly_its_dossiers_once(store: Store, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # With no small sets every search has to walk its index.
    monkeypatch.setattr(conditions, "SMALL", small)
    lines = store.queries.list(limit=100)
    rules = {line["id"]: {f.rule for f in store.queries.findings(line["revision_id"])} for line in lines}
    for name, wanted in _CASES.items():
        expected = {line["id"] for line in lines if _fits(line, name, wanted, rules)}
        assert expected or name == "nobody", f"the case '{name}' shows nothing"
        for sort in ("deadline", "-deadline", "-changed"):
            found = _all(store, Wanted((FACILITY,), sort=sort, limit=3, **wanted))
            assert {line["id"] for line in found} == expected, name
            assert len(found) == len(expected), name


def test_the_order_is_the_one_asked_for_and_total(store: Store) -> None:
    ways: list[tuple[Any, str]] = [("deadline", "deadline"), ("-deadline", "deadline"), ("-changed", "updated_at")]
    for sort, key in ways:
        found = _all(store, Wanted((FACILITY,), sort=sort, limit=4))
        keys = [(line[key], line["id"]) for line in found]
        assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_a_day_and_a_deadline_narrow_and_other_facilities_are_never_shown(store: Store) -> None:
    now = store.clock()
    assert store.worklist.page(Wanted(("01888",))).rows == []
    assert store.worklist.page(Wanted(("01888",), text="nguyen")).rows == []
    assert store.worklist.page(Wanted(("01888",), text="LK7")).rows == []
    today = store.queries.list(limit=1)[0]["first_day"]
    assert len(_all(store, Wanted((FACILITY,), day=date.fromisoformat(today), limit=5))) == 15
    soon = _all(store, Wanted((FACILITY,), states=OPEN, due_before=now + timedelta(hours=8), limit=2))
    assert soon
    assert all(line["deadline"] < (now + timedelta(hours=8)).isoformat() for line in soon)


def test_a_cursor_that_is_not_ours_is_the_beginning(store: Store) -> None:
    first = store.worklist.page(Wanted((FACILITY,), limit=3))
    for foreign in ("x", "WzFd", "....", "bnVsbA"):
        assert store.worklist.page(Wanted((FACILITY,), limit=3, after=foreign)).rows == first.rows


def test_counting_stops_where_it_was_told_to(store: Store) -> None:
    assert store.worklist.bounded(Wanted((FACILITY,), states=("blocked",))) == 5
    assert store.worklist.bounded(Wanted((FACILITY,)), most=7) == 7


def test_places_of_an_error_are_those_of_blocked_dossiers_only(store: Store) -> None:
    found = store.worklist.places((FACILITY,), "X1-REQ-016")
    assert {one["ma_lk"] for one in found} == {"LK0", "LK3", "LK6", "LK9"}
    assert store.worklist.places((FACILITY,), "X1-REQ-016", field="XML9.NOTHING") == []
    assert store.worklist.places(("01888",), "X1-REQ-016") == []
    assert {row["rule"] for row in store.trends.blocking((FACILITY,))} == {"X1-REQ-016"}


def test_a_month_counts_what_was_accepted_and_blocked_today(store: Store) -> None:
    month = store.trends.month((FACILITY,), store.clock())
    assert len(month) == 30
    assert (month[-1].accepted, month[-1].blocked) == (8, 4)
    today = store.trends.today((FACILITY,), store.clock())
    assert today["read"] == 12
    assert today["receipt"] == 8 + 2
    assert store.trends.faulty((FACILITY,)) == 1
    waiting = store.trends.longest_waiting((FACILITY,), 3)
    assert [one["since"] for one in waiting] == sorted(one["since"] for one in waiting)


def test_a_mapping_is_saved_reviewed_and_put_to_work_one_at_a_time(store: Store) -> None:
    by = By("user:a", "session")
    files = {"mapping.yaml": "mapping: x\n"}

    def entry(action: str) -> Entry:
        return Entry(action, by.actor, "session", facility=FACILITY, kind="mapping")

    now = store.clock()
    for number in (1, 2):
        saved = store.mappings.save(FACILITY, files, plan_hash="0" * 64, note="n", now=now, entry=entry("mapping.save"))
        assert saved == number
    assert store.mappings.active_number(FACILITY) is None
    for number in (1, 2, 1):
        store.mappings.activate(FACILITY, number, reason="r", now=now, entry=entry("mapping.activate"))
        assert store.mappings.active_number(FACILITY) == number
        assert [v.state for v in store.mappings.list(FACILITY)].count("active") == 1
    store.mappings.retire(FACILITY, now=now, reason="r", entry=entry("mapping.original"))
    assert store.mappings.active_number(FACILITY) is None
    store.mappings.save(FACILITY, files, plan_hash="0" * 64, note="n", now=now, entry=entry("mapping.save"))
    store.mappings.reject(FACILITY, 3, reason="r", now=now, entry=entry("mapping.reject"))
    with pytest.raises(ConfigError):
        store.mappings.activate(FACILITY, 3, reason="r", now=now, entry=entry("mapping.activate"))
    assert [v.state for v in store.mappings.list(FACILITY)] == ["rejected", "retired", "retired"]
    assert len(store.audit.list(action="mapping.")) == 8
