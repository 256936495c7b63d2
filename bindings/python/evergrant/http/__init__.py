"""How requests leave this process.

A transport sends one request, once: it follows no redirect, retries nothing, and adds
no credential of its own. `evergrant.http.urllib` needs no dependency and is the one
that is used; `evergrant.http.httpx` and `evergrant.http.requests` also have what makes
those clients authenticate their calls to the API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from .._clock import Clock
from .._hidden import Hidden

__all__ = ["Answer", "AnswerTooLarge", "BadAnswer", "NotSent", "Request", "TooLate", "Transport"]


class NotSent(Exception):
    """Certainly no byte of the request left: DNS, connect or TLS failed."""


class AnswerTooLarge(OSError):
    """An answer came whose body is larger than `Connection.call` was to read."""


class BadAnswer(ConnectionError):
    """An answer that is cut short, cannot be decompressed, or is no HTTP. It does not
    quote what came."""


class TooLate(Exception):
    """`Request.send_by` had passed before the first byte could leave; none left."""


@dataclass(frozen=True, slots=True)
class Answer(Hidden):
    """What a server answered. Its `repr` shows neither headers nor body."""

    status: int
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)
    """As it was meant: without chunks, and without `gzip` or `deflate`, which nobody has
    asked for. May be cut after `answer_limit`."""


@dataclass(frozen=True, slots=True)
class Request(Hidden):
    """What to send. Its `repr` shows neither headers nor body."""

    method: str
    url: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)
    send_by: int
    """By when the first byte must have left, on `clock.ticks`, in milliseconds."""
    listen_for: int
    """How long to listen for the answer after that, in milliseconds."""
    answer_limit: int
    """The largest body to read, in bytes; of a larger one read a byte more."""
    clock: Clock = field(repr=False)

    def time_to_send(self) -> float:
        """The seconds that are left; raises `TooLate` where none is."""
        left = self.send_by - self.clock.ticks()
        if left <= 0:
            raise TooLate
        return left / 1000


class Transport(Protocol):
    """Sends one request. Used from several threads at once."""

    def send(self, request: Request) -> Answer:
        """Sends it once, and answers with whatever comes back.

        Raises `NotSent` only where certainly no byte left, `TooLate` if the time to
        send had passed, and anything else where the server may have got it.
        """
        ...
