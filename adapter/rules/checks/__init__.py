"""The conditions, grouped by what they look at. Importing this package binds them to their ids.

The order of imports is the order rules run in; money needs rows before totals.
"""

from adapter.rules.checks import envelope, xml0

__all__ = ["envelope", "xml0"]
