"""The whole line in a process of its own, as the engine runs it: ``python -m benchmarks.long.line DIR``.

It takes one slice of the source after the other. Each line on stdin says that the next one lies there, each line on
stdout that it is done; that way whoever sows and measures shares no memory with it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from adapter.engine.installation import open_installation
from adapter.settings import load_settings
from benchmarks.line.whole import STAGES
from benchmarks.line.work import clock


def main(folder: Path) -> None:
    """Until stdin ends."""
    with open_installation(load_settings(workdir=folder), clock) as installation:
        (line,) = installation.lines
        for _ in sys.stdin:
            line._drop("source")  # another file lies in the place of the one that is open
            for name, _stage in STAGES:
                result = line.run(name)
                if result.failures:
                    raise result.failures[0]
            sys.stdout.write(f"{result.counts.get('signed', 0)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
