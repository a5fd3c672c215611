"""What a mapping's source block and a configuration's options say, checked; one wording for every connector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from adapter.errors import ConfigError, MappingError

_Model = TypeVar("_Model", bound=BaseModel)

Place = Literal["facilities[].source.options", "facilities[].feeds[].options"]


def checked_spec(model: type[_Model], block: Mapping[str, Any], *, guide: str) -> _Model:
    """The source block of a mapping; MappingError names the key. ``guide``: the connector's page in the docs."""
    try:
        return model.model_validate(dict(block))
    except ValidationError as error:
        key, told = _first(error, "source")
        raise MappingError(
            f"Khối source của tệp ánh xạ sai ở khóa {key}: {told}",
            f"The mapping's source block is wrong at key {key}: {told}",
            hint_vi=f"xem docs/vi/connectors/{guide}.md",
            hint_en=f"see docs/connectors/{guide}.md",
            code="MAP-SOURCE",
        ) from None


def checked_options(model: type[_Model], options: Mapping[str, Any], place: Place, *, guide: str) -> _Model:
    """A connector's options in the configuration; ConfigError names the key."""
    try:
        return model.model_validate(dict(options))
    except ValidationError as error:
        key, told = _first(error, place)
        raise ConfigError(
            f"Cấu hình sai ở khóa {key}: {told}",
            f"Configuration key {key} is wrong: {told}",
            hint_vi=f"xem docs/vi/connectors/{guide}.md",
            hint_en=f"see docs/connectors/{guide}.md",
        ) from None


def _first(error: ValidationError, place: str) -> tuple[str, str]:
    """The key and what is wrong with it; never the value, which may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    return ".".join([place, *(str(part) for part in first["loc"])]), str(first["msg"])
