"""MLLP framing: however the bytes are cut, the same messages come out, and nothing strange stops the stream."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.hl7v2.frames import Broken, Decoder, Frame

VT, END = b"\x0b", b"\x1c\x0d"


def _all(decoder: Decoder, chunks: list[bytes]) -> list[Frame | Broken]:
    found = [one for chunk in chunks for one in decoder.feed(chunk)]
    return [*found, *decoder.close()]


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(at)]


@given(
    st.lists(st.binary(max_size=40).filter(lambda b: not set(b) & {0x0B, 0x1C}), max_size=5), st.lists(st.integers(0))
)
def test_any_cut_gives_the_same_messages(messages: list[bytes], places: list[int]) -> None:
    stream = b"".join(VT + message + END for message in messages)
    assert _all(Decoder(1000), _cut(stream, places)) == [Frame(message) for message in messages]


@given(st.lists(st.integers(0)))
def test_a_wide_message_may_hold_the_marks_inside_its_letters(places: list[int]) -> None:
    message = "MSH|ଜᰀ|".encode("utf-16-le")
    stream = VT + message + END + VT + message + END
    assert _all(Decoder(1000, wide=True), _cut(stream, places)) == [Frame(message), Frame(message)]


@given(st.binary(max_size=300), st.lists(st.integers(0)))
def test_whatever_arrives_a_whole_message_behind_it_is_found(noise: bytes, places: list[int]) -> None:
    decoder = Decoder(1000)
    found = _all(decoder, [*_cut(noise, places), END + VT + b"MSH|whole" + END])
    assert found[-1] == Frame(b"MSH|whole")


@pytest.mark.parametrize("chunk", [1, 7, 4096, 100_000])
def test_a_message_beyond_the_limit_is_named_by_its_head_and_the_next_one_comes(chunk: int) -> None:
    stream = VT + b"MSH|head" + b"x" * 20_000 + END + VT + b"next" + END
    found = _all(Decoder(10_000), [stream[at : at + chunk] for at in range(0, len(stream), chunk)])
    assert isinstance(found[0], Broken)
    assert (found[0].why, found[0].size, found[0].data[:8]) == ("too_long", 20_008, b"MSH|head")
    assert found[1:] == [Frame(b"next")]


def test_a_fifty_megabyte_message_never_stands_in_memory() -> None:
    decoder = Decoder(1_000_000)
    list(decoder.feed(VT))
    for _ in range(800):
        assert list(decoder.feed(b"x" * 65_536)) == []
        assert len(decoder._buffer) <= 1_100_000
    (broken,) = decoder.feed(END)
    assert isinstance(broken, Broken)
    assert broken.size == 800 * 65_536


def test_garbage_half_frames_and_the_end_are_told_apart() -> None:
    found = _all(Decoder(1000), [b"garbage" + VT + b"half" + VT + b"whole" + END + b"\r\n" + VT + b"unfinished"])
    told = [one if isinstance(one, Frame) else (one.why, one.data) for one in found]
    assert told == [("garbage", b"garbage"), ("interrupted", b"half"), Frame(b"whole"), ("half", b"unfinished")]
