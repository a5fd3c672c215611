"""One look at everything an installation needs: what is wrong, and what to do about it.

Each part is tried as the stages would use it; nothing is changed and nothing is sent but a login.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import text

from adapter.clock import VIETNAM, Clock, system_clock
from adapter.engine.opening import open_store
from adapter.errors import BhytError
from adapter.gateway.client import GatewayClient, Ping
from adapter.settings import Facility, Settings
from adapter.signing.checks import days_left, expiry_step, require_usable, serial_hex
from adapter.store import Store
from adapter.vault.opening import open_vault
from adapter.watch.tell import channels

if TYPE_CHECKING:
    from adapter.engine.installation import FacilityLine

_LOW_DISK_BYTES = 2 * 1024**3
_CLOCK_OFF = 60.0  # seconds

Level = Literal["ok", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report. ``facility`` is empty for what all share."""

    part: str
    level: Level
    message_vi: str
    message_en: str
    hint_vi: str = ""
    hint_en: str = ""
    facility: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For ``--json`` and the API."""
        return {
            "part": self.part,
            "facility": self.facility,
            "severity": self.level,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
            "hint_vi": self.hint_vi,
            "hint_en": self.hint_en,
        }


def examine(settings: Settings, clock: Clock = system_clock) -> Iterator[Check]:
    """Look at disk, vault, alerts and store, then at each facility's mapping, source, key, lists and gateway."""
    yield _disk(settings)
    yield _tried("vault", lambda: _vault(settings))
    yield _tried("alerts", lambda: _alerts(settings))
    try:
        with open_store(settings, clock) as store:
            yield _store(store)
            for facility in settings.facilities:
                yield from _facility(settings, facility, store, clock)
    except BhytError as error:
        yield _failed("store", error)


def _facility(settings: Settings, facility: Facility, store: Store, clock: Clock) -> Iterator[Check]:
    from adapter.engine.installation import FacilityLine

    line = FacilityLine(settings, facility, store, clock)
    try:
        pings: list[Ping] = []
        parts: dict[str, Callable[[], Check]] = {
            "mapping": lambda: _mapping(line),
            "source": lambda: _source(line),
            "certificate": lambda: _certificate(line, clock),
            "catalogues": lambda: _catalogues(store, facility, clock),
            "gateway": lambda: _gateway(settings, facility, clock, pings),
            "token": lambda: _token(pings[0], clock),
            "clock": lambda: _clock(pings[0], clock),
        }
        for name, look in parts.items():
            if (name == "source" and facility.source is None) or (name in {"token", "clock"} and not pings):
                continue
            check = _tried(name, look)
            yield Check(
                check.part,
                check.level,
                check.message_vi,
                check.message_en,
                check.hint_vi,
                check.hint_en,
                facility.code,
            )
    finally:
        line.close()


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.workdir).free
    gigabytes = f"{free / 1024**3:.1f} GB"
    if free < _LOW_DISK_BYTES:
        return Check(
            "disk",
            "error",
            f"Đĩa chỉ còn {gigabytes}",
            f"Only {gigabytes} of disk are left",
            "dọn đĩa hoặc chuyển thư mục làm việc; đĩa đầy thì không ghi được gì nữa",
            "free some, or move the workdir; nothing can be kept on a full disk",
        )
    return Check("disk", "ok", f"Đĩa còn {gigabytes}", f"{gigabytes} of disk are free")


def _store(store: Store) -> Check:
    with store.database.read() as connection:
        connection.execute(text("SELECT 1"))
    kind = "PostgreSQL" if store.database.is_postgres else "SQLite"
    return Check("store", "ok", f"Kho lưu {kind} trả lời, đúng phiên bản", f"The {kind} store answers, schema fits")


def _mapping(line: FacilityLine) -> Check:
    plan = line.part("plan")
    return Check("mapping", "ok", f"Ánh xạ {plan.name} ({plan.hash[:12]})", f"Mapping {plan.name} ({plan.hash[:12]})")


def _source(line: FacilityLine) -> Check:
    line.part("source")
    return Check("source", "ok", "HIS trả lời, đủ bảng và cột", "The HIS answers with every table and column")


def _certificate(line: FacilityLine, clock: Clock) -> Check:
    certificate = line.part("key").certificate
    require_usable(certificate, line.facility.certificate, clock())
    left, step = days_left(certificate, clock()), expiry_step(certificate, clock())
    serial = serial_hex(certificate)
    if step is not None:
        return Check(
            "certificate",
            "error" if step <= 7 else "warning",
            f"Chứng thư {serial} còn {left} ngày",
            f"Certificate {serial} ends in {left} days",
            "gia hạn ngay, đăng ký số sê-ri mới trên cổng",
            "renew it now and register the new serial on the portal",
        )
    return Check(
        "certificate",
        "ok",
        f"Chứng thư {serial} còn {left} ngày",
        f"Certificate {serial} is valid for {left} more days",
    )


