"""From resources to source encounters: rows by FHIRPath, as the mapping's source block says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapter.errors import SourceValueError
from adapter.source import SourceEncounter, SourceRow
from connectors.fhir.resources import Pool, Resource, name_of, reference_of, short
from connectors.fhir.selectors import Selector
from connectors.fhir.spec import Collection, FhirSpec, Rows


class Gatherer:
    """Builds source encounters from a pool. Compiled once per mapping; keeps nothing between calls."""

    def __init__(self, spec: FhirSpec, systems: Mapping[str, str]) -> None:
        """``systems`` are the facility's canonical URLs and win over the mapping's. Raises MappingError."""
        self._systems = {**spec.systems, **systems}
        self._encounter = _Row(spec.encounters, "encounters")
        self._collections = {
            name: _Collected(collection, f"collections.{name}") for name, collection in spec.collections.items()
        }
        self._subject = Selector("subject", "encounters")

    def encounters(self, pool: Pool, wanted: Iterable[Resource] | None = None) -> list[SourceEncounter]:
        """The encounters of a pool (or ``wanted`` of them), each whole, or unreadable with the reason."""
        children = {name: collected.by_parent(pool) for name, collected in self._collections.items()}
        broken = self._broken(pool)
        return [
            self._one(pool, encounter, children, broken)
            for encounter in (pool.of("Encounter") if wanted is None else wanted)
            if self._encounter.takes(encounter, self._names(encounter, None))
        ]

    def _names(self, encounter: Resource, patient: Resource | None) -> dict[str, Any]:
        return {**self._systems, "encounter": encounter, "patient": patient if patient is not None else []}

    def _one(
        self,
        pool: Pool,
        encounter: Resource,
        children: Mapping[str, Mapping[str, Sequence[Resource]]],
        broken: Mapping[str, Sequence[str]],
    ) -> SourceEncounter:
        key, stamp = str(encounter["id"]), str(encounter.get("meta", {}).get("lastUpdated", ""))
        patient = pool.find(encounter.get("subject"), encounter)
        subject = short(reference_of(encounter.get("subject")) or "")
        told = [*broken.get(f"Encounter/{key}", ()), *broken.get(subject, ())]
        if patient is None and not told:
            told.append("subject: the referenced Patient is missing")
        if told:
            return unreadable(key, stamp, told)
        names = self._names(encounter, patient)
        try:
            row = self._encounter.row(pool, encounter, encounter, names)
            collections = {
                name: collected.rows(
                    pool,
                    children[name].get(f"Encounter/{key}" if collected.spec.of == "encounter" else subject, ()),
                    names,
                )
                for name, collected in self._collections.items()
            }
        except SourceValueError as error:
            return SourceEncounter.unreadable(key, stamp, error.message_vi, error.message_en)
        return SourceEncounter(key, stamp, row, collections)

    def _broken(self, pool: Pool) -> dict[str, list[str]]:
        """Faults of left-out resources, by the encounter or patient they point to."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, (resource, faults) in pool.faulty.items():
            for parent in _parents(resource):
                found[parent].append(f"{name}: {'; '.join(faults)}")
        return found


def unreadable(key: str, stamp: str, told: Sequence[str]) -> SourceEncounter:
    """An encounter whose resources cannot be used."""
    what = " | ".join(told[:5])
    return SourceEncounter.unreadable(
        key,
        stamp,
        f"Tài nguyên FHIR của đợt khám không dùng được: {what}",
        f"FHIR resources of the encounter cannot be used: {what}",
    )


def _parents(resource: Any) -> list[str]:
    """``Encounter/…`` a broken resource names; its own name when it is an encounter or a patient."""
    if not isinstance(resource, Mapping):
        return []
    if resource.get("resourceType") in ("Encounter", "Patient"):
        return [name_of(resource)]
    texts = (reference_of(resource.get(key)) for key in ("encounter", "context"))
    return [short(text) for text in texts if text is not None]


def entered_in_error(resource: Resource) -> bool:
    """Whether the source says this record was a mistake; such a record never becomes a row."""
    if resource.get("status") == "entered-in-error":
        return True
    codings = resource.get("verificationStatus", {}).get("coding", ()) if resource.get("verificationStatus") else ()
    return any(coding.get("code") == "entered-in-error" for coding in codings)


class _Row:
    """One kind of row, compiled."""

    def __init__(self, rows: Rows, key: str) -> None:
        self._where = Selector(rows.where, f"{key}.where") if rows.where is not None else None
        self._joined = {name: Selector(path, f"{key}.with.{name}") for name, path in rows.joined.items()}
        self._columns = {name: Selector(path, f"{key}.columns.{name}") for name, path in rows.columns.items()}

    def takes(self, element: Mapping[str, Any], names: Mapping[str, Any]) -> bool:
        return self._where is None or self._where.true(element, names)

    def row(self, pool: Pool, element: Mapping[str, Any], owner: Resource, names: Mapping[str, Any]) -> dict[str, Any]:
        inside = dict(names)
        for name, selector in self._joined.items():
            # One name may build on another: %order first, then its %requester.
            found = (pool.find(one, owner) for one in selector.all(element, inside))
            inside[name] = next((one for one in found if one is not None), [])
        return {name: selector.value(element, inside) for name, selector in self._columns.items()}


class _Collected(_Row):
    """A collection, compiled."""

    def __init__(self, spec: Collection, key: str) -> None:
        super().__init__(spec, key)
        self.spec = spec
        self._link = Selector(spec.link_path, f"{key}.link")
        self._each = Selector(spec.each, f"{key}.each") if spec.each is not None else None

    def by_parent(self, pool: Pool) -> dict[str, list[Resource]]:
        """Resources of the type, by ``Encounter/…`` or ``Patient/…``."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in pool.of(self.spec.resource):
            if entered_in_error(resource):
                continue
            names = {name_of(one) if one is not None else short(text) for text, one in self._parents(pool, resource)}
            for name in names:
                found[name].append(resource)
        return found

    def _parents(self, pool: Pool, resource: Resource) -> list[tuple[str, Resource | None]]:
        elements = self._link.all(resource, {})
        return [(text, pool.find(e, resource)) for e in elements if (text := reference_of(e)) is not None]

    def rows(self, pool: Pool, resources: Sequence[Resource], names: Mapping[str, Any]) -> list[SourceRow]:
        found: list[SourceRow] = []
        for resource in resources:
            inside = {**names, "resource": resource}
            elements = [resource] if self._each is None else self._each.all(resource, inside)
            found.extend(
                self.row(pool, element, resource, inside) for element in elements if self.takes(element, inside)
            )
        # Servers give matches in any order; equal content must look equal, so ties stay in the order of the names.
        for column in reversed(self.spec.order_by):
            found.sort(key=lambda row, column=column: _rank(row.get(column)))  # type: ignore[misc]
        return found


def _rank(value: Any) -> tuple[int, Any, str]:
    if value is None:
        return (2, 0, "")
    if isinstance(value, str):
        return (1, 0, value)
    return (0, value, "")
