"""Who may do what: roles as data, users, sessions, API keys, and the audit log's words."""

from adapter.access.access import Access
from adapter.access.principal import Principal
from adapter.access.refusals import AccessRefused

__all__ = ["Access", "AccessRefused", "Principal"]
