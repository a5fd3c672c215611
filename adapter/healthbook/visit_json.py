"""One visit for programs: what ``bhyt book show --json`` and the API answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapter.healthbook.catalogue import fields
from adapter.healthbook.completeness import Completeness
from adapter.healthbook.privacy import View


def shown_json(
    seen: View,
    complete: Completeness,
    *,
    line: Mapping[str, Any],
    privacy: Mapping[str, Any],
    checks: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """Book, completeness, looks at VNeID; what is withheld only when the view is a privileged one."""
    document: dict[str, Any] = {
        "facility": seen.book.facility,
        "ma_lk": seen.book.ma_lk,
        "purpose": line["purpose"],
        "state": line["state"],
        "book": seen.book.to_json(),
        "reach": complete.reach,
        "filled": [name for name in fields() if name in complete.filled],
        "empty": [name for name in fields() if name in complete.empty],
        "checks": [dict(check) for check in checks],
    }
    if privacy:
        document["withheld"] = [
            {"field": w.field, "source": w.source, "row": w.row, "rule": w.rule, "shown": w.shown}
            for w in seen.withheld
        ]
        document["privacy"] = dict(privacy)
    return document
