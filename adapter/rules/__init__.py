"""Rules before sending: ``check`` one dossier, ``check_package`` one file."""

from adapter.rules.context import Context, Options
from adapter.rules.engine import check
from adapter.rules.finding import Finding, NotChecked, Report
from adapter.rules.package import check_bytes, check_package, standard_for

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
