"""Drafts for the head of the facility to sign: the regulation on interconnection and the deployment plan (docx).

The texts are data (``documents.yaml``); ``{{name}}`` stands for what the configuration knows. What it cannot
know (a decision's number, a person's name) stays a dotted line for the facility to fill in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from adapter.readiness.steps import Step
from adapter.settings import Facility, Settings

_STATES = {"proven": "Đã đạt", "attested": "Đã xác nhận", "missing": "Còn thiếu", "not_applicable": "Không áp dụng"}
_ENVIRONMENTS = {
    "simulator": "cổng thực hành tại chỗ",
    "training": "cổng đào tạo của BHXH",
    "production": "cổng tiếp nhận của BHXH Việt Nam",
}
_BLANK = "…………………………"


def write_documents(
    settings: Settings, facility: Facility, steps: Sequence[Step], folder: Path, *, today: date
) -> list[Path]:
    """Write every template into ``folder`` (made when absent); gives the files, existing ones are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    words = _words(settings, facility, today)
    written = []
    for name, template in _templates().items():
        path = folder / f"{name}-{facility.code}.docx"
        _document(template, words, steps).save(str(path))
        written.append(path)
    return written


@cache
def _templates() -> Mapping[str, Any]:
    document: Mapping[str, Any] = yaml.safe_load(
        files("adapter.readiness").joinpath("documents.yaml").read_text("utf-8")
    )
    return document


def _words(settings: Settings, facility: Facility, today: date) -> dict[str, str]:
    gateway = settings.gateway
    source = "hệ thống thông tin bệnh viện (HIS)" if facility.source is not None else "bản tin, tệp do HIS gửi sang"
    return {
        "ten": facility.name or _BLANK,
        "ma": facility.code,
        "tinh": facility.province,
        "tai_khoan": facility.account,
        "dia_chi_mang": gateway.registered_address or gateway.source_address or _BLANK,
        "cong": _ENVIRONMENTS[gateway.environment],
        "nguon": source,
        "anh_xa": facility.mapping,
        "serial": facility.certificate.serial or _BLANK,
        "gio_ban_tin": settings.watch.digest_at or _BLANK,
        "gio_cham": f"{settings.watch.queue_hours:g}",
        "kenh": str(len(settings.alerts)) if settings.alerts else _BLANK,
        "kho": "PostgreSQL" if settings.store_url().startswith("postgres") else "SQLite",
        "ngay": f"ngày {today.day:02} tháng {today.month:02} năm {today.year}",
        **{f"tuan_{n}": (today + timedelta(weeks=n)).strftime("%d/%m/%Y") for n in range(1, 13)},
        "trong": _BLANK,
    }


def _document(template: Mapping[str, Any], words: Mapping[str, str], steps: Sequence[Step]) -> DocumentObject:
    document = Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Times New Roman", Pt(13)
    document.core_properties.title = template["title"]
    document.core_properties.author = words["ten"]

    def put(text: str, *, bold: bool = False, centred: bool = False) -> None:
        paragraph = document.add_paragraph()
        paragraph.add_run(_fill(text, words)).bold = bold
        if centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER

    for line in template["head"]:
        put(line, bold=True, centred=True)
    put(template["title"].upper(), bold=True, centred=True)
    for line in template.get("grounds", ()):
        put(line)
    for part in template["parts"]:
        put(part["title"], bold=True)
        for line in part.get("text", ()):
            put(line)
        if "table" in part:
            _table(document, part["table"]["columns"], [[_fill(cell, words) for cell in row]
                                                        for row in part["table"]["rows"]])  # fmt: skip
        if part.get("steps"):
            _table(document, ["Bước", "Nội dung", "Hiện trạng", "Việc còn lại"],
                   [[str(s.n), s.title_vi, _STATES[s.state], "; ".join(s.missing) or "–"] for s in steps])  # fmt: skip
    for line in template["foot"]:
        put(line)
    return document


def _table(document: DocumentObject, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=1, cols=len(columns))
    table.style = "Table Grid"
    for cell, text in zip(table.rows[0].cells, columns, strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


def _fill(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: words[found[1]], text)
