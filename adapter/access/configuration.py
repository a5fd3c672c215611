"""A changed configuration leaves a line in the audit log when the service starts with it.

The file is edited outside the program, so who changed it is not known here; what changed, and when it first
counted, is.
"""

from __future__ import annotations

import hashlib
import json

from adapter.settings import Settings
from adapter.store.people.audit import Entry
from adapter.store.store import Store

ACTION = "settings.loaded"


def note_configuration(store: Store, settings: Settings) -> list[str]:
    """Compare with the line of the last start; record and give the sections that differ (all at the first start)."""
    now = {
        name: _digest(value)
        for name, value in settings.model_dump(mode="json", exclude={"workdir"}, warnings=False).items()
    }
    last = store.audit.list(action=ACTION, limit=1)
    before = last[0]["detail"]["sections"] if last else {}
    changed = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
    if changed:
        store.audit.record(
            Entry(
                ACTION,
                "engine",
                kind="setting",
                object="config.yaml",
                detail={"changed": " ".join(changed), "sections": now},
            )
        )
    return changed


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
