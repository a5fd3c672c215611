"""What a backup says of itself, and how its members are told apart."""

from __future__ import annotations

import hashlib
import tarfile
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapter.errors import ConfigError

NAME = "manifest.json"
STORE = "store.sqlite"
DUMP = "store.pgdump"


class Manifest(BaseModel):
    """The first member of the archive. ``vault_key``: the id of the key that opens it, which is not in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    made_at: datetime
    program: str
    migration: str
    kind: Literal["sqlite", "postgresql"]
    vault_key: str
    conserved: bool
    dossiers: dict[str, int]
    members: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]


def read_manifest(archive: tarfile.TarFile, path: Path) -> Manifest:
    """The manifest of an opened backup. ConfigError when the file is no backup of ours."""
    try:
        member = archive.extractfile(NAME)
        if member is None:
            raise KeyError(NAME)
        return Manifest.model_validate_json(member.read(1_000_000))
    except (KeyError, ValidationError, tarfile.TarError) as error:
        raise not_a_backup(path) from error


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def not_a_backup(path: Path) -> ConfigError:
    """The error of a file that is none, or is cut off."""
    return ConfigError(
        "Tệp không phải bản sao lưu, hoặc bị cắt cụt",
        "The file is not a backup, or is cut off",
        tried=[str(path)],
        hint_vi="dùng tệp do `bhyt backup` tạo ra",
        hint_en="use a file made by `bhyt backup`",
    )
