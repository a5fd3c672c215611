"""A small client of the practice gateway for tests: raw calls, no code of the product's own client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from adapter.simulator import SimFacility, SimulatorConfig
from adapter.simulator.config import md5_upper
from tests.support.gateway_files import ACCOUNT, FACILITY, PASSWORD, base64_text, identity

DOSSIER = "/api/qd130/guiHoSoXmlQD3176"
CHECKIN = "/api/qd130/checkInKcbQd3176"


def practice_config(folder: Path, **changes: Any) -> SimulatorConfig:
    """One registered facility, a free port, verdicts at once."""
    facility = SimFacility(
        code=FACILITY,
        account=ACCOUNT,
        md5=md5_upper(PASSWORD),
        certificates=(identity().certificate,),
        staff={"000000000001": "Nguyễn Thị Tra Cứu"},
    )
    values: dict[str, Any] = {
        "database": folder / "gateway.db",
        "port": 0,
        "facilities": (facility,),
        "verdict_seconds": 0,
        **changes,
    }
    return SimulatorConfig(**values)


class RawClient:
    """Calls as a HIS would write them by hand."""

    def __init__(self, url: str, **headers: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=20, headers=headers)
        self.key: dict[str, str] = {}

    def close(self) -> None:
        self.http.close()

    def login(self, *, account: str = ACCOUNT, password: str = PASSWORD) -> dict[str, Any]:
        form = {"username": account, "password": md5_upper(password)}
        answer: dict[str, Any] = self.http.post("/api/token/take", data=form).json()
        self.key = answer["APIKey"] or {}
        return answer

    def headers(self) -> dict[str, str]:
        return {
            "accessToken": self.key.get("access_token", ""),
            "tokenId": self.key.get("id_token", ""),
            "passwordHash": md5_upper(PASSWORD),
        }

    def send(self, document: bytes, path: str = DOSSIER, *, as_json: bool = False, **changes: str) -> httpx.Response:
        fields = {
            "username": ACCOUNT,
            "loaiHoSo": "0" if "checkIn" in path else "130",
            "maTinh": FACILITY[:2],
            "maCSKCB": FACILITY,
            "fileHSBase64": base64_text(document),
            **changes,
        }
        if as_json:
            return self.http.post(path, json=fields, headers=self.headers())
        return self.http.post(path, data=fields, headers=self.headers())
