"""Reading and answering one message: charsets, refusals, acknowledgement modes; hl7apy judges the answers."""

from __future__ import annotations

import hl7
import pytest
from hl7apy.parser import parse_message

from adapter.text.charset import encode
from connectors.hl7v2.answers import answer
from connectors.hl7v2.reading import Reader
from connectors.hl7v2.spec import Spec
from tests.support.hl7_tools import adt

PLAIN = Reader(Spec(), charset=None, default_charset="utf-8")


def _msh(message: str, **fields: str) -> str:
    lines = message.split("\r")
    head = lines[0].split("|")
    for name, value in fields.items():
        head += [""] * (int(name[1:]) - len(head))
        head[int(name[1:]) - 1] = value
    return "\r".join(["|".join(head), *lines[1:]])


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("", "utf-8"),
        ("UTF-8", "utf-8"),
        ("UNICODE", "utf-16-le"),
        ("UNICODE UTF-16", "utf-16-be"),
        ("WINDOWS-1258", "cp1258"),
        ("TCVN3", "tcvn3"),
    ],
)
def test_the_charset_of_msh_18_is_read(declared: str, codec: str) -> None:
    text = _msh(adt(1), f18=declared)
    raw = encode(text, codec)[0] if codec in ("tcvn3", "cp1258") else text.encode(codec)
    read = PLAIN.read(raw)
    assert read.message is not None, read.refusal
    from connectors.hl7v2.charset import to_text

    assert "Nguyễn^An^Văn" in to_text(raw, read.message.charset)


def test_an_override_knows_better_than_msh_18() -> None:
    raw = encode(adt(1), "tcvn3")[0]
    assert PLAIN.read(raw).refusal is not None
    read = Reader(Spec(), charset="tcvn3", default_charset="utf-8").read(raw)
    assert read.message is not None
    assert read.message.charset == "tcvn3"


def test_latin_1_is_read_as_it_says() -> None:
    raw = _msh(adt(1), f18="8859/1").replace("Nguyễn", "José").replace("Văn", "Van").replace("Trần", "Tran")
    read = PLAIN.read(raw.replace("Bình", "Binh").replace("Tăng huyết áp", "x").replace("Số", "So").encode("latin-1"))
    assert read.message is not None
    assert read.message.charset == "latin-1"


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_bom_do_not_matter(ending: str, bom: bytes) -> None:
    read = PLAIN.read(bom + adt(5, visit="V9").replace("\r", ending).encode())
    assert read.message is not None
    assert (read.message.number, read.message.visit, read.message.links) == ("5", "V9", ("patient:BN1",))


@pytest.mark.parametrize(
    ("raw", "code", "reject"),
    [
        (b"hello", "100", True),
        (b"MSH|^~\\&|", "200", True),
        (adt("").encode(), "101", False),
        (_msh(adt(1), f12="3.0").encode(), "203", True),
        (_msh(adt(1), f11="X").encode(), "202", True),
        (_msh(adt(1), f18="KLINGON").encode(), "103", True),
        (adt(1).encode("utf-8").replace(b"PID|", b"XPI|"), "100", False),
        (adt(1).encode("utf-8").replace(b"PID|", b"no segment"), "100", False),
        ((adt(1) + adt(2)).encode(), "100", False),
        (adt(1).encode("cp1258", "replace"), "102", False),
        (b"\xff" * 50, "100", True),
        (b"MSH" + b"|" * 3000, "200", True),
    ],
)
def test_what_cannot_be_taken_in_is_refused_with_its_reason(raw: bytes, code: str, *, reject: bool) -> None:
    read = PLAIN.read(raw)
    assert read.message is None
    assert read.refusal is not None
    assert (read.refusal.code, read.refusal.reject) == (code, reject)


def test_what_is_not_used_is_set_aside_with_its_reason() -> None:
    def aside(message: str) -> str:
        read = PLAIN.read(message.encode())
        assert read.message is not None
        return read.message.aside

    assert aside(adt(1)) == ""
    assert "not used" in aside(adt(1, event="A20"))
    assert "no visit number" in aside(adt(1, visit=""))
    assert "not a production message" in aside(_msh(adt(1), f11="T"))


def _codes(frames: bytes) -> list[str]:
    messages = [frame.strip(b"\x0b\x1c\r").decode() + "\r" for frame in frames.split(b"\x1c\r") if frame]
    return [str(hl7.parse(message).segment("MSA")[1]) for message in messages]


@pytest.mark.parametrize(
    ("accept", "application", "good", "bad"),
    [
        ("", "", ["AA"], ["AE"]),
        ("AL", "NE", ["CA"], ["CE"]),
        ("NE", "AL", ["AA"], ["AE"]),
        ("AL", "AL", ["CA", "AA"], ["CE", "AE"]),
        ("ER", "NE", [], ["CE"]),
        ("SU", "NE", ["CA"], []),
        ("NE", "NE", [], []),
    ],
)
def test_acknowledgement_follows_msh_15_and_16(accept: str, application: str, good: list[str], bad: list[str]) -> None:
    fine = PLAIN.read(_msh(adt(1), f15=accept, f16=application).encode())
    wrong = PLAIN.read(_msh(adt(1), f15=accept, f16=application).replace("PID|", "XPI|").encode())
    assert _codes(answer(fine.head, fine.charset, None)) == good
    assert _codes(answer(wrong.head, wrong.charset, wrong.refusal)) == bad


@pytest.mark.parametrize("version", ["2.3.1", "2.4", "2.5", "2.5.1", "2.6"])
@pytest.mark.parametrize("broken", [False, True])
def test_hl7apy_finds_our_answers_valid_in_every_version(version: str, *, broken: bool) -> None:
    text = _msh(adt(7, event="A08"), f12=version)
    read = PLAIN.read((text.replace("PID|", "XPI|") if broken else text).encode())
    told = answer(read.head, read.charset, read.refusal)[1:-2].decode()
    parsed = parse_message(told, find_groups=False)
    assert parsed.validate()
    assert parsed.msa.msa_2.value == "7"
    assert parsed.msa.msa_1.value == ("AE" if broken else "AA")
    assert (parsed.msh.msh_3.value, parsed.msh.msh_5.value) == ("BHYT", "HIS")
