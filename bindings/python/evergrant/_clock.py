"""The host's clocks and its entropy, as the machine wants to be told of them."""

from __future__ import annotations

import os
import time
import uuid

from .machine import Env

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
        self._boot_id = _boot_id() if _BOOTTIME is not None else None

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

    def env(self) -> Env:
        """The world at this moment, with fresh entropy: for one step."""
        uptime = self.ticks() if _BOOTTIME is not None else None
        return Env(now=self.now(), uptime=uptime, boot_id=self._boot_id, entropy=os.urandom(32))
