"""The console in a real browser: each role's way through it, without one complaint of the browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from adapter.clock import VIETNAM, from_datetime12
from adapter.demo.workdir import planted_defects
from adapter.store.views.worklist import Wanted
from tests.support.console_world import PASSWORD, Site, browser, console_site, visitor

pytestmark = pytest.mark.needs("chromium", "npm")

_SEED = 50
"""Plants each fault that a test here looks for, on whatever day it is sown."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with console_site(tmp_path_factory.mktemp("console") / "work", seed=_SEED) as served:
        yield served


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


def _of_defect(site: Site, defect: str) -> str:
    return next(one.ma_lk for one in planted_defects(site.workdir) if one.defect == defect)


def _blocked(site: Site) -> dict[str, Any]:
    """A blocked dossier that no test corrects."""
    return dict(site.store.queries.list(ma_lk=_of_defect(site, "main-diagnosis-missing"), purpose="claim")[0])


def _pages(site: Site) -> list[str]:
    """Every page there is, on a blocked and on an accepted dossier."""
    blocked = site.store.queries.list(state="blocked", purpose="claim", limit=1)[0]
    accepted = site.store.queries.list(state="accepted", purpose="claim", limit=1)[0]
    found = [
        f"/dossiers/{row['id']}{tail}"
        for row in (blocked, accepted)
        for tail in ("", "/tables", "/trace", "/sent", "/book")
    ]
    rule = site.store.trends.blocking(["01999"])[0]
    code = site.settings.facilities[0].code
    return [
        "/", "/dossiers", "/dossiers?view=blocked", "/dossiers?view=held", *found, "/findings", "/findings?by=place",
        f"/findings/{rule['rule']}?field={rule['table']}.{rule['field']}", "/reception", f"/mapping/{code}",
        f"/mapping/{code}?tool=test", f"/mapping/{code}?tool=coverage", f"/mapping/{code}?tool=preview",
        f"/mapping/{code}?tool=preview&ma_lk={accepted['ma_lk']}", f"/mapping/{code}/edit", "/catalogues", "/admin",
        "/admin/users", "/admin/audit?verify=1", "/admin/audit?action=session.", "/practice", "/readiness",
    ]  # fmt: skip


def _too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


_GROWN = """() => {
  const long = "Nguyễn-Phúc-Bảo-Long-Tôn-Nữ-Thị-".repeat(8) + " " + "rất dài ".repeat(40);
  const told = "main td, main th, main dd, .row strong, .finding-what, h1, .soft, .me-name";
  for (const at of [...document.querySelectorAll(told)].slice(0, 120))
    if (at.childElementCount === 0) at.textContent = long;
  for (const at of document.querySelectorAll(".tile-count, .station-count, .sum b, .part b, .count, .bubble"))
    at.textContent = "1.000.000.000";
}"""
"""A name of 250 letters without a space, a finding of 300, and a thousand million of everything."""


def test_no_page_makes_the_browser_or_the_accessibility_checker_complain(site: Site, chromium: Browser) -> None:
    troubles = []
    with visitor(chromium, site, "quanly") as who:
        for path in _pages(site):
            page = who.open(path)
            assert page.locator("html").get_attribute("lang") == "vi"
            troubles += [f"{path}: {one}" for one in [*who.judged(), *who.complaints]]
            troubles += [f"{path}: wider than 1366"] * _too_wide(page)
            page.evaluate(_GROWN)
            troubles += [f"{path}: wider than 1366 with long values"] * _too_wide(page)
            who.complaints.clear()
    with visitor(chromium, site, None) as who:
        who.open("/login")
        troubles += [f"/login: {one}" for one in [*who.judged(), *who.complaints]]
    assert troubles == []


