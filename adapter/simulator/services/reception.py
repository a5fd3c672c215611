"""Check-in and dossier of the 130 family: verify, keep, answer (api §3).

Order of judgement: token, sender's identity, file, signature, structure. Which code the real
gateway gives for a bad signature or structure here is not public; 125 and 123 are taken over
from form 09/BH.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapter.simulator.accounts import Refusal
from adapter.simulator.checks.contents import find_faults, summary_of
from adapter.simulator.checks.parsing import Element, parse
from adapter.simulator.checks.signature import check_profile1
from adapter.simulator.checks.structure import Reading, glance, read_dossier, read_single
from adapter.simulator.config import SimFacility
from adapter.simulator.core import Simulator
from adapter.simulator.database import Arrival
from adapter.simulator.faults import Fault
from adapter.simulator.services.paths import Reception
from adapter.simulator.services.wire import Answer, Call, Reply, receipt_number, sha256_hex


@dataclass(frozen=True, slots=True)
class _Desk:
    """One authenticated call at one service."""

    simulator: Simulator
    reception: Reception
    call: Call
    sender: SimFacility
    now: datetime


_FORCED = {
    Fault.CERTIFICATE_EXPIRED: ("125", "Chứng thư số hết hạn"),
    Fault.CERTIFICATE_UNKNOWN: ("125", "Chứng thư số chưa đăng ký hoặc sai số serial"),
    Fault.OVERSIZE: ("1001", "Tệp vượt quá dung lượng cho phép"),
    Fault.GATEWAY_ERROR: ("500", "Lỗi hệ thống, vui lòng gửi lại"),
}


def receive(simulator: Simulator, reception: Reception, call: Call) -> Reply:
    """Take one check-in, dossier or assessment file. Everything an authenticated sender hands over is kept."""
    sender = simulator.accounts.authenticate(
        access_token=call.header("accessToken"),
        id_token=call.header("tokenId"),
        username=call.any("username"),
        md5=call.header("passwordHash"),
        address=call.address,
    )
    now = simulator.clock()
    if isinstance(sender, Refusal):
        answer = Answer(now, sender.code, sender.message)
        status = simulator.config.auth_error_http if sender.code == "401" else 200
        return Reply(answer.document(), status=status, code=sender.code)
    desk = _Desk(simulator, reception, call, sender, now)
    text = call.any("fileHSBase64", "fileHsBase64")
    data = _decode(text)
    if data is None:
        return _conclude(desk, text.encode(), Reading(code="205", message="fileHSBase64 trống hoặc không phải base64"))
    return _conclude(desk, data, _judge(desk, data))


def _judge(desk: _Desk, data: bytes) -> Reading:
    simulator, reception, call, sender, now = desk.simulator, desk.reception, desk.call, desk.sender, desk.now
    config = simulator.config
    for fault, (code, message) in _FORCED.items():
        if call.note.ordered(fault):
            # What the file says is still read, so that the refused row can be found by its MA_LK.
            reading = _read(reception, data, sender.code, now)
            reading.code, reading.message = code, message
            return reading
    if (problem := _identity(reception, call, sender)) is not None:
        return Reading(code=problem.code, message=problem.message)
    if len(data) > config.max_bytes:
        return Reading(code="1001", message="Tệp vượt quá dung lượng cho phép")
    try:
        root = parse(data)
    except ValueError as error:
        return Reading(code="204", message=f"Không mở được XML ({error})")
    if config.examine == "envelope":
        return glance(root)
    reading = _structure(reception, root, sender.code, now)
    if config.require_signature:
        signature = check_profile1(root, simulator.accounts.registrations(sender.code), now)
        if signature is not None:
            # A broken signature says more about a file than its fields do.
            reading.code, reading.message = signature.code, signature.message
    once = not reading.code and reception.table is None and config.replace == "refuse"
    if once and simulator.database.holds(sender.code, reading.ma_lk):
        reading.code, reading.message = "124", "MA_LK đã được tiếp nhận trước đó"
    return reading


def _conclude(desk: _Desk, body: bytes, reading: Reading) -> Reply:
    simulator, reception, call, sender = desk.simulator, desk.reception, desk.call, desk.sender
    config, accepted = simulator.config, not reading.code
    answer = Answer(desk.now, reading.code or "200", reading.message)
    findings: list[dict[str, Any]] = []
    if accepted:
        answer.receipt, answer.message = receipt_number(), config.success_message
        if call.note.ordered(Fault.DUPLICATE_RECEIPT):
            answer.receipt = _latest_receipt(simulator) or answer.receipt
        if (rule := call.note.ordered(Fault.OTHER_MESSAGE)) is not None:
            answer.message = rule.message
        if config.examine == "full":
            findings = find_faults(reading, config.uninsured_categories)
    document = answer.document()
    simulator.database.record(
        Arrival(
            at=answer.at,
            service=reception.service,
            facility=sender.code,
            purpose=_purpose(reception, reading, config.uninsured_categories),
            ma_lk=reading.ma_lk,
            ma_giao_dich=answer.receipt,
            body=body,
            sha256=sha256_hex(body),
            answer=document,
            code=answer.code,
            accepted=accepted,
            fault=call.note.fault,
            account=sender.account,
            verdict_at=answer.at + timedelta(seconds=config.verdict_seconds) if accepted else None,
            findings=findings,
            summary=summary_of(reading),
            replaces=accepted and reception.table is None and config.replace == "ma_lk",
        )
    )
    return Reply(document, code=answer.code)


def _identity(reception: Reception, call: Call, sender: SimFacility) -> Refusal | None:
    code = call.any("maCSKCB", "maCskcb")
    if code != sender.code:
        return Refusal("403", "Mã cơ sở KCB không thuộc tài khoản gửi")
    if call.any("loaiHoSo", "loaiHs") != reception.kind:
        return Refusal("205", f"loaiHoSo phải là {reception.kind} cho dịch vụ này")
    if call.any("maTinh") != code[:2]:
        return Refusal("205", "maTinh phải là hai ký tự đầu của mã cơ sở KCB")
    return None


def _structure(reception: Reception, root: Element, facility: str, now: datetime) -> Reading:
    if reception.table is None:
        return read_dossier(root, layout=reception.layout, facility=facility, today=now.date())
    return read_single(root, table=reception.table, layout=reception.layout, facility=facility, today=now.date())


def _read(reception: Reception, data: bytes, facility: str, now: datetime) -> Reading:
    try:
        return _structure(reception, parse(data), facility, now)
    except ValueError:
        return Reading()


def _purpose(reception: Reception, reading: Reading, uninsured: tuple[str, ...]) -> str:
    if reception.table == "XML0":
        return "checkin"
    if reception.table is not None:
        return ""
    stay = next(iter(reading.tables.get("XML1", ())), {})
    return "book" if stay.get("MA_DOITUONG_KCB") in uninsured else "claim"


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _latest_receipt(simulator: Simulator) -> str:
    found = simulator.database.rows("SELECT ma_giao_dich FROM received WHERE accepted = 1 ORDER BY seq DESC LIMIT 1")
    return str(found[0]["ma_giao_dich"]) if found else ""
