"""The report as one self-contained page: no script, no file beside it, Vietnamese with an English switch."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from adapter.clock import VIETNAM
from adapter.rules.report.groups import Summary
from adapter.rules.report.hints import WEIGHT


def page(summary: Summary, *, at: datetime, title: str = "") -> str:
    """The page as text. ``at`` is the moment the check stood at; ``title`` names what was checked."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("adapter.rules.report").joinpath("page.html").read_text(encoding="utf-8"))
    local = at.astimezone(VIETNAM)
    return template.render(s=summary, weight=WEIGHT, at=f"{local:%d/%m/%Y %H:%M}", title=title)
