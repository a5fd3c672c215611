"""XML1: mandatory fields, forms of values, code lists."""

from __future__ import annotations

import re

from adapter.rules.catalogue import reviewed
from adapter.rules.checks.common import (
    CARD,
    ICD10,
    IDENTITY,
    TEN_DIGITS,
    birth_ok,
    category_verdict,
    identity_contradicts,
    in_list,
    listed,
    no_such_disease,
    visit_kind_known,
)
from adapter.rules.registry import Answer, Hit, info, one_of, required, row_rule, rows, warn
from adapter.rules.values import decimals, instant, integer, number, parts, real_day
from adapter.rules.view import Row, View

for _id, _info in reviewed().items():
    if _id.startswith("X1-REQ-") and _id != "X1-REQ-041":
        required(_id, "XML1", *_info.fields)

one_of("X1-CODE-001", "XML1", "GIOI_TINH", "123")
one_of("X1-CODE-005", "XML1", "MA_LOAI_RV", "12345")
one_of("X1-CODE-006", "XML1", "MA_KHUVUC", ("K1", "K2", "K3"))
one_of("X1-CODE-007", "XML1", "MA_TAI_NAN", "012345678")

_ODD_IN_NAME = re.compile(r"[@#$%^&*_+=<>\[\]{}|\\~0-9]")
_DEPARTMENT = re.compile(r"K[0-9]{2}")
_TWO_DIGITS = re.compile(r"[0-9]{2}\Z")
_LATER_PERIOD = frozenset({"02", "05", "07", "08"})


def _odd_name(v: View, r: Row) -> Answer:
    if not _ODD_IN_NAME.search(r["HO_TEN"]):
        return None
    newborn = v.age_days is not None and v.age_days <= 28
    foreign = r["MA_QUOCTICH"] not in {"", "000"}
    return info("HO_TEN") if newborn or foreign else "HO_TEN"


def _loose_name(_: View, r: Row) -> Answer:
    name = r["HO_TEN"]
    return bool(name) and (name != " ".join(name.split()) or len(name) < 5) and "HO_TEN"


def _identity(_: View, r: Row) -> Answer:
    number_ = r["SO_CCCD"]
    if not number_ or IDENTITY.match(number_):
        return None
    return warn("SO_CCCD") if r["MA_QUOCTICH"] not in {"", "000"} else "SO_CCCD"


def _identity_against_person(v: View, r: Row) -> Answer:
    text = r["SO_CCCD"]
    if len(text) != 12 or not (text.isascii() and text.isdigit()) or not v.birth:
        return None
    return identity_contradicts(text, v.birth, r["GIOI_TINH"]) and "SO_CCCD"


def _card_counts(v: View, r: Row) -> Answer:
    if not r["MA_THE_BHYT"]:
        return None
    count = len(parts(r["MA_THE_BHYT"]))
    fields = ["MA_DKBD", "GT_THE_TU"] + ([] if v.card_without_end else ["GT_THE_DEN"])
    return [Hit(f, expected=str(count)) for f in fields if f in r and len(parts(r[f])) != count]


def _secondary(v: View, r: Row) -> Answer:
    text = r["MA_BENH_KT"]
    if not text:
        return None
    codes = text.split(";")
    trailing = codes[-1] == ""
    if any(not ICD10.match(c) for c in (codes[:-1] if trailing else codes)):
        return "MA_BENH_KT"
    if trailing:
        return warn("MA_BENH_KT")
    return info("MA_BENH_KT") if any(no_such_disease(v, c) for c in codes) else None


def _repeated_disease(_: View, r: Row) -> Answer:
    codes = [c.strip() for c in parts(r["MA_BENH_KT"]) if c.strip()]
    main = r["MA_BENH_CHINH"].strip()
    return (len(set(codes)) != len(codes) or (bool(main) and main in codes)) and "MA_BENH_KT"


