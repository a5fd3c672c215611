"""The fault plan: what goes wrong, at which service, how often; seeded, so a run can be repeated.

A plan is data (YAML, JSON, ``POST /_sim/faults``)::

    seed: 7
    rules:
      - {fault: http_error, service: "dossier*", status: 502, probability: 0.05}
      - {fault: timeout, service: "dossier*", when: after, nth: 3, seconds: 90}

Whether a rule fires depends on the seed, the rule's place in the plan and how many calls
it has seen, on nothing else. Services are named as in :mod:`adapter.simulator.services.paths`.
"""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapter.clock import VIETNAM
from adapter.errors import ConfigError, Where


class Fault(StrEnum):
    """Everything that can go wrong on demand. ``when`` says on which side of storing, where both make sense."""

    LATENCY = "latency"  # seconds; the call itself is served
    TIMEOUT = "timeout"  # when; no answer for ``seconds``, then the connection closes
    RESET = "reset"  # when; TCP reset instead of an answer
    HTTP_ERROR = "http_error"  # when, status; an HTML error page of a proxy
    HTML = "html"  # when; HTTP 200 with an HTML page
    TRUNCATED_JSON = "truncated_json"  # stored; half of the answer arrives
    WRONG_CASING = "wrong_casing"  # stored; MaKetQua instead of maKetQua and the reverse
    THROTTLED = "throttled"  # HTTP 429 with Retry-After; assumed, no limit is documented
    MAINTENANCE = "maintenance"  # HTTP 503 with a notice, between ``start`` and ``until`` when given
    TOKEN_REVOKED = "token_revoked"  # every token dies, then the call is served  # noqa: S105
    EMPTY_401 = "empty_401"  # HTTP 401 without a body
    OTHER_MESSAGE = "other_message"  # stored; code 200 with ``message`` as thongDiep
    GATEWAY_ERROR = "gateway_error"  # not stored as accepted; maKetQua 500
    DUPLICATE_RECEIPT = "duplicate_receipt"  # stored; answers the receipt number of the one before
    CERTIFICATE_EXPIRED = "certificate_expired"  # refused with 125 as if the certificate had run out
    CERTIFICATE_UNKNOWN = "certificate_unknown"  # refused with 125 as if the registration were gone
    OVERSIZE = "oversize"  # refused with 1001
    HISTORY_NULL = "history_null"  # history services answer a null list
    RESTRICTED = "restricted"  # look-up services: the account is on the restricted list


DELIVERY = frozenset(
    {
        Fault.TIMEOUT,
        Fault.RESET,
        Fault.HTTP_ERROR,
        Fault.HTML,
        Fault.TRUNCATED_JSON,
        Fault.WRONG_CASING,
        Fault.THROTTLED,
        Fault.MAINTENANCE,
        Fault.EMPTY_401,
    }
)
"""Faults of the way; all others (latency apart) are decided inside a service."""

_ALWAYS_BEFORE = frozenset({Fault.THROTTLED, Fault.MAINTENANCE, Fault.EMPTY_401})
_ALWAYS_AFTER = frozenset({Fault.TRUNCATED_JSON, Fault.WRONG_CASING})


