"""The configuration: ``config.yaml`` in the workdir, then ``BHYT_`` environment variables.

Nesting in the environment uses ``__`` (``BHYT_GATEWAY__BASE_URL``); the environment wins.
Secrets are only ever named by file, never written here. Relative paths count from the
workdir. One :class:`Facility` object owns everything that identifies a facility, so that
a dossier cannot leave under another one's account.
"""

from __future__ import annotations

import os
from datetime import date, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from adapter.errors import ConfigError, Where

Purpose = Literal["claim", "book", "checkin"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StoreSettings(_Part):
    """Where dossiers, states and events live: SQLite by default, PostgreSQL by URL."""

    url: str = "sqlite:///state.db"


class VaultSettings(_Part):
    """The file holding the key that bodies are encrypted with; made at first start."""

    key_file: Path = Path("vault.key")
    master_key_file: Path | None = Field(
        default=None, description="a master key that wraps those of key_file; else BHYT_MASTER_KEY, else none"
    )


class CertificateSettings(_Part):
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


class SourceSettings(_Part):
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


class FeedSettings(_Part):
    """A source that sends to us: the name of its connector and whatever that connector wants."""

    connector: str
    options: dict[str, Any] = Field(default_factory=dict)


class HubSettings(_Part):
    """One facility's access to its province's hub, which takes dossiers of QĐ 3176 instead of the BHXH gateway."""

    base_url: str
    auth_url: str | None = Field(default=None, description="host of the token service, when it is another one")
    account: Annotated[str, Field(min_length=1)]
    password_file: Path
    unit: str = Field(default="", description="code asked for at login; default: the facility's code")
    ask_days: Annotated[int, Field(ge=1)] = Field(
        default=14, description="days after the receipt in which the hub is asked what became of a dossier"
    )


def _cron(value: str) -> str:
    """Five cron fields in Vietnam's time; a day of the week by name, for programs count them differently."""
    from apscheduler.triggers.cron import CronTrigger

    fields = value.split()
    if len(fields) != 5 or any(sign.isdigit() for sign in fields[4]):
        raise ValueError("five cron fields (minute hour day month weekday), the weekday as mon … sun or *")
    CronTrigger.from_crontab(value)  # ValueError when a field is out of range
    return value


Every = Annotated[float, Field(gt=0)] | Annotated[str, AfterValidator(_cron)]
"""Seconds between two starts, or a cron line such as ``*/10 6-22 * * mon-sat`` in Vietnam's time."""


class StageSchedule(_Part):
    """One facility's own schedule, which is its connector's: what is not named is as for all."""

    pull: Every | None = None
    translate: Every | None = None
    check: Every | None = None
    sign: Every | None = None
    send: Every | None = None
    follow: Every | None = None
    reconcile: Every | None = None


class ContractSettings(_Part):
    """What the facility's BHYT contract and licence say. Rules that need it say so where it is not told."""

    until: date | None = Field(default=None, description="last day of the contract (PKG-026)")
    inpatient_allowed: bool | None = Field(default=None, description="the contract covers inpatient care (PKG-026)")
    formerly_central: bool | None = Field(default=None, description="a central hospital before 2025 (X1-ELIG-024)")
    overnight_clinic: bool | None = Field(default=None, description="may keep patients overnight (X1-ELIG-031)")


class Facility(_Part):
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


class GatewaySettings(_Part):
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


class ResendSettings(_Part):
    """What a change in the HIS after a receipt does."""

    after_receipt: Literal["auto", "hold"] = "auto"


class ScheduleSettings(_Part):
    """When each stage starts: seconds between two starts, or a cron line."""

    pull: Every = 60
    translate: Every = 5
    check: Every = 5
    sign: Every = 5
    send: Every = 5
    follow: Every = 3600
    reconcile: Every = 86_400
    hang_minutes: Annotated[
        float, Field(gt=0, description="a stage that runs so long is told and the engine started anew")
    ] = 30


class StandardSettings(_Part):
    """Choices where the decrees leave one."""

    book_tables: tuple[str, ...] = ("XML1", "XML8")
    uninsured_categories: tuple[str, ...] = ("9",)
    extra_layers: tuple[Path, ...] = Field(
        default=(), description="folders of further decisions, see adapter/standard/decisions/README.md"
    )


class _Dated(_Part):
    """A choice with its reason, its first and last day (compared with the end of the visit) and its facility."""

    since: date | None = None
    until: date | None = None
    reason: Annotated[str, Field(min_length=3)]
    facility: str | None = Field(default=None, description="code; empty: all of this installation")


class OverrideSettings(_Dated):
    """One rule weighed differently, or switched off."""

    rule: Annotated[str, Field(min_length=1)]
    severity: Literal["error", "warning", "info", "off"]


class ChoiceSettings(_Dated):
    """One doubtful point decided differently; the options are those of docs/rules/options.md."""

    option: Annotated[str, Field(min_length=1)]
    value: Any


class RulesSettings(_Part):
    """Facility choices about rules: severities, tolerance, doubtful points, rules of one's own."""

    severity: dict[str, Literal["error", "warning", "info", "off"]] = Field(
        default_factory=dict, description="rule → weight, always and everywhere; `overrides` says since when and why"
    )
    overrides: tuple[OverrideSettings, ...] = ()
    choices: tuple[ChoiceSettings, ...] = ()
    local_file: Path | None = Field(default=None, description="YAML file of local rules, see docs/rules/local.md")
    money_silent_up_to: str = "0.01"
    money_info_up_to: str = "1.00"


class BookSettings(_Part):
    """The health book of QĐ 1332: names of codes, privacy rules of the facility, addresses in FHIR documents."""

    names_folder: Path | None = Field(
        default=None, description="CSV lists code,name,from,until that name codes: icd10.csv, commune.csv, facility.csv"
    )
    privacy_rules: Path | None = Field(default=None, description="further privacy rules, or ours changed, as YAML")
    watch_hours: Annotated[
        int, Field(ge=1, description="BHXH shows a visit on VNeID within 24 hours of the receipt")
    ] = 24
    fhir_base: str = Field(
        default="https://fhir.example.org/bhyt", description="where the FHIR names of this facility's lists begin"
    )


class ReceptionStaff(_Part):
    """A person at the reception desk: name and citizen number as registered with BHXH for card look-ups."""

    user: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(min_length=1)]
    citizen_number: Annotated[str, Field(pattern=r"^\d{12}$")]


