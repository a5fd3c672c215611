"""Charts as SVG images: drawn by pygal with its scripts off, colours of our own tokens.

They are loaded as images, so nothing in them can run or reach anything.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pygal
from pygal.style import Style

from adapter.console.core.words import Words
from adapter.store.views.trends import Day

# pygal leaves an import hook of the kind Python 3.12 took away, for maps nobody here draws; every later import of
# any library would stumble over it.
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]

GOOD, BAD, WARN, ACCENT = "#1b6e3c", "#a8231c", "#b06a00", "#0b6b74"
_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"


def _style(*colours: str) -> Style:
    return Style(
        background="#ffffff",
        plot_background="#ffffff",
        foreground="#4c5d6b",
        foreground_strong="#17242f",
        foreground_subtle="#8a99a5",
        guide_stroke_color="#e3e9ed",
        major_guide_stroke_color="#d5dde3",
        opacity=".9",
        opacity_hover="1",
        colors=colours,
        font_family=_FONT,
        label_font_size=13,
        major_label_font_size=13,
        legend_font_size=14,
        value_font_size=12,
        no_data_font_size=16,
        stroke_width=2.5,
    )


def _common(words: Words) -> dict[str, object]:
    return {
        "js": [],
        "width": 720,
        "height": 280,
        "margin": 8,
        "legend_at_bottom": True,
        "legend_at_bottom_columns": 3,
        "legend_box_size": 12,
        "show_minor_x_labels": False,
        "truncate_label": -1,
        "disable_xml_declaration": True,
        "no_data_text": words("charts.nothing"),
        "print_values": False,
    }


def flow_chart(days: Sequence[Day], words: Words) -> bytes:
    """Accepted, refused and blocked, day by day."""
    chart = pygal.StackedBar(
        style=_style(GOOD, WARN, BAD), spacing=4, rounded_bars=2, integer_labels=True, **_common(words)
    )
    _days(chart, days)
    chart.value_formatter = lambda value: f"{value:,.0f}".replace(",", ".")
    chart.add(words("charts.accepted"), [day.accepted for day in days])
    chart.add(words("charts.blocked"), [day.blocked for day in days])
    chart.add(words("charts.refused"), [day.refused for day in days])
    return _bytes(chart)


def time_chart(days: Sequence[Day], words: Words) -> bytes:
    """Hours from the end of a visit to its receipt: half of them, and nine in ten."""
    chart = pygal.Line(
        style=_style(ACCENT, WARN), dots_size=3, allow_interruptions=True, include_x_axis=True, **_common(words)
    )
    _days(chart, days)
    chart.value_formatter = lambda value: f"{value:.0f} h"
    chart.add("50 %", [day.hours_p50 for day in days])
    chart.add("90 %", [day.hours_p90 for day in days])
    return _bytes(chart)


def _days(chart: pygal.Graph, days: Sequence[Day]) -> None:
    chart.x_labels = [f"{day.day:%d/%m}" for day in days]
    chart.x_labels_major = [f"{day.day:%d/%m}" for day in days[-1::-7]]


def _bytes(chart: pygal.Graph) -> bytes:
    drawn: bytes = chart.render()
    return drawn
