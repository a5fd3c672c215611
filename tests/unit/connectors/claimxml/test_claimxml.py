"""Files other software exported: taken when whole, once, read without loss, answered beside, through any crash."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from adapter.dossier.model import Dossier
from adapter.errors import ConfigError, DocumentError, SourceValueError
from adapter.source import SourceEncounter
from adapter.store import Store
from adapter.store.tables.schema import encounters, source_bodies
from connectors.base import Followed
from connectors.claimxml.options import ClaimXmlOptions, read_options
from connectors.claimxml.reading import read_contents
from connectors.claimxml.results import FINAL
from connectors.folders import Steady
from tests.support.claimxml_process import inbox_over, open_feed, watch
from tests.support.gateway_files import (
    checkin_xml,
    default_tables,
    dossier_xml,
    first_cost,
    sign1,
    stay,
    table_xml,
)
from tests.support.gateway_files import part_xml as part
from tests.support.pipeline_world import vault

OPTIONS = ClaimXmlOptions(folder=Path("x"))


def several(*ma_lks: str) -> bytes:
    """One file with several dossiers."""
    files = [dossier_xml(default_tables(one)).decode() for one in ma_lks]
    hosos = "".join(text[text.index("<HOSO>") : text.index("</HOSO>") + 7] for text in files)
    first = files[0]
    head, tail = first[: first.index("<HOSO>")], first[first.index("</HOSO>") + 7 :]
    return (head + hosos + tail).replace("<SOLUONGHOSO>1", f"<SOLUONGHOSO>{len(ma_lks)}").encode()


class Told:
    """An inbox that remembers, and tells of each key what it is given."""

    def __init__(self) -> None:
        self.kept: dict[str, list[SourceEncounter]] = {}
        self.states: dict[str, str] = {}

    def put(self, encounters: Sequence[SourceEncounter]) -> None:
        for one in encounters:
            self.kept.setdefault(one.key, []).append(one)

    def followed(self, key: str) -> Followed | None:
        state = self.states.get(key)
        finding = {"rule": "X1-REQ-001", "severity": "error", "table": "XML1", "row": 1, "field": "HO_TEN",
                   "message_vi": "<b>thiếu</b>", "message_en": "missing"}  # fmt: skip
        return None if state is None else Followed(state, "GD1", None, (finding,) if state == "blocked" else ())


def drop(folder: Path, name: str, content: bytes) -> None:
    (folder / "in").mkdir(parents=True, exist_ok=True)
    (folder / "in" / name).write_bytes(content)


def looks(folder: Path, inbox: Told, times: int = 3, **options: Any) -> None:
    feed = open_feed(folder, **options)
    for _ in range(times):
        feed.look(inbox)
        time.sleep(0.03)


def places(folder: Path) -> dict[str, str]:
    """File → where it is now."""
    return {
        p.name: place for place in ("in", "work", "waiting", "done", "refused") for p in (folder / place).glob("*.xml")
    }


# ---- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["130", "4750", "3176"])
def test_a_dossier_of_every_layout_passes_without_losing_a_character(layout: str) -> None:
    tables = default_tables("A-1")
    tables["XML2"][0]["SO_LUONG"] = "020.0"  # as broken as the rules shall see it
    (item,) = read_contents(dossier_xml(tables, layout=layout), OPTIONS).items
    content = item.encounter.ready_made
    assert content is not None
    dossier = Dossier.from_bytes(content)
    assert (dossier.ma_lk, dossier.purpose, dossier.facility) == ("A-1", "claim", "01999")
    assert dossier.rows("XML2")[0]["SO_LUONG"] == "020.0"
    assert dossier.rows("XML1")[0]["HO_TEN"] == "NGƯỜI BỆNH MẪU"


def test_several_dossiers_in_a_file_are_units_of_their_own() -> None:
    contents = read_contents(several("A-1", "A-2", "A-3"), OPTIONS)
    assert [item.ma_lk for item in contents.items] == ["A-1", "A-2", "A-3"]
    assert contents.lost is None


def test_checkins_know_their_occasion_and_the_uninsured_their_purpose() -> None:
    inside = first_cost("B", NGAY_VAO_NOI_TRU="202609011000")
    found = read_contents(checkin_xml([first_cost("A"), inside]), OPTIONS).items
    assert [(i.ma_lk, i.purpose, i.occasion) for i in found] == [
        ("A", "checkin", "first_cost"),
        ("B", "checkin", "treating_department"),
    ]
    (uninsured,) = read_contents(dossier_xml({"XML1": [stay("C", MA_DOITUONG_KCB="9")]}), OPTIONS).items
    assert uninsured.purpose == "book"


@pytest.mark.parametrize(("keep", "kept"), [(True, True), (False, False)])
def test_a_signed_file_is_kept_as_it_came_only_when_the_setting_says_so(*, keep: bool, kept: bool) -> None:
    signed = sign1(dossier_xml())
    (item,) = read_contents(signed, OPTIONS.model_copy(update={"keep_signature": keep})).items
    assert item.encounter.ready_made is not None
    document = Dossier.from_bytes(item.encounter.ready_made).document
    assert document == (signed if kept else None)


def test_a_signature_over_several_dossiers_is_never_kept() -> None:
    signed = sign1(several("A-1", "A-2"))
    for item in read_contents(signed, OPTIONS.model_copy(update={"keep_signature": True})).items:
        assert item.encounter.ready_made is not None
        assert Dossier.from_bytes(item.encounter.ready_made).document is None


def test_a_dossier_that_lost_something_is_unreadable_and_its_neighbour_is_not() -> None:
    broken = several("A-1", "A-2").replace(b"<LOAIHOSO>XML2", b"<LOAIHOSO>XML77", 1)
    first, second = read_contents(broken, OPTIONS).items
    assert first.problem is not None
    assert "unknown_part" in first.problem[1]
    assert second.problem is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        b"<html/>",
        b"\x00\xff\xfe",
        dossier_xml()[:-30],
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><GIAMDINHHS>&a;</GIAMDINHHS>',
        b"<GIAMDINHHS></GIAMDINHHS>",
        dossier_xml().replace(b"<HOSO>", b"<HOSO><!--").replace(b"</HOSO>", b"--></HOSO>"),
    ],
)
def test_what_is_no_claim_file_is_an_error_with_words(data: bytes) -> None:
    with pytest.raises(DocumentError) as told:
        read_contents(data, OPTIONS)
    assert told.value.message_vi


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cut=st.integers(0, 3000), noise=st.binary(max_size=6), at=st.integers(0, 3000))
def test_a_damaged_file_is_read_or_refused_and_never_loses_a_part_silently(cut: int, noise: bytes, at: int) -> None:
    whole = dossier_xml()
    damaged = whole[:at] + noise + whole[at + (cut % 40) :]
    try:
        contents = read_contents(damaged, OPTIONS)
    except DocumentError:
        return
    for item in contents.items:
        if item.problem is None and contents.lost is None:
            assert item.encounter.ready_made is not None
            assert set(Dossier.from_bytes(item.encounter.ready_made).tables) == {"XML1", "XML2", "XML3"}


# ---- the folder ------------------------------------------------------------------------------------


def test_a_file_is_taken_only_when_its_writer_is_done(tmp_path: Path) -> None:
    steady = Steady(0.05)
    path = tmp_path / "a.xml"
    path.write_bytes(b"<")
    assert steady.among([path]) == []
    time.sleep(0.06)
    path.write_bytes(b"<a")
    assert steady.among([path]) == []
    time.sleep(0.06)
    (tmp_path / "b.xml.part").write_bytes(b"x")
    assert steady.among([path, tmp_path / "b.xml.part", tmp_path / "gone.xml"]) == [path]


def test_a_file_waits_for_its_outcome_and_is_put_away_with_it(tmp_path: Path) -> None:
    inbox = Told()
    drop(tmp_path, "good.xml", several("A-1", "A-2"))
    drop(tmp_path, "bad.xml", dossier_xml(default_tables("B-1")))
    drop(tmp_path, "odd.xml", b"<x>")
    drop(tmp_path, "note.txt", b"not mine")
    looks(tmp_path, inbox)
    assert places(tmp_path) == {"good.xml": "waiting", "bad.xml": "waiting", "odd.xml": "refused"}
    assert (tmp_path / "in" / "note.txt").is_file()
    inbox.states = {"claim::A-1": "accepted", "claim::A-2": "signed", "claim::B-1": "blocked"}
    looks(tmp_path, inbox)
    assert places(tmp_path) == {"good.xml": "waiting", "bad.xml": "refused", "odd.xml": "refused"}
    under_way = json.loads((tmp_path / "waiting" / "good.xml.result.json").read_text(encoding="utf-8"))
    assert [d["state"] for d in under_way["dossiers"]] == ["accepted", "signed"]
    inbox.states["claim::A-2"] = "accepted"
    looks(tmp_path, inbox)
    assert places(tmp_path)["good.xml"] == "done"
    assert not list((tmp_path / "waiting").iterdir())
    told = json.loads((tmp_path / "done" / "good.xml.result.json").read_text(encoding="utf-8"))
    assert (told["final"], told["ok"], [d["receipt"] for d in told["dossiers"]]) == (True, True, ["GD1", "GD1"])
    page = (tmp_path / "refused" / "bad.xml.result.html").read_text(encoding="utf-8")
    assert "Có lỗi, không gửi" in page
    assert "<b>thiếu</b>" not in page
    assert json.loads((tmp_path / "refused" / "odd.xml.result.json").read_text(encoding="utf-8"))["problems"]


def test_the_same_name_again_is_another_file(tmp_path: Path) -> None:
    inbox = Told()
    for ma_lk in ("A-1", "A-2", "A-3"):
        drop(tmp_path, "hs.xml", dossier_xml(default_tables(ma_lk)))
        looks(tmp_path, inbox)
    assert sorted(places(tmp_path)) == ["hs.xml", "hs~2.xml", "hs~3.xml"]
    assert sorted(inbox.kept) == ["claim::A-1", "claim::A-2", "claim::A-3"]


def test_a_file_nothing_can_be_done_with_stops_no_other_and_is_told(tmp_path: Path) -> None:
    class Breaks(Told):
        def put(self, encounters: Sequence[SourceEncounter]) -> None:
            if any("A-1" in one.key for one in encounters):
                raise ValueError("not this one")
            super().put(encounters)

    inbox = Breaks()
    for ma_lk in ("A-1", "B-1", "C-1"):
        drop(tmp_path, f"{ma_lk}.xml", dossier_xml(default_tables(ma_lk)))
    with pytest.raises(SourceValueError, match=r"A-1\.xml \(ValueError\)"):
        looks(tmp_path, inbox)
    (tmp_path / "waiting" / "B-1.xml.result.json").write_bytes(b"{ cut")
    inbox.states = {"claim::C-1": "accepted"}
    with pytest.raises(SourceValueError, match=r"A-1\.xml \(\+1\) \(ValueError\)"):
        looks(tmp_path, inbox, times=1)
    assert places(tmp_path) == {"A-1.xml": "work", "B-1.xml": "waiting", "C-1.xml": "done"}


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><GIAMDINHHS>&b;</GIAMDINHHS>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><GIAMDINHHS>&f;</GIAMDINHHS>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><GIAMDINHHS/>',
        b"<GIAMDINHHS>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"</GIAMDINHHS>",
        b"",
        b"\x00" * 100,
    ],
)
def test_entities_depth_and_nothing_at_all_are_refused_file_by_file(tmp_path: Path, body: bytes) -> None:
    drop(tmp_path, "evil.xml", body)
    drop(tmp_path, "good.xml", dossier_xml(default_tables("A-1")))
    looks(tmp_path, Told())
    assert places(tmp_path) == {"evil.xml": "refused", "good.xml": "waiting"}
    told = (tmp_path / "refused" / "evil.xml.result.json").read_text(encoding="utf-8")
    assert json.loads(told)["problems"]


def test_two_processes_never_watch_one_folder(tmp_path: Path) -> None:
    inbox, first, second = Told(), open_feed(tmp_path), open_feed(tmp_path)

    def meanwhile() -> bool:
        with pytest.raises(ConfigError, match="Another process"):
            second.run(inbox, lambda: True)
        return True

    first.run(inbox, meanwhile)


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(ConfigError, match=r"facilities\[\]\.feeds\[\]\.options\.foldr"):
        read_options({"folder": "x", "foldr": 1})


# ---- crashes ---------------------------------------------------------------------------------------


@pytest.fixture
def processes() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.claimxml_process"])
    return context


def test_killed_at_random_nothing_is_lost_and_nothing_is_there_twice(tmp_path: Path, processes: Any) -> None:
    chance = random.Random(5)
    url = f"sqlite:///{tmp_path / 'state.db'}"
    Store.open(url, vault()).close()
    names = [f"hs{n:02d}.xml" for n in range(40)]
    waiting = list(names)
    for _ in range(25):
        for _ in range(chance.randrange(0, 4)):
            if waiting:
                name = waiting.pop()
                drop(tmp_path, name, dossier_xml(default_tables(name)))
        child = processes.Process(target=watch, args=(tmp_path, url, 60.0))
        child.start()
        time.sleep(0.05 + chance.random() * 0.5)
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    for name in waiting:
        drop(tmp_path, name, dossier_xml(default_tables(name)))
    store = Store.open(url, vault())
    try:
        feed, inbox = open_feed(tmp_path), inbox_over(store)
        ends = time.monotonic() + 60
        while any(place in ("in", "work") for place in places(tmp_path).values()):
            assert time.monotonic() < ends
            feed.look(inbox)
            time.sleep(0.03)
        assert sorted(places(tmp_path)) == names
        for name in names:
            told = json.loads((tmp_path / "waiting" / f"{name}.result.json").read_text(encoding="utf-8"))
            assert [d["ma_lk"] for d in told["dossiers"]] == [name]
            assert told["dossiers"][0]["state"] not in FINAL
        with store.database.read() as connection:
            assert connection.execute(select(func.count()).select_from(encounters)).scalar_one() == len(names)
            assert connection.execute(select(func.count()).select_from(source_bodies)).scalar_one() == len(names)
    finally:
        store.close()


def test_a_part_in_a_table_of_its_own_is_not_mistaken_for_another() -> None:
    text = dossier_xml({"XML1": [stay("A")]}).decode()
    from datetime import date

    from adapter.standard.spec import effective_on

    table = effective_on(date(2026, 9, 1)).tables["XML12"]
    extra = part("XML12", table_xml(table, [{"MA_LK": "A"}]).encode())
    (item,) = read_contents(text.replace("</HOSO>", f"{extra}</HOSO>").encode(), OPTIONS).items
    assert item.problem is not None