class ReceptionSettings(_Part):
    """Card and history look-ups: who may ask, how often, how long an answer is kept in memory."""

    staff: tuple[ReceptionStaff, ...] = ()
    cache_seconds: Annotated[float, Field(ge=0, le=3600)] = 300
    per_minute: Annotated[int, Field(ge=1, description="questions to the gateway per facility")] = 30
    timeout: Annotated[float, Field(gt=0, description="seconds a patient at the desk waits for the gateway")] = 15
    pause: Annotated[float, Field(gt=0, description="seconds without questions after the account was restricted")] = 900


class OidcSettings(_Part):
    """The hospital's own identity provider (OpenID Connect), beside or instead of passwords."""

    issuer: Annotated[str, Field(min_length=1, description="exactly as the provider calls itself")]
    client_id: Annotated[str, Field(min_length=1)]
    client_secret_file: Path | None = None
    redirect_uri: Annotated[
        str, Field(min_length=1, description="https://HOST/login/oidc/back, as registered at the provider")
    ]
    login_claim: str = Field(
        default="preferred_username", description="names the user at the first sign-in; then the subject counts"
    )


class AccessSettings(_Part):
    """Sign-in of people: how long a session lasts, how many wrong passwords are heard."""

    session_idle_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    session_hours: Annotated[int, Field(ge=1, le=72, description="a session ends then, used or not")] = 12
    password_least: Annotated[int, Field(ge=8, le=64, description="characters a password needs")] = 12
    link_minutes: Annotated[int, Field(ge=1, le=1440, description="how long a one-time link waits")] = 60
    failures_free: Annotated[int, Field(ge=1, description="wrong passwords of one name before it waits")] = 5
    failures_free_address: Annotated[int, Field(ge=1, description="the same for one address")] = 30
    wait_first: Annotated[float, Field(gt=0, description="seconds; doubles with each further failure")] = 30
    wait_longest: Annotated[float, Field(gt=0, description="seconds")] = 900
    oidc: OidcSettings | None = None


