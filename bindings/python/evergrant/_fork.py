"""A child process must not use what belongs to its parent: locks that another thread
held at the fork, open files, threads that do not run in it."""

from __future__ import annotations

import os
import weakref
from typing import Protocol

__all__ = ["renew_in_child"]


class Renewable(Protocol):
    """What has to be made anew in a child process."""

    def _after_fork(self) -> None: ...


_objects: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renew_in_child(thing: Renewable) -> None:
    """`thing._after_fork()` is called in each child, for as long as the thing lives."""
    _objects.add(thing)


def _after_fork_in_child() -> None:
    for thing in list(_objects):
        thing._after_fork()  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
