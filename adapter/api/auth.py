"""The first API key: made at first start, kept in a file only the service's user can read."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from fastapi import HTTPException, Request, status


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


class RequireKey:
    """A FastAPI dependency: the request carries the key, or learns nothing."""

    def __init__(self, key: str) -> None:
        self._key = key.encode("ascii")

    def __call__(self, request: Request) -> None:
        """Accept ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
        if not hmac.compare_digest(given.encode("utf-8"), self._key):
            raise HTTPException(
                status.HTTP_401_UNAUTHORIZED,
                {
                    "code": "API-KEY",
                    "message_vi": "Thiếu khóa API hoặc khóa sai",
                    "message_en": "API key missing or wrong",
                },
                headers={"WWW-Authenticate": "Bearer"},
            )
