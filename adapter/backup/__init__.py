"""Backup while everything runs, and restore into an empty place. A backup never holds a key or a password."""

from adapter.backup.make import make_backup
from adapter.backup.restore import Restored, restore_backup

__all__ = ["Restored", "make_backup", "restore_backup"]
