"""Conditions several tables share: forms of codes, and the code lists in force on a day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files

from adapter.rules.finding import Severity
from adapter.rules.values import as_date, instant, parts, real_day
from adapter.rules.view import View
from adapter.standard import spec

CARD = re.compile(r"[A-Z]{2}[1-5]([0-9]{2}|KT)[0-9A-Z]{10}\Z")
ICD10 = re.compile(r"[A-Z][0-9]{2}(\.?[0-9A-Z]{1,2})?[†*]?\Z")
IDENTITY = re.compile(r"([0-9]{9}|[0-9]{12}|[A-Z][0-9]{7})\Z")
TEN_DIGITS = re.compile(r"[0-9]{10}\Z")
NO_END_PREFIXES = frozenset({"QN", "HC", "LS", "XK", "CY", "CA"})
FORCES = frozenset({"QN", "CA", "CY"})


def birth_ok(text: str, latest: str) -> bool:
    """12 digits; year from 1890 to that of ``latest``; month and day real or 0000; hour and minute real."""
    if len(text) != 12 or not (text.isascii() and text.isdigit()):
        return False
    if not "1890" <= text[:4] <= (latest[:4] or "9999"):
        return False
    if text[4:8] != "0000" and not real_day(text[:8]):
        return False
    return text[8:10] < "24" and text[10:] < "60"


def identity_contradicts(number: str, birth: str, sex: str) -> bool:
    """A 12-digit personal number whose 4th digit (century and sex) or digits 5–6 (year) contradict the person."""
    century_sex = int(number[3])
    if birth and (19 + century_sex // 2 != int(birth[:2]) or number[4:6] != birth[2:4]):
        return True
    return sex in {"1", "2"} and (century_sex % 2 == 0) != (sex == "1")


def category_verdict(view: View, code: str) -> Severity | None:
    """None when MA_DOITUONG_KCB is in the list in force; ``warning`` when only tolerated for a transition."""
    known = view.standard.code_set("MA_DOITUONG_KCB")
    accepted = known.accepts(code) if known else "valid"
    if accepted == "valid":
        return None
    return "warning" if accepted == "tolerated" else "error"


def visit_kind_known(view: View, code: str) -> bool:
    """Whether MA_LOAI_KCB is in the list in force, or already allowed beside it."""
    known = view.standard.code_set("MA_LOAI_KCB")
    return known is None or known.accepts(code) is not None


def base_salary(view: View) -> Decimal | None:
    """Monthly base salary at NGAY_VAO, in đồng: the facility's own figure, else the standard's."""
    if not view.vao:
        return None
    known = [amount for since, amount in view.options.base_salary if since <= view.vao[:8]]
    if known:
        return known[-1]
    text = spec.effective_on(as_date(view.ra or view.vao), admitted=as_date(view.vao)).parameter("base_salary")
    return Decimal(text) if text else None


def listed(view: View, name: str, code: str, day: str = "") -> Sequence[Mapping[str, str]]:
    """Rows of a catalogue in force on ``day`` (default: the visit's end). ICD codes match with or without † and *."""
    catalogues = view.context.catalogues
    on = day or view.ra or view.vao or view.now
    if catalogues is None or not code or not on:
        return ()
    found = catalogues.find(name, code, as_date(on))
    if not found and name == "icd10":
        found = catalogues.find(name, code.rstrip("†*"), as_date(on))
    return found


def in_list(view: View, name: str, code: str) -> bool:
    """Whether the catalogue is loaded and holds the code."""
    return bool(listed(view, name, code))


_FORMER = frozenset({"A90", "A91", "I84", "J46"})
"""Categories WHO has retired and Vietnamese lists still know (dengue, haemorrhoids, status asthmaticus)."""


@cache
def _categories() -> frozenset[str]:
    """Three-character categories of WHO's ICD-10. The library they come from would hold 19 MB in every process."""
    text = files("adapter.rules").joinpath("data", "icd10_categories.txt").read_text(encoding="utf-8")
    return _FORMER.union(*(line.split() for line in text.splitlines() if not line.startswith("#")))


def no_such_disease(view: View, code: str) -> bool:
    """Whether no ICD-10 knows the category of a well-formed code. Where a list is loaded, the list is asked instead."""
    catalogues, on = view.context.catalogues, view.ra or view.vao
    if catalogues is not None and on and catalogues.has("icd10", as_date(on)):
        return False
    # U00–U99 is for national use: traditional medicine has its codes there.
    return not code.startswith("U") and code[:3] not in _categories()


_SUFFIX = re.compile(r"\.(TX|CG|HD|C)(\..*)?\Z|\.[0-9]{12}\Z")


def known_staff(view: View, codes: str, day: str = "") -> bool:
    """Whether every ``;``-part, without its suffix of help or training, is on the staff list of the day."""
    on = instant(day)
    people = [_SUFFIX.sub("", p.strip()) for p in parts(codes)]
    return all(listed(view, "staff", p, on) for p in people if p)
