"""The book on the way: what translate keeps, what waits for a person, what a decision does, who may ask what."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import VIETNAM
from adapter.errors import ConfigError, MappingError, Where
from adapter.pipeline.books.desk import BookDesk
from tests.support.api_world import FACILITY, OTHER, ApiWorld, api_world
from tests.support.pipeline_world import FakePlan

HIV = {"past_diseases": [{"diagnosis": "Nhiễm HIV", "icd": "Z21", "time": "", "place": ""}]}
SECRET = {"MA_BENH_CHINH": "B20", "CHAN_DOAN_RV": "Nhiễm HIV giai đoạn 1", "LY_DO_VV": "Lĩnh thuốc ARV"}
FETUS = {
    "MA_BENH_CHINH": "O20.0",
    "GHI_CHU": "Thai 18 tuần, giới tính thai nhi: nữ, tim thai tốt",
    "T_BHTT": "71234.56",
}
WORDS = ("HIV", "ARV", "B20", "Z21", "hiv")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    with api_world(Path(tmp_path_factory.mktemp("book"))) as made:
        made.fill()
        source = made.pipeline.source
        source.put("seven", header={**SECRET, "SO_CCCD": "000088000008", "MA_THE_BHYT": "GD4010000000008"})
        source.put("paid", due="book", header=SECRET)
        source.put("agreed", due="book", header=SECRET, book={"privacy": {"consent": "1"}})
        source.put("never", due="book", book={"privacy": {"anonymous_test": "1"}})
        source.put("fetus", header=FETUS)
        source.put("plain", due="book", book={"allergies": [{"type": "", "allergen": "Tôm", "manifestation": ""}]})
        made.pipeline.run()
        yield made


@pytest.fixture
def desk(world: ApiWorld) -> BookDesk:
    return BookDesk(world.settings, world.store, world.pipeline.time)


def state(world: ApiWorld, ma_lk: str) -> tuple[str, str | None]:
    row = world.store.queries.list(ma_lk=ma_lk)[0]
    return row["state"], row["held_code"]


def sent(world: ApiWorld, ma_lk: str) -> list[bytes]:
    return [document for _, known, document in world.pipeline.gateway.received if known == ma_lk]


def test_an_insured_claim_goes_whatever_the_diagnosis_is(world: ApiWorld) -> None:
    assert state(world, "LKseven") == ("accepted", None)
    assert b"B20" in sent(world, "LKseven")[0]


def test_a_self_paid_visit_waits_and_nothing_says_why(world: ApiWorld, desk: BookDesk) -> None:
    assert state(world, "LKpaid") == ("translated", "privacy")
    shown = str(world.store.queries.show(world.id_of("LKpaid")))
    assert not any(word in shown for word in WORDS)
    assert sent(world, "LKpaid") == []


def test_with_written_consent_it_goes(world: ApiWorld) -> None:
    assert state(world, "LKagreed") == ("accepted", None)


def test_what_may_never_be_sent_is_skipped_without_saying_which_rule(world: ApiWorld) -> None:
    assert state(world, "LKnever") == ("skipped", None)
    assert "anonymous" not in str(world.store.queries.show(world.id_of("LKnever")))


def test_a_decision_to_send_lets_a_held_visit_go_and_is_kept_with_its_ground(world: ApiWorld, desk: BookDesk) -> None:
    world.pipeline.source.put("later", due="book", header=SECRET)
    world.pipeline.run()
    assert state(world, "LKlater") == ("translated", "privacy")
    desk.decide("LKlater", "hiv", "send", ground="đơn đồng ý số 7", actor="user:privacy")
    world.pipeline.run()
    assert state(world, "LKlater") == ("accepted", None)
    (kept,) = world.store.books.decisions(FACILITY, "LKlater")
    assert (kept.rule, kept.kind, kept.ground, kept.actor) == ("hiv", "send", "đơn đồng ý số 7", "user:privacy")


def test_a_decision_to_withhold_ends_as_skipped(world: ApiWorld, desk: BookDesk) -> None:
    world.pipeline.source.put("stop", due="book", header=SECRET)
    world.pipeline.run()
    desk.decide("LKstop", "hiv", "withhold", ground="người bệnh không đồng ý", actor="user:privacy")
    world.pipeline.run()
    assert state(world, "LKstop") == ("skipped", None)
    assert sent(world, "LKstop") == []


def test_a_claim_with_a_telling_text_waits_and_the_accepted_text_alone_changes(world: ApiWorld, desk: BookDesk) -> None:
    assert state(world, "LKfetus") == ("translated", "privacy")
    seen = desk.show("LKfetus", may_see_withheld=True, actor="user:privacy")
    (cut,) = seen.privacy["judged"]["cuts"]
    desk.decide("LKfetus", "fetal_sex", "accept", ground="đã xem", actor="user:privacy", text_key=cut["key"])
    world.pipeline.run()
    assert state(world, "LKfetus") == ("accepted", None)
    (document,) = sent(world, "LKfetus")
    text = document.decode("utf-8")
    assert "nữ" not in text
    assert "tim thai tốt" in text
    assert "71234.56" in text


def test_a_decision_needs_a_ground_a_known_rule_and_the_text_it_is_about(world: ApiWorld, desk: BookDesk) -> None:
    with pytest.raises(ConfigError):
        desk.decide("LKpaid", "hiv", "send", ground="  ", actor="a")
    with pytest.raises(ConfigError):
        desk.decide("LKpaid", "nonsense", "send", ground="x", actor="a")
    with pytest.raises(ConfigError):
        desk.decide("LKpaid", "fetal_sex", "accept", ground="x", actor="a")
    with pytest.raises(ConfigError):
        desk.decide("LKnobody", "hiv", "send", ground="x", actor="a")


def test_a_broken_healthbook_section_stops_no_claim_but_flags_nobody_could_read_do(tmp_path: Path) -> None:
    class Broken(FakePlan):
        def healthbook(self, *_: Any, **__: Any) -> Any:
            raise MappingError("sai", "wrong", where=Where("fake.yaml", 9, 1))

    with api_world(tmp_path) as made:
        made.fill()
        plan = Broken("v2")
        made.pipeline.plan = plan
        made.pipeline.source.put("one")
        made.pipeline.run()
        assert state(made, "LKone") == ("accepted", None)
        plan.book_fields = {"privacy": frozenset({"state_secret"})}
        made.pipeline.source.put("two")
        made.pipeline.run()
        assert state(made, "LKtwo") == ("translated", "privacy")


def test_further_facts_are_kept_with_the_visit_and_go_when_their_time_is_over(world: ApiWorld) -> None:
    number = world.id_of("LKplain")
    entry = world.store.books.entry(number)
    assert entry is not None
    assert entry.extra["allergies"][0]["allergen"] == "Tôm"
    assert "allergen" in entry.completeness.filled
    with world.store.database.read() as connection:
        raw = connection.exec_driver_sql("SELECT extra_sealed, judged_sealed FROM book_entries").all()
    assert all("Tôm".encode() not in bytes(cell) and b"hiv" not in bytes(cell) for row in raw for cell in row if cell)


def test_a_receipt_of_yesterday_that_nobody_has_seen_is_overdue_until_someone_looks(
    world: ApiWorld, desk: BookDesk
) -> None:
    now = world.pipeline.time() + timedelta(hours=25)
    before = {w.ma_lk for w in world.store.books.overdue(now, FACILITY)}
    assert {"LKok", "LKseven"} <= before
    assert {w.ma_lk for w in world.store.books.overdue(now - timedelta(hours=2), FACILITY)} == set()
    assert world.store.books.overdue(now, OTHER) == []
    desk.seen("LKok", "shown", note="xem cùng người bệnh", actor="user:a")
    after = {w.ma_lk for w in world.store.books.overdue(now, FACILITY)}
    assert before - after == {"LKok"}
    (check,) = world.store.books.checks(world.id_of("LKok"))
    assert (check["outcome"], check["note"], check["actor"]) == ("shown", "xem cùng người bệnh", "user:a")
    with pytest.raises(ConfigError):
        desk.seen("LKok", "maybe", note="", actor="user:a")


def test_the_half_year_counts_visits_and_receipts(world: ApiWorld) -> None:
    since = datetime(2026, 7, 1, tzinfo=VIETNAM)
    counts = world.store.books.counts(FACILITY, since, datetime(2027, 1, 1, tzinfo=VIETNAM))
    insured = next(c for c in counts if c.insured)
    assert (insured.visits, insured.sent) == (1, 1)
    assert sum(c.visits for c in counts) >= 7
    assert sum(c.sent for c in counts) < sum(c.visits for c in counts)
    assert world.store.books.counts(FACILITY, datetime(2025, 1, 1, tzinfo=VIETNAM), since) == []


def test_a_person_is_found_by_number_and_visits_that_reach_nobody_are_named(world: ApiWorld, desk: BookDesk) -> None:
    found = desk.timeline("000088000008", may_see_withheld=False, actor="user:a")
    assert [one.book.ma_lk for one in found] == ["LKseven"]
    assert desk.timeline("000000000999", may_see_withheld=False, actor="user:a") == []
    named = {row["ma_lk"]: row["reason"] for row in world.store.books.unreachable(FACILITY)}
    assert named["LKplain"] == "missing"
    assert "LKseven" not in named


def test_every_look_at_a_book_is_in_the_audit_log(world: ApiWorld, desk: BookDesk) -> None:
    desk.show("LKseven", may_see_withheld=True, actor="user:watched")
    rows = world.store.audit.list(actor="user:watched")
    assert [row["action"] for row in rows] == ["book.withheld"]
    assert not any(word in str(rows) for word in WORDS)


# ---- the API -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "html", "fhir"])
def test_a_reader_without_the_right_gets_nothing_of_what_is_withheld(
    world: ApiWorld, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader = world.scoped("book.read")
    with caplog.at_level(logging.DEBUG):
        answer = reader.post("/v1/book/show", json={"ma_lk": "LKseven", "form": form})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    for text in (answer.text, caplog.text):
        assert not any(word in text for word in WORDS)


def test_asking_for_it_without_the_right_is_refused_and_with_it_answered(world: ApiWorld) -> None:
    asked = {"ma_lk": "LKseven", "withheld": True}
    refused = world.scoped("book.read").post("/v1/book/show", json=asked)
    assert refused.status_code == 403
    assert not any(word in refused.text for word in WORDS)
    officer = world.scoped("book.read", "book.withheld")
    answer = officer.post("/v1/book/show", json=asked).json()
    assert {"field": "main_disease", "rule": "hiv"}.items() <= next(
        w for w in answer["withheld"] if w["field"] == "main_disease"
    ).items()
    assert answer["privacy"]["judged"]["matched"] == ["hiv"]


def test_only_a_privacy_officer_decides(world: ApiWorld) -> None:
    body = {"ma_lk": "LKpaid", "rule": "hiv", "decision": "show", "ground": "x"}
    assert world.scoped("book.read").post("/v1/book/decide", json=body).status_code == 403
    assert world.scoped("book.withheld").post("/v1/book/decide", json=body).status_code == 200


def test_another_facilitys_visit_is_answered_like_one_that_does_not_exist(world: ApiWorld) -> None:
    elsewhere = world.scoped("book.read", facilities=(OTHER,))
    theirs = elsewhere.post("/v1/book/show", json={"ma_lk": "LKseven"})
    nobody = elsewhere.post("/v1/book/show", json={"ma_lk": "LKnone"})
    assert (theirs.status_code, theirs.text) == (nobody.status_code, nobody.text) == (404, nobody.text)


def test_the_watch_says_that_it_is_an_inference(world: ApiWorld) -> None:
    answer = world.scoped("book.read").get("/v1/book/overdue").json()
    assert answer["inference"] is True


def test_a_look_at_vneid_is_recorded_by_whoever_may_read(world: ApiWorld) -> None:
    reader = world.scoped("book.read")
    assert reader.post("/v1/book/seen", json={"ma_lk": "LKagreed", "outcome": "absent"}).json() == {"recorded": True}
    assert reader.post("/v1/book/seen", json={"ma_lk": "LKagreed", "outcome": "perhaps"}).status_code == 422
    found = reader.post("/v1/book/show", json={"ma_lk": "LKagreed"}).json()
    assert [c["outcome"] for c in found["checks"]] == ["absent"]
