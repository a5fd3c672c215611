"""Catalogues 01–06/DM, monthly summary 01/BH, adjustment 09/BH, certificates (api §6).

All carry profile 2 signatures. Refusals come with HTTP 200 and the code in the body. Row fields of
the catalogues and of 01/BH are not checked: their lists were not studied for this simulator.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from adapter.simulator.accounts import Refusal
from adapter.simulator.checks.forms import is_datetime12
from adapter.simulator.checks.parsing import Element, parse
from adapter.simulator.checks.signature import HOLDER, check_profile2
from adapter.simulator.config import SimFacility
from adapter.simulator.core import Simulator
from adapter.simulator.database import Arrival
from adapter.simulator.faults import Fault
from adapter.simulator.services.paths import (
    ADJUSTMENT_PATH,
    CATALOGUES,
    CERTIFICATES_PATH,
    E_PAPERS_PATH,
    SUMMARY_PATH,
    Catalogue,
)
from adapter.simulator.services.wire import Answer, Call, Reply, digits14, receipt_number, sha256_hex

_TOO_LARGE = "Tệp vượt quá dung lượng cho phép"
Check = Callable[[Element, Call, SimFacility], None]
"""Looks at the contents; raises Refused."""


class Refused(Exception):
    """A jump out of a check with the answer's code and message."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Filing:
    """One service that takes a signed file. ``roots``: ``loaiHs`` → (root, signed element)."""

    path: str
    service: str
    roots: dict[str, tuple[str, str]]
    file_field: str
    credentials: Literal["headers", "body"]
    answer: Literal["maKetQua", "MaGD"]
    check: Check


def take(simulator: Simulator, filing: Filing, call: Call) -> Reply:
    """Verify and keep one file."""
    in_body = filing.credentials == "body"
    sender = simulator.accounts.authenticate(
        access_token=call.any("token") if in_body else call.header("accessToken"),
        id_token=call.any("id_token") if in_body else call.header("tokenId"),
        username=call.any("username"),
        md5=call.any("password") if in_body else call.header("passwordHash"),
        address=call.address,
    )
    now = simulator.clock()
    if isinstance(sender, Refusal):
        return _reply(filing, Answer(now, sender.code, sender.message))
    text = call.any(filing.file_field, "fileHsBase64", "fileHSBase64", "fileBase64Str")
    data = _decode(text)
    answer = Answer(now, "200", "Tiếp nhận thành công", receipt_number())
    try:
        _forced(call)
        if data is None:
            raise Refused("205", "Tệp trống hoặc không phải base64")
        _judge(simulator, filing, call, sender, data)
    except Refused as refused:
        answer = Answer(now, refused.code, refused.message)
    accepted = answer.code == "200"
    if accepted and (rule := call.note.ordered(Fault.OTHER_MESSAGE)) is not None:
        answer.message = rule.message
    reply = _reply(filing, answer)
    body = text.encode() if data is None else data
    simulator.database.record(
        Arrival(
            at=now,
            service=filing.service,
            facility=sender.code,
            ma_lk=_link(data),
            ma_giao_dich=answer.receipt,
            body=body,
            sha256=sha256_hex(body),
            answer=reply.document or {},
            code=answer.code,
            accepted=accepted,
            fault=call.note.fault,
            account=sender.account,
            verdict_at=now if accepted else None,
        )
    )
    return reply


def filings() -> tuple[Filing, ...]:
    """Every service of this kind."""
    catalogues = [
        Filing(
            c.path, c.service, {c.kind: ("HSDANHMUC", c.listing)}, "fileHsBase64", "headers", "maKetQua", _rows_of(c)
        )
        for c in CATALOGUES
    ]
    return (
        *catalogues,
        Filing(SUMMARY_PATH, "summary-01bh", {"5": ("HSTH01BH", "")}, "fileHsBase64", "headers", "maKetQua", _nothing),
        Filing(
            ADJUSTMENT_PATH,
            "adjustment-09bh",
            {"73": ("HOSO_DIEUCHINH_GD", "TT_HOSO")},
            "fileHsBase64",
            "headers",
            "maKetQua",
            _adjustment,
        ),
        Filing(
            CERTIFICATES_PATH,
            "certificates",
            {"39": ("HSCHUNGTU", "THONGTINHOSO")},
            "fileBase64Str",
            "body",
            "MaGD",
            _nothing,
        ),
        Filing(
            E_PAPERS_PATH,
            "epapers",
            {"60": ("HSDLGBT", "GIAYBAOTU"), "61": ("HSDLGCS", "GIAYCHUNGSINH")},
            "fileBase64Str",
            "body",
            "MaGD",
            _nothing,
        ),
    )


