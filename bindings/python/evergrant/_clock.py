"""The host's clocks, as the machine wants to be told of them."""

from __future__ import annotations

import time
import uuid

__all__ = ["Clock"]

# Runs through suspend, which `time.monotonic` does not on Linux.
_BOOTTIME: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def _boot_id() -> bytes | None:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return uuid.UUID(file.read().strip()).bytes
    except (OSError, ValueError):
        return None


class Clock:
    """The clocks of this machine. Tests have one that they can move."""

    def __init__(self) -> None:
        self.boot_id = _boot_id() if _BOOTTIME is not None else None
        """Which boot `uptime` counts from."""

    time = staticmethod(time.time)
    """UNIX time in seconds, for the one place where it must cost little."""

    def now(self) -> int:
        """UNIX time in milliseconds."""
        return int(self.time() * 1000)

    def ticks(self) -> int:
        """Milliseconds of a clock that is never set, and runs through suspend where
        there is one that does."""
        if _BOOTTIME is not None:
            return time.clock_gettime_ns(_BOOTTIME) // 1_000_000
        return time.monotonic_ns() // 1_000_000

    def uptime(self) -> int | None:
        """Milliseconds that run through suspend, where there is a clock that does."""
        return self.ticks() if _BOOTTIME is not None else None
