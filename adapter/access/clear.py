"""What of a dossier may be seen before somebody asks to see the person.

``clear_fields.yaml`` lists the fields that say nothing about who or how ill; every other field
is masked, so that a field a later decision adds is hidden until somebody has thought about it.
"""

from __future__ import annotations

from functools import cache

from adapter import resources
from adapter.text import mask


@cache
def _document() -> dict[str, frozenset[str]]:
    return {key: frozenset(names) for key, names in resources.document("adapter.access", "clear_fields.yaml").items()}


def is_clear(table: str, field: str) -> bool:
    """Whether a field is shown to everybody who may see dossiers."""
    document = _document()
    return table not in document["hidden_tables"] and field in document["clear"]


def hidden(value: str) -> str:
    """A masked value: its shape only."""
    return mask(value) if value else ""
