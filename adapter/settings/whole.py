"""The configuration as one object."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from adapter.errors import ConfigError
from adapter.settings.addresses import absolute_sqlite_url, is_loopback
from adapter.settings.choices import BookSettings, RulesSettings, StandardSettings
from adapter.settings.facility import Facility
from adapter.settings.gateway import GatewaySettings, ReceptionSettings, ResendSettings
from adapter.settings.schedule import ScheduleSettings
from adapter.settings.service import (
    AccessSettings,
    ApiSettings,
    EngineSettings,
    StoreSettings,
    TelemetrySettings,
    VaultSettings,
    WatchSettings,
)


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
    engine: EngineSettings = EngineSettings()
    standard: StandardSettings = StandardSettings()
    rules: RulesSettings = RulesSettings()
    reception: ReceptionSettings = ReceptionSettings()
    book: BookSettings = BookSettings()
    api: ApiSettings = ApiSettings()
    access: AccessSettings = AccessSettings()
    alerts: tuple[str, ...] = ()
    watch: WatchSettings = WatchSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

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
