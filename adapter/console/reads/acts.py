"""What a person may do with a dossier from the console; every act carries a reason and is recorded by the store."""

from __future__ import annotations

from typing import Any

from adapter.access import Principal
from adapter.access.refusals import not_allowed
from adapter.console.core.context import Console
from adapter.errors import BhytError, Terminal
from adapter.rules.catalogue import catalogue

ACTS = ("retry", "hold", "release")
"""What may be done to several at once; passing over a rule is decided one by one."""


def possible(who: Principal, line: dict[str, Any]) -> list[str]:
    """The acts that mean something for this dossier now, for this person."""
    found: list[str] = []
    if who.may("dossiers.act"):
        if line["held"]:
            found.append("release")
        elif line["state"] in {"blocked", "refused", "unknown", "translated", "ready", "signed"}:
            found.append("retry")
        if not line["held"] and line["state"] not in {"accepted", "skipped"}:
            found.append("hold")
        if line["state"] == "unknown":
            found.append("found")
    if who.may("rules.override") and line["state"] == "blocked" and not line["held"] and overridable(line)[1]:
        found.append("override")
    return found


def overridable(line: dict[str, Any]) -> tuple[list[str], bool]:
    """The rules that block, and whether a person may pass over all of them."""
    errors = sorted({f["rule"] for f in line["revisions"][-1]["findings"] if f["severity"] == "error"})
    known = catalogue()
    return errors, bool(errors) and all(rule in known and known[rule].overridable for rule in errors)


def act_on(
    console: Console, who: Principal, line: dict[str, Any], act: str, reason: str, *, receipt: str = ""
) -> BhytError | None:
    """Do it; the refusal when it cannot be done to this dossier. AccessRefused without the right."""
    queue = console.store.queue
    identity = int(line["id"])
    wants = "rules.override" if act == "override" else "dossiers.act"
    if not who.may(wants):
        raise not_allowed()
    try:
        if act == "retry":
            queue.retry(identity, reason=reason, actor=who.actor)
        elif act == "hold":
            queue.hold(identity, reason=reason, actor=who.actor)
        elif act == "release":
            queue.release(identity, reason=reason, actor=who.actor)
        elif act == "found":
            queue.found(identity, ma_giao_dich=receipt.strip(), reason=reason, actor=who.actor)
        elif act == "override":
            rules, _ = overridable(line)
            known = catalogue()
            allowed = {rule for rule in rules if rule in known and known[rule].overridable}
            queue.override(identity, reason=reason, actor=who.actor, allowed=allowed)
        else:
            return Terminal("Không có thao tác này", "There is no such act", code="QUEUE")
    except Terminal as error:
        return error
    return None
