"""Every error this product raises on purpose.

    BhytError
    ├── Terminal                 a person must change something first; trying again is pointless
    │   ├── ConfigError          settings missing, contradictory or unreadable
    │   ├── SourceSchemaError    table, column or right missing at the source
    │   ├── SourceValueError     a value the source handed over cannot be used (a float for money)
    │   ├── MappingError         the mapping file is wrong, or cannot be applied to a row
    │   ├── ExpressionError      an expression is outside the language or failed
    │   ├── DocumentError        an XML document cannot be read or may not be written
    │   ├── CertificateError     certificate or key absent, expired, foreign or locked
    │   ├── SignatureInvalid     our own verifier refused a signature; nothing leaves
    │   ├── GatewayRefusedLogin  the gateway does not know this account or locked it
    │   └── VaultError           a body cannot be decrypted: wrong key or damaged bytes
    └── Transient                the same call may succeed later
        ├── SourceUnreachable    the HIS does not answer
        ├── GatewayUnreachable   the gateway does not answer, or not in its own language
        ├── SignerUnavailable    token removed, or the signing service does not answer
        ├── StoreBusy            another writer holds the store
        └── LeaseLost            someone else owns the row now; this worker's result is void

Whether something is tried again is decided by these types, never by a message's text.
Every error says what happened and what to do, in Vietnamese and English, and where.
No message ever carries a patient's data: use ``where`` keys and masked values only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Where:
    """A place a person can open: a file position, or a table, row and field."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    table: str | None = None
    row: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        parts: list[str] = []
        if self.file is not None:
            position = [str(n) for n in (self.line, self.column) if n is not None]
            parts.append(":".join([self.file, *position]))
        target = ".".join(p for p in (self.table, self.field) if p)
        if target:
            parts.append(f"{target}[{self.row}]" if self.row is not None else target)
        return " ".join(parts)


class BhytError(Exception):
    """Base of the tree. ``code`` is stable for scripts; texts are for people."""

    code = "BHYT"

    def __init__(
        self,
        message_vi: str,
        message_en: str,
        *,
        hint_vi: str = "",
        hint_en: str = "",
        where: Where | None = None,
        code: str | None = None,
    ) -> None:
        self.message_vi = message_vi
        self.message_en = message_en
        self.hint_vi = hint_vi
        self.hint_en = hint_en
        self.where = where
        if code is not None:
            self.code = code
        super().__init__(message_en)

    def __reduce__(self) -> tuple[Any, ...]:
        # An error crosses from one process to another whole, whatever its class asks for when it is made.
        return _as_it_was, (type(self), self.args, self.__dict__)

    def text(self, language: str = "vi") -> str:
        """One line for a person: place, what happened, what to do."""
        message = self.message_vi if language == "vi" else self.message_en
        hint = self.hint_vi if language == "vi" else self.hint_en
        place = f"{self.where}: " if self.where is not None and str(self.where) else ""
        return f"{place}{message}" + (f" → {hint}" if hint else "")

    def __str__(self) -> str:
        return self.text("en")

    def to_dict(self) -> dict[str, Any]:
        """The same object for the CLI, the API and the console."""
        where = self.where or Where()
        return {
            "code": self.code,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
            "hint_vi": self.hint_vi,
            "hint_en": self.hint_en,
            "file": where.file,
            "line": where.line,
            "column": where.column,
            "table": where.table,
            "row": where.row,
            "field": where.field,
        }


def _as_it_was(kind: type[BhytError], arguments: tuple[Any, ...], state: dict[str, Any]) -> BhytError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(state)
    return error


class Terminal(BhytError):
    """A person must change something before a repeat makes sense."""


class Transient(BhytError):
    """A repeat of the same call may succeed."""


class ConfigError(Terminal):
    """Settings missing, contradictory or unreadable. ``tried`` lists the places looked at, in order."""

    code = "CONFIG"

    def __init__(self, message_vi: str, message_en: str, *, tried: Iterable[str] = (), **kwargs: Any) -> None:
        self.tried = tuple(tried)
        if self.tried:
            places = "; ".join(self.tried)
            message_vi = f"{message_vi} (đã tìm: {places})"
            message_en = f"{message_en} (looked in: {places})"
        super().__init__(message_vi, message_en, **kwargs)


class SourceSchemaError(Terminal):
    """A table, column or right is missing at the source."""

    code = "SOURCE-SCHEMA"


class SourceValueError(Terminal):
    """A value the source handed over cannot be used, such as a float for money."""

    code = "SOURCE-VALUE"


class MappingError(Terminal):
    """A mapping file is wrong, or cannot be applied to a source row."""

    code = "MAPPING"


class ExpressionError(Terminal):
    """An expression is outside the closed language, or failed on a row."""

    code = "EXPR"


class DocumentError(Terminal):
    """An XML document cannot be read, or may not be written as asked."""

    code = "DOCUMENT"


class CertificateError(Terminal):
    """A certificate or key is absent, expired, not yet valid, foreign or locked."""

    code = "CERTIFICATE"


class SignatureInvalid(Terminal):
    """Our own verifier refused a signature; the document must not leave."""

    code = "SIGNATURE"


class GatewayRefusedLogin(Terminal):
    """The gateway does not know this account, its facility code, or has locked it."""

    code = "GATEWAY-LOGIN"


class VaultError(Terminal):
    """A stored body cannot be decrypted: wrong key, or damaged bytes."""

    code = "VAULT"


class SourceUnreachable(Transient):
    """The hospital's own system does not answer."""

    code = "SOURCE-DOWN"


class GatewayUnreachable(Transient):
    """The gateway does not answer, or answers with something that is not its own JSON."""

    code = "GATEWAY-DOWN"


class SignerUnavailable(Transient):
    """The token was removed, or the device or service that signs does not answer."""

    code = "SIGNER-DOWN"


class StoreBusy(Transient):
    """Another writer holds the store."""

    code = "STORE-BUSY"


class LeaseLost(Transient):
    """Another worker owns the row now; what this one did with it must not be written."""

    code = "LEASE"
