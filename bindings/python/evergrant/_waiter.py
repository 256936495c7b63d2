"""Those who wait for an answer."""

from __future__ import annotations

import contextlib
from concurrent.futures import InvalidStateError
from typing import Any, Protocol, TypeVar

__all__ = ["Waiter", "give", "tell_error"]

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Waiter(Protocol[T_contra]):
    """Somebody who waits: a `concurrent.futures.Future`."""

    def set_result(self, result: T_contra, /) -> None: ...
    def set_exception(self, exception: BaseException, /) -> None: ...
    def done(self) -> bool: ...


def give(waiter: Waiter[T], result: T) -> None:
    """Tells whoever waits."""
    # Whoever waits may stop to wait at any moment.
    with contextlib.suppress(InvalidStateError):
        waiter.set_result(result)


def tell_error(waiter: Waiter[Any], error: BaseException) -> None:
    """Tells whoever waits that it came to this."""
    with contextlib.suppress(InvalidStateError):
        waiter.set_exception(error)