def _weight(_: View, r: Row) -> Answer:
    text = r["CAN_NANG"]
    if not text:
        return None
    value = number(text)
    return (value is None or value <= 0 or value > 200 or decimals(text) > 2) and "CAN_NANG"


def _child_weights(_: View, r: Row) -> Answer:
    values = [integer(p.strip()) for p in parts(r["CAN_NANG_CON"])]
    return any(w is None or not 300 <= w <= 7000 for w in values) and "CAN_NANG_CON"


def _main_disease_form(v: View, r: Row) -> Answer:
    code = r["MA_BENH_CHINH"]
    if not code:
        return None
    if ";" in code or len(code) > 7 or not ICD10.match(code):
        return "MA_BENH_CHINH"
    return info("MA_BENH_CHINH") if no_such_disease(v, code) else None


def _nation_and_people(_: View, r: Row) -> Answer:
    nation, people = r["MA_QUOCTICH"], r["MA_DANTOC"]
    bad = []
    if nation and not (len(nation) == 3 and integer(nation) is not None):
        bad.append(Hit("MA_QUOCTICH"))
    if people and not (len(people) == 2 and integer(people) is not None):
        bad.append(Hit("MA_DANTOC"))
    return bad


def _residence_form(_: View, r: Row) -> Answer:
    commune, province = r["MAXA_CU_TRU"], r["MATINH_CU_TRU"]
    bad = []
    if commune and not (len(commune) == 5 and integer(commune) is not None):
        bad.append(Hit("MAXA_CU_TRU"))
    if province and not (len(province) in {2, 3} and integer(province) is not None):
        bad.append(Hit("MATINH_CU_TRU"))
    return bad


def _period(v: View, r: Row) -> Answer:
    month, year = integer(r["THANG_QT"]), integer(r["NAM_QT"])
    if month is not None and not 1 <= month <= 12:
        return "THANG_QT"
    return year is not None and year > int(v.now[:4]) and "NAM_QT"


def _period_before_end(v: View, r: Row) -> Answer:
    month, year = integer(r["THANG_QT"]), integer(r["NAM_QT"])
    if month is None or year is None or not v.ra or v.kind in _LATER_PERIOD:
        return None
    return year * 100 + month < int(v.ra[:6]) and "THANG_QT"


