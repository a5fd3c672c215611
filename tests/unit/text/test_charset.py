"""Old Vietnamese charsets: what they hold comes back whole, what they cannot hold is named."""

from __future__ import annotations

import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.text.charset import CHARSETS, decode, encode

LETTERS = (
    "".join(
        unicodedata.normalize("NFC", base + mark)
        for base in ("a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y")
        for mark in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    )
    + "đ"
)
ALL = LETTERS + LETTERS.upper()
TCVN3_LACKS = {c for c in LETTERS.upper() if not c.isascii() and c not in "ĂÂÊÔƠƯĐ"}

vietnamese = st.text(alphabet=st.sampled_from(ALL + " bcdghklmnpqrstvx"), max_size=60)


@given(vietnamese)
def test_tcvn3_loses_exactly_the_toned_capitals_and_names_them(text: str) -> None:
    data, lost = encode(text, "tcvn3")
    assert list(lost) == [c for c in text if c in TCVN3_LACKS]
    assert decode(data, "tcvn3").text == "".join("?" if c in TCVN3_LACKS else c for c in text)


@given(vietnamese, st.sampled_from(["viscii", "vni", "cp1258"]))
def test_the_other_charsets_lose_nothing(text: str, charset: str) -> None:
    data, lost = encode(text, charset)
    if charset == "vni":
        # VNI has no mark between letters: a base and a following letter can fall together
        text = " ".join(text.replace(" ", ""))
        data, lost = encode(text, charset)
    assert lost == ()
    assert decode(data, charset).text == text


@pytest.mark.parametrize(("ours", "theirs"), [("viscii", "VISCII"), ("cp1258", "CP1258")])
def test_a_foreign_converter_reads_the_same(ours: str, theirs: str) -> None:
    text = "Nguyễn Thị Hồng Ánh, Đặng Ưng, Ỷ Lan"
    data, _ = encode(text, ours)
    run = subprocess.run(["iconv", "-f", theirs, "-t", "UTF-8"], input=data, capture_output=True, check=True)
    assert unicodedata.normalize("NFC", run.stdout.decode()) == text


NAMES = ["Nguyễn Thị Hồng ánh", "Trần Đức Lượng", "Phạm Thuỳ Dương", "viêm phế quản cấp ở trẻ nhỏ", "Đặng Quốc Khánh"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("charset", [c for c in CHARSETS if c != "unicode"])
def test_the_charset_of_a_text_is_found(name: str, charset: str) -> None:
    data, lost = encode(name, charset)
    assert lost == ()
    found = decode(data)
    assert (found.text, found.charset) == (name, charset)
    assert found.confidence > 0.3


def test_text_a_driver_read_as_windows_1252_is_found_too() -> None:
    assert decode("NguyÔn V¨n An").text == "Nguyễn Văn An"
    assert decode("Nguyeãn Vaên An").text == "Nguyễn Văn An"
    # One marked letter: as TCVN3 it would be Phaùm, which no syllable ends like.
    assert decode("Phaïm Minh Quang").text == "Phạm Minh Quang"


@pytest.mark.parametrize("text", ["Bùi Gia Huy", "Nguyễn Văn An", "Müller café", "<0,5 µg/L", "An", "", "Hà Nội – Huế"])
def test_what_is_unicode_already_is_left_alone(text: str) -> None:
    found = decode(text)
    assert (found.text, found.charset, found.lost) == (text, "unicode", 0)


def test_letters_an_earlier_conversion_lost_are_counted() -> None:
    assert decode("Nguy?n V?n An").lost == 2
    assert decode("Kết quả âm tính?").lost == 0
    assert decode("Lê Th? Hoa").lost == 1
    assert decode("đau ở đâu? Ở bụng").lost == 0
    assert decode("Tr\ufffdn").lost == 1


def test_decomposed_text_is_composed() -> None:
    assert decode(unicodedata.normalize("NFD", "Nguyễn Văn Ấn")).text == "Nguyễn Văn Ấn"


def test_an_unknown_charset_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown charset"):
        decode("a", "ebcdic")
