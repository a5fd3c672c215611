"""Rules an integrator adds in YAML, in the mapping's expression language; run like the built-in ones."""

from typing import TYPE_CHECKING

from adapter.later import faces

if TYPE_CHECKING:
    from adapter.rules.local.loader import Fault, lint, load
    from adapter.rules.local.rule import LocalRule
else:
    __getattr__ = faces(
        __name__,
        {
            "Fault": "loader",
            "LocalRule": "rule",
            "lint": "loader",
            "load": "loader",
        },
    )

__all__ = ["Fault", "LocalRule", "lint", "load"]
