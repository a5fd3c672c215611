"""A finished demo run with its console on a loopback port, and a browser that reports every complaint."""

from __future__ import annotations

import fcntl
import functools
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from adapter.access.accounts import Accounts, By
from adapter.api.auth import first_key
from adapter.demo.practice import practice_his
from adapter.engine.installation import open_installation
from adapter.engine.opening import open_store
from adapter.engine.passes import one_pass
from adapter.reception.desk import Desk
from adapter.settings import Settings, load_settings
from adapter.store.store import Store
from adapter.web import web_application
from tests.support.cli import gateway_of
from tests.support.inside import inside_json
from tests.support.web import serve

PASSWORD = "Tap-duot-2026-console"
PEOPLE = {
    "quanly": ("Trần Minh Quản", ["administrator", "integrator", "operator", "privacy_officer"]),
    "vanhanh": ("Lê Thị Vận", ["operator"]),
    "tiepdon": ("Phạm Văn Đón", ["clerk"]),
    "tichhop": ("Ngô Tích Hợp", ["integrator"]),
    "truongkhoa": ("Đỗ Trưởng Khoa", ["viewer"]),
    "dulieu": ("Vũ Bảo Mật", ["privacy_officer"]),
}
_AXE = Path(__file__).parent / "axe"
_CHROMIUM = "/usr/bin/chromium"


@dataclass
class Site:
    """A served installation. ``work`` lets the engine do one round, as its schedule would."""

    url: str
    workdir: Path
    settings: Settings
    store: Store
    work: Callable[[], None]


@contextmanager
def console_site(workdir: Path, *, encounters: int = 60, seed: int = 1) -> Iterator[Site]:
    """Run the demo once, then serve its console; the practice gateway stays up."""
    inside_json("demo", "--workdir", workdir, "--encounters", str(encounters), "--seed", str(seed), "--no-serve")
    settings = load_settings(workdir=workdir)
    with gateway_of(workdir), open_store(settings) as store:
        accounts = Accounts(store, settings)
        for login, (name, roles) in PEOPLE.items():
            accounts.add_user(
                login, display_name=name, roles=roles, facilities=None, password=PASSWORD, by=By("cli:test")
            )
            if "operator" in roles or "clerk" in roles:  # as the practice gateway knows the demo's own user
                accounts.set_staff(login, "Người dùng thử", "001199000001", by=By("cli:test"))
        desk = Desk(settings, store)
        key = first_key(settings.path(settings.api.key_file))
        app = web_application(settings, store, desk, key=key, practice=practice_his(workdir))

        def work() -> None:
            with open_installation(settings) as installation:
                one_pass(installation)

        try:
            with serve(app) as url:
                yield Site(url, workdir, settings, store, work)
        finally:
            desk.close()


@dataclass
class Visitor:
    """One person's browser window. ``complaints``: console errors, page errors, refused resources."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Go to an address of the console."""
        self.page.goto(self.url + path)
        return self.page

    def judged(self) -> list[str]:
        """Serious and critical violations that axe-core finds on the page as it stands."""
        # The console's own policy allows no foreign script, which is the point; the browser's debugger may.
        found: Any = self.page.evaluate(_axe_source() + _RUN)
        return [
            f"{one['id']}: {one['help']} at {', '.join(one['targets'])}"
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]


@contextmanager
def browser() -> Iterator[Browser]:
    """Headless Chromium as the system has it."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


@contextmanager
def visitor(
    started: Browser, site: Site, login: str | None, *, width: int = 1366, height: int = 768, language: str = "vi"
) -> Iterator[Visitor]:
    """A window of somebody who has signed in by the form; nobody when ``login`` is None."""
    context = started.new_context(
        viewport={"width": width, "height": height}, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    guest = Visitor(page, site.url)
    page.on("console", lambda m: guest.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: guest.complaints.append(str(error)))
    page.on("requestfailed", lambda r: guest.complaints.append(r.url) if "ERR_ABORTED" not in str(r.failure) else None)
    try:
        if login is not None:
            page.goto(f"{site.url}/login?lang={language}")
            page.fill("#login", login)
            page.fill("#password", PASSWORD)
            page.click("form.stack button")
            page.wait_for_url(lambda at: "/login" not in at)
        yield guest
    finally:
        context.close()


_RUN = """
;(async () => {
  const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
  return found.violations.map((v) => ({
    id: v.id, impact: v.impact, help: v.help, targets: v.nodes.map((n) => n.target.join(" ")).slice(0, 4),
  }));
})()
"""


@functools.cache
def _axe_source() -> str:
    """The checker, installed once from its lock file."""
    script = _AXE / "node_modules" / "axe-core" / "axe.min.js"
    with (_AXE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = json.loads((_AXE / "package.json").read_text("utf-8"))["dependencies"]["axe-core"]
        there = _AXE / "node_modules" / "axe-core" / "package.json"
        if not there.is_file() or json.loads(there.read_text("utf-8"))["version"] != wanted:
            npm = shutil.which("npm")
            assert npm is not None, "npm is missing"
            done = subprocess.run(
                [npm, "ci", "--silent"], cwd=_AXE, capture_output=True, text=True, check=False, timeout=300
            )
            assert done.returncode == 0, f"npm ci failed: {done.stderr[-2000:]}"
    return script.read_text("utf-8")
