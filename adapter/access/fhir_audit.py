"""The audit log as FHIR R4 ``AuditEvent`` resources, for an archive or a security information system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir.resources.R4B.auditevent import AuditEvent

_SYSTEM = "urn:bhyt:audit"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_TYPES = {  # the first part of an action → code of DICOM's audit vocabulary
    "session": ("110114", "User Authentication"),
    "user": ("110137", "User Security Attributes Changed"),
    "key": ("110137", "User Security Attributes Changed"),
    "personal": ("110110", "Patient Record"),
    "dossier": ("110110", "Patient Record"),
    "book": ("110110", "Patient Record"),
    "reception": ("110112", "Query"),
    "person": ("110106", "Export"),
    "export": ("110106", "Export"),
    "audit": ("110101", "Audit Log Used"),
    "vault": ("110136", "Security Roles Changed"),
}
_OTHER = ("110100", "Application Activity")
_KINDS = {
    "add": "C",
    "import": "C",
    "erase": "D",
    "revoke": "U",
    "reveal": "R",
    "search": "R",
    "export": "R",
    "list": "R",
}
_FAILED = {"refused", "throttled", "denied", "failed"}


def audit_event(line: Mapping[str, Any], *, observer: str) -> dict[str, Any]:
    """One line (as :meth:`Audit.export` gives it) as a validated resource, ready for JSON.

    The person it is about appears as the keyed value only; ``reason`` as the person typed it.
    """
    group, _, act = str(line["action"]).partition(".")
    code, display = _TYPES.get(group, _OTHER)
    details = {
        "facility": line["facility"],
        "seq": str(line["seq"]),
        "digest": line["digest"],
        **{name: _text(value) for name, value in line["detail"].items()},
    }
    entity: dict[str, Any] = {
        "what": {
            "identifier": {"system": f"{_SYSTEM}:{line['kind'] or 'installation'}", "value": line["object"] or "-"}
        },
        "detail": [{"type": name, "valueString": value} for name, value in details.items() if value],
    }
    entities = [entity]
    if line["about"]:
        entities.append({"what": {"identifier": {"system": f"{_SYSTEM}:about", "value": line["about"]}}})
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": f"bhyt-{line['seq']}",
        "type": {"system": _DCM, "code": code, "display": display},
        "subtype": [{"system": _SYSTEM, "code": line["action"]}],
        "action": _KINDS.get(act, "E"),
        "recorded": line["at"],
        "outcome": "4" if line["outcome"] in _FAILED else "0",
        "outcomeDesc": line["outcome"],
        "agent": [
            {
                "who": {"identifier": {"system": f"{_SYSTEM}:actor", "value": line["actor"]}},
                "type": {"coding": [{"system": f"{_SYSTEM}:via", "code": line["via"]}]},
                "requestor": True,
            }
        ],
        "source": {"observer": {"display": observer}},
        "entity": entities,
    }
    if line["reason"]:
        event["purposeOfEvent"] = [{"text": line["reason"]}]
    AuditEvent.model_validate(event)
    return event


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
