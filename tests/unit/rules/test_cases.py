"""Every implemented rule speaks when it must and stays silent when it must: the cases are data."""

from __future__ import annotations

import pytest

from adapter.rules.catalogue import catalogue, not_implemented, reviewed
from adapter.rules.registry import implemented
from tests.support.rule_cases import ROOT, Case, read_cases, run
from tests.unit.rules import mutate

CASES = [case for path in sorted((ROOT / "cases").glob("*.yaml")) for case in read_cases(path)]
BASES = sorted(path.stem for path in (ROOT / "bases").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_case(case: Case) -> None:
    report = run(case.patch)
    found = [f for f in report.findings if f.rule == case.rule]
    waiting = [n for n in report.not_checked if n.rule == case.rule]
    assert not waiting, f"the case must give what the rule needs: {waiting}"
    if not case.hit:
        assert not found
        return
    assert found, f"expected {case.rule}, found {sorted({f.rule for f in report.findings})}"
    wanted = {k: v for k, v in case.patch.items() if k in {"@severity", "@field", "@row", "@table"}}
    matching = [f for f in found if all(getattr(f, key[1:]) == value for key, value in wanted.items())]
    assert matching, f"expected {wanted}, found {found}"


@pytest.mark.parametrize("base", BASES)
def test_a_clean_dossier_has_no_finding_but_information(base: str) -> None:
    report = run({"@base": base})
    assert [f for f in report.findings if f.severity != "info"] == []


def test_every_implemented_rule_has_a_case_that_hits_and_one_that_passes() -> None:
    hits = {c.rule for c in CASES if c.hit}
    passes = {c.rule for c in CASES if not c.hit}
    assert implemented() - hits == set()
    assert implemented() - passes == set()


def test_every_rule_of_the_catalogue_is_implemented_or_says_why_not() -> None:
    assert len(reviewed()) == 461
    assert implemented() | not_implemented().keys() == catalogue().keys()
    assert not implemented() & not_implemented().keys()


def test_a_broken_condition_is_noticed_by_its_cases() -> None:
    # A small sample here; `python -m tests.unit.rules.mutate` takes sixty rules or more.
    assert mutate.main(["--sample", "6", "--seed", "20260901"]) == 0
