"""Invented but complete HL7 v2 traffic of a hospital: the demo's encounters, told as messages.

The people, visits and bills are those of :func:`adapter.demo.seed.seed_his_b`; each dossier its mapping makes is
taken apart into the messages a HIS would have sent while the patient was there. Read back through the mapping
``hl7v2`` they give the same dossier again. Planted faults come along.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from adapter.demo.defects import planted
from adapter.demo.seed import seed_his_b
from adapter.dossier.model import Dossier
from adapter.mapping import load_mapping
from adapter.resources import shipped
from adapter.settings import SourceSettings
from connectors.base import open_source

TABLES = frozenset({"XML0", "XML1", "XML2", "XML3", "XML4", "XML5", "XML7", "XML8", "XML14"})
"""Visits with papers beyond these are left out: messages do not carry them."""

_ALL = [f"XML{n}" for n in range(1, 16)]
_ESCAPES = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\n": "\\.br\\", "\r": "\\.br\\"}
)
_ZBH = (
    (1, "MA_DOITUONG_KCB"), (2, "MA_DKBD"), (3, "MA_KHUVUC"), (4, "NAM_NAM_LIEN_TUC"), (5, "NGAY_MIEN_CCT"),
    (6, "MA_NOI_DI"), (7, "GIAY_CHUYEN_TUYEN"), (8, "MA_LOAI_KCB"), (9, "KET_QUA_DTRI"), (10, "MA_LOAI_RV"),
    (11, "MA_TAI_NAN"), (12, "MA_HSBA"), (13, "MA_TTDV"), (15, "SO_NGAY_DTRI"), (16, "PP_DIEU_TRI"), (17, "LY_DO_VV"),
    (18, "LY_DO_VNT"), (21, "CAN_NANG_CON"), (22, "MA_NOI_DEN"), (25, "NHOM_MAU"), (26, "NGAY_TAI_KHAM"),
    (27, "GHI_CHU"), (28, "MA_NGHE_NGHIEP"),
)  # fmt: skip
_ZFT = (
    (2, "MA_NHOM"), (3, "DON_VI_TINH"), (4, "PHAM_VI"), (5, "TYLE_TT_BH"), (6, "MUC_HUONG"), (7, "T_BHTT"),
    (8, "T_BNCCT"), (9, "T_BNTT"), (11, "THANH_TIEN_BH"), (12, "DON_GIA_BH"), (13, "TYLE_TT_DV"), (14, "TT_THAU"),
    (20, "SO_DANG_KY"), (21, "NGUON_CTRA"), (23, "MA_VAT_TU"), (24, "TEN_VAT_TU"), (25, "GOI_VTYT"), (26, "T_TRANTT"),
    (27, "MA_GIUONG"), (28, "NGAY_TH_YL"), (29, "NGAY_KQ"), (30, "MA_MAY"), (31, "PP_VO_CAM"), (33, "MA_PTTT_QT"),
    (34, "MA_BENH_YHCT"), (35, "MA_XANG_DAU"),
)  # fmt: skip
_SOURCES = ("T_NGUONKHAC_NSNN", "T_NGUONKHAC_VTNN", "T_NGUONKHAC_VTTN", "T_NGUONKHAC_CL", "T_NGUONKHAC")


@dataclass(frozen=True, slots=True)
class Told:
    """One visit: the dossier it must become again, its messages in order, and the faults planted in it."""

    ma_lk: str
    dossier: Dossier
    messages: tuple[str, ...]
    planted: tuple[str, ...]


def hospital_day(
    *, encounters: int, seed: int, now: datetime, facility: str = "01999", defect_share: float = 0.0
) -> list[Told]:
    """The settled (or, uninsured, ended) visits of a demo hospital as messages. ``now`` is timezone-aware."""
    with tempfile.TemporaryDirectory() as folder:
        his = Path(folder) / "his.db"
        seed_his_b(his, encounters=encounters, seed=seed, now=now, defect_share=defect_share)
        faults: dict[str, list[str]] = {}
        for fault in planted(his):
            faults.setdefault(fault.ma_lk, []).append(fault.defect)
        plan = load_mapping(shipped("mappings") / "demo-his-b" / "mapping.yaml")
        source = open_source(plan.source, SourceSettings(url=f"sqlite:///{his}"))
        found: dict[str, Told] = {}
        numbers = _Numbers(seed)
        cursor = None
        try:
            while True:
                batch = source.pull(cursor, now=now)
                for encounter in batch.encounters:
                    for due in plan.readiness(encounter).due:
                        if due.purpose == "checkin" or due.exempt_reason:
                            continue
                        dossier = plan.translate(encounter, due, facility=facility, now=now)
                        # A health book holds no bill, the messages of an uninsured visit do.
                        whole = plan.translate(encounter, due, facility=facility, now=now, uninsured_tables=tuple(_ALL))
                        if set(whole.tables) <= TABLES and dossier.ma_lk not in found:
                            told = tuple(messages_of(whole, numbers, facility))
                            marks = tuple(faults.get(dossier.ma_lk, ()))
                            found[dossier.ma_lk] = Told(dossier.ma_lk, dossier, told, marks)
                cursor = batch.cursor
                if batch.done:
                    return list(found.values())
        finally:
            source.close()


@dataclass(slots=True)
class _Numbers:
    """Control ids and order numbers that no other message of this day has."""

    seed: int
    next: int = 0

    def __call__(self, prefix: str) -> str:
        self.next += 1
        return f"{prefix}{self.seed}-{self.next:07}"


@dataclass(slots=True)
class _Told:
    facility: str
    numbers: _Numbers
    visit: Mapping[str, str]
    lines: list[str] = field(default_factory=list)

    def message(self, event: str, at: str, segments: Iterable[str]) -> str:
        kind, _, trigger = event.partition("^")
        number = self.numbers("M")
        head = (
            f"MSH|^~\\&|HIS|{self.facility}|BHYT|{self.facility}|{_time(at)}||{kind}^{trigger}^{kind}_{trigger}"
            f"|{number}|P|2.5||||||UNICODE UTF-8"
        )
        evn = [f"EVN|{trigger}|{_time(at)}"] if kind in ("ADT", "BAR", "DFT") else []
        return "\r".join([head, *evn, *segments]) + "\r"


def messages_of(dossier: Dossier, numbers: _Numbers, facility: str) -> Iterator[str]:
    """One visit as messages: registration, admission, orders, results, notes, charges, discharge, settlement."""
    one = dossier.header
    told = _Told(facility, numbers, one)
    pid, arrived, left = _pid(one), one["NGAY_VAO"], one["NGAY_RA"]
    doctor = _doctor(dossier)
    first = "I" if one["NGAY_VAO_NOI_TRU"] == arrived else "O"
    in1 = _in1(one)
    yield told.message("ADT^A01" if first == "I" else "ADT^A04", arrived, [pid, _pv1(one, first, doctor), *in1])
    if one["NGAY_VAO_NOI_TRU"] and first == "O":
        yield told.message("ADT^A06", one["NGAY_VAO_NOI_TRU"], [pid, _pv1(one, "I", doctor)])
    pv1 = _pv1(one, "I" if one["NGAY_VAO_NOI_TRU"] else "O", doctor)
    charges: list[str] = []
    for table in ("XML2", "XML3"):
        for row in dossier.rows(table):
            order = numbers("O")
            at = row["NGAY_YL"] or left
            if table == "XML2":
                yield told.message("RDE^O11", at, [pid, pv1, *_prescription(row, order)])
            else:
                code = f"{_esc(row.get('MA_DICH_VU', ''))}^{_esc(row.get('TEN_DICH_VU', ''))}"
                yield told.message("ORM^O01", at, [pid, pv1, f"ORC|NW|{order}", f"OBR|1|{order}||{code}"])
            charges += _charge(table, row, order)
    yield from _results(told, dossier, [pid, pv1])
    leaving = _pv1(one, "I" if one["NGAY_VAO_NOI_TRU"] else "O", doctor, left=left)
    if charges:
        yield told.message("DFT^P03", left, [pid, leaving, *charges])
    facts = [*_diagnoses(one), *_weight(one), *in1, _zbh(one), *_summary(dossier)]
    yield told.message("ADT^A03", left, [pid, leaving, *_family(dossier), *facts])
    if one["NGAY_TTOAN"]:
        yield told.message("BAR^P06", one["NGAY_TTOAN"], [pid, leaving])


def _pid(one: Mapping[str, str]) -> str:
    words = one["HO_TEN"].split()
    name = "^".join(_esc(p) for p in (words[0], words[-1] if len(words) > 1 else "", " ".join(words[1:-1])))
    ids = [f"{_esc(one['MA_BN'])}^^^HIS^MR"]
    if one["SO_CCCD"]:
        ids.append(f"{_esc(one['SO_CCCD'])}^^^VN^NI")
    born = one["NGAY_SINH"]
    day = born[:4] if born[4:8] == "0000" else (born[:8] if born.endswith("0000") else born)
    sex = {"1": "M", "2": "F"}.get(one["GIOI_TINH"], "O")
    where = f"{_esc(one['DIA_CHI'])}^^^{one['MATINH_CU_TRU']}^^^^^{one['MAXA_CU_TRU']}"
    nation = "VN" if one["MA_QUOCTICH"] == "000" else _esc(one["MA_QUOCTICH"])
    return _segment(
        "PID", {1: "1", 3: "~".join(ids), 5: name, 7: day, 8: sex, 11: where, 13: _esc(one["DIEN_THOAI"]),
                22: _esc(one["MA_DANTOC"]), 26: nation}
    )  # fmt: skip


def _pv1(one: Mapping[str, str], kind: str, doctor: tuple[str, str], left: str = "") -> str:
    words = doctor[1].split()
    name = "^".join(_esc(p) for p in (words[:1] + words[-1:] + [" ".join(words[1:-1])] if len(words) > 1 else words))
    return _segment(
        "PV1", {1: "1", 2: kind, 3: _esc(one["MA_KHOA"]), 7: f"{_esc(doctor[0])}^{name}", 19: _esc(one["MA_LK"]),
                44: _time(one["NGAY_VAO"]), 45: _time(left)}
    )  # fmt: skip


def _in1(one: Mapping[str, str]) -> list[str]:
    if not one["MA_THE_BHYT"]:
        return []
    cards = zip(*(one[name].split(";") for name in ("MA_THE_BHYT", "GT_THE_TU", "GT_THE_DEN")), strict=False)
    return [
        _segment("IN1", {1: str(at), 2: "BHYT", 3: "BHXH", 12: since, 13: until, 36: _esc(card)})
        for at, (card, since, until) in enumerate(cards, start=1)
    ]


def _prescription(row: Mapping[str, str], order: str) -> list[str]:
    rxe = {
        1: f"^^^{_time(row['NGAY_YL'])}",
        2: f"{_esc(row['MA_THUOC'])}^{_esc(row['TEN_THUOC'])}",
        3: row["SO_LUONG"],
        5: _esc(row["DON_VI_TINH"]),
        6: f"^{_esc(row['DANG_BAO_CHE'])}" if row["DANG_BAO_CHE"] else "",
        7: f"^{_esc(row['LIEU_DUNG'])}",
        25: _esc(row["HAM_LUONG"]),
    }
    return [f"ORC|NW|{order}", _segment("RXE", rxe), f"RXR|{_esc(row['DUONG_DUNG'])}^{_esc(row['CACH_DUNG'])}"]


def _charge(table: str, row: Mapping[str, str], order: str) -> list[str]:
    drug = table == "XML2"
    code, name = ("MA_THUOC", "TEN_THUOC") if drug else ("MA_DICH_VU", "TEN_DICH_VU")
    ft1 = {
        1: "1",
        2: f"T{order}",
        4: _time(row["NGAY_YL"]),
        6: "CG",
        7: f"{_esc(row[code])}^{_esc(row[name])}",
        10: row["SO_LUONG"],
        11: row["THANH_TIEN_BV"],
        12: row["DON_GIA" if drug else "DON_GIA_BV"],
        13: _esc(row["MA_KHOA"]),
        19: _esc(row.get("MA_BENH", "")),
        20: _esc(row.get("NGUOI_THUC_HIEN", "")),
        21: _esc(row["MA_BAC_SI"]),
        23: order,
    }
    zft = {1: table} | {number: _esc(row.get(name, "")) for number, name in _ZFT}
    zft[10] = "^".join(row.get(name, "") for name in _SOURCES)
    if drug:
        zft[22] = _esc(row.get("MA_DICH_VU", ""))
    return [_segment("FT1", ft1), _segment("ZFT", zft)]


def _results(told: _Told, dossier: Dossier, who: list[str]) -> Iterator[str]:
    by_service: dict[str, list[Mapping[str, str]]] = {}
    for row in dossier.rows("XML4"):
        by_service.setdefault(row["MA_DICH_VU"], []).append(row)
    for service, rows in by_service.items():
        order = told.numbers("R")
        lines = [f"ORC|RE||{order}", f"OBR|1||{order}|{_esc(service)}"]
        for at, row in enumerate(rows, start=1):
            report = bool(row["MO_TA"] or row["KET_LUAN"]) and not row["GIA_TRI"]
            lines.append(
                _segment(
                    "OBX",
                    {1: str(at), 2: "TX" if report else "ST", 4: str(at),
                     3: f"{_esc(row['MA_CHI_SO'])}^{_esc(row['TEN_CHI_SO'])}",
                     5: _esc(row["MO_TA"] if report else row["GIA_TRI"]), 6: _esc(row["DON_VI_DO"]), 11: "F",
                     14: _time(row["NGAY_KQ"]), 16: _esc(row["MA_BS_DOC_KQ"])},
                )
            )  # fmt: skip
            if note := row["KET_LUAN"] if report else row["MO_TA"]:
                lines.append(f"NTE|1||{_esc(note)}")
        yield told.message("ORU^R01", rows[0]["NGAY_KQ"] or dossier.header["NGAY_RA"], [*who, *lines])
    for row in dossier.rows("XML5"):
        order = told.numbers("N")
        obx = {1: "1", 2: "TX", 3: "NOTE^Diễn biến", 5: _esc(row["DIEN_BIEN_LS"]), 11: "F",
               14: _time(row["THOI_DIEM_DBLS"]), 16: _esc(row["NGUOI_THUC_HIEN"])}  # fmt: skip
        lines = [f"OBR|1||{order}|DIENBIEN^Diễn biến lâm sàng", _segment("OBX", obx)]
        for column, mark in (("PHAU_THUAT", "PT"), ("HOI_CHAN", "HC")):
            if row[column]:
                lines.append(f"NTE|1||{_esc(row[column])}|{mark}")
        yield told.message("ORU^R01", row["THOI_DIEM_DBLS"] or dossier.header["NGAY_RA"], [*who, *lines])


def _diagnoses(one: Mapping[str, str]) -> Iterator[str]:
    said = [("A", "", one["CHAN_DOAN_VAO"]), ("F", one["MA_BENH_CHINH"], one["CHAN_DOAN_RV"])]
    said += [("W", code, "") for code in one["MA_BENH_KT"].split(";") if code]
    said += [("T", one["MA_BENH_YHCT"], "")] if one["MA_BENH_YHCT"] else []
    for at, (kind, code, text) in enumerate(said, start=1):
        yield _segment("DG1", {1: str(at), 3: f"{_esc(code)}^^I10", 4: _esc(text), 6: kind})


def _weight(one: Mapping[str, str]) -> list[str]:
    if not one["CAN_NANG"]:
        return []
    return [f"OBX|1|NM|29463-7^Body weight^LN||{one['CAN_NANG']}|kg|||||F"]


def _zbh(one: Mapping[str, str]) -> str:
    return _segment("ZBH", {number: _esc(one[name]) for number, name in _ZBH})


def _summary(dossier: Dossier) -> list[str]:
    book = next(iter(dossier.rows("XML8")), None)
    paper = next(iter(dossier.rows("XML7")), None)
    back = next(iter(dossier.rows("XML14")), None)
    values = {
        1: _esc(book["QT_BENHLY"]) if book else "",
        2: _esc(book["TOMTAT_KQ"]) if book else "",
        3: _esc(paper["GHI_CHU"]) if paper else "",
        4: _esc(book["DON_VI"]) if book else "",
        5: _esc(back["SO_GIAYHEN_KL"]) if back else "",
        6: paper["SO_NGAY_NGHI"] if paper else "",
        7: paper["NGOAITRU_TUNGAY"] if paper else "",
        8: paper["NGOAITRU_DENNGAY"] if paper else "",
        9: _esc(paper["MA_THE_TAM"]) if paper else "",
        10: _esc(book["MA_THE_TAM"]) if book else "",
    }
    return [_segment("ZSM", values)] if any(values.values()) else []


def _family(dossier: Dossier) -> Iterator[str]:
    book = next(iter(dossier.rows("XML8")), None)
    if book is not None:
        for at, (column, role) in enumerate((("HO_TEN_CHA", "FTH"), ("HO_TEN_ME", "MTH"), ("NGUOI_GIAM_HO", "GRD"))):
            if book[column]:
                yield f"NK1|{at + 1}|{_esc(book[column])}|{role}"


def _doctor(dossier: Dossier) -> tuple[str, str]:
    for table, code, name in (("XML7", "MA_BS", "TEN_BS"), ("XML14", "MA_BAC_SI", "")):
        for row in dossier.rows(table):
            return row[code], row[name] if name else ""
    return "", ""


def _segment(name: str, values: Mapping[int, str]) -> str:
    last = max((number for number, value in values.items() if value), default=0)
    return "|".join([name, *(values.get(number, "") for number in range(1, last + 1))])


def _esc(text: str) -> str:
    return text.translate(_ESCAPES)


def _time(text: str) -> str:
    return f"{text}00" if len(text) == 12 else text
