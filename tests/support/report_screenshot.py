"""Make the pictures of the check report in docs/images: ``python -m tests.support.report_screenshot``.

The page is the one ``bhyt check --report`` writes about invented dossiers with faults that hospitals really make;
Chromium opens it from the disk and takes it as a person sees it first, in both languages.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from adapter.dossier.writer import write
from tests.support.inside import inside
from tests.support.rule_cases import build

_FAULTS: Mapping[str, Mapping[str, Any]] = {
    "hoso-0001": {},
    "hoso-0002": {"XML2.1.THANH_TIEN_BV": "9000.00"},
    "hoso-0003": {"XML1.1.MA_DKBD": "", "XML1.1.NGAY_RA": "202609010700"},
    "hoso-0004": {"XML2.1.DON_GIA": "", "XML1.1.GIOI_TINH": "4"},
    "hoso-0005": {"XML2.1.LIEU_DUNG": "ngày uống 2 lần", "XML2.1.THANH_TIEN_BV": "7200.00"},
    "hoso-0006": {"@base": "inpatient"},
}
_IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
_BROWSER = "/usr/bin/chromium"


def write_report(folder: Path) -> Path:
    """The dossiers and the report about them; gives the page's path."""
    files = folder / "ho-so-thang-9"
    files.mkdir()
    for n, (name, patch) in enumerate(_FAULTS.items(), 1):
        ma_lk = f"VD-2026-{n:06}"
        made = build({"@base": "outpatient", **patch})
        tables = {table: [{**row, "MA_LK": ma_lk} for row in rows] for table, rows in made.tables.items()}
        dossier = replace(made, ma_lk=ma_lk, tables=tables)
        (files / f"{name}.xml").write_bytes(write(dossier, created_on=date(2026, 9, 3)))
    page = folder / "bao-cao.html"
    done = inside("check", files, "--unsigned", "--at", "202609030800", "--report", page)
    if not page.is_file():
        raise RuntimeError(done.stderr)
    return page


def take(page: Path, out: Path, language: str, *, width: int = 1100, height: int = 1180) -> Path:
    """One picture of the page as it opens."""
    from playwright.sync_api import sync_playwright

    image = out / f"check-report.{language}.png"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_BROWSER, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": width, "height": height})
        tab.goto(page.as_uri())
        tab.locator(f"label[for={language}]").click()
        tab.screenshot(path=image)
        browser.close()
    return image


def main() -> None:
    """Both languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=_IMAGES)
    out: Path = parser.parse_args().out
    with tempfile.TemporaryDirectory(prefix="bhyt-report-") as folder:
        page = write_report(Path(folder))
        for language in ("vi", "en"):
            print(take(page, out, language))


if __name__ == "__main__":
    main()
