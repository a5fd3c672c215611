"""Oddities of a real HIS that are no faults: the mapping has to see through them.

Each returns silently when it does not fit the encounter. Numbers in the comments are those
of the list in ``docs/demo.md``.
"""

from __future__ import annotations

import random
import unicodedata
from decimal import Decimal

from adapter.demo.his_b.episode import Episode


def sprinkle(e: Episode, rng: random.Random) -> None:
    """Some of the oddities, by chance."""
    for chance, trap in TRAPS:
        if rng.random() < chance:
            trap(e)


def deleted_line(e: Episode) -> None:
    """9: a line deleted by the cashier stays in the table."""
    e.examine("KB-NOI", e.arrival.replace(second=30))["IS_DELETE"] = 1
    e.bill()


def not_executed(e: Episode) -> None:
    """9: ordered and billed, then not carried out."""
    e.examine("KB-NOI", e.arrival.replace(second=40))["IS_NO_EXECUTE"] = 1
    e.bill()


def zero_flags(e: Episode) -> None:
    """10: a flag of 0 means the same as NULL."""
    for row in e.rows["SERVED_ITEM"]:
        for flag in ("IS_DELETE", "IS_NO_EXECUTE", "IS_EXPEND"):
            row[flag] = row[flag] or 0
    e.row["IS_DELETE"] = 0


def decomposed_name(e: Episode) -> None:
    """21: a name in decomposed Unicode, as some databases keep it."""
    for row, column in ((e.row, "TDL_PATIENT_NAME"), (e.patient, "VIR_PATIENT_NAME")):
        row[column] = unicodedata.normalize("NFD", str(row[column]))


def messy_secondary(e: Episode) -> None:
    """17: secondary codes with a leading separator and blanks."""
    if e.row["ICD_SUB_CODE"] is None and e.kind != "pregnancy_leave" and e.icd != "I10":
        e.row["ICD_SUB_CODE"] = ";I10 ; E78.5"


def rich_text_report(e: Episode) -> None:
    """22: a report in RTF or HTML, with a character XML forbids."""
    for i, row in enumerate(e.rows["ITEM_REPORT"]):
        words = str(row["DESCRIPTION"])
        if i % 2:
            row["DESCRIPTION"] = f"<div><b>Mô tả:</b> {words} &lt;ổn&gt;]]&gt;</div>"
        else:
            escaped = "".join(c if ord(c) < 128 else f"\\u{ord(c)}?" for c in words)
            row["DESCRIPTION"] = "{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\f0\\fs24 " + escaped + "\\par}"


def odd_result(e: Episode) -> None:
    """23: results that are no numbers."""
    for row, value in zip(e.rows["ITEM_TEST"][:2], ("<0,5", "Âm tính"), strict=False):
        row["RESULT_VALUE"] = value


def own_purse_line(e: Episode) -> None:
    """28: one line of an insured visit is paid by the patient and stays out of the claim."""
    if e.insured:
        row = e.product("VITC", e.end, Decimal(10))
        row["PAYER_TYPE_ID"] = 42
        e.bill()


def old_identity(e: Episode) -> None:
    """5: only a nine-digit identity card is known."""
    if e.patient["CCCD_NUMBER"] and not e.rows["NEWBORN"]:
        e.patient["CMND_NUMBER"] = f"00{e.person.number:07d}"
        e.patient["CCCD_NUMBER"] = " "


TRAPS = (
    (0.05, deleted_line),
    (0.05, not_executed),
    (0.15, zero_flags),
    (0.03, decomposed_name),
    (0.10, messy_secondary),
    (0.20, rich_text_report),
    (0.05, odd_result),
    (0.05, own_purse_line),
    (0.02, old_identity),
)
