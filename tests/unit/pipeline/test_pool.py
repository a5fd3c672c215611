"""The pool of processes: the order of the jobs, what a death costs, and that nothing of it stays when it is idle."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from adapter.demo.pki import make_authority
from adapter.dossier.model import Dossier
from adapter.dossier.reader import read
from adapter.errors import BhytError, CertificateError, Terminal
from adapter.pipeline import STAGES
from adapter.pipeline.pieces import in_pieces
from adapter.pipeline.pool.bench import PoolBench
from adapter.pipeline.pool.pool import Died, Kit, Pool
from adapter.pipeline.translation import Made, TranslateJob
from adapter.pipeline.workbench import CheckJob, InlineBench, Signed, SignJob, WorkerLost
from adapter.rules.finding import Finding, Report
from adapter.settings import CertificateSettings, Facility, Settings, SourceSettings
from adapter.signing.pkcs12 import Pkcs12Key
from adapter.signing.trust import Trust
from adapter.signing.verify import verify
from adapter.source import SourceEncounter
from benchmarks.encounters import NOW, plan, sow
from connectors.base import open_source
from tests.support.pipeline_world import FACILITY, World
from tests.support.pool_kits import Piece, TestKit


@pytest.fixture
def pool() -> Iterator[Pool]:
    pool = Pool(2, start_after=0, worth=0)
    yield pool
    pool.close()


def _kit(pool: Pool, folder: Path, version: str = "") -> Kit:
    return pool.kit(("test", "01999"), version, lambda: TestKit(folder / "died", version=version))


def _facility() -> tuple[Settings, Facility]:
    facility = Facility(
        code=FACILITY,
        account="x",
        password_file=Path("x"),
        mapping="demo-his-b",
        certificate=CertificateSettings(path=Path("x.p12"), password_file=Path("x")),
        source=SourceSettings(url="sqlite:///x"),
    )
    return Settings(facilities=(facility,)), facility


def _bench(pool: Pool, key: Pkcs12Key | None = None) -> PoolBench:
    settings, facility = _facility()
    return PoolBench(pool, _inline(key), settings, facility, key=key)


def _inline(key: Pkcs12Key | None = None) -> InlineBench:
    return InlineBench(*_facility(), key=key, trust=Trust((key.certificate,)) if key is not None else None)


def _key() -> Pkcs12Key:
    issued = make_authority(NOW).issue("Bệnh viện Minh Hoạ", NOW)
    assert isinstance(issued.key, RSAPrivateKey)
    return Pkcs12Key(issued.certificate, issued.key)


def test_results_come_in_the_order_of_the_jobs_from_several_processes(pool: Pool, tmp_path: Path) -> None:
    jobs = [Piece(str(number)) for number in range(60)]
    came = list(_bench(pool).sent(_kit(pool, tmp_path), jobs))
    assert [text for text, _, _ in came] == [job.text for job in jobs]
    processes = {pid for _, _, pid in came}
    assert os.getpid() not in processes
    assert pool.running == 2


def test_a_process_that_dies_gives_its_work_back_and_the_others_lose_nothing(pool: Pool, tmp_path: Path) -> None:
    jobs = [Piece(text) for text in ("1", "2", "die", "3", *(str(n) for n in range(4, 20)))]
    came = list(_bench(pool).sent(_kit(pool, tmp_path), jobs))
    lost = [number for number, one in enumerate(came) if isinstance(one, WorkerLost)]
    assert lost == [2]
    assert [one[0] for one in came if not isinstance(one, WorkerLost)] == [j.text for j in jobs if j.text != "die"]


def test_a_process_that_cannot_be_started_is_told_and_not_waited_for(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_command: object, **_options: object) -> None:
        raise OSError(errno.EAGAIN, "no more processes")

    kit = _kit(pool, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("adapter.pipeline.pool.pool.Popen", refuse)
        with pytest.raises(Died):
            pool.submit(kit, [Piece("1")]).result(timeout=20)
    ((text, _, _),) = pool.submit(kit, [Piece("2")]).result(timeout=60)
    assert text == "2"


def test_work_that_outlives_a_second_try_is_done(pool: Pool, tmp_path: Path) -> None:
    came = list(_bench(pool).sent(_kit(pool, tmp_path), [Piece("1"), Piece("die once")]))
    assert [one[0] for one in came] == ["1", "die once"]


def test_what_asks_for_people_is_done_here(pool: Pool, tmp_path: Path) -> None:
    came = list(_bench(pool).sent(_kit(pool, tmp_path), [Piece("1"), Piece("ask")], lambda job: (job.text, "", 0)))
    assert [(text, pid == 0) for text, _, pid in came] == [("1", False), ("ask", True)]


def test_a_newer_kit_takes_the_place_of_the_older(pool: Pool, tmp_path: Path) -> None:
    first = list(_bench(pool).sent(_kit(pool, tmp_path, "a"), [Piece("1")]))
    assert _kit(pool, tmp_path, "a") is _kit(pool, tmp_path, "a")
    second = list(_bench(pool).sent(_kit(pool, tmp_path, "b"), [Piece(str(n)) for n in range(40)]))
    assert {version for _, version, _ in first} == {"a"}
    assert {version for _, version, _ in second} == {"b"}


def test_what_breaks_in_a_process_is_told_without_what_was_at_work(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(Terminal) as caught:
        list(_bench(pool).sent(_kit(pool, tmp_path), [Piece("break")]))
    assert caught.value.code == "WORKER-BROKE"
    assert "Nguyễn" not in str(caught.value.to_dict())


def test_idle_processes_are_let_go_and_come_again(tmp_path: Path) -> None:
    pool = Pool(2, start_after=0, worth=0, idle=0.2)
    try:
        ((_, _, first),) = _bench(pool).sent(_kit(pool, tmp_path), [Piece("1")])
        deadline = time.monotonic() + 20
        while pool.running or _lives(first):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        ((_, _, second),) = _bench(pool).sent(_kit(pool, tmp_path), [Piece("2")])
        assert second != first
    finally:
        pool.close()


def test_a_closed_pool_takes_no_work_and_leaves_no_process(tmp_path: Path) -> None:
    pool = Pool(2, start_after=0, worth=0)
    kit = _kit(pool, tmp_path)
    ((_, _, pid),) = _bench(pool).sent(kit, [Piece("1")])
    pool.close()
    assert not _lives(pid)
    with pytest.raises(Died):
        pool.submit(kit, [Piece("2")]).result()
    assert not pool.worth(1 << 30)


def test_a_service_manager_that_ends_every_process_of_the_service_loses_no_work(pool: Pool, tmp_path: Path) -> None:
    ((_, _, first),) = _bench(pool).sent(_kit(pool, tmp_path), [Piece("1")])
    os.kill(first, signal.SIGTERM)  # the engine, told the same, finishes what is at work and closes the pipe
    came = list(_bench(pool).sent(_kit(pool, tmp_path), [Piece(str(n)) for n in range(40)]))
    assert first in {pid for _, _, pid in came}


_PARENT = """
import os, signal, sys
from pathlib import Path
from adapter.pipeline.pool.pool import Pool
from tests.support.pool_kits import Piece, TestKit

