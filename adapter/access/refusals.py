"""Refusals of this room. Each says what HTTP calls it, and nothing about anybody's data."""

from __future__ import annotations

from typing import Any

from adapter.errors import Terminal


class AccessRefused(Terminal):
    """Not signed in, or not allowed. ``status``: HTTP's word; ``wait``: seconds until another try is heard."""

    code = "ACCESS"

    def __init__(self, message_vi: str, message_en: str, *, status: int = 403, wait: float = 0, **more: Any) -> None:
        super().__init__(message_vi, message_en, **more)
        self.status = status
        self.wait = wait


def not_signed_in() -> AccessRefused:
    """No session, no key, or one that is over."""
    return AccessRefused(
        "Chưa đăng nhập, phiên đã hết hạn, hoặc khóa API sai",
        "Not signed in, the session is over, or the API key is wrong",
        status=401,
        code="ACCESS-WHO",
    )


def not_allowed() -> AccessRefused:
    """Signed in, without the right. The same words whatever the object is and whether it exists."""
    return AccessRefused("Tài khoản này không có quyền đó", "This account has no right to do that", code="ACCESS-RIGHT")


def wrong_login() -> AccessRefused:
    """Unknown name, wrong password and disabled account are told alike."""
    return AccessRefused(
        "Tên đăng nhập hoặc mật khẩu không đúng", "Wrong name or password", status=401, code="ACCESS-LOGIN"
    )


def too_many(wait: float) -> AccessRefused:
    """Tried too often; asked again after ``wait`` seconds."""
    return AccessRefused(
        "Đăng nhập sai quá nhiều lần; đợi rồi thử lại",
        "Too many failed logins; wait and try again",
        status=429,
        wait=wait,
        code="ACCESS-WAIT",
    )


def forged() -> AccessRefused:
    """A change without the session's own token: perhaps another site's page sent it."""
    return AccessRefused(
        "Yêu cầu thiếu mã chống giả mạo của phiên; tải lại trang rồi làm lại",
        "The request lacks the session's own token; reload the page and repeat",
        code="ACCESS-CSRF",
    )
