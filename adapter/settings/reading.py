"""From ``config.yaml`` and the environment to :class:`Settings`; and the first line of a secret file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from adapter.errors import ConfigError, Where
from adapter.settings.whole import Settings


def load_settings(*, workdir: Path | None = None, config: Path | None = None) -> Settings:
    """Read the configuration of a workdir, or of an explicitly named file.

    Raises ConfigError naming every place that was looked at.
    """
    tried: list[str] = []
    if config is None and (named := os.environ.get("BHYT_CONFIG")):
        config = Path(named)
    if config is None:
        root = workdir or (Path(os.environ["BHYT_WORKDIR"]) if "BHYT_WORKDIR" in os.environ else Path.cwd())
        config = root / "config.yaml"
    tried.append(str(config))
    if not config.is_file():
        raise ConfigError(
            "Không tìm thấy tệp cấu hình",
            "No configuration file found",
            tried=[*tried, "BHYT_CONFIG", "BHYT_WORKDIR"],
            hint_vi="chạy `bhyt demo`, hoặc chép config/config.example.yaml thành config.yaml",
            hint_en="run `bhyt demo`, or copy config/config.example.yaml to config.yaml",
        )
    root = (workdir or config.parent).resolve()
    try:
        document = yaml.safe_load(config.read_text(encoding="utf-8-sig")) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = Where(str(config), mark.line + 1 if mark else None, mark.column + 1 if mark else None)
        raise ConfigError(
            "Tệp cấu hình không phải YAML hợp lệ",
            "The configuration file is not valid YAML",
            where=where,
        ) from error
    if not isinstance(document, dict):
        raise ConfigError(
            "Tệp cấu hình phải là một bảng khóa: giá trị",
            "The configuration file must be a mapping of keys to values",
            where=Where(str(config), 1, 1),
        )
    return _validate({**document, "workdir": root}, str(config))


def _validate(document: dict[str, Any], origin: str) -> Settings:
    try:
        return Settings(**document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"Cấu hình sai ở khóa {key}: {first['msg']}",
            f"Configuration key {key} is wrong: {first['msg']}",
            where=Where(origin),
            hint_vi="xem config/config.example.yaml",
            hint_en="see config/config.example.yaml",
        ) from error


def read_secret(path: Path, purpose: str) -> str:
    """The first line of a secret file; ConfigError when it is absent or empty."""
    try:
        secret = path.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise ConfigError(
            f"Không đọc được tệp bí mật cho {purpose}",
            f"Cannot read the secret file for {purpose}",
            tried=[str(path)],
        ) from error
    if not secret:
        raise ConfigError(
            f"Tệp bí mật cho {purpose} trống", f"The secret file for {purpose} is empty", tried=[str(path)]
        )
    return secret
