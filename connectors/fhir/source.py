"""The polling face: preflight, pull, fetch, keys_on, present.

A scan covers a window of the server's change times (``_lastUpdated``), for encounters and for every type that hangs
on one: a bill line added later does not touch its Encounter. The cursor stands at the end of the last finished
window; the next scan begins a look-back earlier. A scan that is interrupted begins its window again, and what was
read twice is told by its content.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote

from adapter.clock import VIETNAM
from adapter.errors import SourceSchemaError
from adapter.settings import SourceSettings
from adapter.source import Batch, Cursor, SourceEncounter
from connectors.fhir.client import FhirClient
from connectors.fhir.gather import Gatherer, unreadable
from connectors.fhir.options import FhirOptions
from connectors.fhir.resources import Pool, Resource, key_of, name_of, reference_of, references, short
from connectors.fhir.selectors import Selector
from connectors.fhir.spec import FhirSpec


class FhirSource:
    """One facility's FHIR server, read by one mapping. Keeps PullSource and Reconcilable."""

    def __init__(self, spec: FhirSpec, settings: SourceSettings, options: FhirOptions) -> None:
        self._spec, self._settings, self._options = spec, settings, options
        self._gatherer = Gatherer(spec, options.systems)
        self._client = FhirClient(settings, options)
        self._scan: _Scan | None = None
        self._links = {name: Selector(c.link_path, f"collections.{name}.link") for name, c in spec.collections.items()}

    def preflight(self) -> None:
        """The server answers, speaks R4, and knows every search the mapping needs."""
        statement = self._client.get("metadata")
        version = str(statement.get("fhirVersion", ""))
        if version and not version.startswith(("4.0", "4.1", "4.3")):
            raise SourceSchemaError(
                f"Máy chủ dùng FHIR {version}, đầu nối này đọc R4",
                f"The server speaks FHIR {version}; this connector reads R4",
            )
        next(self._client.search("Encounter", {"_count": "1"}))
        for kind in sorted({c.resource for c in self._spec.collections.values()}):
            next(self._client.search(kind, {"_count": "1"}))

    def pull(self, cursor: Cursor | None, *, now: datetime) -> Batch:
        """The encounters of one page of the window at hand."""
        scan, self._scan = self._scan, None
        if scan is None or scan.cursor != cursor:
            scan = self._begin(cursor, now)
        keys = scan.next_keys(self._settings.batch_size)
        encounters = self._complete(keys) if keys else []
        # Only now: a scan that broke in between has lost its place and must begin again, or it would end too early.
        if scan.more:
            self._scan = scan
            return Batch(encounters, cursor, done=False)
        # The window ends where the server's clock stood when the scan began, if that is behind ours.
        return Batch(encounters, Cursor(_stamp(scan.until), ""), done=scan.last)

    def fetch(self, keys: Sequence[str]) -> Sequence[SourceEncounter]:
        """These encounters as they are now, absent ones left out."""
        return self._complete(list(keys))

    def keys_on(self, day: date) -> frozenset[str]:
        """Encounters whose period touches a day, Asia/Ho_Chi_Minh."""
        start = datetime.combine(day, time(), VIETNAM)
        end = start + timedelta(days=1)
        query = f"Encounter?date=ge{_stamp(start)}&date=lt{_stamp(end)}&_count=200"
        found: set[str] = set()
        for page in self._client.pages(self._client.get(query)):
            for one in page:
                period = one.get("period")
                begun = str(period.get("start", "")) if isinstance(period, dict) else ""
                if one.get("resourceType") == "Encounter" and _day_of(begun) == day:
                    found.add(_key(one))
        return frozenset(found)

    def present(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of ``keys`` the server still gives and the mapping still takes."""
        return frozenset(one.key for one in self._complete(list(keys)))

    def close(self) -> None:
        """Give connections back."""
        self._scan = None
        self._client.close()

    # ---- a scan ----------------------------------------------------------------------------------

    def _begin(self, cursor: Cursor | None, now: datetime) -> _Scan:
        reached = datetime.fromisoformat(cursor.stamp) if cursor is not None else self._options.since
        # One cheap question tells the server's clock before the window's end is chosen.
        next(self._client.search("Encounter", {"_count": "1"}))
        end = min(now, self._client.server_time or now)
        until = end
        low = None
        if reached is not None:
            reached = reached if reached.tzinfo is not None else reached.replace(tzinfo=VIETNAM)
            until = max(reached, min(end, reached + timedelta(hours=self._options.window_hours)))
            low = reached - timedelta(minutes=self._settings.look_back_minutes)
        return _Scan(cursor, until, last=until >= end, keys=self._changed(low, until if until < end else None))

    def _changed(self, low: datetime | None, high: datetime | None) -> Iterator[str]:
        """Keys of encounters that changed, or to which something belongs that changed; each once."""
        bounds = [f"ge{_stamp(low)}"] if low is not None else []
        bounds += [f"lt{_stamp(high)}"] if high is not None else []
        seen: set[str] = set()
        for key in self._keys_of("Encounter", None, bounds):
            if key not in seen:
                seen.add(key)
                yield key
        if low is None:
            return  # everything was just listed
        for key in itertools.chain(self._by_children(bounds), self._by_patients(bounds)):
            if key not in seen:
                seen.add(key)
                yield key

    def _by_children(self, bounds: list[str]) -> Iterator[str]:
        """Encounters to which something belongs that changed."""
        done: set[str] = set()
        for name, collection in self._spec.collections.items():
            if collection.of == "encounter" and collection.resource not in done:
                done.add(collection.resource)
                yield from self._keys_of(collection.resource, self._links[name], bounds)

    def _by_patients(self, bounds: list[str]) -> Iterator[str]:
        """Recent encounters of patients who changed, or whose card did."""
        if self._options.patient_days == 0:
            return
        patients = set(self._keys_of("Patient", None, bounds))
        done: set[str] = set()
        for name, collection in self._spec.collections.items():
            if collection.of == "patient" and collection.resource not in done:
                done.add(collection.resource)
                patients |= set(self._keys_of(collection.resource, self._links[name], bounds, of="Patient"))
        recent = _stamp(datetime.now(UTC) - timedelta(days=self._options.patient_days))
        size, ordered = self._options.ids_per_request, sorted(patients)
        for at in range(0, len(ordered), size):
            names = ",".join(f"Patient/{one}" for one in ordered[at : at + size])
            for page in self._client.search("Encounter", {"patient": names, "date": f"ge{recent}", "_count": "200"}):
                yield from (_key(one) for one in page if one.get("resourceType") == "Encounter")

    def _keys_of(self, kind: str, link: Selector | None, bounds: list[str], *, of: str = "Encounter") -> Iterator[str]:
        params = {"_count": str(self._settings.batch_size), "_sort": "_lastUpdated"}
        query = "&".join(f"{key}={value}" for key, value in params.items())
        query += "".join(f"&_lastUpdated={bound}" for bound in bounds)
        for page in self._client.pages(self._client.get(f"{kind}?{query}")):
            for resource in page:
                if resource.get("resourceType") != kind:
                    continue
                if link is None:
                    yield _key(resource)
                    continue
                for element in link.all(resource, {}):
                    text = reference_of(element)
                    if text is not None and short(text).startswith(f"{of}/"):
                        yield short(text).removeprefix(f"{of}/")

    # ---- whole encounters ------------------------------------------------------------------------

    def _complete(self, keys: Sequence[str]) -> list[SourceEncounter]:
        pool = Pool()
        listed = [k for k in dict.fromkeys(keys) if k]
        self._by_id(pool, "Encounter", listed)
        asked = set(listed)
        wanted = [e for e in pool.of("Encounter") if e["id"] in asked]
        if self._options.everything:
            for one in wanted:
                for page in self._client.pages(self._client.get(f"Encounter/{quote(one['id'], safe='')}/$everything")):
                    _keep(pool, page)
        else:
            self._children(pool, "encounter", [f"Encounter/{e['id']}" for e in wanted])
        self._follow(pool, wanted)
        patients = {name_of(p) for e in wanted if (p := pool.find(e.get("subject"), e)) is not None}
        self._children(pool, "patient", sorted(patients))
        self._follow(pool, [r for c in self._spec.collections.values() for r in pool.of(c.resource)])
        broken = [
            unreadable(key, "", [f"{name}: {'; '.join(faults)}"])
            for name, (resource, faults) in sorted(pool.faulty.items())
            if name.startswith("Encounter/") and (key := key_of(resource)) in asked
        ]
        return self._gatherer.encounters(pool, wanted) + broken

    def _by_id(self, pool: Pool, kind: str, ids: Sequence[str]) -> None:
        size = self._options.ids_per_request
        for at in range(0, len(ids), size):
            part = ids[at : at + size]
            for page in self._client.search(kind, {"_id": ",".join(part), "_count": str(len(part))}):
                _keep(pool, page)

    def _children(self, pool: Pool, of: str, parents: Sequence[str]) -> None:
        """Resources of every collection's type that belong to these encounters (patients), batch by batch."""
        wanted = {(c.resource, c.search_param) for c in self._spec.collections.values() if c.of == of}
        size = self._options.ids_per_request
        for kind, param in sorted(wanted):
            for at in range(0, len(parents), size):
                params = {param: ",".join(parents[at : at + size]), "_count": "500"}
                for page in self._client.search(kind, params):
                    _keep(pool, page)

    def _follow(self, pool: Pool, resources: Sequence[Resource]) -> None:
        """Fetch what these resources refer to and is not here, by type and in batches; twice, for chains."""
        waiting = deque(resources)
        for _ in range(2):
            missing: dict[str, set[str]] = {}
            for resource in waiting:
                for _, reference in references(resource):
                    kind, _, key = short(reference).partition("/")
                    if key and kind in _FOLLOWED and pool.find(reference, resource) is None:
                        missing.setdefault(kind, set()).add(key)
            before = len(pool)
            for kind, ids in sorted(missing.items()):
                self._by_id(pool, kind, sorted(ids))
            if len(pool) == before:
                return
            waiting = deque(r for kind in missing for r in pool.of(kind))


_FOLLOWED = frozenset(
    {"Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "Medication", "Device", "Coverage",
     "Condition", "Procedure", "MedicationRequest", "MedicationDispense", "DiagnosticReport", "ServiceRequest",
     "Observation", "RelatedPerson", "EpisodeOfCare", "Specimen", "Claim"}
)  # fmt: skip


def _key(resource: Resource) -> str:
    """The id to ask by. A resource that cannot be asked for must not be passed over in silence."""
    key = key_of(resource)
    if key is None:
        kind = resource["resourceType"]
        raise SourceSchemaError(
            f"Máy chủ FHIR trả {kind} không có id dùng được", f"The FHIR server gives a {kind} without a usable id"
        )
    return key


def _keep(pool: Pool, resources: Sequence[Resource]) -> None:
    for resource in resources:
        pool.add(resource)


class _Scan:
    """One window being read. ``more`` is true until the listing has ended."""

    def __init__(self, cursor: Cursor | None, until: datetime, *, last: bool, keys: Iterator[str]) -> None:
        self.cursor, self.until, self.last = cursor, until, last
        self._keys = keys
        self.more = True

    def next_keys(self, limit: int) -> list[str]:
        found: list[str] = []
        for key in self._keys:
            found.append(key)
            if len(found) == limit:
                return found
        self.more = False
        return found


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day_of(text: str) -> date | None:
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return at.astimezone(VIETNAM).date() if at.tzinfo is not None else at.date()
