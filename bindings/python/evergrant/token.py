"""An access token, as it is handed out."""

from __future__ import annotations

from ._hidden import Hidden

__all__ = ["MIN_VALIDITY", "Token"]

MIN_VALIDITY = 30_000
"""How long a token is to be valid at least, in milliseconds, unless told otherwise."""


class Token(Hidden):
    """What a call to the API carries. It shows nothing of itself, and is neither copied
    nor pickled: ask the connection for it each time, which costs next to nothing."""

    __slots__ = ("_header", "expires_at", "fresh_until", "generation", "origin")

    def __init__(self, generation: int, origin: str, header: str, expires_at: int | None) -> None:
        self.generation = generation
        """Which one it is of those that the grant has had."""
        self.origin = origin
        """The only origin to which it may be sent."""
        self.expires_at = expires_at
        """When it expires, UNIX milliseconds, if the server said so."""
        self._header = header
        self.fresh_until = self.good_until(MIN_VALIDITY) / 1000
        """Until when it is given out without asking anybody, in UNIX seconds."""

    def expose(self) -> str:
        """The value of the `Authorization` header."""
        return self._header

    def good_until(self, min_validity: int) -> float:
        """Until when it is valid for `min_validity` milliseconds more, in UNIX
        milliseconds. After that the machine is asked, which knows how long it lives in
        all, and so whether it will do."""
        return float("inf") if self.expires_at is None else self.expires_at - min_validity

    def __repr__(self) -> str:
        return f"Token(generation={self.generation}, origin={self.origin!r}, expires_at={self.expires_at})"
