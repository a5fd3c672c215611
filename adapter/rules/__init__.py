"""Rules before sending: ``check`` one dossier, ``check_package`` one file."""

from typing import TYPE_CHECKING

from adapter.later import faces

if TYPE_CHECKING:
    from adapter.rules.context import Context, Options
    from adapter.rules.engine import check
    from adapter.rules.finding import Finding, NotChecked, Report
    from adapter.rules.package import check_bytes, check_package, standard_for
else:
    __getattr__ = faces(
        __name__,
        {
            "Context": "context",
            "Finding": "finding",
            "NotChecked": "finding",
            "Options": "context",
            "Report": "finding",
            "check": "engine",
            "check_bytes": "package",
            "check_package": "package",
            "standard_for": "package",
        },
    )

__all__ = [
    "Context",
    "Finding",
    "NotChecked",
    "Options",
    "Report",
    "check",
    "check_bytes",
    "check_package",
    "standard_for",
]
