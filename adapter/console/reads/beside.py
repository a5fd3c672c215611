"""What a finding's field is judged against: the other values its rule speaks of, so that nobody looks for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapter.console.reads.rules import told
from adapter.dossier.model import Dossier

_TAG = re.compile(r"(?:X(\d+)\.)?\b([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])\b")
_MOST = 4


def beside(dossier: Dossier, finding: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """``(table, field, value)`` of the fields the rule's condition names: of the same row, else of the visit (XML1)."""
    rows = dossier.rows(finding["table"])
    number = (finding["row"] or 1) - 1
    own = rows[number] if 0 <= number < len(rows) else {}
    visit = (dossier.rows("XML1") or [{}])[0]
    found: dict[tuple[str, str], str] = {}
    for table, name in _TAG.findall(told(finding["rule"])["condition"]):
        if name == finding["field"] or (table and f"XML{table}" not in {finding["table"], "XML1"}):
            continue
        if name in own and not (table and f"XML{table}" != finding["table"]):
            found[finding["table"], name] = own[name]
        elif name in visit:
            found["XML1", name] = visit[name]
    return [(table, name, value) for (table, name), value in found.items()][:_MOST]
