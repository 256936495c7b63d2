"""A store in one SQLite file, for any number of threads and processes of one machine."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import sqlite3
import threading
import time
import weakref
from collections.abc import Generator
from pathlib import Path

from ..errors import StoreUnavailable
from ..store import Entries, Entry, Keys, Stored, Write

__all__ = ["SqliteStore"]

# What an integer of SQLite holds: a time that never comes.
LARGEST = 2**63 - 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS evergrant_records (
    key TEXT PRIMARY KEY NOT NULL,
    revision INTEGER NOT NULL,
    record BLOB NOT NULL,
    due_at INTEGER,
    purge_at INTEGER
);
CREATE INDEX IF NOT EXISTS evergrant_due ON evergrant_records (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS evergrant_purge ON evergrant_records (purge_at) WHERE purge_at IS NOT NULL;
"""


class SqliteStore:
    """Records in a table of an SQLite file, which only its owner can read.

    Every write is on the disk before it is answered (WAL, `synchronous=FULL`). Not
    for a network file system or a folder that is synchronised with other machines.
    `busy_ms` is how long to wait for another process's write.
    """

    _db: sqlite3.Connection | None = None
    _at_end: weakref.finalize[[sqlite3.Connection], SqliteStore] | None = None
    # Of all stores: held while a file is made or closed.
    _files = threading.RLock()  # A store may be freed, and so closed, at any point.

    def __init__(self, path: str | os.PathLike[str], *, busy_ms: int = 2_000) -> None:
        self._path = Path(path)
        self._busy_ms = busy_ms
        self._lock = threading.Lock()
        with _registering:
            _stores.add(self)
        with self._open():
            pass  # A path that cannot be one is told now.

    def __repr__(self) -> str:
        return f"SqliteStore({str(self._path)!r})"

    def close(self) -> None:
        """Closes the file; it is opened again when it is needed."""
        with self._lock:
            self._disconnect()

    def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """As `Store.swap`."""
        with self._open() as db:
            if write is not None:
                revision = self._write(db, key, expected, write)
                if revision is not None:
                    return Stored(str(revision), write.record)
            row = db.execute(
                "SELECT revision, record FROM evergrant_records WHERE key = ?", (key,)
            ).fetchone()
            return Stored(str(row[0]), row[1]) if row else None

    @staticmethod
    def _write(db: sqlite3.Connection, key: str, expected: str | None, write: Write) -> int | None:
        """The new revision, or None if another one was there."""
        due_at, purge_at = _bounded(write.due_at), _bounded(write.purge_at)
        if expected is None:
            # Not from 1: a record that was deleted by hand does not come again.
            revision = secrets.randbits(48)
            done = db.execute(
                "INSERT INTO evergrant_records VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (key, revision, write.record, due_at, purge_at),
            )
        elif expected.isascii() and expected.isdecimal() and len(expected) < 19:
            revision = int(expected) + 1
            done = db.execute(
                "UPDATE evergrant_records SET revision = ?, record = ?, due_at = ?, purge_at = ?"
                " WHERE key = ? AND revision = ?",
                (revision, write.record, due_at, purge_at, key, revision - 1),
            )
        else:
            return None  # No revision of this store.
        return revision if done.rowcount == 1 else None

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> Entries:
        """As `Index.list`."""
        with self._open() as db:
            rows = db.execute(
                "SELECT key, due_at FROM evergrant_records"
                " WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT ?",
                # Keys are printable ASCII, and this comes after it.
                (after, prefix, prefix + "\x7f", limit),
            )
            return [Entry(*row) for row in rows]

    def claim_due(self, limit: int, hold_ms: int = 90_000, prefix: str = "") -> Keys:
        """As `Index.claim_due`."""
        now = time.time_ns() // 1_000_000
        with self._open() as db, _transaction(db):
            rows = db.execute(
                # `+`: by the index of what is due, whatever the prefix.
                "SELECT key FROM evergrant_records WHERE due_at <= ? AND +key >= ? AND +key < ?"
                " ORDER BY due_at LIMIT ?",
                (now, prefix, prefix + "\x7f", limit),
            ).fetchall()
            db.executemany(
                "UPDATE evergrant_records SET due_at = ? WHERE key = ?",
                [(now + hold_ms, key) for (key,) in rows],
            )
            return [key for (key,) in rows]

    def purge(self, limit: int = 1000) -> int:
        """As `Index.purge`."""
        now = time.time_ns() // 1_000_000
        with self._open() as db:
            return db.execute(
                "DELETE FROM evergrant_records WHERE key IN"
                " (SELECT key FROM evergrant_records WHERE purge_at <= ? LIMIT ?)",
                (now, limit),
            ).rowcount

    @contextlib.contextmanager
    def _open(self) -> Generator[sqlite3.Connection, None, None]:
        """The one connection to the file, which one thread uses at a time: SQLite
        writes one after the other in any case."""
        try:
            with self._lock:
                if self._db is None:
                    self._db = self._connect()
                    # No `__del__`: of a cycle the connection may be finalized first, and
                    # tells, from Python 3.13 on, that nobody has closed it.
                    self._at_end = weakref.finalize(self, _close, self._db)
                yield self._db
        except (sqlite3.Error, OSError) as error:
            raise StoreUnavailable(f"SQLite: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        self._create()
        db = sqlite3.connect(
            self._path, timeout=self._busy_ms / 1000, isolation_level=None, check_same_thread=False
        )
        try:
            self._switch_to_wal(db)
            db.execute("PRAGMA synchronous=FULL")
            db.executescript(SCHEMA)
        except BaseException:
            db.close()
            raise
        return db

    def _switch_to_wal(self, db: sqlite3.Connection) -> None:
        # SQLite does not wait here by itself for others, who switch a new file too.
        until = time.monotonic() + self._busy_ms / 1000
        while True:
            try:
                db.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                # Python 3.10 has no code, only SQLITE_BUSY's text.
                if "database is locked" not in str(error) or time.monotonic() >= until:
                    raise
            time.sleep(random.uniform(0.001, 0.01))  # Not in step with the others.

    def _disconnect(self) -> None:
        with self._files:
            at_end, self._db, self._at_end = self._at_end, None, None
            if at_end is not None:
                at_end()

    def _create(self) -> None:
        # Only the owner may read what may hold tokens; SQLite gives the files
        # beside it the same rights. A file that is there is not opened: to close it
        # would end all locks that this process has on it, another store's too. For
        # the same reason nobody goes on before a new file is closed.
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR
        with self._files, contextlib.suppress(FileExistsError):
            # What a link leads to: the link itself is always there.
            os.close(os.open(os.path.realpath(self._path), flags, 0o600))


def _bounded(time: int | None) -> int | None:
    return None if time is None else min(time, LARGEST)


def _close(db: sqlite3.Connection) -> None:
    with SqliteStore._files:  # pyright: ignore[reportPrivateUsage]
        db.close()


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Generator[None, None, None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


# Others' locks within SQLite would stay locked in a child for ever, and a connection that
# is open at the fork makes SQLite believe in the child that it holds the file's locks,
# which are its parent's alone: at a fork nobody is in SQLite, and no store is connected.
_registering = threading.Lock()
_stores: weakref.WeakSet[SqliteStore] = weakref.WeakSet()
_forking = contextlib.ExitStack()


def _before_fork() -> None:
    _forking.enter_context(_registering)
    stores = list(_stores)
    for store in stores:
        _forking.enter_context(store._lock)  # pyright: ignore[reportPrivateUsage]
    # The last one: who has a store's lock may wait for it.
    _forking.enter_context(SqliteStore._files)  # pyright: ignore[reportPrivateUsage]
    for store in stores:
        store._disconnect()  # pyright: ignore[reportPrivateUsage]


def _after_fork() -> None:
    # Emptied first: with the last lock the next fork begins.
    _forking.pop_all().close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
