"""Invented dossiers of any size and layout, and GIAMDINHHS files written by hand."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date

from adapter.dossier.model import Dossier, Purpose, Row
from adapter.standard.spec import written_as

FACILITY = "01999"
MA_LK = "SYN-2026-000001"
NAMED = {
    "MA_LK": MA_LK,
    "MA_CSKCB": FACILITY,
    "NGAY_RA": "202609010930",
    "NGAY_YL": "202609010810",
    "NGAY_HOP": "20260901",
    "MA_DOITUONG_KCB": "1.1",
}


def row(table: str, layout: str = "3176", **values: str) -> Row:
    """A full row: every field of the table, empty but for the identity and what is given."""
    names = written_as(layout).tables[table].names
    return {name: values.get(name, NAMED.get(name, "")) for name in names}


def dossier(layout: str = "3176", *, lines: int = 1, **tables: Sequence[Row]) -> Dossier:
    """A claim with one XML1 row and ``lines`` rows of XML3, or the tables given."""
    chosen: dict[str, tuple[Row, ...]] = {"XML1": (row("XML1", layout),)}
    if not tables:
        chosen["XML3"] = tuple(
            row(
                "XML3",
                layout,
                STT=str(i),
                TEN_DICH_VU="Khám bệnh tại phòng khám ví dụ số một",
                SO_LUONG="1.000",
                THANH_TIEN_BV="39000.00",
            )
            for i in range(1, lines + 1)
        )
    chosen |= {name: tuple(rows) for name, rows in tables.items()}
    return Dossier(FACILITY, MA_LK, Purpose.CLAIM, layout, chosen)


def checkin() -> Dossier:
    """A check-in of one row."""
    return Dossier(FACILITY, MA_LK, Purpose.CHECKIN, "3176", {"XML0": (row("XML0", STT="1"),)})


def part_xml(table: str, rows: Sequence[Mapping[str, str]], layout: str = "3176") -> str:
    """The inner XML of a part, as plainly as another program might write it (values are not escaped)."""
    spec = written_as(layout).tables[table]
    bodies = ["".join(f"<{name}>{value}</{name}>" for name, value in r.items()) for r in rows]
    if spec.record_element is None:
        return f"<{spec.root}>{bodies[0]}</{spec.root}>"
    records = "".join(f"<{spec.record_element}>{body}</{spec.record_element}>" for body in bodies)
    return f"<{spec.root}><{spec.list_element}>{records}</{spec.list_element}></{spec.root}>"


def encoded(inner: str | bytes) -> str:
    """Base64 of a part."""
    return base64.b64encode(inner if isinstance(inner, bytes) else inner.encode()).decode()


def hoso(*parts: tuple[str, str]) -> str:
    """One HOSO from (LOAIHOSO, text of NOIDUNGFILE) pairs."""
    files = "".join(
        f"<FILEHOSO><LOAIHOSO>{name}</LOAIHOSO><NOIDUNGFILE>{text}</NOIDUNGFILE></FILEHOSO>" for name, text in parts
    )
    return f"<HOSO>{files}</HOSO>"


def envelope(*hosos: str, count: str | None = None, facility: str = FACILITY, day: date = date(2026, 9, 1)) -> str:
    """A whole file around the given HOSO elements."""
    declared = str(len(hosos)) if count is None else count
    return (
        '<?xml version="1.0" encoding="utf-8"?><GIAMDINHHS>'
        f"<THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI>"
        f"<THONGTINHOSO><NGAYLAP>{day:%Y%m%d}</NGAYLAP><SOLUONGHOSO>{declared}</SOLUONGHOSO>"
        f"<DANHSACHHOSO>{''.join(hosos)}</DANHSACHHOSO></THONGTINHOSO><CHUKYDONVI/></GIAMDINHHS>"
    )


def xml1(**values: str) -> tuple[str, str]:
    """A correct XML1 part."""
    return "XML1", encoded(part_xml("XML1", [row("XML1", **values)]))
