"""The same page as PDF, by WeasyPrint: what is printed is what is shown."""

from __future__ import annotations

import logging

from adapter.errors import ConfigError


def to_pdf(page: str) -> bytes:
    """A page of this room as PDF/A4. Raises ConfigError naming what to install when Pango is not there.

    Nothing is loaded from elsewhere while it is set: pages name no outside file, and the fetcher refuses all.
    """
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:
        raise ConfigError(
            "Chưa in được PDF: thiếu thư viện Pango của hệ điều hành",
            "No PDF can be set: the system's Pango library is missing",
            hint_vi="cài libpango-1.0-0, libpangoft2-1.0-0 và fonts-noto-core (apt), hoặc in từ trang --html",
            hint_en="install libpango-1.0-0, libpangoft2-1.0-0 and fonts-noto-core (apt), or print the --html page",
        ) from error
    # The library warns about CSS for screens; its log lines may quote the page.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    document: bytes = HTML(string=page, url_fetcher=_refuse).write_pdf()
    return document


def _refuse(url: str) -> dict[str, object]:
    raise ValueError(f"a page of the book loads nothing: {url[:40]}")
