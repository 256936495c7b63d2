"""A client that is looked at while it works: what its refreshes come to, and what its
issuer says to everybody."""

from __future__ import annotations

import copy
import email.utils
from collections.abc import Callable
from datetime import timezone

from ..client import Client
from ..http import Answer, Request, Transport
from ..news import Notice

__all__ = ["watched"]


def watched(client: Client, notice: Callable[[Notice], None], patience: Callable[[int], None]) -> Client:
    """The same client, whose notices are also given to `notice`, and with `patience`
    told for how many milliseconds the token endpoint wants to be left alone."""
    same = copy.copy(client)

    def notify(said: Notice) -> None:
        notice(said)
        client.notify(said)

    vars(same)["notify"] = notify
    same.transport = _Transport(client, patience)
    return same


class _Transport:
    def __init__(self, client: Client, patience: Callable[[int], None]) -> None:
        self._transport: Transport = client.transport
        self._clock, self._patience = client.clock, patience
        self._token_endpoint = client.provider.config.token_endpoint

    def send(self, request: Request) -> Answer:
        answer = self._transport.send(request)
        if answer.status in (429, 503) and request.url == self._token_endpoint:
            for name, value in answer.headers:
                if name.lower() == "retry-after":
                    self._patience(retry_after(value, self._clock.now()))
        return answer


def retry_after(value: str, now: int) -> int:
    """Milliseconds from now (RFC 9110 §10.2.3); 0 where it says nothing."""
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return int(value[:9]) * 1000
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0
    if date.tzinfo is None:
        # As asctime writes it: GMT all the same (RFC 9110 §5.6.7), not this machine's zone.
        date = date.replace(tzinfo=timezone.utc)
    return max(int(date.timestamp() * 1000) - now, 0)
