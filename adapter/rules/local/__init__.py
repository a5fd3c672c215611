"""Rules an integrator adds in YAML, in the mapping's expression language; run like the built-in ones."""

from adapter.rules.local.loader import Fault, lint, load
from adapter.rules.local.rule import LocalRule

__all__ = ["Fault", "LocalRule", "lint", "load"]
