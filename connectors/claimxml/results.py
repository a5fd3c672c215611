"""The answer beside a file: ``<file>.result.json`` for programs, ``<file>.result.html`` for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from connectors.folders import write

FINAL = frozenset({"accepted", "refused", "blocked", "skipped"})
"""States after which a file is put away. What happens later (an override, a verdict) is in the queue and console."""

_WORDS = {
    "waiting": "Đang xử lý",
    "translated": "Đang xử lý",
    "ready": "Chờ ký",
    "signing": "Đang ký",
    "signed": "Chờ gửi",
    "sending": "Đang gửi",
    "unknown": "Chưa rõ cổng đã nhận hay chưa",
    "accepted": "Cổng đã nhận",
    "refused": "Cổng từ chối",
    "blocked": "Có lỗi, không gửi",
    "skipped": "Không phải gửi",
    "held": "Đang tạm giữ",
}


def document(
    file: str, sha256: str, dossiers: Sequence[Mapping[str, Any]], problems: Sequence[Mapping[str, str]]
) -> Any:
    """The result of one file. ``final``: nothing of it is under way any more; ``ok``: all of it was received."""
    final = all(one["state"] in FINAL for one in dossiers)
    ok = final and not problems and all(one["state"] in ("accepted", "skipped") for one in dossiers)
    return {
        "file": file,
        "sha256": sha256,
        "final": final,
        "ok": ok,
        "problems": list(problems),
        "dossiers": [dict(one) for one in dossiers],
    }


def write_result(folder: Path, result: Mapping[str, Any]) -> None:
    """Both files, each whole or not at all."""
    name = result["file"]
    write(folder / f"{name}.result.html", _page(result).encode("utf-8"))
    write(folder / f"{name}.result.json", json.dumps(result, ensure_ascii=False, indent=2).encode("utf-8"))


def _page(result: Mapping[str, Any]) -> str:
    rows = "".join(_row(one) for one in result["dossiers"])
    problems = "".join(
        f"<li>{escape(p['vi'])}<br><small lang='en'>{escape(p['en'])}</small></li>" for p in result["problems"]
    )
    state = "Xong" if result["final"] else "Đang xử lý"
    name = escape(str(result["file"]))
    return (
        "<!doctype html><html lang='vi'><head><meta charset='utf-8'>"
        f"<title>{name}</title><style>body{{font-family:sans-serif;margin:2em}}td,th{{border:1px solid #999;"
        "padding:.4em .6em;text-align:left;vertical-align:top}table{border-collapse:collapse}</style></head><body>"
        f"<h1>{name}</h1><p>{state}</p><ul>{problems}</ul><table><thead><tr><th>MA_LK</th><th>Loại</th>"
        "<th>Trạng thái</th><th>Mã giao dịch</th><th>Lỗi</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></body></html>\n"
    )


def _row(one: Mapping[str, Any]) -> str:
    findings = "".join(
        f"<li>{escape(f['rule'])} {escape(f['table'])} {escape(f['field'])}: {escape(f['message_vi'])}</li>"
        for f in one["findings"]
    )
    cells = (
        escape(one["ma_lk"]),
        escape(one["purpose"]),
        escape(_WORDS.get(one["state"], one["state"])),
        escape(one["receipt"] or ""),
        f"<ul>{findings}</ul>" if findings else "",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