def test_every_page_is_there_in_english_and_fits_a_phone(site: Site, chromium: Browser) -> None:
    troubles = []
    with visitor(chromium, site, "quanly", width=390, height=844, language="en") as who:
        for path in _pages(site):
            page = who.open(path)
            assert page.locator("html").get_attribute("lang") == "en"
            troubles += [f"{path}: {one}" for one in [*who.judged(), *who.complaints]]
            troubles += [f"{path}: wider than 390"] * _too_wide(page)
            page.evaluate(_GROWN)
            troubles += [f"{path}: wider than 390 with long values"] * _too_wide(page)
            who.complaints.clear()
    assert troubles == []


def test_every_answer_carries_a_policy_without_inline_or_eval(site: Site) -> None:
    with httpx.Client(base_url=site.url) as client:
        for path in ("/login", "/static/console.js", "/", "/v1/status"):
            policy = client.get(path).headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy


def test_pages_hold_no_inline_script_style_or_handler(site: Site) -> None:
    key = (site.workdir / "api.key").read_text("ascii").strip()
    with httpx.Client(base_url=site.url, headers={"X-API-Key": key}) as client:
        for path in _pages(site):
            source = client.get(path).raise_for_status().text
            assert not re.search(r"<script(?![^>]*\bsrc=)", source), path
            assert not re.search(r"<style|\sstyle=|<[^>]*\son[a-z]+=", source), path


def test_nobody_sees_a_page_without_signing_in(site: Site) -> None:
    with httpx.Client(base_url=site.url, follow_redirects=False) as client:
        for path in _pages(site):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login"), path


def test_from_the_overview_to_the_accepted_dossier_in_five_clicks(site: Site, chromium: Browser) -> None:
    ma_lk = _of_defect(site, "discharge-before-arrival")
    line = site.store.queries.list(ma_lk=ma_lk, purpose="claim")[0]
    assert line["state"] == "blocked"
    clicks = 0
    with visitor(chromium, site, "vanhanh") as who:
        page = who.open("/")
        page.click("a[href^='/findings/X1-DATE-001']")
        clicks += 1
        page.click(f"a:has-text('{ma_lk}')")
        clicks += 1
        # What a clerk reads: what is wrong, what to do, and which column of the HIS.
        expect(page.locator(".finding").first).to_contain_text("OUT_TIME")
        arrived = site.store.queries.dossier(line["revision_id"])
        assert arrived is not None
        place = page.locator("form[action$='/practice']", has=page.locator("[value='EPISODE.OUT_TIME']")).first
        place.locator("input[name=value]").fill(_before(arrived.rows("XML1")[0]["NGAY_TTOAN"]))
        place.locator("button").click()
        clicks += 1
        expect(page.locator(".note-good")).to_be_visible()
        site.work()
        expect(page.locator(".now-state")).to_contain_text("đã nhận")
        expect(page.locator(".timeline")).to_contain_text("đã ký")
        assert who.complaints == []
    assert clicks <= 5
    after = site.store.queries.list(ma_lk=ma_lk, purpose="claim")[0]
    assert (after["state"], after["revision"]) == ("accepted", 2)


def _before(payment: str) -> str:
    """Five minutes before the payment, as the demo HIS writes times: when this patient really left."""
    left = from_datetime12(payment).astimezone(VIETNAM) - timedelta(minutes=5)
    return f"{left:%Y%m%d%H%M%S}"


def test_a_defect_is_corrected_with_the_keyboard_alone(site: Site, chromium: Browser) -> None:
    ma_lk = _of_defect(site, "address-missing")
    with visitor(chromium, site, "vanhanh") as who:
        page = who.open("/")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # past the menu
        _tab_to(page, "a[href='/findings']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/findings")
        _tab_to(page, "a[href^='/findings/X1-REQ-010']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/findings/X1-REQ-010?*")
        _tab_to(page, f"a:has-text('{ma_lk}')")
        page.keyboard.press("Enter")
        page.wait_for_url("**/dossiers/*")
        _tab_to(page, "form[action$='/practice'] input[name=value]")
        page.keyboard.type("12 phố Bịa, phường Mẫu")
        page.keyboard.press("Enter")
        expect(page.locator(".note-good")).to_be_visible()
        site.work()
        expect(page.locator(".now-state")).to_contain_text("đã nhận")
        assert page.locator(".way .done").count() == 5
        assert who.complaints == []


