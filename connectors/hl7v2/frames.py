"""MLLP: bytes of a connection into frames, however they are cut or joined.

A frame is VT, message, FS, CR. What stands between frames, half frames that another VT interrupts, and
messages beyond the limit come out as :class:`Broken`; the stream goes on behind them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

VT, FS, CR = b"\x0b", b"\x1c", b"\x0d"
_HEAD = 4_096


@dataclass(frozen=True, slots=True)
class Frame:
    """One complete message."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that are no complete message: their beginning, how many there were, and why.

    ``why``: ``garbage`` (outside frames), ``interrupted`` (a frame began inside a frame), ``too_long``,
    ``half`` (the connection ended, or the time was up).
    """

    data: bytes
    size: int
    why: str


class Decoder:
    """Fed with what arrives; gives what is complete. Holds at most ``max_bytes`` and one chunk."""

    def __init__(self, max_bytes: int, *, wide: bool = False) -> None:
        """``wide``: the sender writes UTF-16, whose letters may hold the bytes VT and FS; a frame ends with FS CR."""
        self._max = max_bytes
        self._end = FS + CR if wide else FS
        self._wide = wide
        self._outside = 0
        self._sample = bytearray()
        self._reset()

    def _reset(self) -> None:
        self._inside = False
        self._buffer = bytearray()
        self._last = b""  # bytes that may be the beginning of an end mark cut in two
        self._size = 0

    @property
    def begun(self) -> bool:
        """Whether a frame has begun and is not complete."""
        return self._inside

    @property
    def held(self) -> int:
        """Bytes of the unfinished frame that stand in memory."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> Iterator[Frame | Broken]:
        """What ``chunk`` completes, in order."""
        while chunk:
            if not self._inside:
                before, start, chunk = chunk.partition(VT)
                yield from self._strange(before, over=bool(start))
                self._inside = bool(start)
                continue
            joined = self._last + chunk
            at = joined.find(self._end)
            if at < 0:
                self._hold(chunk)
                self._last = joined[len(joined) - len(self._end) + 1 :]
                return
            taken = at + len(self._end) - len(self._last)
            self._hold(chunk[:taken])
            chunk = chunk[taken:]
            yield from self._finish()

    def close(self, why: str = "half") -> Iterator[Broken]:
        """What is left when nothing more comes."""
        yield from self._strange(b"", over=True)
        if self._inside:
            yield Broken(bytes(self._buffer[:_HEAD]), self._size, why)
            self._reset()

    def _hold(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._max + len(self._end):
            # Too long: only its head is kept, to answer by its number.
            self._buffer += data[:_HEAD]
            del self._buffer[_HEAD:]
        else:
            self._buffer += data

    def _finish(self) -> Iterator[Frame | Broken]:
        size = self._size - len(self._end)
        data = bytes(self._buffer) if size > self._max else bytes(self._buffer[:size])
        self._reset()
        if size > self._max:
            yield Broken(data[:_HEAD], size, "too_long")
            return
        if not self._wide and VT in data:
            *halves, data = data.split(VT)
            for half in halves:
                yield Broken(half[:_HEAD], len(half), "interrupted")
        yield Frame(data)

    def _strange(self, data: bytes, *, over: bool) -> Iterator[Broken]:
        """Bytes outside frames; line ends between frames are harmless."""
        stray = data if self._outside else data.strip(b"\r\n\x00 ")
        if stray:
            self._outside += len(stray)
            self._sample += stray[: _HEAD - len(self._sample)]
        if self._outside and (over or self._outside > self._max):
            yield Broken(bytes(self._sample), self._outside, "garbage")
            self._outside = 0
            self._sample.clear()
