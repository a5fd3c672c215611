"""The page for people: what arrived, what the gateway said, what is wrong. No scripts, nothing from outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

import anyio.to_thread
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from adapter.simulator.checks.parsing import parse
from adapter.simulator.checks.structure import Reading, read_dossier, read_single
from adapter.simulator.control import guard_of, state_of
from adapter.simulator.core import Simulator
from adapter.simulator.services.verdicts import verdict_of

_ROWS_SHOWN = 40
_PAGE_SIZE = 100
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_TEXTS = {
    "vi": {
        "title": "Cổng tiếp nhận BHYT để thực hành",
        "not_real": "Đây không phải cổng của BHXH Việt Nam. Chỉ gửi dữ liệu giả.",
        "arrivals": "Tệp đã nhận",
        "calls": "Nhật ký gọi",
        "received": "Đã nhận",
        "accepted": "Tiếp nhận",
        "refused": "Từ chối",
        "dossiers": "Hồ sơ (MA_LK)",
        "repeats": "Gửi lặp",
        "pending": "Chờ kết quả",
        "good": "Tốt",
        "faulty": "Có lỗi",
        "replaced": "Đã thay thế",
        "logins": "Lần cấp token",
        "time": "Lúc",
        "service": "Dịch vụ",
        "facility": "Cơ sở",
        "code": "Mã",
        "receipt": "Mã giao dịch",
        "message": "Thông điệp",
        "verdict": "Kết quả",
        "what_is_wrong": "Sai ở đâu",
        "nothing_wrong": "Không thấy lỗi nào.",
        "answer": "Trả lời đã gửi",
        "contents": "Nội dung",
        "more_rows": "dòng nữa không hiện ở đây",
        "raw": "Tệp gốc",
        "none_yet": "Chưa nhận tệp nào.",
        "filter": "Lọc",
        "older": "Cũ hơn",
        "newest": "Mới nhất",
        "export_errors": "Xuất lỗi (xlsx)",
        "export_dossiers": "Xuất danh sách hồ sơ (xlsx)",
        "accounts": "Tài khoản đã đăng ký",
        "no_account": "Chưa có tài khoản nào: đăng ký bằng POST /_sim/facilities hoặc cấu hình.",
        "no_certificate": "chưa đăng ký chứng thư",
        "faults": "Kịch bản lỗi đang bật",
        "seen": "lần gọi",
        "fired": "lần gây lỗi",
        "fault": "Lỗi giả lập",
        "replaced_by": "Bị thay bởi",
        "address": "Địa chỉ",
        "http": "HTTP",
        "duration": "ms",
        "back": "Danh sách",
        "other_language": "English",
        "own_codes": "Mã bắt đầu bằng SIM- là của cổng giả lập; danh mục mã lỗi thật không công bố.",
    },
    "en": {
        "title": "Practice BHYT reception gateway",
        "not_real": "This is not the gateway of Vietnam Social Security. Send invented data only.",
        "arrivals": "Files received",
        "calls": "Log of calls",
        "received": "Received",
        "accepted": "Accepted",
        "refused": "Refused",
        "dossiers": "Dossiers (MA_LK)",
        "repeats": "Repeats",
        "pending": "Verdict pending",
        "good": "Good",
        "faulty": "Faulty",
        "replaced": "Replaced",
        "logins": "Tokens issued",
        "time": "At",
        "service": "Service",
        "facility": "Facility",
        "code": "Code",
        "receipt": "Receipt",
        "message": "Message",
        "verdict": "Verdict",
        "what_is_wrong": "What is wrong",
        "nothing_wrong": "Nothing found wrong.",
        "answer": "Answer given",
        "contents": "Contents",
        "more_rows": "more rows not shown here",
        "raw": "The file itself",
        "none_yet": "Nothing received yet.",
        "filter": "Filter",
        "older": "Older",
        "newest": "Newest",
        "export_errors": "Export errors (xlsx)",
        "export_dossiers": "Export dossier list (xlsx)",
        "accounts": "Registered accounts",
        "no_account": "No account yet: register with POST /_sim/facilities or by configuration.",
        "no_certificate": "no certificate registered",
        "faults": "Faults in force",
        "seen": "calls",
        "fired": "fired",
        "fault": "Fault",
        "replaced_by": "Replaced by",
        "address": "Address",
        "http": "HTTP",
        "duration": "ms",
        "back": "List",
        "other_language": "Tiếng Việt",
        "own_codes": "Codes that start with SIM- are the simulator's own; the real error codes are not public.",
    },
}


def page_routes(simulator: Simulator) -> APIRouter:
    """``/``, ``/arrival/{seq}``, ``/calls``, the style sheet. A ``control_key`` is asked for once, as ``?key=``."""
    router = APIRouter()
    guard = [Depends(guard_of(simulator))]
    templates = Environment(
        loader=PackageLoader("adapter.simulator"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )

    def show(request: Request, name: str, language: str, **values: Any) -> HTMLResponse:
        language = language if language in _TEXTS else "vi"
        other = "en" if language == "vi" else "vi"
        query = {k: v for k, v in request.query_params.items() if k not in ("lang", "key")}
        text = templates.get_template(name).render(
            t=_TEXTS[language],
            lang=language,
            switch="?" + urlencode({**query, "lang": other}),
            suffix=f"lang={language}",
            **values,
        )
        answer = HTMLResponse(text, headers={"content-security-policy": _POLICY, "referrer-policy": "no-referrer"})
        if (key := simulator.config.control_key) is not None and request.query_params.get("key"):
            answer.set_cookie("sim_key", key, httponly=True, samesite="strict")
        return answer

    @router.get("/", dependencies=guard)
    async def front(
        request: Request,
        lang: str = "vi",
        ma_lk: str = "",
        facility: str = "",
        before: Annotated[int | None, Query(ge=1)] = None,
    ) -> HTMLResponse:
        values = await anyio.to_thread.run_sync(_front, simulator, ma_lk.strip(), facility.strip(), before)
        return show(request, "front.html", lang, ma_lk=ma_lk, facility=facility, **values)

    @router.get("/arrival/{seq}", dependencies=guard)
    async def arrival(request: Request, seq: int, lang: str = "vi") -> HTMLResponse:
        values = await anyio.to_thread.run_sync(_arrival, simulator, seq)
        if values is None:
            raise HTTPException(404)
        return show(request, "arrival.html", lang, **values)

    @router.get("/calls", dependencies=guard)
    async def calls(request: Request, lang: str = "vi") -> HTMLResponse:
        read: Callable[..., list[dict[str, Any]]] = simulator.database.rows
        rows = await anyio.to_thread.run_sync(read, "SELECT * FROM calls ORDER BY seq DESC LIMIT 200")
        return show(request, "calls.html", lang, rows=rows)

    @router.get("/simulator.css")
    async def style() -> Response:
        return Response(templates.get_template("simulator.css").render(), media_type="text/css")

    return router


def _front(simulator: Simulator, ma_lk: str, facility: str, before: int | None) -> dict[str, Any]:
    now = simulator.clock()
    rows = simulator.database.arrivals(
        before=before, limit=_PAGE_SIZE, newest_first=True, ma_lk=ma_lk, facility=facility
    )
    shown = [{**row, "verdict": verdict_of(row, now), "told": json.loads(row["answer"])} for row in rows]
    return {
        "state": state_of(simulator),
        "rows": shown,
        "accounts": simulator.accounts.all(),
        "older": rows[-1]["seq"] if len(rows) == _PAGE_SIZE else None,
        "before": before,
    }


def _arrival(simulator: Simulator, seq: int) -> dict[str, Any] | None:
    row = simulator.database.arrival(seq)
    if row is None:
        return None
    verdict = verdict_of(row, simulator.clock())
    findings = json.loads(row["findings"]) if verdict in ("faulty", "replaced") else []
    marks = {(finding["table"], finding["row"], finding["field"]) for finding in findings}
    wrong_rows = {(table, number) for table, number, _field in marks}
    tables = []
    for name, rows in _read(row, simulator).tables.items():
        kept = [
            (number, values)
            for number, values in enumerate(rows, 1)
            if number <= _ROWS_SHOWN or (name, number) in wrong_rows
        ]
        filled = [field for field in rows[0] if any(values[field] for _number, values in kept)]
        missing = [field for table, _number, field in marks if table == name and field not in filled]
        fields = [field for field in rows[0] if field in {*filled, *missing}]
        tables.append({"name": name, "fields": fields, "rows": kept, "hidden": len(rows) - len(kept)})
    return {
        "row": row,
        "verdict": verdict,
        "findings": findings,
        "marks": marks,
        "tables": tables,
        "told": json.dumps(json.loads(row["answer"]), ensure_ascii=False, indent=2),
        "message": json.loads(row["answer"]).get("thongDiep", ""),
    }


def _read(row: dict[str, Any], simulator: Simulator) -> Reading:
    """The file read once more as at its arrival; an empty reading when it is no table file or was broken."""
    kind, _dash, layout = row["service"].partition("-")
    layout = "3176" if kind == "hub" else layout
    today = simulator.clock().date()
    table = {"checkin": "XML0", "assessment": "XML12"}.get(kind)
    try:
        root = parse(row["body"])
    except ValueError:
        return Reading()
    if kind in ("dossier", "hub"):
        return read_dossier(root, layout=layout, facility=row["facility"], today=today)
    if table is not None:
        return read_single(root, table=table, layout=layout, facility=row["facility"], today=today)
    return Reading()
