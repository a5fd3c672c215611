"""The console where there is nothing yet, where something is missing, and where a hospital has several facilities."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from tests.support.api_world import BY, ApiWorld
from tests.support.console_world import PASSWORD, PEOPLE, Site, browser, visitor

pytestmark = pytest.mark.needs("chromium", "npm")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiWorld]:
    with ExitStack() as stack:
        long = "Bệnh viện Đa khoa Khu vực liên huyện Bắc Trung Nam tỉnh Minh Hoạ, cơ sở nội trú số hai " * 2
        made = ApiWorld(tmp_path_factory.mktemp("empty"), stack, name=long)
        for login, (name, roles) in PEOPLE.items():
            made.accounts.add_user(login, display_name=name, roles=roles, facilities=None, password=PASSWORD, by=BY)
        yield made


@pytest.fixture(scope="module")
def site(world: ApiWorld) -> Site:
    return Site(world.url, world.settings.workdir, world.settings, world.store, lambda: None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


def test_an_empty_installation_says_what_to_do_on_every_page(site: Site, chromium: Browser) -> None:
    troubles = []
    with visitor(chromium, site, "quanly") as who:
        paths = [str(link.get_attribute("href")) for link in who.page.locator(".side a").all()]
        assert len(paths) >= 10
        for path in [*paths, "/dossiers?view=faulty", "/findings?by=place", "/admin/audit?about=LK-khong-co"]:
            if path == "/practice":
                continue  # its gateway is not there: see below
            page = who.open(path)
            expect(page.locator("h1")).to_be_visible()
            troubles += [f"{path}: {one}" for one in [*who.judged(), *who.complaints]]
            troubles += [f"{path}: wider than its window"] * page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
            who.complaints.clear()
        for path in ("/dossiers", "/dossiers?view=blocked", "/findings", "/admin/audit?about=LK-khong-co"):
            expect(who.open(path).locator(".empty-title")).to_be_visible()
        assert "Mọi hồ sơ" in who.open("/").locator("main").inner_text()
    assert troubles == []


def test_a_list_of_two_facilities_can_be_narrowed_to_one(world: ApiWorld, site: Site, chromium: Browser) -> None:
    world.fill()
    with visitor(chromium, site, "vanhanh") as who:
        page = who.open("/dossiers")
        assert page.locator("tbody tr").count() >= 2
        page.select_option("#facility", "01998")
        page.click("form.filters button.main")
        expect(page.locator(".empty-title")).to_be_visible()
        page.select_option("#facility", "01999")
        page.click("form.filters button.main")
        expect(page.locator("tbody tr").first).to_contain_text("01999")


def test_a_practice_gateway_that_is_not_there_is_told_with_what_to_do(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, "tichhop") as who:
        page = who.open("/practice")
        expect(page.locator("[role=alert]")).to_contain_text("make demo")


@pytest.mark.parametrize(
    ("path", "title"), [("/dossiers/999999", "Không có ở đây"), ("/admin/users", "Chưa được phép")]
)
def test_what_is_not_there_or_not_allowed_is_said_in_words(
    site: Site, chromium: Browser, path: str, title: str
) -> None:
    with visitor(chromium, site, "vanhanh") as who:
        page = who.open(path)
        expect(page.locator("h1")).to_have_text(title)
        expect(page.get_by_role("link", name="Về trang tổng quan")).to_be_visible()
        assert who.judged() == []


def test_a_used_link_says_so_and_asks_to_sign_in(site: Site, chromium: Browser) -> None:
    with visitor(chromium, site, None) as who:
        page = who.open("/enter/none-of-ours")
        expect(page.locator(".note-warn")).to_contain_text("đã dùng")
        assert "next" not in page.url
        assert who.judged() + who.complaints == []
