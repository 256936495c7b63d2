"""One thread that wakes connections when they want to be woken."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
import time
import weakref
from typing import Protocol

from ._fork import renew_in_child

__all__ = ["wake_in"]


class Sleeper(Protocol):
    """Somebody to be woken. Being woken too early must do no harm."""

    def wake_up(self) -> None:
        """Comes soon after the time, in a thread that must not be kept."""
        ...


class _Timer:
    """Sleepers are held weakly: nobody is kept alive for being asleep."""

    # A wall clock may be set, and a machine suspended: looked at again so often.
    LONGEST = 60.0
    # Those to be woken at about the same time are woken together.
    GRAIN = 0.02

    def __init__(self) -> None:
        self._after_fork()
        renew_in_child(self)

    def _after_fork(self) -> None:
        self._changed = threading.Condition()
        self._sleepers: list[tuple[float, int, weakref.ref[Sleeper]]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def wake_in(self, seconds: float, sleeper: Sleeper) -> bool:
        """Whether there is a thread to do it."""
        at = time.monotonic() + min(max(seconds, 0.0), self.LONGEST)
        at += -at % self.GRAIN
        with self._changed:
            entry = (at, next(self._numbers), weakref.ref(sleeper))
            heapq.heappush(self._sleepers, entry)
            if self._thread is None:
                # A daemon: what is under way is waited for at exit, not what is to come.
                thread = threading.Thread(target=self._run, name="evergrant-timer", daemon=True)
                with contextlib.suppress(RuntimeError):
                    thread.start()
                    self._thread = thread
            if self._sleepers[0] is entry:
                self._changed.notify()
            return self._thread is not None

    def _run(self) -> None:
        while True:
            sleeper = self._next()
            if sleeper is not None:
                sleeper.wake_up()
            del sleeper

    def _next(self) -> Sleeper | None:
        with self._changed:
            while not self._sleepers or self._sleepers[0][0] > time.monotonic():
                self._changed.wait(self._sleepers[0][0] - time.monotonic() if self._sleepers else None)
            return heapq.heappop(self._sleepers)[2]()


_timer = _Timer()
wake_in = _timer.wake_in
