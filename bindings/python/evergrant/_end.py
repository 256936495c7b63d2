"""The end of the interpreter, before which what only this process has is to be stored."""

from __future__ import annotations

import atexit
import threading
import time
from typing import Protocol

from ._fork import renew_in_child

__all__ = ["end"]


class Saver(Protocol):
    """Somebody with something that the store has not taken."""

    def save(self) -> None:
        """Tries, for as long as is reasonable: in another thread, or in this one."""
        ...


class _End:
    """Who has something unsaved is kept alive by it."""

    def __init__(self) -> None:
        self._after_fork()
        renew_in_child(self)
        # Before the workers are waited for. It is what the standard library's pools use,
        # and is called in the children of `multiprocessing` too; `atexit` is not.
        register = getattr(threading, "_register_atexit", atexit.register)
        register(self._begin)

    def _after_fork(self) -> None:
        # A child has nothing of its parent's to save.
        self.unsaved: set[Saver] = set()
        self.since: float | None = None
        """When it began, by `time.monotonic`."""

    def _begin(self) -> None:
        self.since = time.monotonic()
        for saver in list(self.unsaved):
            saver.save()


end = _End()
