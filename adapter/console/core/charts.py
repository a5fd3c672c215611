"""Charts as SVG images: drawn by pygal with its scripts off, colours of our own tokens.

They are loaded as images, so nothing in them can run or reach anything. Their legends are words of the page, where
they can be read at any size and by a screen reader.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import count
from math import ceil

import pygal
from pygal.style import Style

from adapter.console.core.words import Words
from adapter.store.views.trends import Day

# pygal leaves an import hook of the kind Python 3.12 took away, for maps nobody here draws; every later import of
# any library would stumble over it.
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]

# The same three and two colours stand in console.css as .key-*; each keeps 3 : 1 against white.
GOOD, WARN, BAD = "#2f8f5b", "#b9770e", "#b3372f"
HALF, MOST = "#0b6b74", "#b9770e"
_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_LONG = 72  # hours; a chart that reaches beyond is written in days
_STEPS = (1, 2, 5)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)  # pygal writes its settings into one whatever it is told


def _style(*colours: str) -> Style:
    return Style(
        background="#ffffff",
        plot_background="#ffffff",
        foreground="#4c5d6b",
        foreground_strong="#4c5d6b",
        foreground_subtle="#4c5d6b",
        guide_stroke_color="#e3e9ed",
        major_guide_stroke_color="#e3e9ed",
        guide_stroke_dasharray="",
        major_guide_stroke_dasharray="",
        opacity="1",
        opacity_hover="1",
        colors=colours,
        font_family=_FONT,
        label_font_size=14,
        major_label_font_size=14,
        no_data_font_size=17,
        stroke_width=2.5,
    )


def _common(words: Words) -> dict[str, object]:
    return {
        "js": [],
        "width": 620,
        "height": 250,
        "margin": 4,
        "margin_right": 18,
        "show_legend": False,
        "show_minor_x_labels": False,
        "truncate_label": -1,
        "disable_xml_declaration": True,
        "no_data_text": words("charts.nothing"),
        "print_values": False,
    }


def flow_chart(days: Sequence[Day], words: Words) -> bytes:
    """Accepted, blocked and refused, day by day."""
    chart = pygal.StackedBar(style=_style(GOOD, WARN, BAD), spacing=3, rounded_bars=2, **_common(words))
    _days(chart, days)
    chart.y_labels = ticks(max((day.accepted + day.blocked + day.refused for day in days), default=0))
    chart.value_formatter = lambda value: f"{value:,.0f}".replace(",", ".")
    chart.add(words("charts.accepted"), [day.accepted for day in days])
    chart.add(words("charts.blocked"), [day.blocked for day in days])
    chart.add(words("charts.refused"), [day.refused for day in days])
    return _bytes(chart)


def time_chart(days: Sequence[Day], words: Words) -> bytes:
    """From the end of a visit to its receipt: half of them, and nine in ten. In hours, in days where it takes long."""
    longest = max((day.hours_p90 for day in days if day.hours_p90 is not None), default=0.0)
    unit, hours = ("days", 24) if longest > _LONG else ("hours", 1)
    chart = pygal.Line(style=_style(HALF, MOST), dots_size=4, allow_interruptions=True, **_common(words))
    _days(chart, days)
    chart.y_labels = ticks(longest / hours)
    chart.value_formatter = lambda value: words(f"charts.{unit}", n=f"{value:.0f}")
    for name, values in (("p50", [d.hours_p50 for d in days]), ("p90", [d.hours_p90 for d in days])):
        chart.add(words(f"charts.{name}"), [None if value is None else value / hours for value in values])
    return _bytes(chart)


def ticks(most: float) -> list[int]:
    """Round numbers from nought to at least ``most``, five of them or so: what an axis can be read by."""
    step = next(one * 10**power for power in count() for one in _STEPS if one * 10**power * 5 >= most)
    return [step * n for n in range(max(1, ceil(most / step)) + 1)]


def _days(chart: pygal.Graph, days: Sequence[Day]) -> None:
    chart.x_labels = [f"{day.day:%d/%m}" for day in days]
    chart.x_labels_major = [f"{day.day:%d/%m}" for day in days[-1::-7]]


def _bytes(chart: pygal.Graph) -> bytes:
    drawn: str = chart.render()  # a text, for it carries no declaration of its encoding
    return _SCRIPT.sub("", drawn).encode()