if __name__ == "__main__":
    pool = Pool(1)
    kit = pool.kit(("test", "01999"), "", lambda: TestKit(Path(sys.argv[1])))
    ((_, _, pid),) = pool.submit(kit, [Piece("1")]).result()
    print(pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"  # where nobody collects the dead of others


def test_processes_do_not_outlive_an_engine_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT, encoding="utf-8")
    told = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "mark")],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        timeout=120,
    )
    assert told.returncode == -signal.SIGKILL
    pid = int(told.stdout)
    deadline = time.monotonic() + 30
    while _lives(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_small_work_starts_no_process() -> None:
    now = 0.0
    pool = Pool(2, start_after=1000, worth=300, now=lambda: now)
    assert not pool.worth(900)
    assert pool.worth(200)  # a backlog: more than a thousand within a minute
    now = 61.0
    assert not pool.worth(900)
    assert not Pool(1, start_after=0).worth(1 << 30)


def test_long_dossiers_travel_alone() -> None:
    jobs = [Piece("x" * size) for size in (10, 10, 500_000, 10, 300_000, 300_000)]
    assert [[len(job.text) for job in piece] for piece in in_pieces(jobs, most=8, most_bytes=384 << 10)] == [
        [10, 10],
        [500_000],
        [10, 300_000],
        [300_000],
    ]


def test_processes_translate_check_and_sign_as_we_do_ourselves(pool: Pool, tmp_path: Path) -> None:
    sow(tmp_path / "his.db", encounters=3)
    mapping = plan()
    source = open_source(mapping.source, SourceSettings(url=f"sqlite:///{tmp_path / 'his.db'}"))
    encounters = [*source.pull(None, now=NOW).encounters]
    source.close()
    key = _key()
    ours, inline = _bench(pool, key), _inline(key)

    jobs = [TranslateJob(e.to_bytes(), e.key, e.content_hash(), NOW) for e in encounters]
    made = list(ours.translate_many(jobs, mapping))
    assert made == list(inline.translate_many(jobs, mapping))
    bodies = [unit.body for one in made if isinstance(one, Made) for unit in one.units]
    checks = [CheckJob(body, 1, NOW) for body in bodies if body is not None]
    assert len(checks) == 3
    assert list(ours.check_many(checks)) == list(inline.check_many(checks))
    signed = [one for one in ours.sign_many([SignJob(check.body, NOW) for check in checks]) if isinstance(one, Signed)]
    assert [read(one.document).dossiers[0].ma_lk for one in signed] == [
        Dossier.from_bytes(c.body).ma_lk for c in checks
    ]
    trust = Trust((key.certificate,))
    assert all(verify(one.document, trust=trust, at=NOW).valid for one in signed)


def test_a_key_that_may_not_sign_is_one_failure_of_the_whole(pool: Pool) -> None:
    later = NOW + timedelta(days=4000)
    with pytest.raises(CertificateError):
        list(_bench(pool, _key()).sign_many([SignJob(b"{}", later)]))


def test_a_mapping_that_was_changed_meanwhile_stops_the_stage(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = plan()
    monkeypatch.setattr(type(mapping), "hash", "another")
    encounter = SourceEncounter("1", "1", {})
    job = TranslateJob(encounter.to_bytes(), "1", encounter.content_hash(), NOW)
    with pytest.raises(BhytError) as caught:
        list(_bench(pool).translate_many([job], mapping))
    assert caught.value.code == "MAP-CHANGED"


# ---- the stages over a process that dies -----------------------------------------------------------


class _Deadly:
    """A bench over which a process dies for one dossier."""

    ahead = False

    def __init__(self, world: World, ma_lk: str) -> None:
        self._world, self._ma_lk = world, ma_lk

    def _judge(self, body: bytes, good: Any) -> Any:
        return WorkerLost("chết", "died") if Dossier.from_bytes(body).ma_lk == self._ma_lk else good

    def check_many(self, jobs: Any) -> Any:
        return [self._judge(job.body, Report(())) for job in jobs]

    def sign_many(self, jobs: Any) -> Any:
        return [self._judge(job.body, Signed(b"<x/>", "0" * 64, "0A")) for job in jobs]

    def translate_many(self, jobs: Any, _plan: Any) -> Any:
        return [WorkerLost("chết", "died") for _ in jobs]


def test_a_dossier_that_processes_die_over_is_given_back_and_stops_no_other(world: World) -> None:
    for key in "123":
        world.source.put(key)
    world.run("pull", "translate")
    for stage, left, gone_on in (("check", "translated", "ready"), ("sign", "ready", "signed")):
        result = STAGES[stage](replace(world.context(), bench=_Deadly(world, "LK2"), key=_key()))
        assert [error.code for error in result.failures] == ["WORKER-LOST"]
        assert result.done == 2
        assert world.dossier("LK2")["state"] == left
        assert world.dossier("LK1")["state"] == world.dossier("LK3")["state"] == gone_on
        assert STAGES[stage](world.context()).done == 0  # not at once again
        world.time.pass_(minutes=16)
        if stage == "check":
            assert STAGES[stage](world.context()).done == 1


def test_an_encounter_that_processes_die_over_waits_for_its_lease(world: World) -> None:
    world.source.put("1")
    world.run("pull")
    result = STAGES["translate"](replace(world.context(), bench=_Deadly(world, "")))
    assert [error.code for error in result.failures] == ["WORKER-LOST"]
    assert STAGES["translate"](world.context()).done == 0
    world.time.pass_(minutes=6)
    assert STAGES["translate"](world.context()).done == 1


def test_a_unit_the_store_refuses_is_set_apart(world: World) -> None:
    for key in "123":
        world.source.put(key)
    world.run("pull", "translate")

    class Odd(_Deadly):
        def check_many(self, jobs: Any) -> Any:
            bad = Finding("R" * 3, "info", "XML1", object(), "X", "", "", "")  # type: ignore[arg-type]
            return [Report((bad,) if Dossier.from_bytes(j.body).ma_lk == "LK2" else ()) for j in jobs]

    result = STAGES["check"](replace(world.context(), bench=Odd(world, "")))
    assert [error.code for error in result.failures] == ["STORE-REFUSED"]
    assert result.done == 2
    assert world.dossier("LK2")["state"] == "translated"
