"""Mappings: YAML that says how a HIS becomes the decree's tables, compiled once."""

from typing import TYPE_CHECKING

from adapter.later import faces

if TYPE_CHECKING:
    from adapter.mapping.language.scope import Note
    from adapter.mapping.loading import load_mapping
    from adapter.mapping.plan import BookFacts, Plan, Translation
    from adapter.mapping.readiness import Due, Readiness
else:
    __getattr__ = faces(
        __name__,
        {
            "BookFacts": "plan",
            "Due": "readiness",
            "Note": "language.scope",
            "Plan": "plan",
            "Readiness": "readiness",
            "Translation": "plan",
            "load_mapping": "loading",
        },
    )

__all__ = ["BookFacts", "Due", "Note", "Plan", "Readiness", "Translation", "load_mapping"]