rows(
    "XML1",
    {
        "X1-REQ-041": lambda v, r: v.layout == "4750" and "MAHUYEN_CU_TRU" not in r and "MAHUYEN_CU_TRU",
        "X1-FMT-001": lambda v, r: (
            "NGAY_SINH" in r and not birth_ok(r["NGAY_SINH"], v.now or v.ra or v.vao) and "NGAY_SINH"
        ),
        "X1-FMT-002": lambda v, r: (
            v.age_days is not None and v.age_days <= 28 and r["NGAY_SINH"][8:] == "0000" and "NGAY_SINH"
        ),
        "X1-FMT-003": _odd_name,
        "X1-FMT-004": _loose_name,
        "X1-FMT-005": _identity,
        "X1-FMT-006": lambda v, r: (
            len(r["SO_CCCD"]) == 9 and r["SO_CCCD"].isdigit() and v.vao >= "20250101" and "SO_CCCD"
        ),
        "X1-FMT-007": _identity_against_person,
        "X1-FMT-008": lambda v, r: "SO_CCCD" in r and any(c[-10:] == r["SO_CCCD"] for c in v.cards) and "SO_CCCD",
        "X1-FMT-009": lambda _, r: any(len(c) != 15 for c in parts(r["MA_THE_BHYT"])) and "MA_THE_BHYT",
        # A wrong length is X1-FMT-009's; only whole cards are judged by their structure.
        "X1-FMT-010": lambda _, r: (
            any(len(c) == 15 and not CARD.match(c) for c in parts(r["MA_THE_BHYT"])) and "MA_THE_BHYT"
        ),
        "X1-FMT-011": lambda _, r: (
            any(
                CARD.match(c) and not c[5:].isdigit() and c[3:5] != "KT" and c[5:7] != "KT"
                for c in parts(r["MA_THE_BHYT"])
            )
            and "MA_THE_BHYT"
        ),
        "X1-FMT-012": _card_counts,
        "X1-FMT-013": lambda _, r: [
            Hit(f) for f in ("GT_THE_TU", "GT_THE_DEN") if any(p and not real_day(p) for p in parts(r[f]))
        ],
        "X1-FMT-014": lambda _, r: any(len(p) != 5 for p in parts(r["MA_DKBD"])) and "MA_DKBD",
        "X1-FMT-015": lambda _, r: (
            "NGAY_MIEN_CCT" in r
            and not (real_day(r["NGAY_MIEN_CCT"]) or instant(r["NGAY_MIEN_CCT"]))
            and "NGAY_MIEN_CCT"
        ),
        "X1-FMT-016": _main_disease_form,
        "X1-FMT-017": lambda _, r: len([p for p in parts(r["MA_BENH_KT"]) if p]) > 12 and "MA_BENH_KT",
        "X1-FMT-018": _secondary,
        "X1-FMT-019": _repeated_disease,
        "X1-FMT-020": lambda _, r: "MA_LOAI_KCB" in r and not _TWO_DIGITS.match(r["MA_LOAI_KCB"]) and "MA_LOAI_KCB",
        "X1-FMT-021": lambda _, r: [
            Hit(f) for f in ("MA_CSKCB", "MA_NOI_DI", "MA_NOI_DEN") if f in r and len(r[f]) != 5
        ],
        "X1-FMT-022": _weight,
        "X1-FMT-023": lambda v, r: (
            v.age_days is not None and v.age_days < 28 and (number(r["CAN_NANG"]) or 0) > 10 and "CAN_NANG"
        ),
        "X1-FMT-024": _child_weights,
        "X1-FMT-025": lambda _, r: any(not real_day(p) for p in parts(r["NGAY_TAI_KHAM"])) and "NGAY_TAI_KHAM",
        "X1-FMT-026": lambda _, r: (
            "NAM_NAM_LIEN_TUC" in r and not real_day(r["NAM_NAM_LIEN_TUC"]) and "NAM_NAM_LIEN_TUC"
        ),
        "X1-FMT-027": lambda _, r: any(not _DEPARTMENT.match(p) for p in parts(r["MA_KHOA"])) and "MA_KHOA",
        "X1-FMT-028": _nation_and_people,
        "X1-FMT-029": _residence_form,
        "X1-FMT-030": lambda _, r: (" " in r["MA_TTDV"].strip() or len(r["MA_TTDV"]) > 255) and "MA_TTDV",
        # Ill-formed codes are X1-FMT-020's.
        "X1-CODE-002": lambda v, r: (
            bool(_TWO_DIGITS.match(r["MA_LOAI_KCB"])) and not visit_kind_known(v, r["MA_LOAI_KCB"]) and "MA_LOAI_KCB"
        ),
        "X1-CODE-004": lambda v, r: (
            "KET_QUA_DTRI" in r and r["KET_QUA_DTRI"] not in outcomes(v.layout) and "KET_QUA_DTRI"
        ),
        "X1-CODE-008": lambda _, r: (
            r["MA_BENH_CHINH"][:1] in {"S", "T"}
            and r["MA_BENH_CHINH"][:3] <= "T98"
            and r["MA_TAI_NAN"] in {"", "0"}
            and "MA_TAI_NAN"
        ),
        "X1-CODE-022": _period,
        "X1-CODE-023": _period_before_end,
    },
)


def outcomes(layout: str) -> str:
    """KET_QUA_DTRI: 1 to 7 under QĐ 130, 8 since QĐ 4750."""
    return "1234567" if layout == "130" else "12345678"


@row_rule(("X1-CODE-003", "XML1"))
def _category(v: View, r: Row) -> Answer:
    severity = category_verdict(v, r["MA_DOITUONG_KCB"]) if "MA_DOITUONG_KCB" in r else None
    return Hit("MA_DOITUONG_KCB", severity) if severity else None


