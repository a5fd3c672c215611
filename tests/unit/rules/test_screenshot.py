"""The picture in the docs can be made again at any time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.report_screenshot import take, write_report


def test_the_page_about_the_sample_says_what_where_why_and_how_in_both_languages(tmp_path: Path) -> None:
    text = write_report(tmp_path).read_text(encoding="utf-8")
    for words in (
        "Cách sửa:",
        "How to fix:",
        "Vì sao kiểm tra",
        "Why it is checked",
        "Đang ghi",
        "hồ sơ gửi được ngay",
    ):
        assert words in text
    assert str(tmp_path) in text  # the whole path, for whoever points at the name
    assert "ho-so-thang-9/hoso-0002.xml</td>" in text


@pytest.mark.needs("chromium")
def test_the_browser_takes_the_picture(tmp_path: Path) -> None:
    image = take(write_report(tmp_path), tmp_path, "en")
    assert image.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
