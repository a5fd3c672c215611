"""``python -m tests.chaos``: see ``make chaos``. Exit 1 when anything was lost, doubled or out of order."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.chaos.harness import Storm
from tests.support.postgres import new_database, running_server


def main() -> int:
    """Parse, run, print one line."""
    parser = argparse.ArgumentParser(prog="make chaos ARGS=…", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dossiers", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--fault-rate", type=float, default=0.01, help="share of calls each fault meets")
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--keep", type=Path, help="work here and keep everything")
    asked = parser.parse_args()
    workdir = asked.keep or Path(tempfile.mkdtemp(prefix="bhyt-chaos-"))
    say = (lambda _: None) if asked.json else (lambda line: print(line, file=sys.stderr, flush=True))
    try:
        with running_server() if asked.store == "postgres" else nullcontext() as server:
            url = new_database(server) if server else None
            storm = Storm(workdir, asked.seed, asked.dossiers, asked.kills, url, say, asked.fault_rate)
            report = {"store": asked.store, **storm.run()}
    finally:
        if asked.keep is None:
            shutil.rmtree(workdir, ignore_errors=True)
    print(json.dumps(report, ensure_ascii=False))
    bad = report["lost"] or report["doubled"] or report["order_breaks"] or not report["conserved"]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
