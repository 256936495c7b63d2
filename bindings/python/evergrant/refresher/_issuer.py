"""What limits the harm of a bad hour: a rate and a breaker for each issuer.

Each refresh whose outcome nobody knows puts a grant at risk where the server is strict.
When such outcomes rise, nothing more is refreshed ahead of time (access tokens still
live); after a pause one connection tries, and the others follow if it went well.
"""

from __future__ import annotations

import threading
from collections import deque
from enum import Enum

from ..machine import Pace, Pacer

__all__ = ["Breaker", "Issuer", "Outcome"]


class Outcome(Enum):
    """What a connection's turn says of its issuer."""

    ANSWERED = "answered"
    """The server said yes or no."""
    FAILED = "failed"
    """Nobody knows, or the server could not be reached, or it asks for less, or says what
    only a wrong configuration explains."""
    NOT_ASKED = "not_asked"
    """No request was made."""


class Breaker:
    """Opens when `failures` of the last `window` outcomes are bad. Times are milliseconds
    of a clock that is never set. Not safe for threads by itself."""

    def __init__(
        self, *, window: int = 20, failures: int = 5, pause: int = 30_000, longest_pause: int = 600_000
    ) -> None:
        self._outcomes: deque[bool] = deque(maxlen=window)
        self._failures = failures
        self._first_pause = self._pause = pause
        self._longest_pause = longest_pause
        self._open_until: int | None = None
        self._probing = False
        self._phase = 1

    @property
    def is_open(self) -> bool:
        """Whether at most one connection may try."""
        return self._open_until is not None

    def may_begin(self, now: int) -> bool:
        """Whether a connection may be given its turn."""
        return self._open_until is None or (now >= self._open_until and not self._probing)

    def begin(self, now: int) -> int | None:
        """Gives a turn, if it may be given: then `end` has to follow, with the same number."""
        if not self.may_begin(now):
            return None
        self._probing = self.is_open
        return self._phase

    def end(self, now: int, phase: int, outcome: Outcome) -> None:
        """A turn is over. One that began before the breaker opened or closed says nothing new."""
        if phase != self._phase:
            return
        if outcome is Outcome.NOT_ASKED:
            self._probing = False  # Another one has to try.
        elif not self.is_open:
            self._outcomes.append(outcome is Outcome.FAILED)
            if sum(self._outcomes) >= self._failures:
                self._change(now + self._pause)
        elif outcome is Outcome.FAILED:
            self._pause = min(2 * self._pause, self._longest_pause)
            self._change(now + self._pause)
        else:
            self._pause = self._first_pause
            self._change(None)

    def _change(self, open_until: int | None) -> None:
        self._open_until, self._probing = open_until, False
        self._phase += 1
        self._outcomes.clear()


class Issuer:
    """One token endpoint, as all its connections share it."""

    def __init__(self, name: str, per_minute: int, breaker: Breaker) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._pacer = Pacer(per_minute)
        self._breaker = breaker
        self._patience_until = 0

    @property
    def is_open(self) -> bool:
        """Whether the breaker is open."""
        return self._breaker.is_open

    def may_begin(self, now: int) -> bool:
        """Whether a turn may be given at all."""
        with self._lock:
            return now >= self._patience_until and self._breaker.may_begin(now)

    def begin(self, now: int) -> int | None:
        """As `Breaker.begin`."""
        with self._lock:
            return self._breaker.begin(now) if now >= self._patience_until else None

    def end(self, now: int, phase: int, outcome: Outcome) -> None:
        """As `Breaker.end`."""
        with self._lock:
            self._breaker.end(now, phase, outcome)

    def wait(self, now: int) -> int:
        """How many milliseconds a turn has to wait for its request; 0: it has been counted."""
        pace = self._pacer.ask(now)
        return max(pace.at - now, 1) if isinstance(pace, Pace.AT) else 0

    def slow_down(self, now: int, milliseconds: int) -> None:
        """The server asked for patience, and it meant everybody."""
        with self._lock:
            self._patience_until = max(self._patience_until, now + min(milliseconds, 86_400_000))
            self._pacer.slow_down(now, self._patience_until)
