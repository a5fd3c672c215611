"""The scenarios of the demo hospital: each writes one whole encounter and is named in ``data/parameters.yaml``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapter.demo.his_b.episode import Episode
from adapter.demo.his_b.record import Hospital
from adapter.demo.his_b.scenarios import births, exams, long_term, operations, others, programmes, wards

Scenario = Callable[[Hospital, str], Episode]

SCENARIOS: Mapping[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        *(exams.exam, exams.exam_extra_cost, exams.exam_second_consultation, exams.exam_reappointment),
        *(exams.exam_sick_leave, exams.pregnancy_leave, exams.child_exam, exams.emergency_exam, exams.newborn_exam),
        *(long_term.chronic_drugs, long_term.chronic_services, long_term.acupuncture_course, long_term.exemption),
        *(programmes.tuberculosis, programmes.hiv, programmes.medical_assessment),
        *(others.uninsured_exam, others.lab_only, others.lab_on_demand, others.open_exam),
        *(wards.inpatient, wards.inpatient_two_cards, wards.child_inpatient, wards.inpatient_albumin, wards.day_care),
        *(
            wards.short_stay,
            wards.referral,
            wards.uninsured_inpatient,
            wards.open_inpatient,
            wards.traditional_referral,
        ),
        *(operations.surgery, operations.hernia_mesh, operations.coronary_stent),
        *(births.delivery, births.caesarean, births.twins, births.newborn, births.miscarriage),
    )
}
