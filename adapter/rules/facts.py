"""What other dossiers may ask about this one, and the answers gathered for it: the two ends of ``History``.

The store keeps keyed values of :func:`facts_of` and answers in one query per dossier; :class:`Past` holds those
answers as plain data, so that a worker process needs no store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from adapter.dossier.model import Dossier, Row
from adapter.rules.context import SentVisit
from adapter.rules.values import instant, number, parts

CLAIM_KEY = ("MA_THE_BHYT", "HO_TEN", "NGAY_VAO", "NGAY_RA", "MA_BENH_CHINH", "MA_CSKCB", "NAM_QT", "THANG_QT")
"""PKG-024: two claims with the same values here are the same claim."""

TECHNICAL = frozenset({"1", "2", "3", "8", "18"})
IMAGING = frozenset({"2", "3"})
PROCEDURES = frozenset({"8", "18"})
SHARED_BED = frozenset({"50", "33"})
"""TYLE_TT_DV of a bed that patients share: it may be taken twice."""

PROCEDURE_KEY = ("MA_BAC_SI", "NGAY_YL", "NGAY_TH_YL", "NGAY_KQ")
NUMBERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "XML7": (("SO_LUU_TRU",),),
    "XML9": (("SO", "QUYEN_SO"),),
    "XML10": (("SO_SERI",), ("SO_CT",)),
    "XML11": (("SO_SERI",), ("SO_CT",)),
}
"""Numbers of papers that must not be used twice."""

Used = tuple[str, tuple[tuple[str, str], ...]]
"""Table, and (field, value) pairs in the order of the field's name."""
Busy = tuple[str, str, str, str]
"""Field, code, start and end as 12 digits."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A dossier as others may ask about it. ``claim``: the values of CLAIM_KEY when all are there."""

    ma_lk: str
    persons: tuple[str, ...] = ()
    claim: tuple[str, ...] = ()
    used: tuple[Used, ...] = ()
    busy: tuple[Busy, ...] = ()
    visit: Mapping[str, str] = field(default_factory=dict)


def facts_of(dossier: Dossier) -> Facts:
    """The facts of a claim or book dossier; content never makes it raise."""
    header = {k: v for k, v in dossier.header.items() if v and not v.isspace()}
    get = header.get
    persons = {p for p in (get("SO_CCCD", ""), *(c for c in parts(get("MA_THE_BHYT", "")) if c.strip())) if p}
    claim = tuple(get(name, "") for name in CLAIM_KEY)
    fields = ("MA_BN", "MA_LOAI_KCB", "NGAY_VAO", "NGAY_RA", "MA_KHOA", "T_TONGCHI_BV", "T_BHTT")
    return Facts(
        ma_lk=dossier.ma_lk,
        persons=tuple(sorted(persons)),
        claim=claim if all(claim) else (),
        used=tuple(dict.fromkeys(_used(dossier))),
        busy=tuple(dict.fromkeys(_busy(dossier.rows("XML3")))),
        visit={name: get(name, "") for name in fields},
    )


def used_key(table: str, values: Mapping[str, str]) -> Used:
    """How one use of a number or time is known."""
    return table, tuple(sorted(values.items()))


def _used(dossier: Dossier) -> Iterator[Used]:
    for row in dossier.rows("XML3"):
        if row.get("MA_NHOM", "") in PROCEDURES:
            values = {f: row.get(f, "") for f in PROCEDURE_KEY}
            if all(values.values()):
                yield used_key("XML3", values)
    for table, sets in NUMBERS.items():
        for row in dossier.rows(table):
            for names in sets:
                values = {f: row.get(f, "") for f in names}
                if all(v and not v.isspace() for v in values.values()):
                    yield used_key(table, values)


def _busy(rows: Sequence[Row]) -> Iterator[Busy]:
    for row in rows:
        group = row.get("MA_NHOM", "")
        people = row.get("NGUOI_THUC_HIEN", "") if group in TECHNICAL else ""
        machine = row.get("MA_MAY", "") if group in IMAGING else ""
        beds = row.get("MA_GIUONG", "")
        if not (people or machine or beds):
            continue
        start, end = instant(row.get("NGAY_TH_YL", "")), instant(row.get("NGAY_KQ", ""))
        if not start or not end or start >= end:
            continue
        for person in parts(people):
            if person.strip():
                yield "NGUOI_THUC_HIEN", person.strip(), start, end
        if machine.strip():
            yield "MA_MAY", machine, start, end
        if row.get("MA_KHOA", "") and row.get("TYLE_TT_DV", "") not in SHARED_BED:
            for bed in parts(beds):
                if bed.strip():
                    yield "MA_GIUONG", f"{row['MA_KHOA']}/{bed.strip()}", start, end


@dataclass(frozen=True, slots=True)
class Past:
    """``History`` as gathered for one dossier; it knows the answers to that dossier's questions only."""

    received: frozenset[str] = frozenset()
    by_person: Mapping[str, tuple[SentVisit, ...]] = field(default_factory=dict)
    by_claim: Mapping[tuple[str, ...], tuple[tuple[str, Decimal, Decimal], ...]] = field(default_factory=dict)
    by_use: Mapping[Used, tuple[str, ...]] = field(default_factory=dict)
    by_time: Mapping[tuple[str, str], tuple[tuple[str, str, str], ...]] = field(default_factory=dict)

    def accepted(self, ma_lk: str) -> bool:
        """Whether a dossier with this MA_LK has a receipt."""
        return ma_lk in self.received

    def visits(self, person: Collection[str], *, but_not: str) -> Sequence[SentVisit]:
        """Visits of the person with one of these numbers."""
        found = {v.ma_lk: v for p in person for v in self.by_person.get(p, ())}
        return [v for v in found.values() if v.ma_lk != but_not]

    def same_claim(self, key: Mapping[str, str], *, but_not: str) -> Sequence[tuple[str, Decimal, Decimal]]:
        """Sent claims with exactly these values."""
        return [c for c in self.by_claim.get(tuple(key.get(n, "") for n in CLAIM_KEY), ()) if c[0] != but_not]

    def used(self, table: str, values: Mapping[str, str], *, but_not: str) -> Sequence[str]:
        """Dossiers with a row of exactly these values."""
        return [ma_lk for ma_lk in self.by_use.get(used_key(table, values), ()) if ma_lk != but_not]

    def busy(self, field: str, code: str, start: str, end: str, *, but_not: str) -> Sequence[str]:
        """Dossiers that hold this person, machine or bed in [start, end)."""
        taken = self.by_time.get((field, code), ())
        return [ma_lk for a, b, ma_lk in taken if a < end and start < b and ma_lk != but_not]


def sent_visit(ma_lk: str, visit: Mapping[str, str], *, accepted: bool) -> SentVisit:
    """The visit as rules read it."""
    return SentVisit(
        ma_lk=ma_lk,
        ma_bn=visit.get("MA_BN", ""),
        kind=visit.get("MA_LOAI_KCB", ""),
        ngay_vao=visit.get("NGAY_VAO", ""),
        ngay_ra=visit.get("NGAY_RA", ""),
        ma_khoa=visit.get("MA_KHOA", ""),
        accepted=accepted,
    )


def amounts(visit: Mapping[str, str]) -> tuple[Decimal, Decimal] | None:
    """T_TONGCHI_BV and T_BHTT; None when one cannot be read."""
    total, paid = number(visit.get("T_TONGCHI_BV", "")), number(visit.get("T_BHTT", ""))
    return None if total is None or paid is None else (total, paid)
