"""The configuration: ``config.yaml`` in the workdir, then ``BHYT_`` environment variables.

Nesting in the environment uses ``__`` (``BHYT_GATEWAY__BASE_URL``); the environment wins.
Secrets are only ever named by file, never written here. Relative paths count from the
workdir. One :class:`Facility` object owns everything that identifies a facility, so that
a dossier cannot leave under another one's account.
"""

from adapter.settings.addresses import absolute_sqlite_url, is_loopback
from adapter.settings.choices import BookSettings, ChoiceSettings, OverrideSettings, RulesSettings, StandardSettings
from adapter.settings.facility import (
    CertificateSettings,
    ContractSettings,
    Facility,
    FeedSettings,
    HubSettings,
    SourceSettings,
)
from adapter.settings.gateway import GatewaySettings, ReceptionSettings, ReceptionStaff, ResendSettings
from adapter.settings.reading import load_settings, read_secret
from adapter.settings.schedule import Every, ScheduleSettings, StageSchedule
from adapter.settings.service import (
    AccessSettings,
    ApiSettings,
    EngineSettings,
    OidcSettings,
    StoreSettings,
    TelemetrySettings,
    VaultSettings,
    WatchSettings,
)
from adapter.settings.whole import Settings

__all__ = [
    "AccessSettings",
    "ApiSettings",
    "BookSettings",
    "CertificateSettings",
    "ChoiceSettings",
    "ContractSettings",
    "EngineSettings",
    "Every",
    "Facility",
    "FeedSettings",
    "GatewaySettings",
    "HubSettings",
    "OidcSettings",
    "OverrideSettings",
    "ReceptionSettings",
    "ReceptionStaff",
    "ResendSettings",
    "RulesSettings",
    "ScheduleSettings",
    "Settings",
    "SourceSettings",
    "StageSchedule",
    "StandardSettings",
    "StoreSettings",
    "TelemetrySettings",
    "VaultSettings",
    "WatchSettings",
    "absolute_sqlite_url",
    "is_loopback",
    "load_settings",
    "read_secret",
]
