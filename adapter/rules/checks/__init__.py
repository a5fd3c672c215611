"""The conditions, grouped by what they look at. Importing this package binds them to their ids.

Row conditions run before those on the whole dossier, each in the order its module defines them.
"""

from adapter.rules.checks import costs, cover, documents, envelope, history, stay, xml0, xml1

__all__ = ["costs", "cover", "documents", "envelope", "history", "stay", "xml0", "xml1"]
