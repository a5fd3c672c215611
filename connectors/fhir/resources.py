"""Resources in hand: read exactly, validated against R4, found again by reference.

``fhir.resources`` 8 has R4B (4.3.0) and no 4.0.1 module. For the types a claim is made of both are the same; the
types R4B changed (medication knowledge, evidence, subscriptions …) are kept unvalidated when a mapping asks for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from adapter.errors import SourceValueError

Resource = Mapping[str, Any]

_CHANGED_BY_R4B = frozenset(
    {"Evidence", "EvidenceVariable", "EvidenceReport", "MedicinalProductDefinition", "Citation", "Ingredient",
     "MedicationKnowledge", "SubscriptionStatus", "SubscriptionTopic", "ObservationDefinition"}
)  # fmt: skip
_PROBLEMS_TOLD = 5


def parse(data: bytes | str) -> Any:
    """JSON with exact numbers; SourceValueError when it is none (or nested beyond reason)."""
    try:
        return json.loads(data, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise SourceValueError("Không phải JSON hợp lệ", "Not valid JSON") from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


@lru_cache(maxsize=256)
def _model(kind: str) -> Any:
    try:
        return get_fhir_model_class(kind)
    except ValueError:
        return None


def faults(resource: Any) -> list[str]:
    """What is wrong with a resource by the standard, as ``place: what``; values are never repeated."""
    if not isinstance(resource, dict):
        return ["not an object"]
    kind = resource.get("resourceType")
    model = _model(kind) if isinstance(kind, str) else None
    if isinstance(kind, str) and kind in _CHANGED_BY_R4B:
        return []
    if model is None:
        return ["resourceType: no R4 resource of this name"]
    try:
        model.model_validate(resource)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        told = [f"{'.'.join(map(str, one['loc'])) or kind}: {_what(one)}" for one in found[:_PROBLEMS_TOLD]]
        return told + ([f"and {len(found) - _PROBLEMS_TOLD} more"] if len(found) > _PROBLEMS_TOLD else [])
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        return [f"{kind}: {type(error).__name__}"]
    return []


def _what(error: Mapping[str, Any]) -> str:
    """The kind of fault. Custom messages of the library may quote the value, so only pydantic's own are kept."""
    return str(error["msg"]) if error["type"] not in ("value_error", "assertion_error") else "not valid in R4"


def name_of(resource: Any) -> str:
    """``Type/id`` for messages; ids are the server's own, not people's numbers."""
    if not isinstance(resource, dict):
        return "?"
    return f"{resource.get('resourceType', '?')}/{resource.get('id', '-')}"


def key_of(resource: Any) -> str | None:
    """The id of a resource that may be broken, when it can be kept and asked for; None otherwise."""
    key = resource.get("id") if isinstance(resource, dict) else None
    text = str(key) if isinstance(key, str | int) and not isinstance(key, bool) else ""
    return text if 0 < len(text) <= 200 and text.isprintable() and "," not in text else None


def references(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every reference inside, however deep it is nested."""
    stack = [(path, value)]
    while stack:
        at, one = stack.pop()
        if isinstance(one, dict):
            text = one.get("reference")
            if isinstance(text, str):
                yield at, text
            stack.extend((f"{at}.{key}", child) for key, child in reversed(one.items()))
        elif isinstance(one, list):
            stack.extend((at, child) for child in reversed(one))


class Pool:
    """Resources found again by ``Type/id``. Every one has an id."""

    def __init__(self) -> None:
        self._by_name: dict[str, Resource] = {}
        self.faulty: dict[str, tuple[Any, list[str]]] = {}
        """What was left out, by name: the resource and its faults."""

    def __len__(self) -> int:
        return len(self._by_name) + len(self.faulty)

    def add(self, resource: Any) -> list[str]:
        """Keep a resource if it is a good one; its faults when it is not."""
        wrong = faults(resource)
        if not wrong and not resource.get("id"):
            wrong = ["id: missing"]
        if wrong:
            self.faulty[name_of(resource)] = (resource, wrong)
        else:
            self._by_name[name_of(resource)] = resource
        return wrong

    def names(self) -> list[str]:
        """``Type/id`` of everything usable."""
        return sorted(self._by_name)

    def get(self, name: str) -> Resource:
        """The resource of a name. KeyError."""
        return self._by_name[name]

    def of(self, kind: str) -> Iterator[Resource]:
        """All resources of a type, in the order of their names."""
        for name in sorted(self._by_name):
            if self._by_name[name]["resourceType"] == kind:
                yield self._by_name[name]

    def find(self, reference: Any, owner: Resource) -> Resource | None:
        """The resource a Reference element leads to; None when it is not here."""
        text = reference_of(reference)
        if text is None:
            return None
        if text.startswith("#"):
            inside = (one for one in owner.get("contained", ()) if one.get("id") == text[1:])
            return next(inside, None)
        return self._by_name.get(short(text))


def reference_of(element: Any) -> str | None:
    """The text of a Reference element, a canonical or a plain text."""
    text = element.get("reference") if isinstance(element, Mapping) else element
    return text if isinstance(text, str) and text else None


def short(reference: str) -> str:
    """``Type/id`` of an absolute or versioned reference; other forms as they are."""
    if reference.startswith(("urn:", "#")):
        return reference
    parts = reference.split("/_history/", 1)[0].rstrip("/").split("/")
    return "/".join(parts[-2:])
