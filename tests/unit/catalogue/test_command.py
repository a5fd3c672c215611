"""``bhyt catalogue`` and /v1/catalogues: taken in by a person or a program, asked by ``bhyt check``."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from pathlib import Path

import httpx
import pytest
import yaml

from adapter.api.app import create_app
from adapter.api.catalogues import catalogue_routes
from adapter.dossier.writer import write
from adapter.settings import load_settings
from adapter.store import Store
from tests.support.inside import inside, inside_json
from tests.support.pipeline_world import vault
from tests.support.rule_cases import build
from tests.support.web import key_holder, serve

_FACILITY = {
    "code": "01999",
    "account": "a",
    "password_file": "p",
    "mapping": "demo-his-b",
    "source": {"url": "sqlite:///x.db"},
}
_KEY = "bhyt_test-key"


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"facilities": [_FACILITY]}), encoding="utf-8")
    return tmp_path


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_list_taken_in_is_asked_when_files_are_checked(workdir: Path) -> None:
    dossier = workdir / "d.xml"
    dossier.write_bytes(write(build({"@base": "outpatient"}), created_on=date(2026, 9, 3)))
    options = ("--workdir", workdir, "--unsigned", "--at", "202609030800")
    before = inside_json("check", dossier, *options)["files"][0]["dossiers"][0]
    assert "X1-CODE-020" in {n["rule"] for n in before["not_checked"]}

    khoa = _write(workdir / "khoa.csv", "MA_KHOA;TEN_KHOA", "K99;Khoa khác")
    done = inside_json("catalogue", "import", khoa, "--from", "2026-01-01", "--workdir", workdir)
    assert (done["list"], done["taken"], done["changes"]["opened"]) == ("departments", True, 1)
    after = inside_json("check", dossier, *options)["files"][0]["dossiers"][0]
    assert "X1-CODE-020" in {f["rule"] for f in after["findings"]}
    assert "X1-CODE-020" not in {n["rule"] for n in after["not_checked"]}

    khoa = _write(workdir / "khoa.csv", "MA_KHOA;TEN_KHOA", f"{build({'@base': 'outpatient'}).header['MA_KHOA']};Khám")
    inside_json("catalogue", "import", khoa, "--from", "2026-01-01", "--workdir", workdir)
    last = inside_json("check", dossier, *options)["files"][0]["dossiers"][0]
    assert "X1-CODE-020" not in {f["rule"] for f in last["findings"]}


def test_a_faulty_file_is_told_row_by_row_and_leaves_nothing(workdir: Path) -> None:
    file = _write(workdir / "dv.csv", "MA_DICH_VU,TEN_DICH_VU,DON_GIA", "18.1,Siêu âm,abc", "18.2,X quang,1000")
    told = inside_json("catalogue", "import", file, "--workdir", workdir, code=1)
    assert [(p["line"], p["column"]) for p in told["problems"]] == [(2, "price")]
    assert inside_json("catalogue", "list", "--workdir", workdir)["lists"] == []
    assert "price" in inside("catalogue", "import", file, "--workdir", workdir).stdout


def test_lists_are_shown_compared_and_explained(workdir: Path) -> None:
    first = _write(workdir / "a.csv", "MA_DICH_VU,TEN_DICH_VU,DON_GIA", "18.1,Siêu âm,1000", "18.2,X quang,2000")
    inside_json("catalogue", "import", first, "--from", "2026-01-01", "--workdir", workdir)
    second = _write(workdir / "b.csv", "MA_DICH_VU,TEN_DICH_VU,DON_GIA", "18.1,Siêu âm,1500")
    inside_json("catalogue", "import", second, "--from", "2026-07-01", "--whole", "--workdir", workdir)
    shown = inside_json("catalogue", "show", "services", "18.1", "--all", "--workdir", workdir)
    assert [(r["price"], r["since"], r["until"]) for r in shown["rows"]] == [
        ("1000", "2026-01-01", "2026-06-30"),
        ("1500", "2026-07-01", None),
    ]
    assert inside("catalogue", "show", "services", "99", "--workdir", workdir).returncode == 1
    days = ("--before", "2026-06-30", "--after", "2026-07-01")
    diff = inside_json("catalogue", "diff", "services", *days, "--workdir", workdir)
    assert ([r["code"] for r in diff["removed"]], diff["changed"][0]["columns"]["price"]) == (
        ["18.2"],
        ["1000", "1500"],
    )
    assert inside("catalogue", "diff", "services", *days, "--workdir", workdir).stdout.startswith("- 18.2")
    assert "MA_DICH_VU".lower().replace("_", "") in inside("catalogue", "headings", "services").stdout
    assert inside("catalogue", "list", "--workdir", workdir).stdout.strip()


def test_own_headings_come_from_a_file(workdir: Path) -> None:
    file = _write(workdir / "khoa.csv", "Ma noi bo;Ten", "K01;Khám")
    own = _write(workdir / "h.yaml", "departments: {code: [Ma noi bo]}")
    taken = inside_json("catalogue", "import", file, "--list", "departments", "--headings", own, "--workdir", workdir)
    assert taken["columns"]["code"] == "Ma noi bo"


def test_the_api_takes_a_list_in_for_callers_who_may(workdir: Path) -> None:
    settings = load_settings(workdir=workdir)
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(f"sqlite:///{workdir / 'state.db'}", vault()))
        app = create_app(
            access=key_holder(store, _KEY),
            status=lambda _caller: {},
            ready=lambda: None,
            routers=[catalogue_routes(settings, store)],
        )
        client = stack.enter_context(httpx.Client(base_url=stack.enter_context(serve(app))))
        files = {"file": ("khoa.csv", "MA_KHOA;TEN_KHOA\nK01;Khám\n".encode())}
        assert client.post("/v1/catalogues", files=files).status_code == 401
        client.headers["X-API-Key"] = _KEY
        taken = client.post("/v1/catalogues", files=files, data={"from": "2026-01-01"})
        assert (taken.status_code, taken.json()["changes"]["opened"]) == (201, 1)
        assert [r["list"] for r in client.get("/v1/catalogues").json()["lists"]] == ["departments"]
        rows = client.get("/v1/catalogues/departments", params={"on": "2026-02-01"}).json()
        assert [r["code"] for r in rows["rows"]] == ["K01"]
        broken = {"file": ("x.csv", b"MA_LK\n1\n")}
        assert client.post("/v1/catalogues", files=broken).status_code == 422
        assert client.get("/v1/catalogues/none").status_code == 404
