"""HTML pages, standing alone: one file, own style sheet inside, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from adapter.healthbook.catalogue import fields
from adapter.healthbook.model import HealthBook, Result
from adapter.healthbook.privacy import PrivacyRules, View, load_rules

HERE = Path(__file__).resolve().parent
PART_LABELS = {
    "number": "Số",
    "date": "Ngày",
    "diagnosis": "Chẩn đoán",
    "doctor": "Bác sĩ",
    "issued": "Ngày chứng từ",
    "destination": "Nơi chuyển đến",
    "signs": "Dấu hiệu lâm sàng",
    "results": "Tóm tắt kết quả",
    "reason": "Lý do chuyển",
    "direction": "Hướng điều trị",
    "treatment": "Phương pháp điều trị",
    "note": "Ghi chú",
    "name": "Tên",
    "code": "Mã",
    "serial": "Số hiệu",
}
_CODED = frozenset({"main_disease", "other_diseases", "tm_diagnosis", "past_disease_diagnosis", "family_history"})
"""Fields whose code a reader may want beside the name."""


def book_page(seen: View, *, rules: PrivacyRules | None = None) -> str:
    """One visit. A privileged view carries a box that says what others do not see."""
    return _render(
        "book.html",
        book=seen.book,
        withheld=seen.withheld,
        rule_names={rule.id: rule.name_vi for rule in (rules or load_rules()).rules},
        labels={name: about.label_vi for name, about in fields().items()},
        results=_by_service(seen.book.encounter.results),
        part_labels=PART_LABELS,
    )


def timeline_page(books: Sequence[HealthBook]) -> str:
    """A person's visits, newest first."""
    named = next((b.administrative.full_name for b in books if b.administrative.full_name), None)
    return _render("timeline.html", books=books, name=named.shown if named else "")


def watch_page(rows: Sequence[Mapping[str, Any]], *, hours: int) -> str:
    """Visits the gateway received and nobody has seen on VNeID; says that this is an inference."""
    return _render("watch.html", rows=rows, hours=hours)


def _by_service(results: Iterable[Result]) -> list[tuple[str, list[Result]]]:
    """Results under the name of their service, in the order they came."""

    def name(result: Result) -> str:
        return result.cls_service.shown if result.cls_service else "Kết quả"

    return [(service, list(rows)) for service, rows in groupby(results, key=name)]


def _render(template: str, **values: Any) -> str:
    # The style sheet is ours, shipped beside the templates; everything about a person is escaped.
    css = Markup((HERE / "book.css").read_text(encoding="utf-8"))  # noqa: S704
    return _environment().get_template(template).render(css=css, coded=_CODED, **values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
