"""Do the cases guard the conditions? Break one condition at a time and see whether a case of its rule notices.

    python -m tests.unit.rules.mutate --sample 60 --seed 1

For each sampled rule the source of its condition is changed (a comparison turned round, ``and`` made ``or``,
a ``not`` dropped, arithmetic or a constant changed), the module is built again with that one change, and the
rule's own cases are run. A rule whose cases notice no change is printed and makes the exit code 1. Rules decided
by the reader or by the field list have no condition of their own and are not sampled.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import random
import sys
import types
from collections.abc import Iterator
from pathlib import Path

from adapter.rules import checks, engine, registry
from tests.support.rule_cases import ROOT, Case, read_cases, run

_FOLDER = Path(checks.__file__).parent
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
}


def _modules() -> dict[str, ast.Module]:
    """Module name → tree, for every module of conditions."""
    found: dict[str, ast.Module] = {}
    for path in sorted(_FOLDER.rglob("*.py")):
        if path.name != "__init__.py":
            relative = path.relative_to(_FOLDER).with_suffix("")
            name = ".".join((checks.__name__, *relative.parts))
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def _mentions(node: ast.AST, rule: str) -> bool:
    return any(isinstance(n, ast.Constant) and n.value == rule for n in ast.walk(node))


def _condition(tree: ast.Module, rule: str) -> list[ast.AST]:
    """The nodes that make up a rule's condition: its function, its dictionary entry, or the call that builds it."""
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(_mentions(d, rule) for d in node.decorator_list):
            return [*node.body]
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
            continue
        for part in ast.walk(node.value):
            if isinstance(part, ast.Dict):
                for key, value in zip(part.keys, part.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == rule:
                        return [functions[value.id]] if isinstance(value, ast.Name) else [value]
        if _mentions(node.value, rule) and not any(isinstance(a, ast.Dict) for a in node.value.args):
            form = functions.get(getattr(node.value.args[-1], "id", ""))
            return [form] if form is not None and list(_comparisons([form])) else [node.value]
    return []


def _changes(condition: list[ast.AST]) -> list[ast.AST]:
    """Every node that can be changed; where nothing is compared, the lists of fields the condition hands on."""
    found = list(_comparisons(condition))
    return found or [
        node
        for root in condition
        for node in ast.walk(root)
        if isinstance(node, ast.Tuple) and node.elts and isinstance(node.elts[-1], ast.Constant)
    ]


def _comparisons(condition: list[ast.AST]) -> Iterator[ast.AST]:
    for root in condition:
        for node in ast.walk(root):
            negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
            reckoned = isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC
            built = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _BUILDERS
            if isinstance(node, ast.Compare | ast.BoolOp | ast.IfExp) or negated or reckoned or built:
                yield node


_BUILDERS = {"required", "one_of", "form", "_in_order", "_lacks_unless_prepared", "_sum_rule", "_once"}


def _apply(node: ast.AST) -> None:
    """Make the change in place."""
    if isinstance(node, ast.Compare):
        node.ops[0] = _TURNED[type(node.ops[0])]()
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.IfExp):
        node.body, node.orelse = node.orelse, node.body
    elif isinstance(node, ast.UnaryOp):
        node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
    elif isinstance(node, ast.BinOp):
        node.op = _ARITHMETIC[type(node.op)]()
    elif isinstance(node, ast.Tuple):
        node.elts.pop()
    elif isinstance(node, ast.Call):
        last = node.args[-1]
        if isinstance(last, ast.Constant) and isinstance(last.value, str) and len(node.args) > 2 and _is_codes(node):
            last.value = last.value[:-1]
        elif isinstance(last, ast.Tuple):
            last.elts.pop()
        elif isinstance(last, ast.Constant):
            last.value = f"{last.value}X"
        else:
            node.args[1] = ast.Constant("T_NONE")


def _is_codes(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "one_of"


def _rebuilt(name: str, tree: ast.Module, rule: str) -> list[registry.Rule]:
    """The rule as the changed module binds it; every other binding is put back."""
    before = dict(registry.RULES)
    registry.RULES.clear()
    try:
        module = types.ModuleType(name)
        exec(compile(ast.fix_missing_locations(tree), f"<changed {name}>", "exec"), module.__dict__)
        return registry.RULES.get(rule, [])
    finally:
        registry.RULES.clear()
        registry.RULES.update(before)


def _noticed(cases: list[Case]) -> bool:
    """Whether some case of the rule no longer holds."""
    for case in cases:
        try:
            report = run(case.patch)
        except Exception:  # noqa: BLE001 -- a condition that now fails has been noticed as well
            return True
        found = [f for f in report.findings if f.rule == case.rule]
        wanted = {k[1:]: v for k, v in case.patch.items() if k in {"@severity", "@field", "@row", "@table"}}
        matching = [f for f in found if all(getattr(f, k) == v for k, v in wanted.items())]
        if bool(matching if case.hit else found) is not case.hit:
            return True
    return False


def _required_by_catalogue(rule: str) -> bool:
    """XML1's mandatory fields are bound by one loop over the catalogue; leaving the rule out is the change."""
    return rule.startswith("X1-REQ-") and rule != "X1-REQ-041"


def try_rule(
    rule: str, cases: list[Case], trees: dict[str, ast.Module], rng: random.Random, most: int
) -> tuple[int, int]:
    """(changes tried, changes noticed) for one rule."""
    original = registry.RULES[rule]
    if _required_by_catalogue(rule):
        variants: list[list[registry.Rule]] = [[]]
    else:
        name, tree = next((n, t) for n, t in trees.items() if _condition(t, rule))
        sites = len(_changes(_condition(tree, rule)))
        variants = []
        for site in rng.sample(range(sites), min(most, sites)):
            changed = copy.deepcopy(tree)
            _apply(_changes(_condition(changed, rule))[site])
            variants.append(_rebuilt(name, changed, rule))
    noticed = 0
    try:
        for variant in variants:
            registry.RULES[rule] = variant
            engine._plans.clear()
            noticed += _noticed(cases)
    finally:
        registry.RULES[rule] = original
        engine._plans.clear()
    return len(variants), noticed


def main(arguments: list[str] | None = None) -> int:
    """Print one line a rule and the score; 1 when a sampled rule's cases noticed nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changes", type=int, default=3, help="changes tried on one rule")
    asked = parser.parse_args(arguments)
    importlib.import_module("adapter.rules.engine")
    rng = random.Random(asked.seed)
    cases: dict[str, list[Case]] = {}
    for path in sorted((ROOT / "cases").glob("*.yaml")):
        for case in read_cases(path):
            cases.setdefault(case.rule, []).append(case)
    trees = _modules()
    sample = rng.sample(sorted(registry.RULES), min(asked.sample, len(registry.RULES)))
    tried_all = noticed_all = 0
    unguarded: list[str] = []
    for rule in sample:
        tried, noticed = try_rule(rule, cases[rule], trees, rng, asked.changes)
        tried_all += tried
        noticed_all += noticed
        if not noticed:
            unguarded.append(rule)
        sys.stdout.write(f"{rule:16} {noticed}/{tried}\n")
    sys.stdout.write(f"{len(sample)} rules, {noticed_all} of {tried_all} changes noticed\n")
    for rule in unguarded:
        sys.stdout.write(f"not noticed: {rule}\n")
    return 1 if unguarded else 0


if __name__ == "__main__":
    sys.exit(main())
