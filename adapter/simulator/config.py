"""What a practice gateway can be told. Every doubtful point of the public facts is one field here.

Certainty marks as in ``docs/simulator.md``: A/B read in documents or in agreeing
implementations, D our assumption, ? unknown to the public.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from adapter.clock import Clock, system_clock
from adapter.errors import ConfigError, Where
from adapter.simulator.cards import SimCard
from adapter.simulator.faults import FaultPlan


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def md5_upper(text: str) -> str:
    """MD5 as upper-case hex: the form of a password on this gateway's wire (api §2, A)."""
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest().upper()


class SimFacility(_Part):
    """One facility as it registered on the portal: account, certificates, people who may look up cards.

    ``password`` or ``md5`` (hex of any case) is needed; the password itself is never kept.
    ``certificates`` are PEM texts, ``serials`` hex numbers of certificates trusted through ``ca``.
    """

    code: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{5}$")]
    account: Annotated[str, Field(min_length=1)]
    md5: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{32}$")]
    name: str = ""
    locked: bool = False
    certificates: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()
    ca: str = ""
    addresses: tuple[str, ...] = Field(default=(), description="registered caller addresses; empty: any")
    staff: dict[str, str] = Field(default_factory=dict, description="citizen number → name of people who look up cards")

    @model_validator(mode="before")
    @classmethod
    def _hash_password(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("password") and not data.get("md5"):
            rest = {key: value for key, value in data.items() if key != "password"}
            return {**rest, "md5": md5_upper(str(data["password"]))}
        return data

    @field_validator("md5")
    @classmethod
    def _upper(cls, value: str) -> str:
        return value.upper()

    @field_validator("serials")
    @classmethod
    def _plain_hex(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(serial.replace(":", "").lstrip("0").lower() for serial in value)


class SimulatorConfig(_Part):
    """The practice gateway. ``database`` keeps everything received; defaults follow the facts where they speak."""

    database: Path = Path("gateway.db")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8130
    facilities: tuple[SimFacility, ...] = ()
    cards: tuple[SimCard, ...] = ()
    faults: FaultPlan = FaultPlan()
    control_key: Annotated[str, Field(pattern=r"^[!-~]+$")] | None = Field(
        default=None, description="asked for under /_sim and on the page; needed when not on loopback"
    )
    clock: Clock = Field(default=system_clock, exclude=True)

    token_seconds: Annotated[float, Field(gt=0)] = 600
    """Life of a token. B: server setting, default 10 minutes."""
    bind_address: bool = True
    """B: a token works only from the address that took it."""
    trust_forwarded: bool = False
    """Take the caller's address from ``X-Forwarded-For``: for tests of the binding only."""
    login_error_http: Literal[200, 401] = 200
    """B: a refused login may come with HTTP 200 and the code in the body."""
    auth_error_http: Literal[200, 401] = 200
    """HTTP status of ``maKetQua`` 401 at check-in and dossier. ?: the documents name the code only."""

    examine: Literal["full", "envelope"] = "full"
    """``envelope``: no signature, no fields, no verdict; only who sends what. For measuring a sender's speed."""
    require_signature: bool = True
    """B for TT 12 services, D for the 130 family, whose refusal code for a bad signature is unknown (125 assumed)."""
    max_bytes: int = 100 * 1024 * 1024
    """Code 1001 above this many bytes of the decoded file. D: no limit is published for today's services."""
    replace: Literal["ma_lk", "none", "refuse"] = "ma_lk"
    """What a second dossier of one facility and MA_LK does. D: the last one wins; the real key is unknown."""
    verdict_seconds: Annotated[float, Field(ge=0)] = 5
    """Delay of the asynchronous verdict. The circular allows 6 to 48 hours; a practice gateway is quicker."""
    history_json: bool = False
    """Whether the history function takes a JSON body. C, contradictory: the letter says so, a real try was refused."""
    success_message: str = "Tiếp nhận thành công"
    """C: what a production sender expects; the documents give no closed list."""
    uninsured_categories: tuple[str, ...] = ("9",)
    """MA_DOITUONG_KCB of dossiers that serve the health book only."""
    verify_threads: Annotated[int, Field(ge=1, le=64)] = 2

    @classmethod
    def load(cls, path: Path, **overrides: Any) -> SimulatorConfig:
        """Read a YAML file; ``overrides`` win. ConfigError when it is absent, not YAML or wrong."""
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
        except OSError as error:
            raise ConfigError(
                "Không đọc được cấu hình cổng giả lập", "Cannot read the simulator's configuration", tried=[str(path)]
            ) from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(
                "Cấu hình cổng giả lập không phải YAML hợp lệ",
                "The simulator's configuration is not valid YAML",
                where=Where(str(path)),
            ) from error
        try:
            return cls(**{**document, **overrides})
        except (ValidationError, TypeError) as error:
            raise ConfigError(
                f"Cấu hình cổng giả lập sai: {_first(error)}",
                f"The simulator's configuration is wrong: {_first(error)}",
                where=Where(str(path)),
            ) from error


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
    return str(error)
