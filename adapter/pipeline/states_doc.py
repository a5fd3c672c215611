"""Writes ``docs/states.md`` from the tables the code runs by: ``python -m adapter.pipeline.states_doc``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from adapter.pipeline.decide import Decision, Policy, cells
from adapter.store.states import AT_THE_GATEWAY, COLUMNS, COUNTED_AS, MOVES, NOT_HANDED_OVER, State

_HEAD = """# States, decisions and the equation

*Generated from `adapter/store/states.py` and `adapter/pipeline/decide.py` by
`python -m adapter.pipeline.states_doc`; a test fails when it is out of date.*

The unit is the **dossier**: (facility, `MA_LK`, purpose, occasion). Purposes: `claim`, `book` (uninsured) and
`checkin` (occasions: first cost, first cost in the treating department). Its state is that of its current
**revision**: one content, known by its hash.

```
translated → blocked | ready → signing → signed → sending → accepted | refused | unknown        skipped
```

Every change is one compare-and-set on state and fence, with an event in the same transaction. `held` is a flag
beside the state, with a reason: releasing goes back to where the dossier stood.
"""

_RULES = """## What else holds

* `sending` is committed before the first byte leaves. A worker that dies leaves `sending`; when its lease has run
  out (at once, when it died on the same machine) the revision becomes `unknown` under the table below.
* At most one revision of a dossier is `sending` or `unknown`; a newer one waits for it.
* A newer content supersedes only what no byte has left for. An accepted revision stays accepted and gets
  `replaced_by` when its successor is accepted. Receipts are never rewritten; a receipt that comes after the lease
  is kept, and turns `unknown` into `accepted`.
* A change in the HIS that alters no sent content makes no revision. One that is taken back before it was sent
  makes the accepted revision the current one again, and nothing is sent.
* After a receipt: `resend.after_receipt: auto` sends the new revision, `hold` keeps it for a person; once payment
  was requested it is always held (form 09/BH).
* Holds by themselves: `after-receipt`, `ask-portal`, `budget`, `remark`, `reopened` (the HIS took the settlement
  back). A new content lifts `budget`; being settled again lifts `reopened`.
* Order of sending: check-ins first (due at once), then the earliest deadline: 7 working days after the end of the
  visit, and before the 5th of the next month. Holidays are data (`adapter/rules/data/holidays.csv`).
* A refused login stops the facility for `gateway.auth_pause` seconds; `gateway.breaker_failures` troubles in a row
  open a breaker per facility and operation, and one sending then tries whether the gateway is back.
* Two encounters of the HIS that claim one `MA_LK` never overwrite each other: the later is blocked, `MA-LK-TWICE`.

## The equations

Per pull: `encounters read = unchanged + new + changed + skipped`. Per facility and day of the first pull
(Asia/Ho_Chi_Minh): `dossiers expected = {columns}`.
`expected` is written by the pull from what readiness said; the other side is counted from where dossiers stand,
with what is read but not yet translated among `waiting`. The two come from different rows, so a lost one shows.

| state | counted as (unless held) |
|---|---|
"""


def document() -> str:
    """The whole document."""
    parts = [_HEAD, "## Moves\n\n| from | to | bytes |\n|---|---|---|\n"]
    for state, targets in MOVES.items():
        there = "never left" if state in NOT_HANDED_OVER else "may be there" if state in AT_THE_GATEWAY else "—"
        if state is State.ACCEPTED:
            there = "are there"
        to = ", ".join(f"`{t.value}`" for t in State if t in targets) or "final"
        parts.append(f"| `{state.value}` | {to} | {there} |\n")
    parts.append("\n" + _RULES.format(columns=" + ".join(COLUMNS)))
    parts.extend(f"| `{state.value}` | {COUNTED_AS[state]} |\n" for state in State if state in COUNTED_AS)
    parts.append("\n## The decision table: outcome × attempt × policy\n\n")
    policy = Policy()
    parts.append(
        f"With the defaults: `unknown_repeats` {policy.unknown_repeats}, `retry_budget` {policy.retry_budget}, "
        f"back-off from {policy.back_off_first:g} s doubling to {policy.back_off_longest:g} s, of which a random half "
        "is left out (the least wait is shown).\n\n"
    )
    parts.append("| outcome | when | goes to | again after | held | counts as attempt |\n|---|---|---|---|---|---|\n")
    for cell in cells(policy):
        parts.append(f"| `{cell.outcome}` | {cell.condition} | {_decision(cell.decision)} |\n")
    return "".join(parts)


def _decision(decision: Decision) -> str:
    target = f"`{decision.target.value}`"
    if decision.remark:
        target += " with `remark`"
    if decision.stop_facility:
        target += "; the facility stops sending"
    hold = f"`{decision.hold[0]}`" if decision.hold else ""
    due = (
        _span(decision.wait) if decision.wait else "due at once" if decision.target is State.SIGNED and not hold else ""
    )
    return f"{target} | {due} | {hold} | {'yes' if decision.count else 'no'}"


def _span(span: timedelta) -> str:
    seconds = span.total_seconds()
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


if __name__ == "__main__":
    Path(__file__).parents[2].joinpath("docs", "states.md").write_text(document(), encoding="utf-8")