@row_rule(*(("X1-FMT-031", t) for t in ("XML1", "XML7", "XML8", "XML9", "XML10", "XML11")))
def _head_of_facility(v: View, r: Row) -> Answer:
    # 3176 wants the practice licence, real files still carry the insurance number: both pass.
    return v.layout in {"130", "4750"} and "MA_TTDV" in r and not TEN_DIGITS.match(r["MA_TTDV"]) and "MA_TTDV"


rows(
    "XML1",
    {
        "X1-CODE-009": lambda v, r: (
            "MA_BENH_CHINH" in r and not listed(v, "icd10", r["MA_BENH_CHINH"]) and "MA_BENH_CHINH"
        ),
        "X1-CODE-010": lambda v, r: (
            "MA_BENH_CHINH" in r
            and not listed(v, "icd10", r["MA_BENH_CHINH"])
            and in_list(v, "yhct", r["MA_BENH_CHINH"])
            and "MA_BENH_CHINH"
        ),
        "X1-CODE-011": lambda v, r: (
            any(p.strip() and not listed(v, "icd10", p.strip()) for p in parts(r["MA_BENH_KT"])) and "MA_BENH_KT"
        ),
        "X1-CODE-012": lambda v, r: (
            any(p.strip() and not listed(v, "yhct", p.strip()) for p in parts(r["MA_BENH_YHCT"])) and "MA_BENH_YHCT"
        ),
        "X1-CODE-013": lambda v, r: (
            any(
                "1" in {row.get("not_main"), row.get("use_specific"), row.get("death_only")}
                for row in listed(v, "icd10", r["MA_BENH_CHINH"])
            )
            and "MA_BENH_CHINH"
        ),
        "X1-CODE-014": lambda v, r: [
            Hit(f)
            for f in ("MA_CSKCB", "MA_DKBD", "MA_NOI_DI", "MA_NOI_DEN")
            if any(
                p and not listed(v, "facilities", p) and not (f == "MA_DKBD" and p[2:] == "000") for p in parts(r[f])
            )
        ],
        "X1-CODE-015": lambda v, r: (
            any(
                CARD.match(c)
                and not (listed(v, "card_prefixes", c[:3]) and (c[3:5] == "KT" or listed(v, "card_prefixes", c[3:5])))
                for c in parts(r["MA_THE_BHYT"])
            )
            and "MA_THE_BHYT"
        ),
        "X1-CODE-016": lambda v, r: [
            Hit(f)
            for f, list_ in (("MATINH_CU_TRU", "provinces"), ("MAXA_CU_TRU", "communes"))
            if f in r and not listed(v, list_, r[f])
        ],
        "X1-CODE-017": lambda v, r: (
            "MATINH_CU_TRU" in r
            and bool(listed(v, "provinces", r["MATINH_CU_TRU"]))
            and bool(listed(v, "communes", r["MAXA_CU_TRU"]))
            and all(row.get("province") != r["MATINH_CU_TRU"] for row in listed(v, "communes", r["MAXA_CU_TRU"]))
            and "MAXA_CU_TRU"
        ),
        "X1-CODE-018": lambda v, r: (
            "MA_NGHE_NGHIEP" in r and not listed(v, "occupations", r["MA_NGHE_NGHIEP"]) and "MA_NGHE_NGHIEP"
        ),
        "X1-CODE-019": lambda v, r: (
            "MA_TTDV" in r
            and not any(row.get("may_sign", "1") != "0" for row in listed(v, "staff", r["MA_TTDV"]))
            and "MA_TTDV"
        ),
        "X1-CODE-020": lambda v, r: (
            any(p and not listed(v, "departments", p) for p in parts(r["MA_KHOA"])) and "MA_KHOA"
        ),
        "X1-CODE-021": lambda v, r: (
            any(p.strip() and not listed(v, "icd9cm", p.strip()) for p in parts(r["MA_PTTT_QT"])) and "MA_PTTT_QT"
        ),
    },
)
