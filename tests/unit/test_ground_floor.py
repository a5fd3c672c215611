"""The ground floor: configuration, time, and what a connector hands over."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.clock import VIETNAM, date8, datetime12, fixed_clock, from_datetime12
from adapter.errors import BhytError, ConfigError, Terminal, Transient, Where
from adapter.settings import absolute_sqlite_url, load_settings
from adapter.source import SourceEncounter

CONFIG = """
facilities:
  - code: "01999"
    account: 01999_BV
    password_file: gateway.pass
    mapping: demo-his-b
    source: {url: "sqlite:///his.db"}
gateway: {base_url: "http://127.0.0.1:9", unknown_policy: hold}
"""


def test_settings_come_from_the_workdir_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("BHYT_GATEWAY__BASE_URL", "http://127.0.0.1:10")
    settings = load_settings(workdir=tmp_path)
    assert settings.gateway.base_url == "http://127.0.0.1:10"
    assert settings.gateway.unknown_policy == "hold"
    assert settings.facilities[0].province == "01"
    assert settings.store_url() == f"sqlite:///{tmp_path.resolve()}/state.db"


def test_a_missing_configuration_names_every_place_looked_at(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(workdir=tmp_path)
    assert str(tmp_path / "config.yaml") in caught.value.text("vi")
    assert "BHYT_CONFIG" in caught.value.text("en")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("facilities: [", "YAML"),
        ("- a\n- b\n", "mapping of keys"),
        (CONFIG + "\nunknown_key: 1\n", "unknown_key"),
        (CONFIG.replace('"01999"', '"1"'), "facilities.0.code"),
    ],
)
def test_a_broken_configuration_is_one_message_naming_file_and_key(tmp_path: Path, text: str, names: str) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(workdir=tmp_path)
    assert names in caught.value.text("en")
    assert "config.yaml" in caught.value.text("vi")


def test_every_error_is_terminal_or_transient_and_speaks_both_languages() -> None:
    def leaves(kind: type[BhytError]) -> list[type[BhytError]]:
        below = kind.__subclasses__()
        return [leaf for sub in below for leaf in leaves(sub)] if below else [kind]

    for kind in leaves(BhytError):
        assert issubclass(kind, Terminal) != issubclass(kind, Transient)
        error = kind("chuyện gì", "what", hint_vi="làm gì", hint_en="do what", where=Where("f.yaml", 3, 7))
        assert error.text("vi") == "f.yaml:3:7: chuyện gì → làm gì"
        assert error.to_dict()["line"] == 3
        assert error.code != "BHYT"


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 12, 31)))  # noqa: DTZ001
def test_decree_times_never_shift_a_day(naive: datetime) -> None:
    at = naive.replace(tzinfo=VIETNAM)
    assert from_datetime12(datetime12(at)) == at.replace(second=0, microsecond=0)
    assert date8(at) == naive.strftime("%Y%m%d")


def test_a_clock_turns_any_zone_into_vietnams() -> None:
    assert datetime12(fixed_clock(datetime(2026, 6, 30, 18, 30, tzinfo=UTC))()) == "202607010130"


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(),
    st.binary(),
)


@given(st.dictionaries(st.text(min_size=1), _VALUES), st.lists(st.dictionaries(st.text(min_size=1), _VALUES)))
def test_a_source_encounter_survives_the_store_unchanged(
    row: dict[str, object], lines: list[dict[str, object]]
) -> None:
    encounter = SourceEncounter("7", "20260701", row, {"items": lines})
    again = SourceEncounter.from_bytes(encounter.to_bytes())
    assert again == encounter
    assert again.content_hash() == encounter.content_hash()


@given(
    st.dictionaries(st.text(), _VALUES | st.floats(allow_nan=False) | st.lists(_VALUES)),
    st.lists(st.dictionaries(st.text(), _VALUES)),
)
def test_kept_encounters_read_as_they_were_first_written(
    row: dict[str, object], lines: list[dict[str, object]]
) -> None:
    def plain(value: object) -> object:
        match value:
            case Decimal():
                return {"$": "d", "v": str(value)}
            case datetime():
                return {"$": "t", "v": value.isoformat()}
            case date():
                return {"$": "y", "v": value.isoformat()}
            case bytes():
                return {"$": "b", "v": value.hex()}
        raise TypeError

    def dumped(content: object) -> bytes:
        text = json.dumps(content, default=plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode("utf-8")

    whole = dumped({"key": "7", "stamp": "1", "row": row, "collections": {"items": lines}})
    encounter = SourceEncounter("7", "1", row, {"items": lines})
    assert encounter.canonical() == (whole, hashlib.sha256(dumped([row, {"items": lines}])).hexdigest())
    assert SourceEncounter.from_bytes(whole) == encounter


def test_a_source_row_refuses_what_cannot_be_kept() -> None:
    with pytest.raises(TypeError, match="may not hold object"):
        SourceEncounter("1", "a", {"X": object()}).to_bytes()


def test_the_content_hash_tells_a_decimal_from_its_text_and_ignores_the_stamp() -> None:
    one = SourceEncounter("1", "a", {"PRICE": Decimal("10.0"), "D": date(2026, 7, 1)})
    assert one.content_hash() == SourceEncounter("1", "b", dict(one.row)).content_hash()
    assert one.content_hash() != SourceEncounter("1", "a", {**one.row, "PRICE": "10.0"}).content_hash()


def test_relative_sqlite_files_lie_in_the_workdir(tmp_path: Path) -> None:
    assert absolute_sqlite_url("sqlite:///a.db", tmp_path) == f"sqlite:///{tmp_path}/a.db"
    assert absolute_sqlite_url("sqlite:////abs/a.db", tmp_path) == "sqlite:////abs/a.db"
    assert absolute_sqlite_url("postgresql://h/db", tmp_path) == "postgresql://h/db"


def _kinds(kind: type[BhytError]) -> Iterator[type[BhytError]]:
    yield kind
    for lower in kind.__subclasses__():
        yield from _kinds(lower)


@pytest.mark.parametrize("kind", sorted(_kinds(BhytError), key=lambda k: k.__qualname__))
def test_every_error_crosses_from_one_process_to_another_whole(kind: type[BhytError]) -> None:
    error = kind("hỏng", "broken", hint_vi="sửa", hint_en="mend", where=Where("m.yaml", 3, 7))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert again.to_dict() == error.to_dict()
    assert str(again) == str(error)
