"""A provincial hub in the shape of the Hanoi axis (api §7, C): token, batch of dossiers, look-up of a state.

Names of the look-up's answer and the form of ``expiresIn`` were not seen; they are ours.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from datetime import timedelta
from typing import Any

from adapter.simulator.accounts import Refusal
from adapter.simulator.checks.contents import find_faults, summary_of
from adapter.simulator.checks.parsing import parse
from adapter.simulator.checks.signature import check_profile1
from adapter.simulator.checks.structure import Reading, read_dossier
from adapter.simulator.config import SimFacility, md5_upper
from adapter.simulator.core import Simulator
from adapter.simulator.database import Arrival
from adapter.simulator.faults import Fault
from adapter.simulator.services.verdicts import verdict_of
from adapter.simulator.services.wire import Call, Reply, receipt_number, sha256_hex

_STATES = {"pending": "DANG_XU_LY", "good": "THANH_CONG", "faulty": "LOI", "replaced": "DA_THAY_THE"}


def take_token(simulator: Simulator, call: Call) -> Reply:
    """JSON {username, password, code}; ``maKetQua`` is a boolean here."""
    given = call.any("password")
    # Whether the hub wants the password or its hash is not told: both are taken.
    hashes = (given, md5_upper(given))
    result = next(
        (
            token
            for md5 in hashes
            if not isinstance(
                token := simulator.accounts.login(call.any("username"), md5, "", call.any("code")), Refusal
            )
        ),
        None,
    )
    if result is None:
        return Reply(
            {"maKetQua": False, "apiKey": None, "thongDiep": "Sai thông tin đăng nhập"}, status=401, code="401"
        )
    key = {
        "accessToken": f"{result.id_token}.{result.access_token}",
        "idToken": result.id_token,
        "expiresIn": result.expires_in,
        "tokenType": "Bearer",
    }
    return Reply({"maKetQua": True, "apiKey": key}, code="200")


def take_batch(simulator: Simulator, call: Call) -> Reply:
    """A batch of dossiers; each is judged on its own."""
    sender = _sender(simulator, call)
    if isinstance(sender, Refusal):
        return Reply({"maKetQua": False, "thongDiep": sender.message}, status=401, code="401")
    if call.note.ordered(Fault.GATEWAY_ERROR):
        return Reply({"maKetQua": False, "thongDiep": "Lỗi hệ thống"}, status=500, code="500")
    try:
        files = json.loads(call.any("files") or "null")
    except ValueError:
        files = None
    wrong = call.any("loaiHoSo") != "3176" or call.any("maCSKCB") != sender.code
    if wrong or not isinstance(files, list) or not files:
        return Reply({"maKetQua": False, "thongDiep": "Tham số không hợp lệ"}, status=400, code="400")
    results = [_take_one(simulator, call, sender, str(file)) for file in files]
    good = sum(1 for result in results if result["thanhCong"])
    document = {
        "maKetQua": True,
        "batchId": secrets.token_hex(8),
        "totalSuccess": good,
        "totalFailed": len(results) - good,
        "fileResults": results,
    }
    return Reply(document, code="200")


def look_up(simulator: Simulator, call: Call) -> Reply:
    """The state of one receipt (the path's last part), with its faults once they are known."""
    receipt = call.query.get("receipt", "")
    sender = _sender(simulator, call)
    if isinstance(sender, Refusal):
        return Reply({"maKetQua": False, "thongDiep": sender.message}, status=401, code="401")
    rows = simulator.database.rows(
        "SELECT * FROM received WHERE ma_giao_dich = ? AND facility = ? AND service = 'hub-dossier'",
        receipt,
        sender.code,
    )
    if not rows:
        return Reply({"maKetQua": False, "thongDiep": "Không tìm thấy mã giao dịch"}, status=404, code="404")
    verdict = verdict_of(rows[0], simulator.clock())
    findings = json.loads(rows[0]["findings"]) if verdict == "faulty" else []
    document = {
        "maKetQua": True,
        "maGiaoDich": receipt,
        "trangThai": _STATES[verdict],
        "dsLoi": [{"maLoi": finding["code"], "moTaLoi": finding["message_vi"]} for finding in findings],
    }
    return Reply(document, code="200")


def _take_one(simulator: Simulator, call: Call, sender: SimFacility, text: str) -> dict[str, Any]:
    config, now = simulator.config, simulator.clock()
    body, reading = _read(simulator, sender, text)
    accepted = not reading.code
    receipt = receipt_number() if accepted else ""
    result = {
        "maGiaoDich": receipt,
        "thanhCong": accepted,
        "maLoi": reading.code,
        "thongDiep": reading.message or config.success_message,
    }
    stay = next(iter(reading.tables.get("XML1", ())), {})
    simulator.database.record(
        Arrival(
            at=now,
            service="hub-dossier",
            facility=sender.code,
            purpose="book" if stay.get("MA_DOITUONG_KCB") in config.uninsured_categories else "claim",
            ma_lk=reading.ma_lk,
            ma_giao_dich=receipt,
            body=body,
            sha256=sha256_hex(body),
            answer=result,
            code=reading.code or "200",
            accepted=accepted,
            fault=call.note.fault,
            account=sender.account,
            verdict_at=now + timedelta(seconds=config.verdict_seconds) if accepted else None,
            findings=find_faults(reading, config.uninsured_categories) if accepted else [],
            summary=summary_of(reading),
            replaces=accepted and config.replace == "ma_lk",
        )
    )
    return result


def _read(simulator: Simulator, sender: SimFacility, text: str) -> tuple[bytes, Reading]:
    now = simulator.clock()
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode(), Reading(code="205", message="Tệp không phải base64")
    if data.startswith(b"\xef\xbb\xbf"):
        return data, Reading(code="204", message="Tệp có BOM ở đầu; hãy bỏ")
    try:
        root = parse(data)
    except ValueError as error:
        return data, Reading(code="204", message=f"Không mở được XML ({error})")
    reading = read_dossier(root, layout="3176", facility=sender.code, today=now.date())
    if simulator.config.require_signature and not reading.code:
        problem = check_profile1(root, simulator.accounts.registrations(sender.code), now)
        if problem is not None:
            reading.code, reading.message = problem.code, problem.message
    return data, reading


def _sender(simulator: Simulator, call: Call) -> SimFacility | Refusal:
    bearer = call.header("Authorization").removeprefix("Bearer ").strip()
    id_token, _dot, access = bearer.partition(".")
    return simulator.accounts.authenticate(
        access_token=access, id_token=id_token, username=None, md5=None, address="", any_address=True
    )
