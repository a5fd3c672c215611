"""The whole line against the plain reference program and against raw RSA-2048, and each part alone.

Processor time of one core, in rounds of four turns: a slice of our line, signatures, a slice of the reference, each
part. What else runs on the machine takes the caches from all of them and gives no time back, so of each round the
quickest turn of each stage counts, of both lines alike; told is the median of the rounds' ratios.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from adapter.clock import system_clock
from adapter.collector import collect_seldom
from adapter.engine.installation import open_installation
from adapter.gateway.client import GatewayClient
from adapter.pipeline.context import Context, StageResult
from adapter.pipeline.stages.check import check
from adapter.pipeline.stages.pull import pull
from adapter.pipeline.stages.send import send
from adapter.pipeline.stages.sign import sign
from adapter.pipeline.stages.translate import translate
from benchmarks.bar import Bar
from benchmarks.encounters import LINES, LONG_LINES
from benchmarks.line import reference
from benchmarks.line.parts import Parts
from benchmarks.line.work import Work, clock, configure, one_core, timed
from benchmarks.sender import gateway

STAGES: tuple[tuple[str, Callable[[Context], StageResult]], ...] = (
    ("pull", pull),
    ("translate", translate),
    ("check", check),
    ("sign", sign),
)
_ROUNDS, _TURNS = 5, 5
_PAGE, _SLICE, _PLAIN_SLICE, _PARTS = 50, 100, 30, 10
"""What a pull reads at a time (stays of 60 lines come some sixty to a page), what the stages find waiting, the
reference's slice: a turn of either, and of signatures, takes about as long (a second), and so does each of their
stages, so that none finds a quiet moment more easily."""
_ALL_CORES = 600
_LONG = 2
_SIGNATURES = 1_500

Rates = dict[str, list[float]]
"""By name: a figure of each round."""


def line_bars() -> list[Bar]:
    """All bars of the line: dossiers of 60 lines by our line and by the reference, some of 3,000 lines."""
    with tempfile.TemporaryDirectory(prefix="bhyt-bench-") as name:
        folder = Path(name)
        with one_core():
            parts, stages = _one_core(folder)
            long = _long(folder)
        return [*_whole(stages), *_signing(parts), *_alone(parts, stages), *long, *_all_cores(folder)]


def _one_core(folder: Path) -> tuple[Rates, Rates]:
    """Of each round: signatures a part costs alone, and signatures a dossier costs in each stage, ours and plain."""
    parts: Rates = defaultdict(list)
    stages: Rates = defaultdict(list)
    turns = _TURNS * (_ROUNDS + 1)
    with (
        gateway(0) as port,
        Work.open(
            folder / "ours", encounters=_SLICE * turns, batch_size=_PAGE, gateway=f"http://127.0.0.1:{port}"
        ) as ours,
        Work.open(folder / "reference", encounters=_PLAIN_SLICE * turns, batch_size=_PLAIN_SLICE) as plain,
        Work.open(folder / "json", encounters=_PLAIN_SLICE * turns, batch_size=_PLAIN_SLICE) as plainer,
    ):
        plain_parts, plainer_parts = reference.parts(plain), reference.parts(plainer)
        alone = Parts.of(ours, _PARTS * turns)
        client = GatewayClient(ours.facility, ours.settings, clock)
        for number in range(_ROUNDS + 1):
            signature: list[float] = []
            mine, theirs, with_json, costs, paces = [], [], [], [], []
            for place in range(number * _TURNS, (number + 1) * _TURNS):
                began = time.perf_counter()
                with _collecting_seldom():
                    mine.append(_slice(ours, {}, enough=_pages()))
                paces.append(_SLICE / (time.perf_counter() - began))
                signature.append(_rsa(ours))
                with reference.field_by_field():
                    theirs.append(_slice(plain, plain_parts, enough=plain_parts["source"].empty))
                    with reference.kept_by_json():
                        with_json.append(_slice(plainer, plainer_parts, enough=plainer_parts["source"].empty))
                costs.append(alone.costs(slice(place * _PARTS, (place + 1) * _PARTS)) | {"send": _send(ours, client)})
            if number == 0:
                continue  # the first round compiles layouts and rule plans, ours and theirs
            one = min(signature)
            for name, _ in STAGES:
                stages[name].append(min(turn[name] for turn in mine) / one)
                stages[f"plain {name}"].append(min(turn[name] for turn in theirs) / one)
                stages[f"json {name}"].append(min(turn[name] for turn in with_json) / one)
            for name in costs[0]:
                parts[name].append(min(cost[name] for cost in costs) / one)
            parts["signatures a second"].append(1 / one)
            parts["by the clock"].append(max(paces))
    return parts, stages


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """As our processes run; the reference leaves Python's collector as it comes."""
    before = gc.get_threshold()
    collect_seldom()
    gc.collect()
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _rsa(work: Work) -> float:
    """Processor seconds of one signature."""
    return timed(lambda: [work.key.sign(b"m" * 700) for _ in range(_SIGNATURES)])[0] / _SIGNATURES


def _pages() -> Callable[[], bool]:
    """Whether a slice is read, asked after each page."""
    read = iter(range(_PAGE, _SLICE + _PAGE, _PAGE))
    return lambda: next(read) >= _SLICE


