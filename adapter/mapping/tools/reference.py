"""The generated parts of docs/mapping/reference.md, from the tables the compiler itself uses.

``write(text)`` fills in what stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; a test fails
when the file differs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from adapter.expr import FUNCTIONS
from adapter.mapping.language.options import OPTIONS
from adapter.mapping.language.steps import STEPS
from adapter.standard.healthbook import book_sections

_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.S)


def write(text: str) -> str:
    """The document with every generated part as the code has it. KeyError for an unknown part."""
    return _PART.sub(lambda m: m[1] + PARTS[m[2]]() + m[3], text)


def _steps() -> str:
    shared = set(OPTIONS)
    lines = ["| step | argument | own options | what | |", "|---|---|---|---|---|"]
    for name, step in STEPS.items():
        own = ", ".join(f"`{o}`" for o in step.options if o not in shared) or "–"
        lines.append(f"| `{name}` | {step.argument} | {own} | {step.en} | {step.vi} |")
    return "\n".join(lines) + "\n"


def _options() -> str:
    lines = ["| option | takes | what | |", "|---|---|---|---|"]
    lines.extend(f"| `{name}` | {o.argument} | {o.en} | {o.vi} |" for name, o in OPTIONS.items())
    return "\n".join(lines) + "\n"


def _functions() -> str:
    lines = ["| function | what | |", "|---|---|---|"]
    lines.extend(f"| `{f.usage}` | {f.en} | {f.vi} |" for f in FUNCTIONS.values())
    return "\n".join(lines) + "\n"


def _healthbook() -> str:
    lines = ["| section | rows | field | type | what | |", "|---|---|---|---|---|---|"]
    for name, section in book_sections().items():
        for spec in section.fields:
            rows = "many" if section.many else "one"
            lines.append(
                f"| `{name}` | {rows} | `{spec.name}` | {spec.xml_type} | {spec.meaning_en} | {spec.meaning_vi} |"
            )
    return "\n".join(lines) + "\n"


PARTS: dict[str, Callable[[], str]] = {
    "steps": _steps,
    "options": _options,
    "functions": _functions,
    "healthbook": _healthbook,
}


def main(path: str) -> None:
    """Bring a document up to date in place."""
    file = Path(path)
    file.write_text(write(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
