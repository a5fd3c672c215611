"""``/api/token/take``: form or JSON, password as MD5, token pair out (api §2)."""

from __future__ import annotations

from adapter.simulator.accounts import Refusal
from adapter.simulator.core import Simulator
from adapter.simulator.faults import Fault
from adapter.simulator.services.wire import Call, Reply


def take_token(simulator: Simulator, call: Call) -> Reply:
    """Codes 200, 401, 402, 403, 500; a refusal comes with HTTP 200 unless configured otherwise."""
    if call.note.ordered(Fault.GATEWAY_ERROR):
        return _refusal(simulator, Refusal("500", "Lỗi hệ thống"), http=200)
    result = simulator.accounts.login(
        call.any("username"), call.any("password"), call.address, call.any("maCSKCB", "maCskcb")
    )
    if isinstance(result, Refusal):
        return _refusal(simulator, result, http=simulator.config.login_error_http)
    key = {
        "access_token": result.access_token,
        "id_token": result.id_token,
        "token_type": "Bearer",
        "username": call.any("username"),
        "expires_in": result.expires_in,
    }
    return Reply({"maKetQua": "200", "APIKey": key}, code="200")


def _refusal(_simulator: Simulator, refusal: Refusal, *, http: int) -> Reply:
    document = {"maKetQua": refusal.code, "APIKey": None, "thongDiep": refusal.message}
    return Reply(document, status=http, code=refusal.code)
