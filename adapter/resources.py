"""Files that ship with the product: mappings, example configuration, and data beside the code.

In a wheel they lie inside the package, in a checkout beside it; callers never see which.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from adapter.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent
_ROOTS = (_PACKAGE / "_shipped", _PACKAGE.parent)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def document(package: str, *path: str) -> Any:
    """A YAML file of ours that lies in a package. Read by libyaml where it is there: ten times quicker."""
    return yaml.load(files(package).joinpath(*path).read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 -- a safe loader


def shipped(kind: str) -> Path:
    """The folder of shipped ``mappings`` or ``config`` files."""
    for root in _ROOTS:
        if (root / kind).is_dir():
            return root / kind
    raise ConfigError(
        f"Bản cài đặt thiếu thư mục {kind}",
        f"This installation lacks the folder {kind}",
        tried=[str(root / kind) for root in _ROOTS],
        hint_vi="cài lại gói bhyt-adapter",
        hint_en="install the bhyt-adapter package again",
    )


def mapping_file(name: str, workdir: Path) -> Path:
    """The mapping.yaml a facility names: a path (from the workdir), or a shipped folder's name."""
    tried: list[str] = []
    candidate = Path(name)
    local = candidate if candidate.is_absolute() else workdir / candidate
    for path in (local, local / "mapping.yaml"):
        tried.append(str(path))
        if path.is_file():
            return path
    folder = shipped("mappings")
    path = folder / name / "mapping.yaml"
    tried.append(str(path))
    if path.is_file():
        return path
    offered = ", ".join(sorted(p.parent.name for p in folder.glob("*/mapping.yaml")))
    raise ConfigError(
        f"Không tìm thấy tệp ánh xạ '{name}'",
        f"Mapping '{name}' not found",
        tried=tried,
        hint_vi=f"ánh xạ có sẵn: {offered}",
        hint_en=f"shipped mappings: {offered}",
    )