def _tab_to(page: Page, selector: str, most: int = 80) -> None:
    """Press Tab until this element has the focus, and a frame that shows it."""
    wanted = page.locator(selector).first
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("at => at === document.activeElement"):
            assert wanted.evaluate("at => getComputedStyle(at).outlineStyle") != "none"
            return
    raise AssertionError(f"{selector} is not reached by {most} tabs")


def test_a_finding_shows_what_its_value_is_compared_with(site: Site, chromium: Browser) -> None:
    lines = site.store.queries.list(state="blocked", purpose="claim", limit=50)
    line = next(one for one in lines if one["ma_lk"] == _of_defect(site, "pregnancy-leave-reversed"))
    with visitor(chromium, site, "vanhanh") as who:
        finding = who.open(f"/dossiers/{line['id']}").locator(".finding", has_text="X10-TIME-001")
        assert re.search(r"\d\d/\d\d/20\d\d", finding.locator(".beside").inner_text())


def test_an_operator_holds_and_releases_with_a_reason_that_is_kept(site: Site, chromium: Browser) -> None:
    line = _blocked(site)
    with visitor(chromium, site, "vanhanh") as who:
        page = who.open(f"/dossiers/{line['id']}")
        for act, seen in (("hold", "tạm giữ"), ("release", "Thả ra")):
            page.click(f"#act-{act} > summary")
            page.fill(f"#reason-{act}", f"thử {act}")
            page.click(f"#act-{act} button.main")
            expect(page.locator(".note-good")).to_be_visible()
            if act == "hold":
                expect(page.locator(".now-state")).to_contain_text(seen)
        expect(page.locator(".timeline")).to_contain_text("thử hold")
    kept = [row["reason"] for row in site.store.audit.list(actor="user:vanhanh", action="dossier.")]
    assert {"thử hold", "thử release"} <= set(kept)


def test_several_dossiers_are_held_at_once_after_one_confirmation(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "vanhanh") as who:
        page = who.open("/dossiers?view=blocked&purpose=claim")
        for box in page.locator("tbody input[name=id]").all()[-2:]:
            box.check()
        expect(page.locator("[data-count-of]")).to_have_text("2")
        page.click("[data-bulk] button[value=hold]")
        page.fill("#reason", "chờ khoa trả lời")
        page.click("form.card button.main")
        expect(page.locator(".note-good")).to_contain_text("2")
        page.goto(site.url + "/dossiers?view=held")
        held = [box.get_attribute("value") for box in page.locator("tbody input[name=id]").all()]
        assert len(held) == 2
        assert page.get_by_text("chờ khoa trả lời").count() == 2
    for one in held:  # as it was, for the tests that come after
        site.store.queue.release(str(one), reason="khoa đã trả lời", actor="user:vanhanh")


def test_personal_data_is_masked_until_somebody_opens_it_and_that_is_recorded(site: Site, chromium: Browser) -> None:
    line = site.store.queries.list(state="accepted", purpose="claim", limit=1)[0]
    dossier = site.store.queries.dossier(line["revision_id"])
    assert dossier is not None
    name = dossier.rows("XML1")[0]["HO_TEN"]
    with visitor(chromium, site, "truongkhoa") as who:
        for tail in ("", "/tables", "/trace", "/sent"):
            assert name not in who.open(f"/dossiers/{line['id']}{tail}").content()
        assert "/reveal" not in who.page.content()
    with visitor(chromium, site, "vanhanh") as who:
        page = who.open(f"/dossiers/{line['id']}/tables")
        assert name not in page.content()
        page.click("details.over > summary")
        page.fill("#why", "đối chiếu hồ sơ giấy")
        page.click("details.over button.main")
        expect(page.locator("#f-1-HO_TEN")).to_contain_text(name)
        assert name in who.open(f"/dossiers/{line['id']}/sent").content()
        page.click("form[action$='/mask'] button")
        assert name not in page.content()
    rows = site.store.audit.list(action="personal.reveal", about=line["ma_lk"])
    assert [(row["actor"], row["reason"]) for row in rows] == [("user:vanhanh", "đối chiếu hồ sơ giấy")]


