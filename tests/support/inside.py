"""``bhyt …`` inside the test's own process: the same entry point, many times quicker than a process of its own."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from adapter.cli.main import main


def inside(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; output and exit code are the caller's to judge."""
    argv = ["bhyt", *map(str, arguments)]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with mock.patch.object(sys, "argv", argv), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


def inside_json(*arguments: str | Path, code: int = 0) -> Any:
    """Run a command with ``--json`` and give the document on its last line of stdout."""
    done = inside(*arguments, "--json")
    assert done.returncode == code, f"bhyt {arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.strip().splitlines()[-1])
