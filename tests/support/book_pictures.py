"""Make the pictures of the documentation from the product's own pages: ``python -m tests.support.book_pictures``."""

from __future__ import annotations

from pathlib import Path

from adapter.healthbook.pages import book_page, timeline_page, watch_page
from tests.support.book_world import GOLDEN, golden, visit, visits

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images" / "book"
_PHONE = {"in_patient", "child"}


def main() -> None:
    """One picture per visit, two on a phone, the privileged view, the timeline and the watch."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, one in visits().items():
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / f"{name}.json").write_text(golden(one), encoding="utf-8")
    for name, one in visits().items():
        _take(book_page(one.seen()), name, 860)
        if name in _PHONE:
            _take(book_page(one.seen()), f"{name}_phone", 500)
    _take(book_page(visit("hiv_withheld").seen(privileged=True)), "hiv_privileged", 860)
    _take(timeline_page([visit("in_patient").seen().book]), "timeline", 860)
    row = {"ma_lk": "BOOK-0001", "facility": "01999", "received": "16:20 11/10/2026", "hours": 31}
    _take(watch_page([row], hours=24), "watch", 860)


def _take(page: str, name: str, width: int) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        sheet = browser.new_page(viewport={"width": width, "height": 600})
        sheet.set_content(page)
        target = PICTURES / f"{name}.png"
        sheet.screenshot(path=str(target), full_page=True)
        browser.close()
    shrink(target)


def shrink(path: Path) -> None:
    """Fewer colours: text and flat areas need no more than 64."""
    from PIL import Image

    with Image.open(path) as picture:
        picture.convert("RGB").quantize(64).save(path, optimize=True)


if __name__ == "__main__":
    main()
