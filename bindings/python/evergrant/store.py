"""What a store has to do: one compare-and-swap, and for fleets an index.

A store is any object with the methods of `Store`; it need not inherit from
anything. `evergrant.testing` has the tests that it has to pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from ._hidden import Hidden

__all__ = ["AsyncIndex", "AsyncStore", "Entries", "Entry", "Index", "Keys", "Store", "Stored", "Write"]


@dataclass(frozen=True, slots=True)
class Stored(Hidden):
    """What a store holds under a key. Its `repr` does not show the record."""

    revision: str
    """The store's own version of the record: never used twice for one key."""
    record: bytes = field(repr=False)
    """The record, as it was written."""
    age: int | None = None
    """How many milliseconds ago it was written, by the store's own clock; only where
    it has a clock that does not jump."""


@dataclass(frozen=True, slots=True)
class Write(Hidden):
    """What a store is to hold under a key. Its `repr` does not show the record."""

    record: bytes = field(repr=False)
    """Opaque bytes."""
    due_at: int | None
    """When the connection wants to be looked after, UNIX milliseconds, for `Index`."""
    purge_at: int | None
    """From when the record may be deleted, UNIX milliseconds; None: never."""


class Entry(NamedTuple):
    """A line of `Index.list`."""

    key: str
    due_at: int | None


# By another name, for classes that have a method `list`.
Entries = list[Entry]
Keys = list[str]


@runtime_checkable
class Store(Protocol):
    """The one thing that safety rests on. Used from several threads at once."""

    def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """Writes if the revision of `key` equals `expected`; None: nothing is there.

        Either way answers with what is there now. `write=None` is a read. Both look
        at the newest record, never at a replica's. A swap takes place whole or not
        at all, and what has been answered is on the disk.

        Raises `StoreUnavailable` if it cannot tell; it may have taken place.
        """
        ...


@runtime_checkable
class AsyncStore(Protocol):
    """`Store` for asyncio."""

    async def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """As `Store.swap`."""
        ...


@runtime_checkable
class Index(Protocol):
    """For fleets: finding connections. It never carries safety."""

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> Entries:
        """The keys that begin with `prefix` and come after `after`, in byte order."""
        ...

    def claim_due(self, limit: int, hold_ms: int = 90_000, prefix: str = "") -> Keys:
        """Keys that begin with `prefix` and are due by the store's clock, the longest due
        first. In the same statement each is pushed back by `hold_ms`, so that no two
        callers get it."""
        ...

    def purge(self, limit: int = 1000) -> int:
        """Deletes records whose `purge_at` is past; answers how many."""
        ...


@runtime_checkable
class AsyncIndex(Protocol):
    """`Index` for asyncio."""

    async def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> Entries:
        """As `Index.list`."""
        ...

    async def claim_due(self, limit: int, hold_ms: int = 90_000, prefix: str = "") -> Keys:
        """As `Index.claim_due`."""
        ...

    async def purge(self, limit: int = 1000) -> int:
        """As `Index.purge`."""
        ...
