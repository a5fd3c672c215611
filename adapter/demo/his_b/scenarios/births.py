"""Deliveries and newborns. Each function writes one whole encounter."""

from __future__ import annotations

from datetime import timedelta

from adapter.demo.his_b.episode import Episode, Termination
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios.stays import admit, discharge, operate, rounds, stay
from adapter.demo.his_b.scenarios.visits import HOME, NEWBORN, off_work
from adapter.demo.people import FEMALE, MALE
from adapter.demo.window import stamp


def _birth(h: Hospital, kind: str, icd: str, service: str, children: int, *, surgical: bool) -> Episode:
    e, clinical_in = stay(
        h,
        kind,
        "SAN",
        icd,
        "Thai đủ tháng, đau bụng",
        nights=5 if surgical else 3,
        ages=(20, 38),
        sex=FEMALE,
        year_only_share=0,
    )
    e.insure("DN4", route=HOME)
    admit(e, "KB-SAN", ("CTM", "NT"))
    e.beds("G-SAN", clinical_in)
    at = clinical_in + timedelta(minutes=50)
    if surgical:
        operate(e, service, at, ("CHI",), 2)
    else:
        e.procedure(service, at)
    rounds(e, clinical_in, ("OXYT", "PARA500"), ("sau đẻ, co hồi tốt.", "sản dịch vừa.", "mẹ và con ổn định."))
    parameters = h.catalogue.parameters
    for order in range(1, children + 1):
        born = at + timedelta(minutes=35 + 7 * order)
        sex = h.rng.choice((FEMALE, MALE))
        baby = h.people.born(born, sex)
        number = h.next_id("NEWBORN")
        e.add(
            "NEWBORN",
            number=number,
            at=born,
            EPISODE_ID=e.row["ID"],
            BABY_NAME=baby.full_name,
            GENDER_ID=sex,
            BORN_TIME=stamp(born),
            WEIGHT=h.rng.randint(2400, 3600),
            BABY_ORDER=order,
            ALIVE_COUNT=children,
            BIRTH_COUNT=1,
            IS_SURGERY=1 if surgical else None,
            WEEK_COUNT=39 if children == 1 else 37,
            MIDWIFE=e.someone("SAN")["USERNAME"],
            CERT_NUM=number - 1_000_000_000,
            CERT_BOOK=f"{born.year}/01",
            ISSUED_DATE=stamp(e.end.replace(hour=0, minute=0)),
            TEMP_CARD_NUMBER=f"TE1{parameters['province']}{baby.insurance}",
            CONDITION="Khoẻ mạnh, khóc to, hồng hào",
            NOTE="Sinh con phải phẫu thuật" if surgical else None,
        )
    return discharge(
        e,
        result=11,
        TREATMENT_METHOD="Mổ lấy thai" if surgical else "Đỡ đẻ thường",
        ADVISE="Cho con bú sớm, tái khám sau 6 tuần",
    )


def delivery(h: Hospital, kind: str) -> Episode:
    return _birth(h, kind, "O80.0", "DE-THUONG", 1, surgical=False)


def caesarean(h: Hospital, kind: str) -> Episode:
    return _birth(h, kind, "O82.0", "MLT", 1, surgical=True)


def twins(h: Hospital, kind: str) -> Episode:
    return _birth(h, kind, "O30.0", "DE-DOI", 2, surgical=False)


def newborn(h: Hospital, kind: str) -> Episode:
    """A child of a few days with the temporary card of its birth certificate."""
    end = h.window.end(h.rng)
    clinical_in = end - timedelta(days=3, minutes=30)
    arrival = clinical_in - timedelta(minutes=100)
    baby = h.people.born(arrival - timedelta(days=2, minutes=45), h.rng.choice((FEMALE, MALE)))
    e = Episode(
        h,
        kind,
        baby,
        arrival=arrival,
        end=end,
        treatment=3,
        department="NHI",
        icd="P59.9",
        reason="Vàng da ngày thứ hai",
    )
    e.rows["VITAL"].clear()
    e.vital(arrival + timedelta(minutes=4), "3.1")
    e.row.update(CLINICAL_IN_TIME=stamp(clinical_in), HOSPITALIZE_REASON="Vàng da sơ sinh")
    payer = e.insure("TE1", route=NEWBORN, at_home=False, since=baby.birth.replace(hour=0, minute=0))
    payer.update(CARD_ORG_CODE=h.catalogue.parameters["temporary_registration"], HAS_BIRTH_CERTIFICATE=None)
    e.patient["CCCD_NUMBER"] = None
    admit(e, "KB-NHI", ("CTM",))
    e.beds("G-NHI", clinical_in)
    rounds(e, clinical_in, ("NACL",), ("vàng da đến bụng.", "vàng da giảm.", "bú tốt, hết vàng."))
    return discharge(e, result=11, TREATMENT_METHOD="Chiếu đèn, theo dõi")


def miscarriage(h: Hospital, kind: str) -> Episode:
    """A pregnancy that ended; the drug belongs to the procedure it is given in."""
    e, clinical_in = stay(
        h, kind, "SAN", "O02.1", "Thai lưu 9 tuần", nights=1, ages=(20, 38), sex=FEMALE, year_only_share=0
    )
    e.insure("DN4", route=HOME)
    admit(e, "KB-SAN", ("CTM",))
    e.beds("G-SAN", clinical_in)
    at = clinical_in + timedelta(minutes=50)
    procedure = e.procedure("HUT-TL", at, anaesthesia=2)
    order = e.order(at, performer="SAN", start=at + timedelta(minutes=20), finish=at + timedelta(minutes=25))
    e.drug("OXYT", at, per="1", times=1, days=1, order=order, PARENT_ID=procedure["ID"])
    e.termination = Termination("Thai chết lưu", at + timedelta(minutes=15), 9)
    rounds(e, clinical_in, ("PARA500",), ("đau bụng ít.", "ổn định."))
    return discharge(e, result=11, TREATMENT_METHOD="Hút buồng tử cung", **off_work(e, "RV", 9))
