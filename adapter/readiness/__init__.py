"""How far a facility is on the pilot's way: 14 steps, what proves each, who vouches for it, what is missing."""

from adapter.readiness.steps import Step, attest, readiness_of, withdraw

__all__ = ["Step", "attest", "readiness_of", "withdraw"]