def test_search_finds_by_name_card_and_ma_lk(site: Site, chromium: Browser) -> None:
    line = site.store.queries.list(state="accepted", purpose="claim", limit=1)[0]
    dossier = site.store.queries.dossier(line["revision_id"])
    assert dossier is not None
    first = dossier.rows("XML1")[0]
    with visitor(chromium, site, "vanhanh") as who:
        for text in (line["ma_lk"], first["HO_TEN"].lower(), first["MA_THE_BHYT"]):
            page = who.open("/dossiers")
            page.fill("#quick", text)
            page.press("#quick", "Enter")
            expect(page.locator(f"a[href='/dossiers/{line['id']}']")).to_be_visible()


def test_each_role_sees_its_pages_without_a_complaint_and_no_others(site: Site, chromium: Browser) -> None:
    expected = {
        "tiepdon": {"/", "/reception"},
        "vanhanh": {"/", "/dossiers", "/findings", "/reception", "/catalogues", "/readiness"},
        "truongkhoa": {"/", "/dossiers", "/findings", "/catalogues", "/readiness"},
        "tichhop": {"/", "/dossiers", "/findings", "/mapping", "/catalogues", "/readiness", "/admin", "/practice"},
        "dulieu": {"/", "/dossiers", "/findings", "/readiness", "/admin/audit"},
    }
    for login, paths in expected.items():
        with visitor(chromium, site, login) as who:
            links = who.page.locator(".side a").all()
            assert {str(link.get_attribute("href")) for link in links} == paths, login
            for path in sorted(paths):
                expect(who.open(path).locator("h1")).to_be_visible()
            assert who.page.locator("[role=search]").count() == ("/dossiers" in paths)
            assert who.complaints == [], login
            for path in ("/admin/users", "/reception", "/dossiers", "/mapping"):
                answer = who.page.request.get(site.url + path, max_redirects=0)
                allowed = path in paths
                assert (answer.status < 400) == allowed, (login, path, answer.status)


def test_a_clerk_scans_an_identity_card_and_is_told_what_to_do(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "tiepdon") as who:
        page = who.open("/reception")
        assert page.evaluate("document.activeElement.id") == "scan"
        page.fill("#scan", "001099000001|012345678|Nguyễn Văn Thử|01021999|Nam|Hà Nội|01012024")
        page.press("#scan", "Enter")
        expect(page.locator("[role=alert], .verdict")).to_be_visible()
        # The next scan takes the place of this one, and another number is another person.
        assert page.evaluate("document.getElementById('scan').selectionEnd") == len("001099000001")
        assert page.input_value("#name") == "Nguyễn Văn Thử"
        assert page.input_value("#birth") == "01/02/1999"
        assert "001099000001" not in page.url


def test_an_integrator_changes_a_mapping_and_a_second_person_puts_it_to_work(site: Site, chromium: Browser) -> None:
    code = site.settings.facilities[0].code
    with visitor(chromium, site, "tichhop") as who:
        page = who.open(f"/mapping/{code}/edit")
        good = page.input_value("#text")
        page.fill("#text", good.replace("    MA_LK:", "    MA_LKK:", 1))
        page.click("button[value=check]")
        expect(page.locator(".tag-bad").first).to_contain_text("mapping.yaml:")
        page.fill("#text", good + "\n# đã xem lại\n")
        page.fill("#note", "thêm ghi chú")
        page.click("button[value=save]")
        expect(page.locator(".note-good")).to_be_visible()
        expect(page.locator(".plus", has_text="đã xem lại")).to_be_visible()
        page.fill("#reason", "tự duyệt")
        page.click("button[value=activate]")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert site.store.mappings.active_number(code) is None
        page.goto(site.url + f"/mapping/{code}?version=1&tool=compare")
        expect(page.locator(".facts")).to_be_visible()
    with visitor(chromium, site, "quanly") as who:
        page = who.open(f"/mapping/{code}?version=1&tool=test")
        page.fill("#reason", "đã xem thay đổi và phép thử")
        page.click("button[value=activate]")
        expect(page.locator(".note-good")).to_be_visible()
    assert site.store.mappings.active_number(code) == 1
    site.work()
    version = site.store.mappings.get(code, 1)
    assert version is not None
    assert (version.author, version.decided_by) == ("user:tichhop", "user:quanly")


