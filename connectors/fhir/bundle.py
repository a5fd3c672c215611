"""A Bundle that somebody pushed: what is in it, item by item, and the encounters it makes.

A Bundle carries whole encounters: what a later Bundle says about the same encounter replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from adapter.source import SourceEncounter
from connectors.fhir.gather import Gatherer
from connectors.fhir.resources import Pool, key_of, name_of, parse, references, short

TYPES = ("transaction", "collection", "message", "document", "batch")


@dataclass(frozen=True, slots=True)
class Issue:
    """One remark of an OperationOutcome. ``code`` is of the value set issue-type; ``at`` a FHIRPath into the Bundle."""

    severity: Literal["error", "warning", "information"]
    code: str
    at: str
    vi: str
    en: str


@dataclass(slots=True)
class Received:
    """What a Bundle gave: encounters (those that cannot be used too, to be seen), and a remark per item."""

    encounters: list[SourceEncounter] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether nothing of it can be kept."""
        return not self.encounters

    def outcome(self) -> dict[str, Any]:
        """The OperationOutcome to answer with."""
        issues = self.issues or [Issue("information", "informational", "Bundle", "Đã nhận", "Received")]
        return {
            "resourceType": "OperationOutcome",
            "issue": [
                {
                    "severity": one.severity,
                    "code": one.code,
                    "details": {"text": one.vi},
                    "diagnostics": one.en,
                    "expression": [one.at],
                }
                for one in issues
            ],
        }


def read_bundle(data: bytes, gatherer: Gatherer, *, max_entries: int) -> Received:
    """The encounters of a Bundle. Raises SourceValueError when the bytes are no JSON."""
    bundle = parse(data)
    received = Received()
    entries = _entries(bundle, received, max_entries)
    if entries is None:
        return received
    pool = Pool()
    given = _identify(entries)
    for number, entry in enumerate(entries):
        _take(pool, entry, f"Bundle.entry[{number}]", received)
    _complain_of_loose_ends(pool, given, received)
    received.encounters = gatherer.encounters(pool)
    broken = {
        key: told
        for resource, told in pool.faulty.values()
        if isinstance(resource, Mapping)
        and resource.get("resourceType") == "Encounter"
        and (key := key_of(resource)) is not None
    }
    received.encounters += [
        SourceEncounter.unreadable(
            key,
            "",
            f"Tài nguyên Encounter không hợp lệ: {'; '.join(told)}",
            f"The Encounter is not valid: {'; '.join(told)}",
        )
        for key, told in sorted(broken.items())
    ]
    for encounter in received.encounters:
        said = encounter.problem
        where = f"Bundle.entry.resource.ofType(Encounter).where(id = '{encounter.key}')"
        if said is None:
            received.issues.append(
                Issue("information", "informational", where, "Đã nhận đợt khám", "Encounter received")
            )
        else:
            received.issues.append(Issue("error", "invalid", where, *said))
    if not received.encounters and not any(i.severity == "error" for i in received.issues):
        received.issues.append(
            Issue(
                "error", "required", "Bundle", "Bundle không có Encounter nào dùng được", "The Bundle has no Encounter"
            )
        )
    return received


def _entries(bundle: Any, received: Received, limit: int) -> list[Any] | None:
    def refuse(code: str, at: str, vi: str, en: str) -> None:
        received.issues.append(Issue("error", code, at, vi, en))

    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        refuse("structure", "Bundle", "Không phải tài nguyên Bundle", "Not a Bundle resource")
        return None
    if bundle.get("type") not in TYPES:
        told = ", ".join(TYPES)
        refuse("value", "Bundle.type", f"Kiểu Bundle phải là một trong: {told}", f"Bundle.type must be one of: {told}")
        return None
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        refuse("structure", "Bundle.entry", "Bundle.entry phải là danh sách", "Bundle.entry must be a list")
        return None
    if len(entries) > limit:
        refuse(
            "too-long",
            "Bundle.entry",
            f"Bundle có {len(entries)} mục, giới hạn là {limit}: hãy chia nhỏ theo đợt khám",
            f"The Bundle has {len(entries)} entries, the limit is {limit}: split it by encounter",
        )
        return None
    return entries


def _identify(entries: list[Any]) -> dict[str, str]:
    """Give every resource without an id the one its ``urn:uuid:`` stands for; the names by fullUrl.

    A sender that repeats a Bundle repeats its urns only if it keeps them: see ``docs/connectors/fhir.md``.
    """
    names: dict[str, str] = {}
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        url = entry.get("fullUrl")
        if isinstance(url, str) and url.startswith("urn:uuid:") and "id" not in resource:
            resource["id"] = url.removeprefix("urn:uuid:")
        if isinstance(url, str):
            names[url] = name_of(resource)
    _rewrite(entries, names)
    return names


def _rewrite(value: Any, names: Mapping[str, str]) -> None:
    """References to urns become ``Type/id``, so that all later steps know one form only."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            reference = one.get("reference")
            if isinstance(reference, str) and reference in names:
                one["reference"] = names[reference]
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)


def _take(pool: Pool, entry: Any, at: str, received: Received) -> None:
    if not isinstance(entry, dict):
        received.issues.append(Issue("error", "structure", at, "Mục không phải đối tượng", "Not an object"))
        return
    resource = entry.get("resource")
    method = (entry.get("request") or {}).get("method") if isinstance(entry.get("request"), dict) else None
    if resource is None:
        if method not in ("DELETE", "GET", "HEAD"):
            received.issues.append(Issue("error", "required", at, "Mục không có resource", "No resource"))
        else:
            received.issues.append(
                Issue("warning", "not-supported", at, f"Bỏ qua yêu cầu {method}", f"A {method} is set aside")
            )
        return
    for one in pool.add(resource):
        received.issues.append(
            Issue("error", "structure", f"{at}.resource", f"Tài nguyên không hợp lệ: {one}", f"Not valid: {one}")
        )


def _complain_of_loose_ends(pool: Pool, names: Mapping[str, str], received: Received) -> None:
    """Say which references lead nowhere, and which records belong to no encounter of the Bundle."""
    known = {*pool.names(), *names.values()}
    encounters = {name_of(e) for e in pool.of("Encounter")}
    for name in sorted(pool.names()):
        resource = pool.get(name)
        for path, text in references(resource, resource["resourceType"]):
            target = short(text)
            if text.startswith("#") or target in known:
                continue
            at = f"Bundle.entry.resource.where(id = '{resource['id']}').{path}"
            if path.endswith((".encounter", ".context")) and target not in encounters:
                received.issues.append(
                    Issue(
                        "error",
                        "not-found",
                        at,
                        "Đợt khám mà bản ghi này thuộc về không có trong Bundle; bản ghi không được dùng",
                        "The encounter this record belongs to is not in the Bundle; the record is not used",
                    )
                )
            else:
                received.issues.append(
                    Issue(
                        "warning",
                        "not-found",
                        at,
                        "Tham chiếu không có trong Bundle: các cột lấy từ đó để trống",
                        "A reference leads out of the Bundle: columns taken from it are empty",
                    )
                )
