"""A facility: its identity at the gateway, its key, where its encounters come from."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from adapter.settings.part import Part
from adapter.settings.schedule import StageSchedule


class CertificateSettings(Part):
    """The facility's signing certificate: a PKCS#12 file and the file with its password."""

    kind: str = "pkcs12"
    path: Path = Path("facility.p12")
    password_file: Path | None = None
    serial: str | None = Field(
        default=None, description="serial registered on the portal (hex); checked before signing"
    )
    owner: str | None = Field(
        default=None, description="organisation name or tax code the certificate's subject must carry"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="settings of other kinds of key holder")


class SourceSettings(Part):
    """How to reach the HIS. ``url`` is an SQLAlchemy URL for connector ``sql``."""

    url: str
    password_file: Path | None = None
    connect_timeout: Annotated[int, Field(gt=0)] = 10
    batch_size: Annotated[int, Field(gt=0, le=5000)] = 200
    look_back_minutes: Annotated[int, Field(ge=0)] = 10
    reconcile_days: Annotated[
        int, Field(ge=1, le=366, description="days before today whose keys are compared with the source, once a day")
    ] = 7
    options: dict[str, Any] = Field(default_factory=dict)


class FeedSettings(Part):
    """A source that sends to us: the name of its connector and whatever that connector wants."""

    connector: str
    options: dict[str, Any] = Field(default_factory=dict)


class HubSettings(Part):
    """One facility's access to its province's hub, which takes dossiers of QĐ 3176 instead of the BHXH gateway."""

    base_url: str
    auth_url: str | None = Field(default=None, description="host of the token service, when it is another one")
    account: Annotated[str, Field(min_length=1)]
    password_file: Path
    unit: str = Field(default="", description="code asked for at login; default: the facility's code")
    ask_days: Annotated[int, Field(ge=1)] = Field(
        default=14, description="days after the receipt in which the hub is asked what became of a dossier"
    )


class ContractSettings(Part):
    """What the facility's BHYT contract and licence say. Rules that need it say so where it is not told."""

    until: date | None = Field(default=None, description="last day of the contract (PKG-026)")
    inpatient_allowed: bool | None = Field(default=None, description="the contract covers inpatient care (PKG-026)")
    formerly_central: bool | None = Field(default=None, description="a central hospital before 2025 (X1-ELIG-024)")
    overnight_clinic: bool | None = Field(default=None, description="may keep patients overnight (X1-ELIG-031)")


class Facility(Part):
    """One facility (cơ sở KBCB): its identity at the gateway, its key, its HIS."""

    code: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{5}$")]
    name: str = ""
    province: str = Field(default="", description="maTinh; default: first two characters of the code")
    account: str
    password_file: Path
    certificate: CertificateSettings = CertificateSettings()
    mapping: str = Field(description="a shipped mapping's name, or the path of a mapping.yaml")
    source: SourceSettings | None = Field(default=None, description="the HIS that is asked for what changed")
    feeds: tuple[FeedSettings, ...] = Field(default=(), description="sources that send by themselves")
    hub: HubSettings | None = Field(default=None, description="the province's hub, where dossiers go through one")
    start_at: datetime | None = Field(
        default=None, description="encounters that ended earlier are not sent; asked for outside the simulator"
    )
    mode: Literal["live", "shadow"] = Field(default="live", description="shadow: everything but send")
    standard: str | None = Field(default=None, description="pin a layout (130, 4750, 3176); default: by date")
    paused: bool = False
    schedule: StageSchedule = Field(default=StageSchedule(), description="stages on another schedule")
    contract: ContractSettings | None = Field(default=None, description="what some rules ask about the facility")

    @model_validator(mode="before")
    @classmethod
    def _province_from_code(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("province") and data.get("code"):
            return {**data, "province": str(data["code"])[:2]}
        return data

    @model_validator(mode="after")
    def _has_a_source(self) -> Facility:
        if self.source is None and not self.feeds:
            raise ValueError("a facility needs a source or a feed")
        return self