def _tried(part: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except BhytError as error:
        return _failed(part, error)


def _vault(settings: Settings) -> Check:
    path = settings.path(settings.vault.key_file)
    if not path.is_file():
        return Check(
            "vault", "warning", "Chưa có tệp khóa; được tạo khi chạy lần đầu", "No key file yet; made at first start"
        )
    if os.name == "posix" and path.stat().st_mode & 0o077:
        return Check(
            "vault", "error", f"Người dùng khác đọc được {path.name}", f"Others can read {path.name}",
            f"chmod 600 {path.name}", f"chmod 600 {path.name}",
        )  # fmt: skip
    open_vault(settings, create=False)
    return Check("vault", "ok", "Mở được tệp khóa; giữ một bản ở nơi khác", "The key file opens; keep a copy elsewhere")


def _alerts(settings: Settings) -> Check:
    if not settings.alerts:
        return Check(
            "alerts", "warning", "Chưa có kênh cảnh báo", "No alert channel",
            "thêm địa chỉ Apprise vào alerts, rồi thử: bhyt alerts test",
            "add an Apprise address under alerts, then try: bhyt alerts test",
        )  # fmt: skip
    channels(settings)
    count = len(settings.alerts)
    return Check("alerts", "ok", f"{count} kênh cảnh báo hiểu được", f"{count} alert channels are understood")


def _catalogues(store: Store, facility: Facility, clock: Clock) -> Check:
    lists = store.catalogues.lists(clock().astimezone(VIETNAM).date(), facility.code)
    rows = sum(int(one["rows_in_force"]) for one in lists)
    if not rows:
        return Check(
            "catalogues", "info", "Chưa nạp danh mục nào; luật cần danh mục sẽ nói là không kiểm được",
            "No list is loaded; rules that need one say that they could not look",
            "bhyt catalogue import", "bhyt catalogue import",
        )  # fmt: skip
    return Check(
        "catalogues",
        "ok",
        f"{len(lists)} danh mục, {rows} dòng đang hiệu lực",
        f"{len(lists)} lists, {rows} rows in force",
    )


def _token(ping: Ping, clock: Clock) -> Check:
    minutes = (ping.expires_at - clock()).total_seconds() / 60
    if minutes <= 0:
        return Check(
            "token", "error", "Token của cổng hết hạn ngay khi nhận", "The gateway's token is over when it arrives",
            "xem đồng hồ máy", "look at this machine's clock",
        )  # fmt: skip
    return Check("token", "ok", f"Token còn {minutes:.0f} phút", f"The token lives {minutes:.0f} minutes")


def _clock(ping: Ping, clock: Clock) -> Check:
    if ping.gateway_time is None:
        return Check("clock", "info", "Cổng không nói giờ của nó", "The gateway does not tell its time")
    off = abs((clock() - ping.gateway_time).total_seconds())
    vi, en = f"Đồng hồ lệch cổng {off:.0f} giây", f"The clock is {off:.0f} seconds off the gateway's"
    if off > _CLOCK_OFF:
        return Check(
            "clock", "error" if off > 10 * _CLOCK_OFF else "warning", vi, en,
            "bật đồng bộ giờ (NTP); chữ ký và bản tin tiếp đón mang giờ của máy này",
            "turn time synchronisation (NTP) on; signatures and check-ins carry this machine's time",
        )  # fmt: skip
    return Check("clock", "ok", vi, en)


def _gateway(settings: Settings, facility: Facility, clock: Clock, pings: list[Ping]) -> Check:
    client = GatewayClient(facility, settings, clock)
    try:
        answer = client.ping()
        pings.append(answer)
    finally:
        client.close()
    outgoing = "proxy" if answer.through_proxy else answer.outgoing_address or "?"
    registered = settings.gateway.registered_address
    told_vi = f"Đăng nhập được sau {answer.milliseconds} ms, đi ra từ {outgoing}"
    told_en = f"Login works in {answer.milliseconds} ms, leaving from {outgoing}"
    if registered is None:
        return Check("gateway", "ok", told_vi, told_en)
    told_vi, told_en = f"{told_vi}; đã đăng ký {registered}", f"{told_en}; registered: {registered}"
    if outgoing not in (registered, "proxy"):
        return Check(
            "gateway",
            "warning",
            told_vi,
            told_en,
            "địa chỉ của máy khác địa chỉ đã đăng ký; sau NAT điều này là thường, nếu không hãy sửa source_address",
            "this machine's address is not the registered one; usual behind NAT, else correct source_address",
        )
    return Check("gateway", "ok", told_vi, told_en)


def _failed(part: str, error: BhytError) -> Check:
    place = f"{error.where}: " if error.where is not None and str(error.where) else ""
    return Check(
        part, "error", f"{place}{error.message_vi}", f"{place}{error.message_en}", error.hint_vi, error.hint_en
    )
