"""The first API key: made at first start, kept in a file only the service's user can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def first_key(path: Path) -> str:
    """The key in this file; made there, readable by the owner only, when it does not exist.

    Two processes starting at once agree: the file is created exclusively.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    key = f"bhyt_{secrets.token_urlsafe(32)}"
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key
