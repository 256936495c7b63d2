"""An access token, as it is handed out."""

from __future__ import annotations

from ._hidden import Hidden

__all__ = ["MIN_VALIDITY", "Token"]

MIN_VALIDITY = 30_000
"""How long a token is to be valid at least, in milliseconds, unless told otherwise."""


class Token(Hidden):
    """What a call to the API carries. It shows nothing of itself, and is neither copied
    nor pickled: ask the connection for it each time, which costs next to nothing."""

    __slots__ = ("_header", "_since", "expires_at", "fresh_until", "generation", "origin")

    def __init__(self, generation: int, origin: str, header: str, expires_at: int | None, since: int) -> None:
        self.generation = generation
        """Which one it is of those that the grant has had."""
        self.origin = origin
        """The only origin to which it may be sent."""
        self.expires_at = expires_at
        """When it expires, UNIX milliseconds, if the server said so."""
        self._header = header
        self._since = since
        self.fresh_until = self.good_until(MIN_VALIDITY) / 1000
        """Until when it is good enough for most, in UNIX seconds."""

    def expose(self) -> str:
        """The value of the `Authorization` header."""
        return self._header

    def good_until(self, min_validity: int) -> float:
        """Until when it is good for `min_validity` milliseconds more, in UNIX
        milliseconds. Nobody gets more than half of a token's life, or one that lives
        shortly would be refreshed for every caller."""
        if self.expires_at is None:
            return float("inf")
        return self.expires_at - min(min_validity, (self.expires_at - self._since) // 2)

    def __repr__(self) -> str:
        return f"Token(generation={self.generation}, origin={self.origin!r}, expires_at={self.expires_at})"
