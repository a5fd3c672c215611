"""A FHIR R4 server not written here (Medplum's router and repository), started for a test."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_FOLDER = Path(__file__).parent / "medplum"


@dataclass(frozen=True)
class Server:
    """A running server. ``put`` keeps the ids it is given, as a HIS does."""

    url: str
    http: httpx.Client

    def put(self, resources: Iterable[dict[str, Any]]) -> None:
        for one in resources:
            answer = self.http.put(f"/{one['resourceType']}/{one['id']}", content=json.dumps(one, default=float))
            assert answer.status_code in (200, 201), answer.text

    def delete(self, name: str) -> None:
        assert self.http.delete(f"/{name}").status_code == 200

    def clear(self) -> None:
        assert self.http.put("/_clear").status_code == 200

    def fault(self, **what: Any) -> None:
        self.http.put("/_fault", json=what)

    def seen(self) -> dict[str, int]:
        found: dict[str, int] = self.http.get("/_seen").json()
        return found


@contextmanager
def fhir_server(login: str = "") -> Iterator[Server]:
    """Empty, on a free port; ``login`` is ``user:secret`` for basic and for OAuth2 at ``/token``."""
    _install()
    node = shutil.which("node")
    assert node is not None
    process = subprocess.Popen(
        [node, "serve.mjs", login], cwd=_FOLDER, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port, process.communicate()[1][-2000:]
        url = f"http://127.0.0.1:{port}"
        user, _, secret = login.partition(":")
        with httpx.Client(base_url=url, auth=(user, secret) if login else None, timeout=60, trust_env=False) as http:
            yield Server(url, http)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _install() -> None:
    with (_FOLDER / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (_FOLDER / "node_modules" / "@medplum" / "fhir-router" / "package.json").is_file():
            return
        npm = shutil.which("npm")
        assert npm is not None, "npm is missing"
        done = subprocess.run(
            [npm, "ci", "--silent"], cwd=_FOLDER, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"npm ci failed: {done.stderr[-2000:]}"


def plain(resource: Any) -> dict[str, Any]:
    """A resource as JSON has it."""
    found: dict[str, Any] = json.loads(json.dumps(resource, default=str))
    return found