class WatchSettings(_Part):
    """When the watch speaks. Hours, minutes, shares and counts as named."""

    every: Annotated[float, Field(gt=0, description="seconds between two looks")] = 300
    digest_at: Annotated[str | None, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "07:00"
    deadline_hours: Annotated[float, Field(gt=0)] = 24
    queue_hours: Annotated[float, Field(gt=0)] = 4
    silent_hours: Annotated[float, Field(gt=0, description="without a receipt, a working day among them")] = 36
    failing_minutes: Annotated[float, Field(ge=0, description="a stage fails so long before it is told")] = 10
    breaker_minutes: Annotated[float, Field(ge=0)] = 15
    stop_hours: Annotated[float, Field(ge=0)] = 4
    settle_minutes: Annotated[float, Field(ge=0, description="an end must last so long before it is told")] = 10
    refusal_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    refusal_least: Annotated[int, Field(ge=1, description="dossiers handed over, before a share means anything")] = 20
    disk_free_gb: Annotated[float, Field(ge=0)] = 2
    book_overdue: Annotated[int, Field(ge=0, description="visits not seen in VNeID after 24 h; 0: not told")] = 1
    purge_at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "02:30"


class ApiSettings(_Part):
    """The web role: loopback only unless changed on purpose."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8131
    key_file: Path = Path("api.key")


class Settings(BaseSettings):
    """Everything an installation can set. ``workdir`` is where relative paths start."""

    model_config = SettingsConfigDict(env_prefix="BHYT_", env_nested_delimiter="__", extra="forbid", frozen=True)

    workdir: Path = Path()
    language: Literal["vi", "en"] = "vi"
    demo: bool = Field(default=False, description="true only in a workdir made by bhyt demo")
    store: StoreSettings = StoreSettings()
    vault: VaultSettings = VaultSettings()
    facilities: tuple[Facility, ...] = ()
    gateway: GatewaySettings = GatewaySettings()
    resend: ResendSettings = ResendSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    standard: StandardSettings = StandardSettings()
    rules: RulesSettings = RulesSettings()
    reception: ReceptionSettings = ReceptionSettings()
    book: BookSettings = BookSettings()
    api: ApiSettings = ApiSettings()
    access: AccessSettings = AccessSettings()
    alerts: tuple[str, ...] = ()
    watch: WatchSettings = WatchSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 -- the library's hook names five arguments
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The file arrives as init values; what the environment says is stronger.
        return env_settings, init_settings

    @field_validator("facilities")
    @classmethod
    def _codes_are_unique(cls, value: tuple[Facility, ...]) -> tuple[Facility, ...]:
        codes = [f.code for f in value]
        if len(set(codes)) != len(codes):
            raise ValueError("two facilities share one code")
        return value

    @model_validator(mode="after")
    def _demo_stays_at_home(self) -> Settings:
        if self.demo and (self.gateway.environment != "simulator" or not is_loopback(self.gateway.base_url)):
            raise ConfigError(
                "Dữ liệu minh hoạ không được rời cổng thực hành: gateway.environment phải là simulator và"
                " gateway.base_url phải trỏ về chính máy này",
                "Demo data never leaves the practice gateway: gateway.environment must be simulator and"
                " gateway.base_url must point to this very machine",
                hint_vi="để kết nối cổng thật, tạo thư mục làm việc mới từ config/config.example.yaml",
                hint_en="for a real gateway make a new workdir from config/config.example.yaml",
            )
        return self

    def path(self, relative: Path) -> Path:
        """An absolute path; relative ones count from the workdir."""
        return relative if relative.is_absolute() else self.workdir / relative

    def placed(self, options: dict[str, Any]) -> dict[str, Any]:
        """A connector's options with ``folder`` and every ``…_file`` counted from the workdir, at any depth."""
        return {key: self._placed(key, value) for key, value in options.items()}

    def _placed(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self.placed(value)
        if isinstance(value, list | tuple):
            return [self._placed("", one) for one in value]
        if isinstance(value, str | Path) and (key == "folder" or key.endswith("_file")):
            return str(self.path(Path(value)))
        return value

    def facility(self, code: str) -> Facility:
        """The facility with this code; ConfigError when there is none."""
        for facility in self.facilities:
            if facility.code == code:
                return facility
        raise ConfigError(
            f"Không có cơ sở {code} trong cấu hình",
            f"No facility {code} in the configuration",
            hint_vi="thêm vào facilities trong config.yaml",
            hint_en="add it under facilities in config.yaml",
        )

    def store_url(self) -> str:
        """The store's URL with a relative SQLite path made absolute in the workdir."""
        return absolute_sqlite_url(self.store.url, self.workdir)


def is_loopback(url: str) -> bool:
    """True when a URL's host is this machine and can be no other, whatever a resolver says."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def absolute_sqlite_url(url: str, workdir: Path) -> str:
    """``sqlite:///file`` (or ``duckdb:///file``) with a relative file placed in ``workdir``."""
    for scheme in ("sqlite:///", "duckdb:///"):
        tail = url.removeprefix(scheme)
        if tail != url and tail and not tail.startswith(("/", ":")):
            return f"{scheme}{(workdir / tail).resolve()}"
    return url


def load_settings(*, workdir: Path | None = None, config: Path | None = None) -> Settings:
    """Read the configuration of a workdir, or of an explicitly named file.

    Raises ConfigError naming every place that was looked at.
    """
    tried: list[str] = []
    if config is None and (named := os.environ.get("BHYT_CONFIG")):
        config = Path(named)
    if config is None:
        root = workdir or (Path(os.environ["BHYT_WORKDIR"]) if "BHYT_WORKDIR" in os.environ else Path.cwd())
        config = root / "config.yaml"
    tried.append(str(config))
    if not config.is_file():
        raise ConfigError(
            "Không tìm thấy tệp cấu hình",
            "No configuration file found",
            tried=[*tried, "BHYT_CONFIG", "BHYT_WORKDIR"],
            hint_vi="chạy `bhyt demo`, hoặc chép config/config.example.yaml thành config.yaml",
            hint_en="run `bhyt demo`, or copy config/config.example.yaml to config.yaml",
        )
    root = (workdir or config.parent).resolve()
    try:
        document = yaml.safe_load(config.read_text(encoding="utf-8-sig")) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = Where(str(config), mark.line + 1 if mark else None, mark.column + 1 if mark else None)
        raise ConfigError(
            "Tệp cấu hình không phải YAML hợp lệ",
            "The configuration file is not valid YAML",
            where=where,
        ) from error
    if not isinstance(document, dict):
        raise ConfigError(
            "Tệp cấu hình phải là một bảng khóa: giá trị",
            "The configuration file must be a mapping of keys to values",
            where=Where(str(config), 1, 1),
        )
    return _validate({**document, "workdir": root}, str(config))


def _validate(document: dict[str, Any], origin: str) -> Settings:
    try:
        return Settings(**document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"Cấu hình sai ở khóa {key}: {first['msg']}",
            f"Configuration key {key} is wrong: {first['msg']}",
            where=Where(origin),
            hint_vi="xem config/config.example.yaml",
            hint_en="see config/config.example.yaml",
        ) from error


def read_secret(path: Path, purpose: str) -> str:
    """The first line of a secret file; ConfigError when it is absent or empty."""
    try:
        secret = path.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise ConfigError(
            f"Không đọc được tệp bí mật cho {purpose}",
            f"Cannot read the secret file for {purpose}",
            tried=[str(path)],
        ) from error
    if not secret:
        raise ConfigError(
            f"Tệp bí mật cho {purpose} trống", f"The secret file for {purpose} is empty", tried=[str(path)]
        )
    return secret
