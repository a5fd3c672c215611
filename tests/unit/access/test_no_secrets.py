"""The tree that is shipped holds no secret and no machine's own paths. Needs no network: part of every build."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
_TEXT = 2_000_000

# What a secret looks like. A test that needs one makes it when it runs.
_SECRETS = {
    "private key": re.compile(r"-----BEGIN (?:RSA |EC |ENCRYPTED |OPENSSH )?PRIVATE KEY-----"),
    "our API key": re.compile(r"\bbhyt_[A-Za-z0-9_-]{43}\b"),
    "vault key": re.compile(r"^(?:key [0-9a-f]{16}|index) [0-9a-f]{64,80}$", re.MULTILINE),
    "cloud key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "token of a code host": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20})\b"),
    "JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\b"),
    "password in a URL": re.compile(r"\b[a-z][a-z0-9+]*://[^\s/:@'\"<>{}$]+:[^\s/:@'\"<>{}$*]{3,}@(?!localhost|127\.)"),
    "machine path": re.compile(r"(?<![\w.])/(?:root|home/[a-z]\w*)/[\w.-]+"),
}
# Where such a thing is meant: invented, and said to be.
_MEANT = {
    "password in a URL": re.compile(r"://(?:user|bhyt|his|postgres|u|reader|x)[\w-]*:[^@]*@|:(?:password|secret|pw)@"),
}


def _files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    ).stdout.split("\0")
    named = [ROOT / name for name in listed if name]
    return named or [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]


def _found(text: str) -> list[str]:
    hits = []
    for kind, pattern in _SECRETS.items():
        for match in pattern.finditer(text):
            meant = _MEANT.get(kind)
            line = text[text.rfind("\n", 0, match.start()) + 1 : text.find("\n", match.end())]
            if meant is None or not meant.search(line):
                hits.append(f"{kind}: line {text.count(chr(10), 0, match.start()) + 1}")
    return hits


def test_no_secret_lies_in_the_tree() -> None:
    faults: list[str] = []
    for path in _files():
        if not path.is_file() or path.stat().st_size > _TEXT or path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        faults += [f"{path.relative_to(ROOT)}: {hit}" for hit in _found(text)]
    assert not faults, "\n".join(faults)


def test_the_scan_finds_what_it_looks_for() -> None:
    from adapter.vault import keyfile

    made = "bhyt_" + "a" * 43
    assert _found(f"key: {made}\n") == ["our API key: line 1"]
    assert _found("x\n-----BEGIN " + "PRIVATE KEY-----\n") == ["private key: line 2"]
    assert _found(f"key {'a' * 16} {'b' * 2 * keyfile.KEY_BYTES}\n") == ["vault key: line 1"]
    assert _found("url: oracle://" + "thuoc:matkhau@10.0.0.3/his\n") == ["password in a URL: line 1"]
    assert _found("see /" + "root/thing for it\n") == ["machine path: line 1"]
    assert _found("postgresql://user@host/bhyt, https://example.org/a:b\n") == []
