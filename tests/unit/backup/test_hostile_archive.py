"""A file that names itself a backup writes nothing outside the place it is restored into."""

from __future__ import annotations

import hashlib
import io
import tarfile
from datetime import datetime
from pathlib import Path

import pytest

from adapter.backup import restore_backup
from adapter.backup.manifest import NAME, Manifest
from adapter.clock import VIETNAM
from adapter.errors import ConfigError
from adapter.store import migrations

WORDS = b"not yours"


def archive(path: Path, name: str, *, link: str = "") -> Path:
    """A backup whose one member is ``name``, its digest right."""
    manifest = Manifest(
        program="1",
        migration=migrations.HEAD,
        made_at=datetime(2026, 11, 1, tzinfo=VIETNAM),
        kind="sqlite",
        vault_key="0" * 16,
        conserved=True,
        dossiers={},
        members={name: hashlib.sha256(WORDS).hexdigest()},
    )
    with tarfile.open(path, "w") as tar:
        for member, content in ((NAME, manifest.model_dump_json().encode()), (name, WORDS)):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            if link and member == name:
                info.type, info.linkname, info.size = tarfile.SYMTYPE, link, 0
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil"])
def test_a_member_that_lies_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(ConfigError, match="not a backup"):
        restore_backup(archive(tmp_path / "b.tar", name), target, actor="test")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.tar", "target"]
    assert not Path("/evil").exists()


def test_a_link_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(WORDS)
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(ConfigError, match="not a backup"):
        restore_backup(archive(tmp_path / "b.tar", "config.yaml", link=str(outside)), target, actor="test")
    assert not (target / "config.yaml").exists()