def test_an_administrator_adds_a_user_who_can_then_sign_in(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "quanly") as who:
        page = who.open("/admin/users")
        page.fill("#new-login", "nguoimoi")
        page.fill("#new-password", "Mat-khau-moi-2026")
        page.click("button[value=add]:has-text('Thêm')")
        expect(page.locator(".people")).to_contain_text("nguoimoi")
    with visitor(chromium, site, None) as who:
        page = who.open("/login")
        page.fill("#login", "nguoimoi")
        page.fill("#password", "sai")
        page.click("form.stack button")
        expect(page.locator("[role=alert]")).to_be_visible()
        page.fill("#password", "Mat-khau-moi-2026")
        page.click("form.stack button")
        expect(page.locator("h1")).to_have_text("Tổng quan")


def test_faults_and_verdicts_of_the_practice_gateway_are_one_click(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "tichhop") as who:
        page = who.open("/practice")
        page.select_option("#fault", "throttled")
        page.click("button[value=fault]")
        expect(page.locator("main .tag-warn").first).to_have_text("Gửi quá nhanh")
        page.click("button[value=clear]")
        page.click("button[value=verdicts]")
        expect(page.locator(".note-good")).to_be_visible()
    assert site.store.balance.summary()["verdicts"]["good"] > 0


def test_an_idle_screen_covers_itself_and_signs_out(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "truongkhoa") as who:
        page = who.page
        page.clock.install()
        page.goto(site.url + "/dossiers")
        page.clock.run_for(31 * 60_000)
        expect(page).to_have_url(re.compile(r"/login\?why=idle&next=/dossiers"))


def test_the_overview_says_when_the_service_is_gone(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "truongkhoa") as who:
        page = who.page
        page.clock.install()
        page.goto(site.url + "/")
        page.route("**/part/overview", lambda route: route.abort())
        page.clock.run_for(11_000)
        expect(page.locator("#lost")).to_be_visible()
        page.unroute("**/part/overview")
        page.clock.run_for(11_000)
        expect(page.locator("#lost")).to_be_hidden()


def test_the_workbench_goes_out_as_a_spreadsheet_without_personal_values(
    site: Site, chromium: Browser, tmp_path: Path
) -> None:
    import openpyxl

    with visitor(chromium, site, "vanhanh") as who:
        page = who.open("/findings")
        with page.expect_download() as waiting:
            page.click("a[href='/findings.xlsx']")
        file = tmp_path / "findings.xlsx"
        waiting.value.save_as(file)
    book = openpyxl.load_workbook(file)
    first, second = book.worksheets
    assert first.max_row > 3
    assert second.max_row > 3
    names = {str(cell.value) for row in second.iter_rows(min_row=2) for cell in row}
    for line in site.store.queries.list(state="blocked", purpose="claim", limit=20):
        dossier = site.store.queries.dossier(line["revision_id"])
        assert dossier is None or dossier.rows("XML1")[0].get("HO_TEN", "?") not in names


