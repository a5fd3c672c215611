"""Documents as they were handed to the gateway, written to a folder for people and auditors.

<MA_LK>.xml                 the newest claim or book dossier
checkin/<MA_LK>.<n>.xml     check-ins, numbered in the order they were sent
old/<MA_LK>.<revision>.xml  dossiers that a newer revision followed
index.json                  file → purpose, revision, receipt, sha256
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from adapter.store.store import Store


def export_sent(store: Store, folder: Path) -> int:
    """Write every sent document whose bytes are still kept; returns how many files stand there.

    Characters that a file name cannot hold are percent-encoded. Files that hold the same bytes
    already are left alone, so that a second export is cheap.
    """
    for name in ("", "checkin", "old"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    index: dict[str, dict[str, Any]] = {}
    newest: dict[str, str] = {}
    checkins: dict[str, int] = defaultdict(int)
    for row in store.queries.sent():
        if row["body"] is None:
            continue
        name = quote(row["ma_lk"], safe="")
        if row["purpose"] == "checkin":
            checkins[name] += 1
            file = f"checkin/{name}.{checkins[name]}.xml"
        else:
            file = f"{name}.xml"
            if file in newest:
                _retire(folder, file, index)
            newest[file] = row["ma_lk"]
        _write(folder / file, row["body"])
        index[file] = {
            "purpose": row["purpose"],
            "occasion": row["occasion"],
            "revision": row["revision"],
            "state": row["state"],
            "receipt": row["receipts"][-1] if row["receipts"] else None,
            "sha256": row["sha256"],
        }
    _write(folder / "index.json", json.dumps(index, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8"))
    return len(index)


def _retire(folder: Path, file: str, index: dict[str, dict[str, Any]]) -> None:
    entry = index.pop(file)
    old = f"old/{file.removesuffix('.xml')}.{entry['revision']}.xml"
    (folder / file).replace(folder / old)
    index[old] = entry


def _write(path: Path, data: bytes) -> None:
    if path.exists() and path.read_bytes() == data:
        return
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
