"""For developers: write the next step from the difference between the tables and the history.

``python -m adapter.store.migrations.make 0002 "what it is for"``; read what comes out, then set ``HEAD``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from adapter.store.migrations import upgrade
from adapter.store.tables.database import Database


def make(step: str, message: str) -> None:
    """Write ``versions/<step>_….py``."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.db")
        with database.write() as connection:
            if step != "0001":
                upgrade(connection)
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent))
            config.attributes["connection"] = connection
            command.revision(config, message=message, autogenerate=True, rev_id=step)
        database.close()


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2])
