"""Element names around the tables: the GIAMDINHHS file (gateway letters 3190 of 2023, 1245 of 2024).

Roots, lists and records of the tables themselves are data of each
:class:`adapter.standard.model.Table`.
"""

from __future__ import annotations

ROOT = "GIAMDINHHS"
FACILITY_BLOCK = "THONGTINDONVI"
FACILITY_CODE = "MACSKCB"
DOSSIER_BLOCK = "THONGTINHOSO"
CREATED_ON = "NGAYLAP"
COUNT = "SOLUONGHOSO"
DOSSIER_LIST = "DANHSACHHOSO"
DOSSIER = "HOSO"
PART = "FILEHOSO"
PART_NAME = "LOAIHOSO"
PART_CONTENT = "NOIDUNGFILE"
SIGNATURE = "CHUKYDONVI"
"""Last child of the root of GIAMDINHHS, XML0 and XML12 files; empty before signing."""