def test_a_card_is_scanned_and_when_the_gateway_is_down_there_is_proof(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "tichhop") as control, visitor(chromium, site, "tiepdon") as who:
        control.open("/practice").click("button[value=cards]")
        expect(control.page.locator(".note-good")).to_be_visible()
        name, card, born = _known_person(site)
        page = who.open("/reception")
        # An insurance card's code: the name in hex, typed by the scanner faster than anyone, ending in Enter.
        page.keyboard.type(f"{card}|{name.encode().hex()}|{born}|1|||-|||$")
        page.keyboard.press("Enter")
        expect(page.locator(".verdict-good")).to_contain_text("Thẻ dùng được")
        assert page.input_value("#name") == name
        assert card not in page.url
        control.page.select_option("#fault", "maintenance")
        control.page.click("button[value=fault]")
        page.click("a[href='/reception']:has-text('Người tiếp theo')")
        assert page.input_value("#name") == ""
        page.keyboard.type(f"{card}|{name.encode().hex()}|{born}|")
        page.keyboard.press("Enter")
        page.click("button[value=history]")
        expect(page.locator(".verdict-warn")).to_contain_text("Làm gì")
        reference = page.locator(".verdict .code").inner_text()
        control.page.click("button[value=clear]")
        page.fill("#reference", reference)
        page.press("#reference", "Enter")
        expect(page.locator("h2.code")).to_have_text(reference)
        assert name not in page.locator(".facts.one").inner_text()


def _known_person(site: Site) -> tuple[str, str, str]:
    """Name, card and birthday of somebody whose card the practice gateway was just told."""
    newest = Wanted((site.settings.facilities[0].code,), purpose="claim", sort="-changed", limit=15)
    for line in site.store.worklist.page(newest).rows:
        dossier = site.store.queries.dossier(line["revision_id"])
        first = dossier.rows("XML1")[0] if dossier is not None else {}
        card, born = first.get("MA_THE_BHYT", "").split(";")[-1], first.get("NGAY_SINH", "")
        if re.fullmatch(r"[A-Z]{2}[0-9A-Z]{13}", card) and len(born) == 12 and born[4:8] != "0000":
            return first["HO_TEN"], card, f"{born[6:8]}/{born[4:6]}/{born[:4]}"
    raise AssertionError("nobody with a card and a whole birthday")


def test_an_administrator_stops_and_starts_sending_and_looks_at_every_part(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "quanly") as who:
        page = who.open("/admin")
        page.click("details:has([value=stop]) > summary")
        page.fill("form:has([value=stop]) input[name=reason]", "cổng báo bảo trì")
        page.click("form:has([value=stop]) button.danger")
        expect(page.locator(".note-good")).to_have_text("Đã dừng gửi.")
        assert "cổng báo bảo trì" in who.open("/").locator("main").inner_text()
        page = who.open("/admin")
        page.click("details:has([value=go]) > summary")
        page.fill("form:has([value=go]) input[name=reason]", "cổng chạy lại")
        page.click("form:has([value=go]) button.main")
        expect(page.locator(".note-good")).to_have_text("Đã cho gửi lại.")
        page.click("form[action='/admin/doctor'] button")
        expect(page.get_by_role("heading", name="Kết quả kiểm tra")).to_be_visible()
        assert who.judged() + who.complaints == []


def test_a_step_is_attested_with_name_and_ground_and_the_page_prints_without_its_frame(
    site: Site, chromium: Browser
) -> None:
    with visitor(chromium, site, "quanly") as who:
        page = who.open("/readiness")
        page.click("#attest-5 > summary")
        page.fill("#person-5", "Giám đốc Bệnh viện Minh Hoạ")
        page.fill("#note-5", "QĐ 12/QĐ-BV ngày 20/11/2026")
        page.click("#attest-5 button.main")
        expect(page.locator("#step-5.step-attested")).to_contain_text("Giám đốc Bệnh viện Minh Hoạ")
        page.emulate_media(media="print")
        for gone in (".top", ".side", "#withdraw-5"):
            expect(page.locator(gone)).to_be_hidden()
        expect(page.locator(".only-print")).to_contain_text("Trần Minh Quản")
        page.emulate_media(media="screen")
        page.click("#withdraw-5 > summary")
        page.fill("#why-5", "nhầm số quyết định")
        page.click("#withdraw-5 button.danger")
        expect(page.locator("#step-5.step-missing")).to_be_visible()


