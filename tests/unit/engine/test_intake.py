"""The intake role: what a feed put is in the store, and a feed that breaks is started again."""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.engine import intake
from adapter.engine.intake import StoreInbox, run_intake
from adapter.engine.opening import open_store
from adapter.errors import ConfigError, SourceUnreachable
from adapter.mapping import load_mapping
from adapter.settings import Settings, load_settings
from adapter.source import SourceEncounter
from adapter.store.people.audit import Entry
from connectors.base import Inbox

MAPPING = {
    "mapping": "feed",
    "source": {"connector": "example", "ready": {"claim": "DONE == 1"}},
    "tables": {"XML1": {"MA_LK": "CODE", "NGAY_RA": {"date": "OUT"}}},
}


class _ExampleFeed:
    """A third party's feed: breaks once, then delivers, then stops the role."""

    runs = 0

    def run(self, inbox: Inbox, stopping: Callable[[], bool]) -> None:
        type(self).runs += 1
        inbox.put([_encounter("1", done=1)])
        if self.runs == 1:
            raise RuntimeError("the cable fell out")
        inbox.put([_encounter("1", done=1), _encounter("2", done=0)])
        _stop.set()


_stop = threading.Event()


def _encounter(key: str, *, done: int) -> SourceEncounter:
    return SourceEncounter(key, key, {"CODE": f"LK{key}", "OUT": "20261120080000", "DONE": done}, {})


def _open_example(_options: Mapping[str, Any], _spec: Mapping[str, Any]) -> _ExampleFeed:
    return _ExampleFeed()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "mapping.yaml").write_text(yaml.safe_dump(MAPPING), encoding="utf-8")
    facility = {
        "code": "01999",
        "account": "a",
        "password_file": "p",
        "mapping": "mapping.yaml",
        "feeds": [{"connector": "example"}],
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"facilities": [facility]}), encoding="utf-8")
    return load_settings(workdir=tmp_path)


def test_what_was_put_is_kept_with_what_is_expected_of_it_and_repeats_change_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    plan = load_mapping(tmp_path / "mapping.yaml")
    with open_store(settings) as store:
        inbox = StoreInbox(store, settings.facilities[0], plan, store.clock)
        inbox.put([_encounter("1", done=1), _encounter("2", done=0)])
        inbox.put([_encounter("1", done=1)])
        summary = store.balance.summary()
    assert summary["encounters_read"] == 2
    assert summary["dossiers"]["waiting"] == 1
    pull = summary["equation"]["pull"]
    assert (pull["read"], pull["new"], pull["skipped"], pull["unchanged"]) == (3, 1, 1, 1)
    assert summary["conserved"]


def test_a_feed_that_breaks_is_started_again_and_loses_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "open_feed", lambda _name, options, spec: _open_example(options, spec))
    monkeypatch.setattr(intake, "_PAUSE", 0.01)
    run_intake(settings, stop=_stop)
    assert _ExampleFeed.runs >= 2
    with open_store(settings) as store:
        assert store.balance.summary()["encounters_read"] == 2


def test_a_feed_nobody_offers_is_named_with_those_that_exist(settings: Settings) -> None:
    assert "example" not in {point.name for point in importlib.metadata.entry_points(group="bhyt.feeds")}
    with pytest.raises(ConfigError, match="example"):
        run_intake(settings)


def test_without_feeds_the_role_says_so(settings: Settings) -> None:
    facility = settings.facilities[0].model_copy(update={"feeds": ()})
    with pytest.raises(ConfigError, match="feed"):
        run_intake(settings.model_copy(update={"facilities": (facility,)}))


def test_a_mapping_version_put_to_work_takes_over_without_a_restart(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    stop = threading.Event()

    class Feed:
        def __init__(self, rule: str) -> None:
            self.rule = rule

        def run(self, inbox: Any, stopping: Any) -> None:
            read.append(self.rule)
            if len(read) == 1:
                _put_to_work(settings, (tmp_path / "mapping.yaml").read_text(encoding="utf-8"), rule="second")
            else:
                stop.set()
            while not stopping():
                stop.wait(0.01)

    monkeypatch.setattr(intake, "open_feed", lambda _name, _options, spec: Feed(spec.get("rule", "first")))
    monkeypatch.setattr(intake, "_LOOK", 0.05)
    run_intake(settings, stop=stop)
    assert read == ["first", "second"]


def test_a_feed_that_fails_is_kept_for_the_watch_until_it_works(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    fares: list[str | None] = []

    class Feed:
        runs = 0

        def run(self, inbox: Any, stopping: Any) -> None:
            fares.append(_fares(settings))
            self.runs += 1
            if self.runs < 3:
                raise SourceUnreachable("thư mục không có", "no such folder")
            monkeypatch.setattr(intake, "_WELL_AFTER", 0.0)
            while _fares(settings) is not None:
                stop.wait(0.02)
            stop.set()

    feed = Feed()
    monkeypatch.setattr(intake, "open_feed", lambda _name, _options, _spec: feed)
    for name, value in {"_LOOK": 0.02, "_PAUSE": 0.01, "_WELL_AFTER": 1e9, "_NOTE_EVERY": 0.0}.items():
        monkeypatch.setattr(intake, name, value)
    run_intake(settings, stop=stop)
    assert fares == [None, "no such folder", "no such folder"]


def _fares(settings: Settings) -> str | None:
    """What the watch knows of the feed's trouble."""
    with open_store(settings) as store:
        return next((one.message_en for one in store.health.stages() if one.failing_since), None)


def _put_to_work(settings: Settings, text: str, *, rule: str) -> None:
    document = yaml.safe_load(text)
    document["source"]["rule"] = rule
    with open_store(settings) as store:
        code, now = settings.facilities[0].code, store.clock()
        entry = Entry("mapping.save", "test", kind="mapping", about="1")
        saved = store.mappings.save(
            code, {"mapping.yaml": yaml.safe_dump(document)}, plan_hash="0" * 64, note="n", now=now, entry=entry
        )
        store.mappings.activate(code, saved, reason="r", now=now, entry=entry)
