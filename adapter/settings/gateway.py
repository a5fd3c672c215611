"""The gateway: how it is reached, how its answers are taken, who asks it about cards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from adapter.settings.part import Part


class GatewaySettings(Part):
    """The reception gateway and how a lost or strange answer is taken."""

    base_url: str = "http://127.0.0.1:8130"
    environment: Literal["simulator", "training", "production"] = "simulator"
    proxy: str | None = None
    source_address: str | None = None
    registered_address: str | None = Field(
        default=None, description="public address registered with BHXH (form 01/dk-ip-ctn); shown by doctor"
    )
    ca_file: Path | None = None
    connect_timeout: Annotated[float, Field(gt=0)] = 10
    read_timeout: Annotated[float, Field(gt=0)] = 60
    max_in_flight: Annotated[int, Field(ge=1, le=64)] = 4
    unknown_policy: Literal["resend", "hold"] = "resend"
    remark_policy: Literal["accepted", "refused", "hold"] = "accepted"
    unknown_wait: Annotated[float, Field(ge=0, description="seconds before the same bytes go again")] = 600
    unknown_repeats: Annotated[int, Field(ge=0, description="how often, before a person asks the portal")] = 3
    retry_budget: Annotated[int, Field(ge=1, description="answered failures of one revision before it is held")] = 20
    back_off_first: Annotated[float, Field(gt=0)] = 5
    back_off_longest: Annotated[float, Field(gt=0)] = 900
    auth_pause: Annotated[float, Field(gt=0, description="seconds without sending after a refused login")] = 900
    breaker_failures: Annotated[int, Field(ge=1, description="failures in a row that open the breaker")] = 5
    breaker_first: Annotated[float, Field(gt=0)] = 30
    breaker_longest: Annotated[float, Field(gt=0)] = 600
    per_second: Annotated[float | None, Field(gt=0, description="sendings per second, service and worker")] = None
    success_message: str = Field(
        default="Tiếp nhận thành công",
        description="thongDiep that means success without remark; the documents give no closed list",
    )


class ResendSettings(Part):
    """What a change in the HIS after a receipt does."""

    after_receipt: Literal["auto", "hold"] = "auto"


class ReceptionStaff(Part):
    """A person at the reception desk: name and citizen number as registered with BHXH for card look-ups."""

    user: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(min_length=1)]
    citizen_number: Annotated[str, Field(pattern=r"^\d{12}$")]


class ReceptionSettings(Part):
    """Card and history look-ups: who may ask, how often, how long an answer is kept in memory."""

    staff: tuple[ReceptionStaff, ...] = ()
    cache_seconds: Annotated[float, Field(ge=0, le=3600)] = 300
    per_minute: Annotated[int, Field(ge=1, description="questions to the gateway per facility")] = 30
    timeout: Annotated[float, Field(gt=0, description="seconds a patient at the desk waits for the gateway")] = 15
    pause: Annotated[float, Field(gt=0, description="seconds without questions after the account was restricted")] = 900
