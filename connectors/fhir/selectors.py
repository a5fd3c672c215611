"""FHIRPath selectors: compiled once, evaluated to plain column values."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

from adapter.errors import MappingError, SourceValueError

Element = Mapping[str, Any]

_ONE_AT_A_TIME = threading.Lock()
"""The engine keeps evaluation state in module variables."""


class Selector:
    """One FHIRPath. ``key`` says where it stands in the mapping's source block."""

    def __init__(self, path: str, key: str) -> None:
        """MappingError when the path cannot be parsed."""
        self.path, self.key = path, key
        try:
            with _ONE_AT_A_TIME:
                self._run: Callable[[Any, dict[str, Any]], list[Any]] = fhirpathpy.compile(path, models["r4"])
        except Exception as error:
            raise MappingError(
                f"FHIRPath ở khóa source.{key} sai: {path}",
                f"The FHIRPath at key source.{key} is wrong: {path}",
                hint_vi="xem docs/vi/connectors/fhir.md",
                hint_en="see docs/connectors/fhir.md",
            ) from error

    def all(self, element: Element, names: Mapping[str, Any]) -> list[Any]:
        """Everything the path finds. SourceValueError when it cannot be evaluated; no value is repeated."""
        try:
            with _ONE_AT_A_TIME:
                return list(self._run(element, dict(names)))
        except Exception as error:  # noqa: BLE001 -- the engine raises bare Exceptions
            raise SourceValueError(
                f"Không tính được FHIRPath ở khóa source.{self.key} ({type(error).__name__}): {self.path}",
                f"The FHIRPath at key source.{self.key} failed ({type(error).__name__}): {self.path}",
            ) from None

    def first(self, element: Element, names: Mapping[str, Any]) -> Any:
        """The first thing found, or None."""
        found = self.all(element, names)
        return found[0] if found else None

    def true(self, element: Element, names: Mapping[str, Any]) -> bool:
        """Whether the path gives exactly true."""
        return self.all(element, names) == [True]

    def value(self, element: Element, names: Mapping[str, Any]) -> str | int | bool | Decimal | None:
        """A column: nothing is None, one value itself, several texts joined by ``;``.

        SourceValueError for an element (the path must go on to a value) and for a float.
        """
        found = [v for v in self.all(element, names) if v is not None]
        if not found:
            return None
        if len(found) > 1:
            return ";".join(self._plain_text(v) for v in found)
        only = found[0]
        if isinstance(only, str | bool | int | Decimal):
            return only
        return self._plain_text(only)

    def _plain_text(self, value: Any) -> str:
        if isinstance(value, dict | list | float):
            raise SourceValueError(
                f"FHIRPath ở khóa source.{self.key} không cho giá trị đơn mà cho {type(value).__name__}: {self.path}",
                f"The FHIRPath at key source.{self.key} gives no plain value but a {type(value).__name__}: {self.path}",
                hint_vi="chỉ rõ tới phần tử con, ví dụ .value hoặc .code",
                hint_en="lead it on to a child, such as .value or .code",
            )
        return str(value)
