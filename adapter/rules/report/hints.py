"""How a finding is put right and how heavy it weighs, in words for a clerk."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from adapter.rules.catalogue import catalogue

WEIGHT: Mapping[str, tuple[str, str]] = {
    "error": (
        "Lỗi: cổng sẽ trả hồ sơ hoặc từ chối thanh toán. Phải sửa trước khi gửi.",
        "Error: the gateway would refuse the dossier. Must be put right before sending.",
    ),
    "warning": (
        "Cảnh báo: giám định thường xuất toán hoặc hỏi lại. Nên sửa, hoặc chuẩn bị giải trình.",
        "Warning: auditors often deduct or ask. Better put right, or be ready to explain.",
    ),
    "info": ("Lưu ý: xem lại cho chắc.", "Information: look again to be sure."),
}
"""Severity → what it means."""


@cache
def _hints() -> Mapping[str, tuple[str, str]]:
    text = files("adapter.rules").joinpath("data", "hints.yaml").read_text(encoding="utf-8")
    return {key: (vi, en) for key, (vi, en) in yaml.safe_load(text).items()}


def hint(rule_id: str) -> tuple[str, str]:
    """What to do, Vietnamese and English; the most specific advice there is for this rule."""
    hints = _hints()
    parts = rule_id.split("-")
    for key in (rule_id, "-".join(parts[:2]), parts[0]):
        if key in hints:
            return hints[key]
    info = catalogue().get(rule_id)
    return hints[info.family if info else "REQ"]