def _judge(simulator: Simulator, filing: Filing, call: Call, sender: SimFacility, data: bytes) -> None:
    """Raises Refused with the first thing that is wrong."""
    if call.any("maCSKCB", "maCskcb") != sender.code:
        raise Refused("402", "Mã cơ sở KCB không thuộc tài khoản gửi")
    kind = call.any("loaiHs", "loaiHoSo")
    if kind not in filing.roots:
        raise Refused("205", f"loaiHs phải là {' hoặc '.join(filing.roots)}")
    if len(data) > simulator.config.max_bytes:
        raise Refused("1001", _TOO_LARGE)
    try:
        root = parse(data)
    except ValueError as error:
        raise Refused("204", f"Không mở được XML ({error})") from error
    tag, signed = filing.roots[kind]
    if root.tag != tag:
        raise Refused("123", f"Gốc phải là {tag}")
    children = [child.tag for child in root if isinstance(child.tag, str)]
    if len(children) != 2 or children[1] != HOLDER or (signed and children[0] != signed):
        raise Refused("123", f"{tag} phải gồm {signed or 'phần nội dung'} rồi {HOLDER}")
    filing.check(root, call, sender)
    if simulator.config.require_signature:
        problem = check_profile2(root, simulator.accounts.registrations(sender.code), simulator.clock())
        if problem is not None:
            raise Refused(problem.code, problem.message)


def _rows_of(catalogue: Catalogue) -> Check:
    def check(root: Element, _call: Call, sender: SimFacility) -> None:
        rows = [child for child in root[0] if isinstance(child.tag, str)]
        if not rows:
            raise Refused("204", "Danh mục không có dòng nào")
        for number, row in enumerate(rows, 1):
            if row.tag != catalogue.row:
                raise Refused("123", f"Dòng {number}: thẻ phải là {catalogue.row}")
            if (code := row.findtext("MA_CSKCB")) is not None and code != sender.code:
                raise Refused("123", f"Dòng {number}: MA_CSKCB khác mã cơ sở của tài khoản gửi")

    return check


def _adjustment(root: Element, call: Call, sender: SimFacility) -> None:
    period = call.any("kyQT")
    if len(period) != 6 or not period.isdigit() or not 1 <= int(period[4:]) <= 12:
        raise Refused("205", "kyQT phải có dạng yyyyMM")
    if any(root.nsmap):
        raise Refused("123", "Gốc không được khai báo không gian tên")
    file = root[0]
    stay = file.find("TT_XML1")
    if file.findtext("TT_MAU/MAU_SO") != "09/BH":
        raise Refused("123", "TT_MAU.MAU_SO phải là 09/BH")
    if file.findtext("TT_MAU/MA_CSKCB") != sender.code:
        raise Refused("123", "TT_MAU.MA_CSKCB khác mã cơ sở của tài khoản gửi")
    if stay is None or not stay.findtext("MA_LK"):
        raise Refused("123", "Thiếu TT_XML1.MA_LK")
    if file.find("TT_DIEUCHINH") is None:
        raise Refused("204", "Không có nội dung điều chỉnh (TT_DIEUCHINH)")
    start, end = stay.findtext("NGAY_VAO"), stay.findtext("NGAY_RA")
    if any(day is not None and not is_datetime12(day) for day in (start, end)):
        raise Refused("202", "NGAY_VAO, NGAY_RA phải đủ 12 chữ số")
    if start and end and end < start:
        raise Refused("124", "NGAY_RA trước NGAY_VAO")
    if (own := stay.findtext("KY_QT")) is not None and own != period:
        raise Refused("124", "TT_XML1.KY_QT khác kyQT")


def _nothing(_root: Element, _call: Call, _sender: SimFacility) -> None:
    """The contents of this form are not checked."""


def _forced(call: Call) -> None:
    if call.note.ordered(Fault.CERTIFICATE_EXPIRED):
        raise Refused("125", "Chứng thư số hết hạn")
    if call.note.ordered(Fault.CERTIFICATE_UNKNOWN):
        raise Refused("125", "Chứng thư số chưa đăng ký hoặc sai số serial")
    if call.note.ordered(Fault.OVERSIZE):
        raise Refused("1001", _TOO_LARGE)
    if call.note.ordered(Fault.GATEWAY_ERROR):
        raise Refused("500", "Lỗi hệ thống")


def _reply(filing: Filing, answer: Answer) -> Reply:
    document: dict[str, Any] = answer.document()
    if filing.answer == "MaGD":
        document = {
            "MaGD": answer.receipt,
            "MaKetQua": answer.code,
            "ThoiGianTiepNhan": digits14(answer.at),
            "ThongDiep": answer.message,
        }
    return Reply(document, code=answer.code)


def _link(data: bytes | None) -> str:
    try:
        return (parse(data).findtext(".//MA_LK") or "") if data else ""
    except ValueError:
        return ""


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None
