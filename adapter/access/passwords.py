"""Passwords: argon2id, long enough, not among those everybody tries first."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from adapter.errors import Terminal

LONGEST = 256

_hasher = PasswordHasher()


class PasswordRefused(Terminal):
    """The password is too short, too long, too common, or names the account."""

    code = "PASSWORD"


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters and salt."""
    return _hasher.hash(_normal(password))


def verify_password(kept: str | None, password: str) -> bool:
    """True when it is the password. Takes as long for an account that does not exist (``kept`` None)."""
    try:
        return _hasher.verify(kept or _nobody(), _normal(password)[:LONGEST]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """True when today's parameters are stronger than those of this hash."""
    return _hasher.check_needs_rehash(kept)


def require_good(password: str, *, login: str, least: int) -> None:
    """PasswordRefused, with what to do, when a password is not fit. Any letters are welcome, no kinds are demanded."""
    plain = _normal(password)
    if not least <= len(plain) <= LONGEST:
        raise PasswordRefused(
            f"Mật khẩu cần từ {least} đến {LONGEST} ký tự", f"A password needs {least} to {LONGEST} characters"
        )
    folded = plain.casefold()
    core = folded.strip("0123456789!@#$%. ")
    if len(core) < 4 or len(set(folded)) < 5 or login.casefold() in folded or core in _common():
        raise PasswordRefused(
            "Mật khẩu quá dễ đoán",
            "The password is too easy to guess",
            hint_vi="ghép bốn từ không liên quan với nhau",
            hint_en="join four words that have nothing to do with each other",
        )


def _normal(password: str) -> str:
    # The same Vietnamese password typed on two machines may come composed or decomposed.
    return unicodedata.normalize("NFC", password)


@cache
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    local = ("bhyt", "benhvien", "bệnhviện", "giamdinh", "matkhau", "mậtkhẩu", "vietnam", "quantri", "administrator")
    return frozenset(FREQUENCY_LISTS["passwords"]) | frozenset(local)
