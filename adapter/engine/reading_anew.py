"""A message that was set aside, read once more by the mapping that is at work now."""

from __future__ import annotations

from adapter.engine.plans import plan_path
from adapter.errors import ConfigError
from adapter.settings import Settings
from adapter.store.messages.messages import ASIDE, Stored
from adapter.store.people.audit import Entry
from adapter.store.store import Store


def read_anew(settings: Settings, store: Store, message: Stored, *, actor: str, via: str = "", reason: str = "") -> str:
    """Why it stays aside; empty: the engine's next pass collects it. Recorded as ``actor``'s act.

    Raises ConfigError when it is not aside (any more), or its facility's mapping collects no messages; MappingError;
    SourceValueError when it cannot be read.
    """
    from adapter.mapping import load_mapping
    from adapter.pipeline.stages.pull import source_name
    from connectors.base import open_collector

    if message.state != ASIDE:
        raise _not_aside(message.id)
    plan = load_mapping(plan_path(settings, settings.facility(message.facility), store))
    collector = open_collector(source_name(plan), plan.source)
    if collector is None:
        raise ConfigError(
            f"Ánh xạ của cơ sở {message.facility} không nhận bản tin",
            f"The mapping of facility {message.facility} takes no messages",
        )
    read = collector.read_anew(message.raw, message.charset)
    entry = Entry(
        "message.again", actor, via, facility=message.facility, kind="message", object=str(message.id), reason=reason
    )
    if not store.messages.read_anew(message.id, read, entry=entry):
        raise _not_aside(message.id)
    return read.aside


def _not_aside(id_: int) -> ConfigError:
    return ConfigError(
        f"Bản tin {id_} không (còn) để riêng",
        f"Message {id_} is not set aside (any more)",
        hint_vi="chỉ bản tin để riêng (aside) mới đọc lại được",
        hint_en="only messages in state aside can be read again",
    )
