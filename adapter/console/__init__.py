"""The operators' web console: server-rendered pages on the web role's application, Vietnamese first."""

from adapter.console.core.context import Console, Practice
from adapter.console.routes import console_routes, error_page

__all__ = ["Console", "Practice", "console_routes", "error_page"]
