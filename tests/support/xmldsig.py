"""Foreign verifiers of XML signatures: xmlsec1 and the JDK, driven as whole programs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

_JAVA = Path(__file__).with_name("VerifyXml.java")


def xmlsec1_accepts(file: Path, ca: Path) -> bool:
    """What ``xmlsec1 --verify --trusted-pem`` says of one file."""
    done = subprocess.run(
        ["xmlsec1", "--verify", "--trusted-pem", str(ca), str(file)], capture_output=True, check=False, timeout=120
    )
    return done.returncode == 0


def jdk_judges(files: Sequence[Path], ca: Path) -> list[str]:
    """One line per file: ``valid``, or ``invalid`` with the reason; one JVM for all of them."""
    done = subprocess.run(
        ["java", str(_JAVA), str(ca)],
        input="".join(f"{file}\n" for file in files),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == len(files), done.stderr
    return lines
