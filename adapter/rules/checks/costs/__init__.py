"""Cost rows: drugs (XML2), services, supplies and beds (XML3), and what they add up to."""

from adapter.rules.checks.costs import billing, drugs, money, services, totals

__all__ = ["billing", "drugs", "money", "services", "totals"]
