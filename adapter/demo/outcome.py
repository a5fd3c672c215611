"""What became of the demo: did each planted fault meet its rule, and did everything clean arrive?

The seed's own record is compared with the store; no stage of the product knows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.demo.defects import Planted
from adapter.store import Store


@dataclass(slots=True)
class Judgement:
    """``missed``: faults whose rules did not speak; ``beyond``: undeclared rules; ``late``: clean, not accepted."""

    total: int = 0
    met: int = 0
    missed: list[dict[str, Any]] = field(default_factory=list)
    beyond: list[dict[str, Any]] = field(default_factory=list)
    late: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The key ``planted`` of the demo object."""
        return {"total": self.total, "met": self.met, "missed": self.missed, "beyond": self.beyond, "late": self.late}


def judge(faults: Sequence[Planted], store: Store) -> Judgement:
    """Compare every planted fault with the findings that block its encounter, and look for clean ones held up."""
    result = Judgement(total=len(faults))
    for fault in faults:
        found = _rules(store, fault.ma_lk)
        missing = fault.must - found
        extra = found - fault.must - fault.may
        if missing:
            result.missed.append(
                {"ma_lk": fault.ma_lk, "defect": fault.defect, "rules": sorted(missing), "found": sorted(found)}
            )
        else:
            result.met += 1
        if extra:
            result.beyond.append({"ma_lk": fault.ma_lk, "defect": fault.defect, "rules": sorted(extra)})
    planted = {fault.ma_lk for fault in faults}
    for state in ("blocked", "refused", "unknown", "signed", "ready", "translated"):
        for row in store.queries.list(state=state, limit=1_000_000):
            if row["ma_lk"] not in planted:
                rules = sorted({f.rule for f in store.queries.findings(row["revision_id"]) if f.severity == "error"})
                result.late.append({"ma_lk": row["ma_lk"], "purpose": row["purpose"], "state": state, "rules": rules})
    return result


def _rules(store: Store, ma_lk: str) -> frozenset[str]:
    """Rules with an error finding on any dossier of this encounter."""
    rows = store.queries.list(ma_lk=ma_lk)
    return frozenset(
        finding.rule
        for row in rows
        for finding in store.queries.findings(row["revision_id"])
        if finding.severity == "error"
    )
