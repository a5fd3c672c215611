"""Card look-up 2024, history 2025, co-payment balance (api §4).

The order in which the real register compares things is not documented; here: sender, staff,
form of the parameters, card, name, day of birth, state of the card.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from adapter.clock import VIETNAM
from adapter.simulator.accounts import Refusal
from adapter.simulator.cards import CardRegister, CoPayment, SimCard, Visit
from adapter.simulator.config import SimFacility
from adapter.simulator.core import Simulator
from adapter.simulator.faults import Fault
from adapter.simulator.services.wire import Call, Reply

_BIRTH = re.compile(r"(\d{2}/\d{2}/|\d{2}/)?\d{4}")
_NOTES = {
    "000": "Thông tin thẻ chính xác",
    "001": "Thẻ do BHXH Bộ Quốc phòng quản lý, đề nghị kiểm tra thẻ và thông tin giấy tờ tùy thân",
    "002": "Thẻ do BHXH Bộ Công an quản lý, đề nghị kiểm tra thẻ và thông tin giấy tờ tùy thân",
    "003": "Thẻ cũ hết giá trị sử dụng nhưng đã được cấp thẻ mới",
    "004": "Thẻ cũ còn giá trị sử dụng nhưng đã được cấp thẻ mới",
    "010": "Thẻ hết giá trị sử dụng",
    "050": "Không thấy thông tin thẻ BHYT",
    "051": "Mã thẻ không đúng",
    "052": "Mã tỉnh cấp thẻ (ký tự thứ 4, 5) không đúng",
    "053": "Mã quyền lợi thẻ (ký tự thứ 3) không đúng",
    "054": "Số CCCD của người tra cứu không có trong danh sách cơ sở KCB đã đăng ký",
    "055": "Họ tên người tra cứu không khớp số CCCD",
    "060": "Thẻ sai họ tên",
    "061": "Thẻ sai họ tên (đúng ký tự đầu)",
    "070": "Thẻ sai ngày sinh",
    "100": "Lỗi khi lấy dữ liệu sổ thẻ",
    "101": "Lỗi máy chủ",
    "110": "Thẻ đã thu hồi",
    "120": "Thẻ đã báo giảm",
    "121": "Thẻ đã báo giảm, giảm chuyển ngoại tỉnh",
    "122": "Thẻ đã báo giảm, giảm chuyển nội tỉnh",
    "123": "Thẻ đã báo giảm, thu hồi do tăng lại cùng đơn vị",
    "124": "Thẻ đã báo giảm, ngừng tham gia",
    "130": "Trẻ em không xuất trình thẻ",
    "205": "Tham số truyền vào sai định dạng",
    "401": "Lỗi xác thực tài khoản",
    "500": "Lỗi máy chủ",
}
_RESTRICTED = "Tài khoản thuộc danh sách hạn chế tra cứu"
_HISTORY_KEYS = ("dsLichSuKCB2018", "dsLichSuKT2018")


def card(simulator: Simulator, register: CardRegister, call: Call) -> Reply:
    """``KQNhanLichSuKCB2024``: is this card good for this person. Its history list is null since 2025 (C)."""
    found = _find(simulator, register, call, eight_digits=True)
    if isinstance(found, Reply):
        return found
    code, note = _state_of(found, simulator.clock())
    document: dict[str, Any] = {
        "maKetQua": code,
        "ghiChu": note,
        "maThe": found.number,
        "hoTen": found.name,
        "ngaySinh": found.birth,
        "gioiTinh": found.sex,
        "diaChi": found.address,
        "maDKBD": found.registered_at,
        "cqBHXH": f"BHXH tỉnh/thành phố {found.number[3:5]}",
        "gtTheTu": found.valid_from,
        "gtTheDen": found.valid_to,
        "maKV": found.region,
        "ngayDu5Nam": found.five_years,
        "maSoBHXH": found.insurance,
        "maTheCu": found.number if found.new_number else "",
        "maTheMoi": found.new_number,
        "gtTheTuMoi": found.new_from,
        "gtTheDenMoi": found.new_to,
        "maDKBDMoi": found.registered_at if found.new_number else "",
        "tenDKBDMoi": "",
        **dict.fromkeys(_HISTORY_KEYS),
    }
    return Reply(document, code=code)


def history(simulator: Simulator, register: CardRegister, call: Call) -> Reply:
    """``Lskcb2025``: the visits of a card, registered ones and those this gateway received itself."""
    if not simulator.config.history_json and "json" in call.header("content-type").lower():
        return Reply({"maKetQua": "205", "ghiChu": "Body phải là form", "dsLichSuKCB2025": None}, code="205")
    found = _find(simulator, register, call, eight_digits=False)
    if isinstance(found, Reply):
        return found
    visits = [_visit(f"SIM{number}", visit) for number, visit in enumerate(found.visits, 1)]
    visits += _received_visits(simulator, found.number)
    null = not visits or call.note.ordered(Fault.HISTORY_NULL) is not None
    return Reply({"maKetQua": "000", "ghiChu": "", "dsLichSuKCB2025": None if null else visits}, code="000")


def copayment(simulator: Simulator, register: CardRegister, call: Call) -> Reply:
    """``TraCuuTienMCCT``: what the patient has paid towards the yearly limit. A refused token is HTTP 401, empty."""
    sender = simulator.accounts.authenticate(
        access_token=call.header("accessToken"),
        id_token=call.header("tokenId"),
        username=None,
        md5=call.header("passwordHash"),
        address=call.address,
    )
    # Whether ``username`` wants the account or the facility code was still open in August 2026: both are taken.
    if isinstance(sender, Refusal) or call.any("username") not in (sender.account, sender.code):
        return Reply(None, status=401, code="401")
    if call.note.ordered(Fault.RESTRICTED):
        return _money(_RESTRICTED, "500", status=500)
    if call.note.ordered(Fault.GATEWAY_ERROR):
        return _money("Lỗi hệ thống", "500", status=500)
    number, name, birth = (call.any(key).strip() for key in ("maThe", "hoTen", "ngaySinh"))
    if not (name and birth) or len(number) not in (10, 12, 15):
        return _money("Thiếu tham số hoặc mã thẻ không đúng độ dài 10, 12, 15", "400", status=400)
    found = register.find(number)
    if found is None or _plain(found.name) != _plain(name) or not found.copayments:
        return _money("Không tìm thấy thẻ hoặc thẻ chưa phát sinh cùng chi trả", "204")
    rows = sorted(found.copayments, key=lambda row: row.end[6:] + row.end[3:5] + row.end[:2], reverse=True)
    today = simulator.clock().strftime("%d/%m/%Y")
    document: dict[str, Any] = {
        "MaKetQua": "200",
        "GhiChu": "",
        "DataCCT": [_copayment(found, row, today, index) for index, row in enumerate(rows, 1)],
        "ThongTinSoThe": {
            "hoTen": found.name,
            "ngaySinh": found.birth,
            "ngayKetThuc": found.valid_to,
            "maBhxh": found.insurance,
        },
    }
    return Reply(document, code="200")


def retired(_call: Call) -> Reply:
    """Functions closed on 01/08/2024. What the real server answers there is not known."""
    return Reply({"Message": "No HTTP resource was found that matches the request URI."}, status=404, code="404")


def _find(simulator: Simulator, register: CardRegister, call: Call, *, eight_digits: bool) -> SimCard | Reply:
    sender = simulator.accounts.authenticate(
        access_token=call.query.get("token", ""),
        id_token=call.query.get("id_token", ""),
        username=call.query.get("username", ""),
        md5=call.query.get("password", ""),
        address=call.address,
    )
    if isinstance(sender, Refusal):
        return _told("401", sender.message, status=simulator.config.auth_error_http)
    if call.note.ordered(Fault.GATEWAY_ERROR):
        return _told("101")
    if call.note.ordered(Fault.RESTRICTED):
        return _told("500", _RESTRICTED)
    if (problem := _asker(sender, call) or _parameters(call, eight_digits=eight_digits)) is not None:
        return problem
    found = register.find(call.any("maThe").strip())
    if found is None:
        return _told("050")
    return _person(found, call) or found


def _asker(sender: SimFacility, call: Call) -> Reply | None:
    if not call.any("hoTenCb"):
        return _told("205", "Null hoTenCb")
    name = sender.staff.get(call.any("cccdCb").strip())
    if name is None:
        return _told("054")
    return None if _plain(name) == _plain(call.any("hoTenCb")) else _told("055")


def _parameters(call: Call, *, eight_digits: bool) -> Reply | None:
    number, birth = call.any("maThe").strip(), call.any("ngaySinh").strip()
    eight = eight_digits and len(birth) == 8 and birth.isdigit()
    if not call.any("hoTen") or not (eight or _BIRTH.fullmatch(birth)):
        return _told("205")
    if len(number) not in (10, 12, 15):
        return _told("051")
    if len(number) == 15:
        if number[2] not in "12345":
            return _told("053")
        if not number[3:5].isdigit():
            return _told("052")
    return None


def _person(found: SimCard, call: Call) -> Reply | None:
    name = _plain(call.any("hoTen"))
    if name != _plain(found.name):
        return _told("061" if name[:1] == _plain(found.name)[:1] else "060")
    birth = call.any("ngaySinh").strip()
    if len(birth) == 8 and birth.isdigit():
        birth = f"{birth[:2]}/{birth[2:4]}/{birth[4:]}"
    return None if found.birth.endswith(birth) or birth.endswith(found.birth) else _told("070")


def _state_of(found: SimCard, now: datetime) -> tuple[str, str]:
    code: str = found.code
    if code == "000" and found.valid_to:
        last = datetime.strptime(found.valid_to, "%d/%m/%Y").replace(tzinfo=VIETNAM)
        if last.date() < now.astimezone(VIETNAM).date():
            code = "010"
    return code, _NOTES[code]


def _told(code: str, note: str = "", *, status: int = 200) -> Reply:
    return Reply({"maKetQua": code, "ghiChu": note or _NOTES[code]}, status=status, code=code)


def _money(note: str, code: str, *, status: int = 200) -> Reply:
    document: dict[str, Any] = {"MaKetQua": code, "GhiChu": note, "DataCCT": [], "ThongTinSoThe": None}
    return Reply(document, status=status, code=code)


def _copayment(found: SimCard, row: CoPayment, today: str, index: int) -> dict[str, Any]:
    return {
        "Id": index,
        "ngayTraCuu": today,
        "maThe": found.number,
        "maCskcb": row.facility,
        "ngayVao": row.start,
        "ngayRa": row.end,
        "maDoiTuongKCB": row.category,
        "tBNCCTMCCT": row.amount,
        "tBNCCTLuyKe": row.total,
        "ngayNhanCong": row.received,
        "ngayNhan": row.received,
        **{f"duPhong{number}": "" for number in range(1, 6)},
    }


def _visit(number: str, visit: Visit) -> dict[str, Any]:
    return {
        "maHoSo": number,
        "maCSKCB": visit.facility,
        "ngayVao": visit.start,
        "ngayRa": visit.end,
        "tenBenh": visit.disease,
        "tinhTrang": visit.state,
        "kqDieuTri": visit.result,
        "lyDoVV": visit.reason,
    }


def _received_visits(simulator: Simulator, number: str) -> list[dict[str, Any]]:
    rows = simulator.database.rows(
        "SELECT seq, facility, json_extract(summary, '$.NGAY_VAO') AS start, json_extract(summary, '$.NGAY_RA') AS end"
        " FROM received WHERE accepted = 1 AND replaced_by IS NULL AND purpose = 'claim'"
        " AND instr(json_extract(summary, '$.MA_THE_BHYT'), ?) > 0 ORDER BY seq DESC LIMIT 50",
        number,
    )
    return [
        _visit(str(row["seq"]), Visit(facility=row["facility"], start=row["start"] or "", end=row["end"] or ""))
        for row in rows
    ]


def _plain(name: str) -> str:
    return " ".join(name.upper().split())
