"""The book as a FHIR R4 document Bundle, shaped after the International Patient Summary.

No profile is claimed: the community drafts for Vietnam are not in force, and conformance to IPS was not checked.
"""

from adapter.healthbook.fhir.bundle import bundle, bundle_json

__all__ = ["bundle", "bundle_json"]
