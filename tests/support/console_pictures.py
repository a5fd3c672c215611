"""Make the pictures of docs/console.md from demo data: ``python -m tests.support.console_pictures``.

Every page in both languages, at the size of a hospital's usual screen, and three on a phone. All people are invented.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from adapter.demo.workdir import planted_defects
from adapter.store.views.worklist import Wanted
from tests.support.console_world import Site, browser, console_site, visitor

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images" / "console"
_MOST_BYTES = 200_000


def main() -> None:
    """Prepare a demo that has something on every page, then take the pictures named on the command line, or all."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[1:])
    with (
        tempfile.TemporaryDirectory(prefix="bhyt-console-") as folder,
        console_site(Path(folder) / "work", encounters=150, seed=1) as site,
    ):
        pages = _prepare(site)
        with browser() as started:
            for language in ("vi", "en"):
                with visitor(started, site, "quanly", height=800, language=language) as who:
                    for name, (path, before) in pages.items():
                        if not wanted or name in wanted:
                            _take(who.open(path), before, f"{name}.{language}")
                with visitor(started, site, None, height=800) as who:
                    if not wanted or "login" in wanted:
                        _take(who.open(f"/login?lang={language}"), None, f"login.{language}")
                with visitor(started, site, "quanly", width=390, height=800, language=language) as who:
                    for name in ("overview", "dossier", "reception"):
                        if not wanted or f"{name}_phone" in wanted:
                            _take(who.open(pages[name][0]), pages[name][1], f"{name}_phone.{language}")


Before = Callable[[Page], None] | None


def _prepare(site: Site) -> dict[str, tuple[str, Before]]:
    """Something held, verdicts, a mapping under review, cards at the desk; where each page is then."""
    code = site.settings.facilities[0].code
    store = site.store
    faulty = next(one.ma_lk for one in planted_defects(site.workdir) if one.defect == "discharge-before-arrival")
    blocked = store.queries.list(ma_lk=faulty, purpose="claim")[0]
    newest = Wanted((code,), states=("accepted",), purpose="claim", sort="-changed", limit=10)
    accepted, first = next(
        (line, dossier.rows("XML1")[0])
        for line in store.worklist.page(newest).rows
        if (dossier := store.queries.dossier(line["revision_id"])) is not None
        and dossier.rows("XML1")[0]["MA_THE_BHYT"]
        and not dossier.rows("XML1")[0]["NGAY_SINH"].endswith("00000000")
    )
    other = [r for r in store.queries.list(state="blocked", limit=20) if r["id"] != blocked["id"]]
    store.queue.hold(other[-1]["id"], reason="chờ khoa Nội trả lời", actor="user:vanhanh")
    with browser() as started, visitor(started, site, "quanly") as who:
        for do in ("verdicts", "cards"):
            who.open("/practice").click(f"button[value={do}]")
        page = who.open(f"/mapping/{code}/edit")
        text = page.input_value("#text")
        page.fill(
            "#text",
            text.replace(
                "    LY_DO_VV: {text: VISIT_REASON}",
                '    LY_DO_VV: {join: [VISIT_REASON, ICD_TEXT], separator: "; "}',
                1,
            ),
        )
        page.fill("#note", "Bổ sung ghi chú theo công văn mới")
        page.click("button[value=save]")
    line = f"/dossiers/{blocked['id']}"
    rule = "/findings/X1-DATE-001?field=XML1.NGAY_RA"

    def ask(page: Page) -> None:
        page.fill("#scan", first["MA_THE_BHYT"].split(";")[-1])
        page.fill("#name", first["HO_TEN"])
        page.fill("#birth", f"{first['NGAY_SINH'][6:8]}/{first['NGAY_SINH'][4:6]}/{first['NGAY_SINH'][:4]}")
        page.click("button[value=card]")
        page.wait_for_selector(".verdict, .note-bad")

    def reveal(page: Page) -> None:
        if page.locator("form[action$='/reveal']").count():
            page.click("details.over > summary")
            page.click("details.over button.main")
            page.wait_for_selector(".note-warn")

    return {
        "overview": ("/", None),
        "dossiers": ("/dossiers?view=blocked", None),
        "dossier": (line, None),
        "tables": (f"{line}/tables", None),
        "trace": (f"{line}/trace?table=XML1", None),
        "sent": (f"/dossiers/{accepted['id']}/sent", reveal),
        "book": (f"/dossiers/{accepted['id']}/book", reveal),
        "receipt": (f"/dossiers/{accepted['id']}", None),
        "findings": ("/findings", None),
        "finding": (rule, None),
        "reception": ("/reception", ask),
        "mapping": (f"/mapping/{code}", None),
        "mapping_review": (f"/mapping/{code}?version=1&tool=changes", None),
        "mapping_compare": (f"/mapping/{code}?version=1&tool=compare", None),
        "mapping_preview": (f"/mapping/{code}?tool=preview&ma_lk={accepted['ma_lk']}", None),
        "mapping_coverage": (f"/mapping/{code}?tool=coverage", None),
        "mapping_edit": (f"/mapping/{code}/edit", None),
        "readiness": ("/readiness", None),
        "catalogues": ("/catalogues", None),
        "admin": ("/admin", None),
        "users": ("/admin/users", None),
        "audit": ("/admin/audit?verify=1", None),
        "practice": ("/practice", None),
    }


def _take(page: Page, before: Before, name: str) -> None:
    if before is not None:
        before(page)
    page.wait_for_load_state("networkidle")
    target = PICTURES / f"{name}.png"
    page.screenshot(path=str(target))
    _shrink(target)
    size = target.stat().st_size
    if size > _MOST_BYTES:
        raise SystemExit(f"{target.name} has {size} bytes, more than {_MOST_BYTES}")


def _shrink(path: Path) -> None:
    """A palette that keeps the signal colours apart."""
    from PIL import Image

    with Image.open(path) as picture:
        picture.convert("RGB").quantize(200).save(path, optimize=True)


if __name__ == "__main__":
    main()
