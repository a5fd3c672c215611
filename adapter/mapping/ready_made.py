"""Dossiers that other software made: they pass a mapping untouched, and are told when they cannot."""

from __future__ import annotations

from adapter.dossier.model import Dossier
from adapter.errors import DocumentError, Where
from adapter.mapping.readiness import Due


def as_it_came(content: bytes, due: Due, facility: str) -> Dossier:
    """The dossier as it was handed over. DocumentError when it is another facility's, or for something else."""
    dossier = Dossier.from_bytes(content)
    table = "XML0" if due.purpose == "checkin" else "XML1"
    if dossier.facility != facility:
        raise DocumentError(
            "Hồ sơ mang mã cơ sở (MACSKCB) khác với cơ sở này",
            "The dossier names another facility (MACSKCB) than this one",
            where=Where(table=table, field="MA_CSKCB"),
            hint_vi="đặt tệp vào thư mục của đúng cơ sở",
            hint_en="put the file into the folder of its own facility",
            code="DOCUMENT-FACILITY",
        )
    if (dossier.purpose, dossier.occasion) != (due.purpose, due.occasion):
        raise DocumentError(
            "Khối ready của bản ánh xạ đòi mục đích khác với hồ sơ trong tệp",
            "The mapping's ready block asks for another purpose than the file's dossier has",
            where=Where(table=table),
            code="DOCUMENT-PURPOSE",
        )
    return dossier