def _slice(work: Work, parts: dict[str, Any], *, enough: Callable[[], bool]) -> dict[str, float]:
    """Processor seconds a dossier costs in each stage: pull saves until it is ``enough``, the others what there is."""
    seconds = {}
    for name, stage in STAGES:
        context = work.context(**parts, **({"stopping": enough} if name == "pull" else {}))
        spent, result = timed(lambda stage=stage, context=context: stage(context))  # type: ignore[misc]
        if result.failures:
            raise result.failures[0]
        assert result.done > 0, name
        seconds[name] = spent / result.done
    assert result.counts.get("signed") == result.done, result.counts
    return seconds


def _send(work: Work, client: GatewayClient) -> float:
    """Processor seconds it costs to send a dossier to a gateway on this machine that answers at once."""
    context = work.context(gateway=client, clock=system_clock)
    seconds, result = timed(lambda: send(context))
    if result.failures:
        raise result.failures[0]
    assert result.done == _SLICE, result.counts
    return seconds / result.done


def _sums(stages: Rates, before: str = "") -> list[float]:
    """Of each round: signatures one dossier costs from the source's row to the outbox."""
    return [sum(round_) for round_ in zip(*(stages[before + name] for name, _ in STAGES), strict=True)]


def _whole(stages: Rates) -> list[Bar]:
    ours, plain, with_json = _sums(stages), _sums(stages, "plain "), _sums(stages, "json ")
    faster = median(p / o for p, o in zip(plain, ours, strict=True))
    faster_than_json = median(j / o for j, o in zip(with_json, ours, strict=True))
    per_core = median(1 / o for o in ours)
    return [
        Bar(
            "line.per_core",
            per_core,
            0.05,
            f"× raw RSA-2048 of one core, {LINES} lines, {_SLICE * _TURNS * _ROUNDS} dossiers",
        ),
        Bar("line.against_reference", faster, 3, "× the plain reference program"),
        Bar("line.against_reference_with_json", faster_than_json, 0, "× one that keeps by Python's json (no bar)"),
    ]


def _signing(parts: Rates) -> list[Bar]:
    """From a dossier to signed bytes: by us, by lxml and signxml, and by our writer with signxml."""
    both = [b + s for b, s in zip(parts["build"], parts["sign"], strict=True)]
    mixed = [b + s for b, s in zip(parts["build"], parts["plain sign"], strict=True)]
    return [
        Bar("line.build_and_sign", median(1 / one for one in both), 0.18, "× raw RSA-2048"),
        Bar(
            "line.build_and_sign_against_signxml",
            median(t / b for t, b in zip(parts["plain build and sign"], both, strict=True)),
            2,
            "× the same with lxml and signxml",
        ),
        Bar(
            "line.build_and_sign_against_signxml_behind_our_writer",
            median(t / b for t, b in zip(mixed, both, strict=True)),
            0,
            "× our writer, then signxml (no bar)",
        ),
    ]


def _alone(parts: Rates, stages: Rates) -> list[Bar]:
    """Figures without a bar: what each part costs alone, and each stage with all it stores."""
    unit = "signatures a dossier (no bar)"
    told = [Bar("line.rsa", median(parts["signatures a second"]), 0, "raw RSA-2048 signatures/s of one core (no bar)")]
    told.append(Bar("line.one_core", median(parts["by the clock"]), 0, "dossiers/s on one core, by the clock (no bar)"))
    for name in ("pull", "map", "check", "build", "sign", "verify"):
        told.append(Bar(f"line.part.{name}", median(parts[name]), 0, unit))
    alone = sum(median(parts[name]) for name in ("pull", "map", "check", "build", "sign", "verify"))
    told.append(
        Bar("line.part.send", median(parts["send"]), 0, "with its store, to a gateway that answers at once: " + unit)
    )
    told.append(Bar("line.part.store", median(_sums(stages)) - alone, 0, "the stages less the parts: " + unit))
    told += [Bar(f"line.stage.{name}", median(stages[name]), 0, unit) for name, _ in STAGES]
    told += [Bar(f"line.reference.{name}", median(stages[f"plain {name}"]), 0, unit) for name, _ in STAGES]
    for name in ("build", "build and sign", "verify"):
        told.append(Bar(f"line.reference.part.{name.replace(' ', '_')}", median(parts[f"plain {name}"]), 0, unit))
    return told


def _long(folder: Path) -> list[Bar]:
    """A stay of 3,000 lines costs no more a line than one of 60."""
    with Work.open(folder / "long", encounters=_LONG, lines=LONG_LINES, batch_size=1) as work:
        _slice(work, {}, enough=lambda: True)  # compiles what the second one uses
        rsa = _rsa(work)
        seconds = _slice(work, {}, enough=lambda: True)
    whole = sum(seconds.values()) / rsa
    return [Bar("line.long_dossier", whole, 0, f"signatures, {LONG_LINES} lines (no bar)")]


def _all_cores(folder: Path) -> list[Bar]:
    """The engine's own way, with its pool: dossiers a second by the clock on the wall."""
    settings = configure(folder / "all", encounters=_ALL_CORES)
    with open_installation(settings, clock) as installation:
        (line,) = installation.lines
        started = time.perf_counter()
        for name, _ in STAGES:
            result = line.run(name)
            if result.failures:
                raise result.failures[0]
        seconds = time.perf_counter() - started
        assert result.counts.get("signed") == _ALL_CORES, result.counts
    return [Bar("line.all_cores", _ALL_CORES / seconds, 0, f"dossiers/s, {_ALL_CORES} dossiers, by the clock (no bar)")]
