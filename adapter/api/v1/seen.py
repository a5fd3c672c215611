"""What a caller may see of a dossier: those of their facilities, masked."""

from __future__ import annotations

from typing import Any

from adapter.access import AccessRefused, Principal
from adapter.access.clear import hidden, is_clear
from adapter.dossier.model import Dossier
from adapter.dossier.shown import laid_out
from adapter.rules.catalogue import catalogue
from adapter.store.people.audit import Entry
from adapter.store.store import Store


def absent() -> AccessRefused:
    """There is none, or the caller may not know: told alike."""
    return AccessRefused("Không có hồ sơ này", "There is no such dossier", status=404, code="DOSSIER")


def need(store: Store, caller: Principal, dossier_id: int) -> dict[str, Any]:
    """Everything about a dossier of the caller's facilities. AccessRefused (404) otherwise."""
    found = store.queries.show(dossier_id) if 0 < dossier_id < 2**63 else None
    if found is None or not caller.sees(found["facility"]):
        raise absent()
    return found


def revision_of(dossier: dict[str, Any], number: int | None) -> dict[str, Any]:
    """One revision by its number, the newest for None. AccessRefused (404) when there is none."""
    revisions: list[dict[str, Any]] = dossier["revisions"]
    if number is None:
        return revisions[-1]
    for one in revisions:
        if one["number"] == number:
            return one
    raise absent()


def masked_tables(dossier: Dossier) -> dict[str, list[dict[str, str]]]:
    """Every row, each value as it stands or its shape only."""
    return {
        table: [
            {name: value if is_clear(table, name) else hidden(value) for name, value in row.items()} for row in rows
        ]
        for table, rows in laid_out(dossier).items()
    }


def masked_finding(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding as it may be read without seeing the person.

    A message may quote the value, so where the value is masked the rule's own words stand instead.
    """
    if is_clear(finding["table"], finding["field"]):
        return finding
    about = catalogue().get(finding["rule"])
    words = (about.message_vi, about.message_en) if about is not None else (finding["rule"], finding["rule"])
    return {**finding, "value": hidden(finding["value"]), "message_vi": words[0], "message_en": words[1]}


def masked_answer(answer: dict[str, Any], name: str) -> dict[str, Any]:
    """An attempt or receipt without the gateway's words, which may quote a patient."""
    return {**answer, name: hidden(answer[name])}


def record(
    store: Store, caller: Principal, dossier: dict[str, Any], action: str, reason: str = "", **detail: Any
) -> None:
    """The audit log's line about one dossier. Written before anything is shown."""
    store.audit.record(
        Entry(
            action,
            caller.actor,
            caller.via,
            facility=dossier["facility"],
            kind="dossier",
            object=str(dossier["id"]),
            about=dossier["ma_lk"],
            reason=reason,
            detail=detail,
        )
    )