class FaultRule(BaseModel):
    """One line of a plan. Without ``probability``, ``nth`` or ``every`` it fires at each matching call."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: Fault
    service: str = Field(default="*", description="shell pattern over service names, e.g. dossier*")
    probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    nth: Annotated[int, Field(ge=1)] | None = Field(default=None, description="only at the n-th matching call")
    every: Annotated[int, Field(ge=1)] | None = Field(default=None, description="at every n-th matching call")
    count: Annotated[int, Field(ge=1)] | None = Field(default=None, description="at most so many times")
    when: Literal["before", "after"] = Field(default="before", description="before or after the file is stored")
    seconds: Annotated[float, Field(ge=0)] = 30
    status: Annotated[int, Field(ge=400, le=599)] = 502
    message: str = "Hồ sơ đang được xử lý, vui lòng kiểm tra lại"
    start: datetime | None = None
    until: datetime | None = None

    @property
    def stores(self) -> bool:
        """True when the service does its work although its answer is spoilt."""
        if self.fault in _ALWAYS_AFTER:
            return True
        return self.when == "after" and self.fault not in _ALWAYS_BEFORE

    def open_at(self, now: datetime) -> bool:
        return (self.start is None or now >= _aware(self.start)) and (self.until is None or now < _aware(self.until))


class FaultPlan(BaseModel):
    """A seed and rules. The first rule that fires wins; latency adds to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    rules: tuple[FaultRule, ...] = ()

    @classmethod
    def load(cls, path: Path) -> FaultPlan:
        """Read a plan from YAML or JSON. ConfigError when it is absent or wrong."""
        try:
            document: Any = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
            return cls.model_validate(document if isinstance(document, dict) else {"rules": document})
        except OSError as error:
            raise ConfigError(
                "Không đọc được tệp lỗi giả lập", "Cannot read the fault file", tried=[str(path)]
            ) from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(
                "Tệp lỗi giả lập không phải YAML/JSON", "The fault file is not YAML or JSON", where=Where(str(path))
            ) from error
        except ValidationError as error:
            problem = error.errors(include_input=False, include_url=False)[0]
            key = ".".join(str(part) for part in problem["loc"])
            raise ConfigError(
                f"Tệp lỗi giả lập sai ở {key}: {problem['msg']}",
                f"The fault file is wrong at {key}: {problem['msg']}",
                where=Where(str(path)),
                hint_vi="các loại lỗi: " + ", ".join(Fault),
                hint_en="kinds of fault: " + ", ".join(Fault),
            ) from error


class FaultEngine:
    """Counts calls and says which rules fire. Safe to call from several threads."""

    def __init__(self, plan: FaultPlan) -> None:
        self._lock = threading.Lock()
        self._plan = plan
        self._seen: list[int] = []
        self._fired: list[int] = []
        self.set(plan)

    def set(self, plan: FaultPlan) -> None:
        """Put another plan in force; all counters start again."""
        with self._lock:
            self._plan = plan
            self._seen = [0] * len(plan.rules)
            self._fired = [0] * len(plan.rules)

    @property
    def plan(self) -> FaultPlan:
        return self._plan

    def choose(self, service: str, now: datetime) -> tuple[FaultRule, ...]:
        """The rules that fire at this call: latencies, then at most one other."""
        latencies: list[FaultRule] = []
        other: FaultRule | None = None
        with self._lock:
            for index, rule in enumerate(self._plan.rules):
                if not fnmatchcase(service, rule.service) or not rule.open_at(now):
                    continue
                if rule.fault is not Fault.LATENCY and other is not None:
                    continue
                self._seen[index] += 1
                if not self._fires(index, rule):
                    continue
                self._fired[index] += 1
                if rule.fault is Fault.LATENCY:
                    latencies.append(rule)
                else:
                    other = rule
        return (*latencies, other) if other is not None else tuple(latencies)

    def counts(self) -> list[dict[str, Any]]:
        """Per rule: what it is, how many calls it saw, how often it fired."""
        with self._lock:
            return [
                {"fault": rule.fault.value, "service": rule.service, "seen": seen, "fired": fired}
                for rule, seen, fired in zip(self._plan.rules, self._seen, self._fired, strict=True)
            ]

    def _fires(self, index: int, rule: FaultRule) -> bool:
        number = self._seen[index]
        if rule.count is not None and self._fired[index] >= rule.count:
            return False
        if rule.nth is not None and number != rule.nth:
            return False
        if rule.every is not None and number % rule.every != 0:
            return False
        if rule.probability >= 1:
            return True
        digest = hashlib.sha256(f"{self._plan.seed}/{index}/{number}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < rule.probability


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=VIETNAM)
