"""Mappings: YAML that says how a HIS becomes the decree's tables, compiled once."""

from adapter.mapping.language.scope import Note
from adapter.mapping.loading import load_mapping
from adapter.mapping.plan import BookFacts, Plan, Translation
from adapter.mapping.readiness import Due, Readiness

__all__ = ["BookFacts", "Due", "Note", "Plan", "Readiness", "Translation", "load_mapping"]
