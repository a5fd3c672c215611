"""A speed limit, so that a first load does not take the hospital's server away from its users."""

from __future__ import annotations

from time import monotonic, sleep


class Pace:
    """At most so many rows per second over time; a batch is read whole, the wait comes before the next one."""

    def __init__(self, rows_per_second: int | None) -> None:
        self._limit = rows_per_second
        self._free_at = 0.0

    def wait(self) -> None:
        """Until the rows read so far are paid for."""
        if (seconds := self._free_at - monotonic()) > 0:
            sleep(seconds)

    def read(self, rows: int) -> None:
        """So many rows have been read."""
        if self._limit is not None:
            self._free_at = max(self._free_at, monotonic()) + rows / self._limit
