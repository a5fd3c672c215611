"""What a process of the pool does: it is told once what a facility's work needs, then it works.

Everything comes and goes through one pipe: no argument, no file and no variable of the environment ever holds a key.
It ends when the pipe does, so it never outlives its parent; signals of a service manager are its parent's to judge.
"""

from __future__ import annotations

import pickle
import resource
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from adapter.collector import collect_seldom, settle
from adapter.errors import BhytError, Terminal, Transient
from adapter.rules.context import Catalogues
from adapter.settings import Facility, Settings

TRANSLATE, CHECK, SIGN = "translate", "check", "sign"

_OOM_SCORE = "500"
"""When memory runs out the system ends a process of the pool, whose work is given back, before anything else."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An error of the work itself, not of one piece of it: a key that may not sign, a mapping that was changed."""

    error: BhytError


@dataclass(frozen=True, slots=True)
class AskPeople:
    """A piece of work that needs what people decided, and so the store: its parent does it."""


class _Undecided(Exception):
    """Not one of ours on purpose: what a mapping raises is caught around it."""


@dataclass(frozen=True, slots=True)
class TranslateKit:
    """What translating at one facility needs. The mapping is read here, and must be the one its parent read."""

    settings: Settings
    facility: Facility
    mapping: Path
    hash: str

    def bench(self) -> Callable[[Sequence[Any]], Iterable[Any]]:
        """From jobs to results. Raises a Transient error for a mapping that was changed meanwhile."""
        from adapter.mapping import load_mapping
        from adapter.pipeline.translation import Translator

        plan = load_mapping(self.mapping)
        if plan.hash != self.hash:
            raise _changed()
        translator = Translator(self.settings, self.facility, plan, _nobody)

        def work(jobs: Sequence[Any]) -> Iterable[Any]:
            for one in translator.mapped(jobs):
                try:
                    yield translator.made(one)
                except _Undecided:
                    yield AskPeople()

        return work


@dataclass(frozen=True, slots=True)
class CheckKit:
    """What checking at one facility needs. Rules and options are read from the settings."""

    settings: Settings
    facility: Facility
    catalogues: Catalogues | None

    def bench(self) -> Callable[[Sequence[Any]], Iterable[Any]]:
        """From jobs to reports. Raises ConfigError as :func:`adapter.rules.setup.setup_of`."""
        from adapter.pipeline.workbench import InlineBench
        from adapter.rules.setup import setup_of

        rules = setup_of(self.settings, self.facility)
        return InlineBench(self.settings, self.facility, rules=rules, catalogues=self.catalogues).check_many


@dataclass(frozen=True, slots=True)
class SignKit:
    """What signing at one facility needs. ``key``: certificate and PKCS#8 key; never shown."""

    settings: Settings
    facility: Facility
    key: tuple[bytes, bytes]

    def __repr__(self) -> str:
        return f"SignKit({self.facility.code})"

    def bench(self) -> Callable[[Sequence[Any]], Iterable[Any]]:
        """From jobs to signed documents."""
        from adapter.pipeline.workbench import InlineBench
        from adapter.signing.pkcs12 import Pkcs12Key
        from adapter.signing.trust import Trust

        key = Pkcs12Key.handed_over(*self.key)
        return InlineBench(self.settings, self.facility, key=key, trust=Trust((key.certificate,))).sign_many


def serve(place: int) -> None:
    """Work until the other end of the pipe is closed. ``place``: our end's number among this process's open files."""
    pipe = Connection(place)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a key must not end up in a core dump
    _first_to_go()
    benches: dict[tuple[str, str], Callable[[Sequence[Any]], Iterable[Any]]] = {}
    try:
        while True:
            name, kit, jobs = pickle.loads(pipe.recv_bytes())  # noqa: S301 -- our own parent's words
            pipe.send_bytes(pickle.dumps(_answer(benches, name, kit, jobs), protocol=5))
    except (EOFError, OSError):
        return


def _answer(
    benches: dict[tuple[str, str], Callable[[Sequence[Any]], Iterable[Any]]],
    name: tuple[str, str],
    kit: bytes | None,
    jobs: Sequence[Any],
) -> list[Any] | Whole:
    try:
        if kit is not None:
            benches.pop(name, None)
            benches[name] = _opened(kit)
        return list(benches[name](jobs))
    except BhytError as error:
        return Whole(error)
    except Exception as error:  # noqa: BLE001 -- told by its type: its text may hold what was at work
        return Whole(
            Terminal(
                f"Tiến trình xử lý hỏng ngoài dự kiến ({type(error).__name__})",
                f"A process of the pool broke in an unforeseen way ({type(error).__name__})",
                code="WORKER-BROKE",
            )
        )


def _opened(kit: bytes) -> Callable[[Sequence[Any]], Iterable[Any]]:
    from adapter.standard.spec import use_layers

    made: TranslateKit | CheckKit | SignKit = pickle.loads(kit)  # noqa: S301 -- our own parent's words
    use_layers([made.settings.path(folder) for folder in made.settings.standard.extra_layers])
    bench = made.bench()
    collect_seldom()
    settle()  # mapping, rules and standards stay
    return bench


def _nobody(_ma_lk: str) -> Sequence[Any]:
    raise _Undecided


def _first_to_go() -> None:
    try:
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    except OSError:
        return  # another system: it chooses by itself


def _changed() -> Transient:
    return Transient(
        "Bản ánh xạ vừa được sửa; giai đoạn này sẽ chạy lại với bản mới",
        "The mapping was changed just now; the stage runs again with the new one",
        code="MAP-CHANGED",
    )
