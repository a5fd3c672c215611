"""Files of other software, from a folder to receipts, both equations holding; the answer stands beside each file."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from adapter.clock import VIETNAM
from adapter.demo.workdir import prepare
from adapter.dossier.model import Dossier, Purpose
from adapter.dossier.writer import write
from adapter.engine.intake import StoreInbox
from adapter.engine.opening import open_store
from adapter.mapping import load_mapping
from adapter.resources import mapping_file
from adapter.settings import Settings, load_settings
from connectors.base import open_feed
from connectors.claimxml.feed import ClaimXmlFeed
from tests.support.cli import bhyt, bhyt_json, free_port, gateway_of
from tests.support.demo_world import check_encounter, open_demo, read_all

NOW = datetime.now(VIETNAM)


def clean_dossiers(workdir: Path) -> Iterator[Dossier]:
    """Dossiers of the demo HIS that no rule complains about: what another vendor's export would hold."""
    plan, source = open_demo("demo-his-a", f"sqlite:///{workdir / 'his.db'}")
    try:
        for encounter in read_all(source, now=NOW):
            for checked in check_encounter(plan, encounter, now=NOW):
                if not checked.rules() and not checked.exempt and not checked.dossier.rows("XML12"):
                    yield checked.dossier
    finally:
        source.close()


def together(files: list[bytes]) -> bytes:
    """Several dossiers in one file, as some programs export a day."""
    texts = [file.decode() for file in files]
    hosos = "".join(text[text.index("<HOSO>") : text.index("</HOSO>") + 7] for text in texts)
    head, tail = texts[0][: texts[0].index("<HOSO>")], texts[0][texts[0].index("</HOSO>") + 7 :]
    return (head + hosos + tail).replace("<SOLUONGHOSO>1", f"<SOLUONGHOSO>{len(files)}").encode()


def look(settings: Settings, times: int = 4) -> None:
    """What the intake role does, for a moment."""
    facility = settings.facilities[0]
    plan = load_mapping(mapping_file(facility.mapping, settings.workdir))
    feed = open_feed("claimxml", settings.placed(facility.feeds[0].options), plan.source)
    assert isinstance(feed, ClaimXmlFeed)
    with open_store(settings) as store:
        inbox = StoreInbox(store, facility, plan, lambda: datetime.now(VIETNAM))
        for _ in range(times):
            feed.look(inbox)
            time.sleep(0.1)


def fill(workdir: Path, claims: list[Dossier], checkin: Dossier) -> str:
    """One file of every kind into in/; the SHA-256 of the signed one."""
    inside = workdir / "claims" / "in"
    inside.mkdir(parents=True)
    for name, dossier in (("signed.xml", claims[0]), ("changed.xml", claims[1])):
        plain = workdir / name
        plain.write_bytes(write(dossier, created_on=NOW.date()))
        key = ("--p12", workdir / "facility.p12", "--password-file", workdir / "facility.pass")
        signed = bhyt("sign", plain, inside / name, *key)
        assert signed.returncode == 0, signed.stderr
    text = (inside / "changed.xml").read_bytes()
    (inside / "changed.xml").write_bytes(text.replace(b"<NGAYLAP>2", b"<NGAYLAP>1", 1))
    (inside / "unsigned.xml").write_bytes(write(claims[2], created_on=NOW.date()))
    (inside / "day.xml").write_bytes(together([write(d, created_on=NOW.date()) for d in claims[3:6]]))
    (inside / "checkin.xml").write_bytes(write(checkin, created_on=NOW.date()))
    header = {**claims[6].header, "GIOI_TINH": "9"}
    faulty = replace(claims[6], tables={**claims[6].tables, "XML1": [header]})
    (inside / "faulty.xml").write_bytes(write(faulty, created_on=NOW.date()))
    (inside / "broken.xml").write_bytes(b"<GIAMDINHHS>")
    return hashlib.sha256((inside / "signed.xml").read_bytes()).hexdigest()


def test_exported_files_of_every_kind_reach_the_gateway_once(tmp_path: Path) -> None:
    workdir = tmp_path / "work"
    gateway_url = f"http://127.0.0.1:{free_port()}"
    prepare(workdir, source="his-a", encounters=30, seed=4, now=NOW, gateway_url=gateway_url)
    dossiers = list(clean_dossiers(workdir))
    claims = [d for d in dossiers if d.purpose is Purpose.CLAIM]
    checkins = [d for d in dossiers if d.purpose is Purpose.CHECKIN]
    assert len(claims) >= 7
    assert checkins

    config = yaml.safe_load((workdir / "config.yaml").read_text(encoding="utf-8"))
    config["facilities"][0].pop("source")
    options = {"folder": "claims", "steady": 0.05, "keep_signature": True}
    config["facilities"][0] |= {"mapping": "claimxml", "feeds": [{"connector": "claimxml", "options": options}]}
    (workdir / "config.yaml").write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")

    as_it_came = fill(workdir, claims, checkins[0])
    settings = load_settings(workdir=workdir)

    look(settings)
    assert sorted(p.name for p in (workdir / "claims" / "refused").glob("*.xml")) == ["broken.xml"]
    again = workdir / "claims" / "in" / "unsigned.xml"
    again.write_bytes(write(claims[2], created_on=NOW.date()))
    with gateway_of(workdir):
        done = bhyt("run", "--once", "--workdir", workdir)
        assert done.returncode == 0, done.stderr
        look(settings, times=6)
        done = bhyt("run", "--once", "--workdir", workdir)
        assert done.returncode == 0, done.stderr
        received = [r for r in bhyt_json("gateway", "received", "--workdir", workdir) if r["accepted"]]
    status = bhyt_json("status", "--workdir", workdir)
    assert status["conserved"] is True
    assert status["encounters_read"] == 8
    assert {k: n for k, n in status["dossiers"].items() if n} == {"accepted": 5, "blocked": 2}
    assert status["checkins"]["accepted"] == 1
    assert len(received) == len({(r["ma_lk"], r["purpose"]) for r in received}) == 6
    assert as_it_came in {r["sha256"] for r in received}

    places = {p.name: place for place in ("done", "refused") for p in (workdir / "claims" / place).glob("*.xml")}
    assert places == {
        **dict.fromkeys(("signed.xml", "unsigned.xml", "unsigned~2.xml", "day.xml", "checkin.xml"), "done"),
        **dict.fromkeys(("changed.xml", "faulty.xml", "broken.xml"), "refused"),
    }
    day = _result(workdir, "done", "day.xml")
    assert [d["ma_lk"] for d in day["dossiers"]] == [d.ma_lk for d in claims[3:6]]
    assert {d["receipt"] for d in day["dossiers"]} <= {r["ma_giao_dich"] for r in received}
    assert "GIOI_TINH" in {f["field"] for f in _result(workdir, "refused", "faulty.xml")["dossiers"][0]["findings"]}
    told = _result(workdir, "refused", "changed.xml")["dossiers"][0]["findings"]
    assert any("changed after it was signed" in finding["message_en"] for finding in told)


def _result(workdir: Path, place: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((workdir / "claims" / place / f"{name}.result.json").read_text(encoding="utf-8"))
    return found
