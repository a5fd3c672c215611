"""Where a dossier stands on its way from the HIS to the gateway's verdict, as stations for a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from adapter.store.states import State, Verdict

Mark = Literal["done", "busy", "warn", "bad", ""]
_STATIONS = ("read", "checked", "signed", "sent", "receipt", "verdict")
_REACHED: Mapping[str, tuple[int, Mark]] = {
    State.TRANSLATED: (1, "busy"),
    State.BLOCKED: (1, "bad"),
    State.READY: (2, "busy"),
    State.SIGNING: (2, "busy"),
    State.SIGNED: (3, "busy"),
    State.SENDING: (3, "busy"),
    State.UNKNOWN: (4, "warn"),
    State.REFUSED: (4, "bad"),
    State.ACCEPTED: (5, "busy"),
    State.SKIPPED: (1, ""),
}


def way_of(line: Mapping[str, Any]) -> list[tuple[str, Mark]]:
    """Each station with its mark: passed, being worked on, waiting for somebody, in trouble, or not yet reached.

    A check-in gets no verdict, so its way ends at the receipt.
    """
    reached, mark = _REACHED.get(line["state"], (1, ""))
    if line["state"] == State.ACCEPTED and line["verdict"] in {Verdict.GOOD, Verdict.REPLACED}:
        reached, mark = 6, ""
    elif line["state"] == State.ACCEPTED and line["verdict"] == Verdict.FAULTY:
        mark = "bad"
    if line["held"]:
        mark = "warn"
    names = _STATIONS[:5] if line["purpose"] == "checkin" else _STATIONS
    marks: list[Mark] = ["done" if at < reached else mark if at == reached else "" for at in range(len(names))]
    return list(zip(names, marks, strict=True))
