"""A store that ends with its process: for tests, and for trying things out."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace

from .._fork import renew_in_child
from ..store import Entries, Entry, Keys, Stored, Write

__all__ = ["MemoryStore"]


class MemoryStore:
    """Records in a dictionary. A grant that is kept nowhere else is lost with it."""

    def __init__(self) -> None:
        self._records: dict[str, tuple[str, Write]] = {}
        self._revisions = itertools.count(1)
        self._after_fork()
        renew_in_child(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"MemoryStore(<{len(self._records)} records>)"

    def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """As `Store.swap`."""
        with self._lock:
            there = self._records.get(key)
            if write is not None and (there[0] if there else None) == expected:
                there = self._records[key] = (str(next(self._revisions)), write)
            return Stored(there[0], there[1].record) if there else None

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> Entries:
        """As `Index.list`."""
        with self._lock:
            keys = sorted(key for key in self._records if key.startswith(prefix) and key > after)
            return [Entry(key, self._records[key][1].due_at) for key in keys[:limit]]

    def claim_due(self, limit: int, hold_ms: int = 90_000, prefix: str = "") -> Keys:
        """As `Index.claim_due`."""
        now = time.time_ns() // 1_000_000
        with self._lock:
            times = ((write.due_at, key) for key, (_, write) in self._records.items() if key.startswith(prefix))
            due = sorted((at, key) for at, key in times if at is not None and at <= now)
            keys = [key for _, key in due[:limit]]
            for key in keys:
                revision, write = self._records[key]
                self._records[key] = (revision, replace(write, due_at=now + hold_ms))
            return keys

    def purge(self, limit: int = 1000) -> int:
        """As `Index.purge`."""
        now = time.time_ns() // 1_000_000
        with self._lock:
            times = ((write.purge_at, key) for key, (_, write) in self._records.items())
            over = [key for at, key in times if at is not None and at <= now][:limit]
            for key in over:
                del self._records[key]
            return len(over)
