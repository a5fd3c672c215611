"""The reference cannot rot: its tables are the compiler's own, and its examples load."""

from __future__ import annotations

from pathlib import Path

from adapter.expr import COLLECTION_FUNCTIONS
from adapter.mapping.language.blocks import BLOCK_OPTIONS
from adapter.mapping.language.rows import BINDINGS
from adapter.mapping.language.steps import STEPS
from adapter.mapping.loading import TOP_KEYS
from adapter.mapping.tools.reference import write

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "mapping" / "reference.md"


def test_the_generated_parts_are_what_the_code_says() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert write(text) == text, "run: python -m adapter.mapping.tools.reference docs/mapping/reference.md"


def test_every_key_option_and_function_is_told() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    own_options = {o for step in STEPS.values() for o in step.options}
    for name in [*TOP_KEYS, *BLOCK_OPTIONS, *BINDINGS, *own_options]:
        assert f"`{name}" in text or f"{name}:" in text, name
    for name in COLLECTION_FUNCTIONS:
        assert f"`{name}(" in text, name
