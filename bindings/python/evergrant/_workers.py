"""The threads in which connections do their work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ._fork import renew_in_child

__all__ = ["Workers"]


class Workers:
    """Threads that end with their work, and that the interpreter waits for at exit: a
    refresh that has been sent is listened out, whatever its caller does."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._after_fork()
        renew_in_child(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    def run(self, work: Callable[[], None]) -> bool:
        """Has it done soon, and once; not where no thread can be begun, as when the
        interpreter is ending: then it is left to the caller."""
        claim = threading.Lock()

        def once() -> None:
            if claim.acquire(blocking=False):
                work()

        try:
            with self._lock:
                if self._threads is None:
                    self._threads = ThreadPoolExecutor(self._most, "evergrant")
                self._threads.submit(once)
        except RuntimeError:
            # It may be in the queue all the same, and somebody may have taken it.
            return not claim.acquire(blocking=False)
        return True
