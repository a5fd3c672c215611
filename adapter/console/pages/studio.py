"""The mapping studio: read with lint marks, change, compare, test, save under review, put to work without a restart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from adapter.access import Principal
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.page import go, page
from adapter.console.core.words import Words, language_of
from adapter.console.reads import studio
from adapter.console.reads.rules import field_words
from adapter.engine.plans import MAPPING
from adapter.errors import BhytError, ConfigError
from adapter.settings import Facility
from adapter.store.people.audit import Entry
from adapter.store.views.worklist import Wanted

MayRead = Annotated[Principal, Depends(require("mapping.read"))]
MayEdit = Annotated[Principal, Depends(require("mapping.edit"))]
MayActivate = Annotated[Principal, Depends(require("mapping.activate"))]
TOOLS = ("lines", "changes", "compare", "test", "coverage", "preview")
_LONGEST = 2_000_000
_CHOICES = 8


class NoMapping(ConfigError):
    """No such facility or version, or none this person may see."""

    code = "MAPPING"
    status = 404


class NotActivated(ConfigError):
    """The version may not be put to work as it stands."""

    code = "MAPPING-REVIEW"
    status = 409


def routes(console: Console) -> APIRouter:
    """``/mapping`` and below."""
    router = APIRouter(include_in_schema=False)
    _looking(router, console)
    _changing(router, console)
    _deciding(router, console)
    return router


def _looking(router: APIRouter, console: Console) -> None:
    @router.get("/mapping")
    def all_mappings(request: Request, who: MayRead) -> Response:
        mine = console.facilities(who)
        if len(mine) == 1:
            return go(f"/mapping/{mine[0]}")
        rows = [(code, *_named(console, console.settings.facility(code))) for code in mine]
        return page(console, request, "mappings.html", who, rows=rows)

    @router.get("/mapping/{code}")
    def one(
        request: Request,
        who: MayRead,
        code: str,
        tool: str = "lines",
        file: str = MAPPING,
        version: int = 0,
        ma_lk: str = "",
        line: int = 0,
        told: str = "",
    ) -> Response:
        facility = _need(console, who, code)
        shown = _looked_at(console, facility, version)
        values = _tool(console, facility, shown, tool if tool in TOOLS else "lines", file, ma_lk)
        return page(
            console,
            request,
            "mapping.html",
            who,
            **shown,
            **values,
            facility=facility,
            line=line,
            told=told,
            tools=TOOLS,
            ma_lk=ma_lk,
            versions=console.store.mappings.list(code),
            sample=studio.SAMPLE,
            newest=_newest(console, facility) if tool == "preview" else [],
            meaning=_meaning(request),
        )


def _changing(router: APIRouter, console: Console) -> None:
    @router.get("/mapping/{code}/edit")
    def edit(request: Request, who: MayEdit, code: str, file: str = MAPPING, version: int = 0) -> Response:
        facility = _need(console, who, code)
        shown = _looked_at(console, facility, version)
        file = file if file in shown["files"] else MAPPING
        return page(
            console, request, "mapping_edit.html", who, facility=facility, file=file, text=shown["files"][file],
            names=sorted(shown["files"]), version=version, findings=None, note="", problem=None,
        )  # fmt: skip

    @router.post("/mapping/{code}/edit")
    def check_or_save(
        request: Request,
        who: MayEdit,
        code: str,
        text: Annotated[str, Form(max_length=_LONGEST)],
        file: Annotated[str, Form(max_length=200)] = MAPPING,
        version: Annotated[int, Form()] = 0,
        note: Annotated[str, Form(max_length=500)] = "",
        do: Annotated[str, Form(max_length=10)] = "check",
    ) -> Response:
        facility = _need(console, who, code)
        shown = _looked_at(console, facility, version)
        if file not in shown["files"]:
            raise NoMapping(f"Không có tệp {file} trong bản ánh xạ", f"The mapping has no file {file}")
        text = text.replace("\r\n", "\n")
        files = {**shown["files"], file: text}
        with studio.laid_out(console, files) as path:
            findings = studio.findings_of(path)
            plan = studio.plan_or_none(path)
        problem: BhytError | None = None
        if do == "save" and not note.strip():
            problem = ConfigError("Ghi ngắn gọn đã đổi gì", "Say in a few words what was changed")
        elif do == "save" and plan is not None:
            number = console.store.mappings.save(
                code,
                files,
                plan_hash=plan.hash,
                note=note.strip(),
                now=console.clock(),
                entry=_entry(who, "mapping.save", facility, note),
            )
            return go(f"/mapping/{code}?version={number}&tool=changes&told=saved")
        elif do == "save":
            problem = ConfigError(
                "Chưa lưu được: bản ánh xạ còn lỗi không nạp được; xem các dòng có dấu đỏ",
                "Not saved: the mapping does not load; see the lines marked red",
            )
        return page(
            console, request, "mapping_edit.html", who, facility=facility, file=file, text=text,
            names=sorted(files), version=version, findings=findings, note=note, problem=problem,
        )  # fmt: skip


def _deciding(router: APIRouter, console: Console) -> None:
    @router.post("/mapping/{code}/versions/{number}")
    def decide(
        who: MayActivate,
        code: str,
        number: int,
        do: Annotated[str, Form(max_length=10)],
        reason: Annotated[str, Form(max_length=500)] = "",
        typed: Annotated[str, Form(max_length=20)] = "",
    ) -> Response:
        facility = _need(console, who, code)
        version = console.store.mappings.get(code, number)
        if version is None:
            raise NoMapping(f"Không có bản ánh xạ số {number}", f"There is no mapping version {number}")
        if not reason.strip():
            raise NotActivated("Cần nêu lý do của quyết định", "A decision needs its reason")
        entry = _entry(who, f"mapping.{do}", facility, reason, number=str(number))
        if do == "reject":
            console.store.mappings.reject(code, number, reason=reason, now=console.clock(), entry=entry)
        elif do == "activate":
            _may_go(console, who, facility, version.author, number, typed)
            console.store.mappings.activate(code, number, reason=reason, now=console.clock(), entry=entry)
        else:
            raise NotActivated("Không có thao tác này", "There is no such act")
        console.kept.forget()
        return go(f"/mapping/{code}?version={number}&told={do}")

    @router.post("/mapping/{code}/original")
    def original(who: MayActivate, code: str, reason: Annotated[str, Form(max_length=500)] = "") -> Response:
        facility = _need(console, who, code)
        if not reason.strip():
            raise NotActivated("Cần nêu lý do của quyết định", "A decision needs its reason")
        entry = _entry(who, "mapping.original", facility, reason)
        console.store.mappings.retire(code, now=console.clock(), reason=reason, entry=entry)
        console.kept.forget()
        return go(f"/mapping/{code}?told=original")


def _may_go(console: Console, who: Principal, facility: Facility, author: str, number: int, typed: str) -> None:
    """A second pair of eyes, or the author's own second step: typing the version's number. Never with errors."""
    path = studio.version_file(console, facility, number)
    if any(one["severity"] == "error" for one in studio.findings_of(path)):
        raise NotActivated(
            "Bản này còn lỗi; không đưa vào chạy được", "This version has errors and cannot be put to work"
        )
    failed = [one.name for one in studio.tested(path) if not one.passed]
    if failed:
        raise NotActivated(
            f"{len(failed)} phép thử của bản ánh xạ không đạt",
            f"{len(failed)} tests of the mapping fail",
            hint_vi="xem thẻ Phép thử",
            hint_en="see the tab Tests",
        )
    if author == who.actor and typed.strip() != str(number):
        raise NotActivated(
            "Bạn là người soạn bản này: hãy nhờ người khác duyệt, hoặc gõ đúng số của bản để tự xác nhận lần hai",
            "You wrote this version: let somebody else decide, or type its number as your own second step",
        )


def _need(console: Console, who: Principal, code: str) -> Facility:
    facility = console.facility(who, code)
    if facility is None:
        raise NoMapping("Không có cơ sở này", "There is no such facility")
    return facility


def _named(console: Console, facility: Facility) -> tuple[str, int | None, int]:
    path, number = studio.running(console, facility)
    waiting = sum(1 for one in console.store.mappings.list(facility.code) if one.state == "review")
    plan = studio.plan_or_none(path)
    return (plan.name if plan else "?", number, waiting)


def _looked_at(console: Console, facility: Facility, number: int) -> dict[str, Any]:
    """The version in the address, else what runs now."""
    running_path, running_number = studio.running(console, facility)
    if not number or number == running_number:
        return {
            "version": console.store.mappings.get(facility.code, running_number) if running_number else None,
            "number": running_number or 0,
            "files": studio.running_files(console, facility),
            "path_": running_path,
            "runs": True,
            "running_number": running_number,
        }
    version = console.store.mappings.get(facility.code, number)
    if version is None:
        raise NoMapping(f"Không có bản ánh xạ số {number}", f"There is no mapping version {number}")
    return {
        "version": version,
        "number": number,
        "files": dict(version.files),
        "path_": studio.version_file(console, facility, number),
        "runs": False,
        "running_number": running_number,
    }


def _tool(
    console: Console, facility: Facility, shown: dict[str, Any], tool: str, file: str, ma_lk: str
) -> dict[str, Any]:
    path, files = shown["path_"], shown["files"]
    findings = studio.findings_of(path)
    values: dict[str, Any] = {"tool": tool, "findings": findings, "problem": None, "result": None}
    values["counts"] = {s: sum(1 for one in findings if one["severity"] == s) for s in ("error", "warning", "info")}
    file = file if file in files else MAPPING
    values["file"] = file
    try:
        if tool == "lines":
            values["result"] = studio.marked(files[file], file, findings)
        elif tool == "changes":
            values["result"] = studio.changed_lines(studio.running_files(console, facility), files)
        elif tool == "compare":
            values["result"] = studio.compared(console, facility, path)
        elif tool == "test":
            values["result"] = studio.tested(path)
        elif tool == "coverage":
            values["result"] = studio.covered(console, facility, path)
        elif ma_lk.strip():
            values["result"] = studio.previewed(console, facility, path, ma_lk.strip())
    except BhytError as error:
        values["problem"] = error
    return values


def _newest(console: Console, facility: Facility) -> list[str]:
    """Encounters to choose from: those of the dossiers that changed last."""
    found = console.store.worklist.page(Wanted((facility.code,), sort="-changed", limit=_CHOICES))
    return list(dict.fromkeys(row["ma_lk"] for row in found.rows))


def _meaning(request: Request) -> Callable[[str, str], str]:
    t = Words(language_of(request))
    return lambda table, field: t.of(*field_words("3176", table, field))


def _entry(who: Principal, action: str, facility: Facility, reason: str, **detail: str) -> Entry:
    return Entry(
        action,
        who.actor,
        who.via,
        facility=facility.code,
        kind="mapping",
        object=facility.mapping,
        reason=reason,
        detail=detail,
    )
