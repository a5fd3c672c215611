"""The audit log: one chain whoever writes, nothing taken back, every act of a person in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from adapter.access.fhir_audit import audit_event
from adapter.store.people.audit import Entry
from adapter.store.store import Store
from adapter.vault import Vault
from tests.support.inside import inside, inside_json
from tests.support.pipeline_world import vault

WRITERS, EACH = 2, 20


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url, vault()) as opened:
        yield opened


def _write(url: str, writer: int) -> None:
    """Two threads of one process, each with its own name."""
    with Store.open(url, vault()) as store, ThreadPoolExecutor(2) as pool:

        def lines(thread: int) -> None:
            for number in range(EACH):
                store.audit.record(Entry("test.write", f"cli:w{writer}{thread}", object=str(number), reason="thử"))

        list(pool.map(lines, range(2)))


def _some(store: Store, count: int = 6) -> None:
    for number in range(count):
        store.audit.record(
            Entry(
                "dossier.hold",
                "user:lan",
                facility="01999",
                kind="dossier",
                object=str(number),
                about=f"MALK{number}",
                reason="bà Nguyễn Thị Hoa gọi điện",
                detail={"was": "ready"},
            )
        )


def test_writers_in_several_processes_keep_one_chain_without_a_gap(store_url: str) -> None:
    writers = [get_context("spawn").Process(target=_write, args=(store_url, writer)) for writer in range(WRITERS)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(120)
    assert [process.exitcode for process in writers] == [0] * WRITERS
    with Store.open(store_url, vault()) as store:
        found = store.audit.verify()
        lines = list(store.audit.export())
    assert (found.rows, found.problem) == (WRITERS * 2 * EACH, "")
    assert [line["seq"] for line in lines] == list(range(1, WRITERS * 2 * EACH + 1))
    for writer in ("00", "01", "10", "11"):
        mine = [line["object"] for line in lines if line["actor"] == f"cli:w{writer}"]
        assert mine == [str(number) for number in range(EACH)]


def test_an_empty_log_is_a_good_chain(store: Store) -> None:
    assert store.audit.verify().rows == 0
    assert store.audit.verify().problem == ""


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit WHERE seq = 2"])
def test_the_database_refuses_to_change_or_delete_a_line(store: Store, statement: str) -> None:
    _some(store)
    with pytest.raises(DBAPIError, match="audit rows stay"), store.database.write() as connection:
        connection.execute(text(statement))
    assert store.audit.verify().rows == 6


def test_postgres_refuses_to_empty_the_log_as_well(store: Store) -> None:
    _some(store)
    statement = "TRUNCATE audit" if store.database.is_postgres else "DELETE FROM audit"
    with pytest.raises(DBAPIError, match="audit rows stay"), store.database.write() as connection:
        connection.execute(text(statement))


def _forge(store: Store, *statements: str) -> None:
    """What somebody who owns the database can do: drop the triggers, then write."""
    if store.database.is_postgres:
        drops = ["DROP TRIGGER audit_stays ON audit"]
    else:
        drops = ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"]
    with store.database.write() as connection:
        for statement in (*drops, *statements):
            connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statements", "problem", "seq"),
    [
        (["UPDATE audit SET actor = 'user:tuan' WHERE seq = 3"], "changed", 3),
        (["UPDATE audit SET outcome = 'refused' WHERE seq = 6"], "changed", 6),
        (["UPDATE audit SET about_blind = NULL WHERE seq = 1"], "changed", 1),
        (["UPDATE audit SET detail = '{}' WHERE seq = 4"], "changed", 4),
        (["DELETE FROM audit WHERE seq = 3"], "gap", 4),
        (["DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = seq - 1 WHERE seq > 3"], "link", 3),
        (["DELETE FROM audit WHERE seq > 4"], "end", 5),
        (["DELETE FROM audit"], "end", 1),
        (["UPDATE audit_head SET seq = 5"], "end", 7),
    ],
)
def test_what_the_owner_of_the_database_alters_is_found_and_named(
    store: Store, statements: list[str], problem: str, seq: int
) -> None:
    _some(store)
    _forge(store, *statements)
    found = store.audit.verify()
    assert (found.problem, found.seq) == (problem, seq)


def test_a_cut_end_with_a_forged_head_shows_against_a_digest_noted_earlier(store: Store) -> None:
    _some(store)
    noted = {6: store.audit.verify().head}
    cut = "UPDATE audit_head SET seq = 4, mac = (SELECT mac FROM audit WHERE seq = 4)"
    _forge(store, "DELETE FROM audit WHERE seq > 4", cut)
    assert store.audit.verify().problem == "", "the rest alone cannot tell"
    assert store.audit.verify(noted).problem == "end"
    _some(store, 3)
    assert store.audit.verify(noted).problem == "other-chain"


def test_the_chain_cannot_be_made_anew_without_the_vaults_key(store: Store) -> None:
    _some(store)
    line = next(iter(store.audit.export()))
    other = Vault((b"k" * 32,), b"j" * 32)
    assert other.mac(b"x", "audit-chain") != vault().mac(b"x", "audit-chain")
    assert other.blind("x", "audit-chain") != other.mac(b"x", "audit-chain")[:16]
    assert len(line["digest"]) == 64


def test_persons_and_reasons_are_not_readable_in_the_database_but_found_with_the_key(store: Store) -> None:
    _some(store)
    with store.database.read() as connection:
        kept = "".join(repr(tuple(row)) for row in connection.execute(text("SELECT * FROM audit")))
    assert "MALK3" not in kept
    assert "Hoa" not in kept
    lines = store.audit.list(about="MALK3")
    assert [line["object"] for line in lines] == ["3"]
    assert lines[0]["reason"] == "bà Nguyễn Thị Hoa gọi điện"


def test_lists_are_cut_by_facility_actor_action_and_page(store: Store) -> None:
    _some(store)
    store.audit.record(Entry("user.add", "cli:root", kind="user", object="lan"))
    assert {line["action"] for line in store.audit.list(facilities=frozenset({"01999"}))} == {"dossier.hold"}
    assert store.audit.list(facilities=frozenset({"01998"})) == []
    assert [line["seq"] for line in store.audit.list(action="dossier.", limit=2)] == [6, 5]
    assert [line["seq"] for line in store.audit.list(before=3)] == [2, 1]
    assert len(store.audit.list(actor="cli:root")) == 1


def test_every_line_is_a_valid_fhir_audit_event(store: Store) -> None:
    _some(store, 2)
    store.audit.record(Entry("session.refused", "anonymous", "session", about="lan", outcome="refused"))
    events = [audit_event(line, observer="bhyt") for line in store.audit.export()]
    assert [event["outcome"] for event in events] == ["0", "0", "4"]
    assert events[0]["agent"][0]["who"]["identifier"]["value"] == "user:lan"
    assert events[0]["recorded"].endswith("+00:00")
    assert "MALK0" not in json.dumps(events)


def test_the_way_in_is_told_by_the_actor(store: Store) -> None:
    for actor in ("user:a", "key:b", "cli:c", "engine"):
        store.audit.record(Entry("test", actor))
    assert [line["via"] for line in store.audit.export()] == ["session", "key", "cli", "engine"]


def test_an_act_that_fails_leaves_no_line_and_a_line_that_fails_undoes_the_act(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("disk full")

    make: Callable[[], object] = lambda: store.confirmations.add(  # noqa: E731 -- said twice below
        "production", "01999", actor="cli:root", detail="ok", now=store.clock()
    )
    monkeypatch.setattr(store.audit, "append", broken)
    with pytest.raises(RuntimeError):
        make()
    assert store.confirmations.last("production", "01999") is None
    monkeypatch.undo()
    make()
    assert [line["action"] for line in store.audit.export()] == ["confirm"]


def test_the_command_line_verifies_exports_and_says_where_it_is_broken(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("{}\n", encoding="utf-8")
    secret = tmp_path / "pw"
    secret.write_text("bốn con trâu xanh\n", encoding="utf-8")
    made = inside("user", "add", "lan", "--role", "viewer", "--password-file", secret, "--workdir", tmp_path)
    assert made.returncode == 0, made.stderr
    good = inside_json("audit", "verify", "--workdir", tmp_path)
    assert good["valid"]
    assert good["rows"] == 1
    out = tmp_path / "audit.ndjson"
    assert inside("audit", "export", "--fhir", "--out", out, "--workdir", tmp_path).returncode == 0
    kinds = [json.loads(line)["subtype"][0]["code"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert kinds == ["user.add", "audit.export"]
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}", _vault_of(tmp_path)) as store:
        _forge(store, "UPDATE audit SET actor = 'cli:nobody' WHERE seq = 1")
    broken = inside_json("audit", "verify", "--head", good["head"], "--workdir", tmp_path, code=1)
    assert (broken["problem"], broken["seq"]) == ("changed", 1)


def _vault_of(folder: Path) -> Vault:
    return Vault.open(folder / "vault.key")


def test_taking_a_list_in_is_recorded_with_it(store: Store) -> None:
    from datetime import date

    from adapter.catalogue.lists import specs
    from adapter.store.catalogues.catalogues import Source

    spec = next(iter(specs().values()))
    store.catalogues.take(
        spec,
        "01999",
        [],
        source=Source.of("list.xlsx", b"x"),
        since=date(2026, 1, 1),
        whole=False,
        now=store.clock(),
        actor="cli:root",
    )
    line = store.audit.list(action="catalogue.import")[0]
    assert (line["object"], line["facility"], line["actor"]) == (spec.name, "01999", "cli:root")
