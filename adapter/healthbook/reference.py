"""The table of fields for the documentation, from the data; a test holds the page to it."""

from __future__ import annotations

from adapter.healthbook.catalogue import fields, rules_of
from adapter.healthbook.privacy import load_rules

START, END = "<!-- generated -->", "<!-- end generated -->"


def fields_table() -> str:
    """Every field with its sources, certainty, and when an empty value is a gap."""
    lines = [
        "| field | what | trường | filled from | field known by | mapping known by | gap when empty |",
        "|---|---|---|---|---|---|---|",
    ]
    for about in fields().values():
        sources = dict.fromkeys(f"`{rule.table}.{column}`" for rule in rules_of()[about.id] for column in rule.columns)
        lines.append(
            f"| `{about.id}` | {about.label_en} | {about.label_vi} | {', '.join(sources)} | {about.certainty} |"
            f" {about.mapping_level} | {about.expected} |"
        )
    return "\n".join(lines)


def privacy_table() -> str:
    """Every rule with what follows from it."""
    lines = [
        "| rule | what | insured claim | self-paid visit | shown | basis | certainty: law / rule |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule in load_rules().rules:
        sure = " / ".join(rule.certainty.values())
        lines.append(
            f"| `{rule.id}` | {rule.name_en} | {rule.claim} | {rule.self_paid} | {rule.show} | {rule.basis} | {sure} |"
        )
    return "\n".join(lines)


def put_into(page: str, table: str) -> str:
    """A page with its generated part renewed."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{table}\n{END}{after}"
