"""The whole line in a process of its own, as the engine runs it: ``python -m benchmarks.long.line DIR NOW``.

It takes one slice of the source after the other. Each line on stdin says that the next one lies there, each line on
stdout that it is done; that way whoever sows and measures shares no memory with it. ``NOW``: the moment it lives at.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from adapter.engine.installation import open_installation
from adapter.settings import load_settings

_STAGES = ("pull", "translate", "check", "sign")


def main(folder: Path, now: datetime) -> None:
    """Until stdin ends."""
    with open_installation(load_settings(workdir=folder), lambda: now) as installation:
        (line,) = installation.lines
        for _ in sys.stdin:
            line._drop("source")  # another file lies in the place of the one that is open
            for name in _STAGES:
                result = line.run(name)
                if result.failures:
                    raise result.failures[0]
            sys.stdout.write(f"{result.counts.get('signed', 0)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]))
