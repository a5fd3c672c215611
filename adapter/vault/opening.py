"""The vault an installation's settings name."""

from __future__ import annotations

from pathlib import Path

from adapter.settings import Settings
from adapter.vault.vault import Vault


def master_file(settings: Settings) -> Path | None:
    """Where the master key lies; None: in the environment, or nowhere."""
    named = settings.vault.master_key_file
    return None if named is None else settings.path(named)


def open_vault(settings: Settings, *, create: bool) -> Vault:
    """As :meth:`Vault.open`."""
    return Vault.open(settings.path(settings.vault.key_file), create=create, master_file=master_file(settings))