def test_a_list_is_tried_before_it_is_taken_in(site: Site, chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "khoa.csv"
    file.write_text("MA_KHOA,TEN_KHOA\nK01,Khoa Khám bệnh\nK02,Khoa Nội\n", "utf-8")
    with visitor(chromium, site, "quanly") as who:
        page = who.open("/catalogues")
        for do, kind in (("try", ".note-info"), ("take", ".note-good")):
            page.set_input_files("#file", file)
            page.select_option("#name", "departments")
            page.fill("#since", "2026-01-01")
            page.click(f"button[value={do}]")
            expect(page.locator(kind)).to_contain_text("2")
        expect(page.locator("tbody tr", has_text="departments").locator(".num")).to_have_text("2")


def test_an_api_key_is_shown_once_works_and_is_revoked(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "quanly") as who:
        page = who.open("/admin/users")
        page.click("summary:has-text('Tạo khóa')")
        page.fill("#key-name", "bao-cao")
        page.check("input[value='status.read']")
        page.click("form[action='/admin/keys'] button[value=add]")
        key = page.locator(".secret").inner_text()
        assert httpx.get(site.url + "/v1/status", headers={"X-API-Key": key}).status_code == 200
        assert key not in who.open("/admin/users").content()
        page.click("form[action='/admin/keys'] button[value=revoke]")
        assert httpx.get(site.url + "/v1/status", headers={"X-API-Key": key}).status_code == 401


def test_a_lint_mark_leads_to_its_line_in_the_editor(site: Site, chromium: Browser) -> None:
    code = site.settings.facilities[0].code
    with visitor(chromium, site, "tichhop") as who:
        page = who.open(f"/mapping/{code}/edit")
        page.fill("#text", page.input_value("#text").replace("    MA_LK:", "    MA_LKK:", 1))
        page.click("button[value=check]")
        page.locator("a[data-line]", has_text="mapping.yaml:").first.click()
        chosen = page.evaluate("(() => { const t = document.getElementById('text');"
                               " return t.value.slice(t.selectionStart, t.selectionEnd); })()")  # fmt: skip
        assert "MA_LKK" in chosen


def test_what_was_clicked_after_the_session_ended_leads_back_to_the_same_page(site: Site, chromium: Browser) -> None:
    line = _blocked(site)
    with visitor(chromium, site, "vanhanh") as who:
        page = who.open(f"/dossiers/{line['id']}")
        page.click("#act-hold > summary")
        page.fill("#reason-hold", "sau khi hết phiên")
        page.context.clear_cookies()
        page.click("#act-hold button.main")
        expect(page.locator("h1")).to_have_text("Phiên làm việc đã hết")
        page.click(".empty a.button")
        page.fill("#login", "vanhanh")
        page.fill("#password", PASSWORD)
        page.click("form.stack button")
        expect(page).to_have_url(f"{site.url}/dossiers/{line['id']}")
    assert _blocked(site)["held"] is False


def test_the_overview_follows_what_happens_without_being_loaded_again(site: Site, chromium: Browser) -> None:
    line = _blocked(site)
    with visitor(chromium, site, "truongkhoa") as who:
        page = who.open("/")
        page.evaluate("window.stillTheSame = true")
        held = page.locator(".tile[href$='view=held'] .tile-count")
        before = int(held.inner_text())
        assert page.locator("a.tile").first.get_attribute("href") == "/dossiers?view=due"
        site.store.queue.hold(line["id"], reason="xem lại", actor="user:vanhanh")
        expect(held).to_have_text(str(before + 1), timeout=30_000)
        assert page.evaluate("window.stillTheSame")
        site.store.queue.release(line["id"], reason="xong", actor="user:vanhanh")
