"""The book as pages: HTML for A4 and phone, the same as PDF, a person's timeline, the 24-hour watch. Vietnamese."""

from adapter.healthbook.pages.html import book_page, timeline_page, watch_page
from adapter.healthbook.pages.pdf import to_pdf

__all__ = ["book_page", "timeline_page", "to_pdf", "watch_page"]
