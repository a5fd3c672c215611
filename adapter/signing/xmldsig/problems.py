"""What the verifier complains about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a signature is refused; ``code`` is stable for scripts."""

    code: str
    message_vi: str
    message_en: str

    def to_dict(self) -> dict[str, str]:
        """The same object for the CLI, the API and the console."""
        return {"code": self.code, "message_vi": self.message_vi, "message_en": self.message_en}


class Refused(Exception):
    """Inside the verifier only: a check after which nothing further can be said."""

    def __init__(self, code: str, message_vi: str, message_en: str) -> None:
        self.problem = Problem(code, message_vi, message_en)
        super().__init__(message_en)
