"""Two questions about URLs that settings and others ask."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """True when a URL's host is this machine and can be no other, whatever a resolver says."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def absolute_sqlite_url(url: str, workdir: Path) -> str:
    """``sqlite:///file`` (or ``duckdb:///file``) with a relative file placed in ``workdir``."""
    for scheme in ("sqlite:///", "duckdb:///"):
        tail = url.removeprefix(scheme)
        if tail != url and tail and not tail.startswith(("/", ":")):
            return f"{scheme}{(workdir / tail).resolve()}"
    return url
