"""Practice only: what the practice gateway received, its faults on demand, its verdicts brought home."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from adapter.access import Principal
from adapter.access.refusals import not_allowed
from adapter.api.identity import require
from adapter.console.core.context import Console
from adapter.console.core.page import go, page
from adapter.console.core.shown import wire_value
from adapter.cutover.sheet import read_sheet
from adapter.cutover.verdicts import import_verdicts
from adapter.errors import BhytError, GatewayUnreachable
from adapter.later import later
from adapter.store.people.audit import Entry
from adapter.store.views.worklist import Wanted

if TYPE_CHECKING:
    import httpx
else:
    httpx = later("httpx")

MayControl = Annotated[Principal, Depends(require("simulator.control"))]
PRESETS: dict[str, dict[str, Any]] = {
    "timeout_before": {"fault": "timeout", "service": "dossier*", "when": "before", "seconds": 5, "count": 3},
    "timeout_after": {"fault": "timeout", "service": "dossier*", "when": "after", "seconds": 5, "count": 3},
    "maintenance": {"fault": "maintenance", "count": 20},
    "throttled": {"fault": "throttled", "count": 5},
    "token_revoked": {"fault": "token_revoked", "count": 1},
    "other_message": {"fault": "other_message", "service": "dossier*", "count": 2},
    "certificate_expired": {"fault": "certificate_expired", "count": 1},
    "restricted": {"fault": "restricted", "count": 3},
}
"""Faults by name, each limited, so that practice never gets stuck."""
_CARDS = 15
_CARD = re.compile(r"[A-Z]{2}[0-9A-Z]{13}")


def routes(console: Console) -> APIRouter:
    """``/practice``, in a demo only."""
    router = APIRouter(include_in_schema=False)

    @router.get("/practice")
    def state(request: Request, who: MayControl, told: str = "", n: int = 0) -> Response:
        _demo_only(console)
        problem: BhytError | None = None
        found: dict[str, Any] = {}
        received: list[dict[str, Any]] = []
        try:
            found = {**_ask(console, "GET", "state"), "plan": _ask(console, "GET", "faults")["plan"]}
            newest = max(0, int(found["received"]) - 25)
            received = _ask(console, "GET", f"received?after={newest}&limit=50")[::-1]
        except GatewayUnreachable as error:
            problem = error
        return page(console, request, "practice.html", who, status=503 if problem else 200, state=found,
                    received=received, presets=PRESETS, named=preset_of, problem=problem, told=told, n=n)  # fmt: skip

    @router.post("/practice")
    def control(
        who: MayControl, do: Annotated[str, Form(max_length=20)], fault: Annotated[str, Form(max_length=40)] = ""
    ) -> Response:
        _demo_only(console)
        told, n = do, 0
        if do == "fault" and fault in PRESETS:
            _ask(console, "POST", "faults", {"rules": [PRESETS[fault]]})
        elif do == "clear":
            _ask(console, "DELETE", "faults")
        elif do == "verdicts":
            n = _bring_verdicts(console, who)
        elif do == "cards":
            n = _put_cards(console, who)
        else:
            raise not_allowed()
        console.store.audit.record(Entry(f"practice.{do}", who.actor, who.via, kind="practice", object=fault))
        console.kept.forget()
        return go(f"/practice?told={told}&n={n}")

    return router


def preset_of(rule: dict[str, Any]) -> str:
    """Which of the presets a running fault is; empty for one that somebody made by hand."""
    return next(
        (name for name, one in PRESETS.items() if all(rule.get(key) == one.get(key) for key in ("fault", "when"))),
        next((name for name, one in PRESETS.items() if rule.get("fault") == one["fault"] and "when" not in one), ""),
    )


def _demo_only(console: Console) -> None:
    if not console.settings.demo:
        raise not_allowed()


def _ask(console: Console, method: str, path: str, body: Any = None) -> Any:
    try:
        answer = httpx.request(
            method,
            f"{console.settings.gateway.base_url}/_sim/{path}",
            content=json.dumps(body) if body is not None else None,
            headers={"content-type": "application/json"},
            timeout=10,
        )
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise GatewayUnreachable(
            "Cổng thực hành không trả lời",
            "The practice gateway does not answer",
            hint_vi="chạy `make demo` (hoặc `bhyt demo`) và để cửa sổ đó mở",
            hint_en="run `make demo` (or `bhyt demo`) and leave that window open",
        ) from error
    return answer.json() if "json" in answer.headers.get("content-type", "") else answer.content


def _put_cards(console: Console, who: Principal) -> int:
    """Make the cards of the newest invented patients known to the practice gateway, for practice at the desk."""
    done = 0
    found = console.store.worklist.page(Wanted(console.facilities(who), purpose="claim", sort="-changed", limit=_CARDS))
    for line in found.rows:
        dossier = console.store.queries.dossier(line["revision_id"])
        first = dossier.rows("XML1")[0] if dossier is not None else {}
        numbers = first.get("MA_THE_BHYT", "").split(";")
        if not _CARD.fullmatch(numbers[-1]) or not first.get("HO_TEN"):
            continue
        born = wire_value(first.get("NGAY_SINH", "")[:8], "date8")
        days = {
            name: wire_value(first.get(field, "").split(";")[-1], "date8")
            for name, field in (("valid_from", "GT_THE_TU"), ("valid_to", "GT_THE_DEN"))
        }
        card = {
            "number": numbers[-1],
            "name": first["HO_TEN"],
            "birth": born if born[:2] != "00" else born[-4:],
            "sex": "Nam" if first.get("GIOI_TINH") == "1" else "Nữ",
            "citizen": first.get("SO_CCCD", ""),
            "registered_at": first.get("MA_DKBD", "").split(";")[-1],
            **days,
        }
        _ask(console, "POST", "cards", card)
        done += 1
    return done


def _bring_verdicts(console: Console, who: Principal) -> int:
    """Export the portal's lists as a person would, and take them in; how many verdicts are new."""
    told = 0
    for code in console.facilities(who):
        for kind in ("dossiers", "errors"):
            book = _ask(console, "GET", f"portal/{kind}.xlsx?facility={code}")
            with tempfile.TemporaryDirectory(prefix="bhyt-portal-") as folder:
                file = Path(folder) / f"{kind}.xlsx"
                file.write_bytes(book)
                report = import_verdicts(
                    console.store, code, read_sheet(file), at=None, now=console.clock(), actor=who.actor
                )
            told += sum(report.counts.get(name, 0) for name in ("good", "faulty", "replaced"))
    return told
