"""Which tests can run here, said plainly.

A test that drives a real tool carries ``@pytest.mark.needs("postgres", …)``. Where the tool is
missing and cannot be installed (no root), the test is left out and named at the end of the
run. As root, or in CI, a missing tool is an error: ``make test`` installs them all.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_PACKAGES = {
    "postgres": "postgresql",
    "mariadb": "mariadb-server",
    "xmlsec1": "xmlsec1",
    "jdk": "default-jdk-headless",
    "softhsm": "softhsm2",
    "npm": "nodejs npm",
    "chromium": "chromium",
    "systemd": "systemd",
}


def _present(tool: str) -> bool:
    match tool:
        case "postgres":
            return bool(shutil.which("initdb")) or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        case "mariadb":
            return bool(shutil.which("mariadbd"))
        case "jdk":
            return bool(shutil.which("javac"))
        case "softhsm":
            return bool(shutil.which("softhsm2-util"))
        case "systemd":
            return bool(shutil.which("systemd-analyze"))
        case _:
            return bool(shutil.which(tool))


_left_out: dict[str, list[str]] = {}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*tools): the real programs this test drives")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    must_have_all = bool(os.environ.get("CI")) or (hasattr(os, "geteuid") and os.geteuid() == 0)
    keep: list[pytest.Item] = []
    for item in items:
        tools = [tool for marker in item.iter_markers("needs") for tool in marker.args]
        unknown = [tool for tool in tools if tool not in _PACKAGES]
        if unknown:
            raise pytest.UsageError(f"{item.nodeid}: unknown tool in needs(): {', '.join(unknown)}")
        missing = [tool for tool in tools if not _present(tool)]
        if missing and must_have_all:
            packages = " ".join(_PACKAGES[tool] for tool in missing)
            raise pytest.UsageError(f"{item.nodeid} needs {', '.join(missing)}: apt-get install {packages}")
        if missing:
            for tool in missing:
                _left_out.setdefault(tool, []).append(item.nodeid)
        else:
            keep.append(item)
    if len(keep) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in set(keep)])
        items[:] = keep


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for tool, tests in sorted(_left_out.items()):
        terminalreporter.write_line(
            f"left out: {len(tests)} test(s) because {tool} is missing "
            f"(apt-get install {_PACKAGES[tool]}), such as {tests[0]}"
        )
