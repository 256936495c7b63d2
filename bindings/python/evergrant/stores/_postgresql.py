"""The statements of the PostgreSQL store, without I/O: each operation is a generator
that yields statements and is sent their rows."""

from __future__ import annotations

import re
import secrets
from collections.abc import Generator
from typing import Any, NamedTuple, TypeVar

from ..store import Entry, Stored, Write

__all__ = ["Asking", "Entries", "Keys", "Statement", "Statements"]


class Statement(NamedTuple):
    """A statement and its parameters. Its `repr` does not show them."""

    text: bytes
    parameters: tuple[object, ...] = ()

    def __repr__(self) -> str:
        return f"Statement({self.text!r})"


T = TypeVar("T")
Rows = list[tuple[Any, ...]]
Asking = Generator[Statement, Rows, T]
# Where a class has a method `list`, the type has to have another name.
Entries = list[Entry]
Keys = list[str]

NOW = "(extract(epoch FROM now()) * 1000)::bigint"
LARGEST = 2**63 - 1

# `claim_at` is `due_at`, or until when a claim holds the record: the index is on it
# alone. A refresh that a claim has begun leaves it as it is (the new time is hardly
# later), so that the write touches no index; with room left in each page (fillfactor)
# PostgreSQL then makes it in place (HOT).
SCHEMA = """
CREATE TABLE IF NOT EXISTS {table} (
    key text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL,
    record bytea NOT NULL,
    written_at timestamptz NOT NULL,
    due_at bigint,
    claim_at bigint,
    purge_at bigint
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS {index}_claim ON {table} (claim_at) WHERE claim_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS {index}_purge ON {table} (purge_at) WHERE purge_at IS NOT NULL;
"""
# What is answered must be on the disk, also where the session's transactions need not be.
# For this transaction alone: the session may be somebody else's too.
RETURNING = """
RETURNING revision, CASE current_setting('synchronous_commit')
    WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END
"""
CREATE = """
INSERT INTO {table} (key, revision, record, written_at, due_at, claim_at, purge_at)
VALUES (%s, %s, %b, clock_timestamp(), %s, %s, %s)
ON CONFLICT (key) DO NOTHING {returning}
"""
UPDATE = """
UPDATE {table} SET revision = revision + 1, record = %b, written_at = clock_timestamp(),
    due_at = %s, purge_at = %s,
    claim_at = CASE WHEN claim_at <> due_at AND %s BETWEEN claim_at AND claim_at + (%s - {now}) / 8
        THEN claim_at ELSE %s END
WHERE key = %s AND revision = %s {returning}
"""
READ = """
SELECT revision, record, (extract(epoch FROM clock_timestamp() - written_at) * 1000)::bigint
FROM {table} WHERE key = %s
"""
LIST = """
SELECT key, due_at FROM {table} WHERE key > %s AND key >= %s AND key < %s ORDER BY key LIMIT %s
"""
# The prefix is written so that no index has it: what is due is found by `claim_at`.
CLAIM = """
WITH due AS MATERIALIZED (
    SELECT key, claim_at FROM {table}
    WHERE claim_at <= {now} AND left(key, length(%s::text)) = %s::text
    ORDER BY claim_at LIMIT %s FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE {table} SET claim_at = {now} + %s FROM due WHERE {table}.key = due.key
    RETURNING due.key, due.claim_at
)
SELECT key FROM claimed ORDER BY claim_at, key
"""
PURGE = """
WITH over AS MATERIALIZED (
    SELECT key FROM {table} WHERE purge_at <= {now}
    ORDER BY purge_at LIMIT %s FOR UPDATE SKIP LOCKED
)
DELETE FROM {table} USING over WHERE {table}.key = over.key RETURNING 1
"""


class Statements:
    """The operations of a store in this table."""

    def __init__(self, table: str) -> None:
        if not re.fullmatch(r"([a-z_][a-z0-9_]{0,39}\.)?[a-z_][a-z0-9_]{0,39}", table):
            raise ValueError("a table is named by small letters, digits and '_', after a schema or not")
        self.table = table
        self.schema = self._text(SCHEMA).decode()
        self._create = self._text(CREATE)
        self._update = self._text(UPDATE)
        self._read = self._text(READ)
        self._list = self._text(LIST)
        self.claim_text = self._text(CLAIM)
        self._purge = self._text(PURGE)

    def _text(self, template: str) -> bytes:
        index = self.table.rpartition(".")[2]
        return template.format(table=self.table, index=index, now=NOW, returning=RETURNING).encode()

    def prepare(self, create: bool) -> Asking[None]:
        """To be run on each new connection, in a transaction."""
        if not create:
            return
        [(there,)] = yield Statement(b"SELECT to_regclass(%s) IS NOT NULL", (self.table,))
        if not there:
            # Two processes may begin at once, and IF NOT EXISTS alone is not safe then.
            yield Statement(b"SELECT pg_advisory_xact_lock(hashtextextended('evergrant', 0))")
            for part in self.schema.split(";\n"):
                if part.strip():
                    yield Statement(part.encode())

    def swap(self, key: str, expected: str | None, write: Write | None) -> Asking[Stored | None]:
        """As `Store.swap`."""
        if write is not None:
            written = yield from self._write(key, expected, write)
            if written:
                return Stored(str(written[0][0]), write.record, 0)
        # A statement of its own: the one above has waited for others, and still sees
        # the record as it was when it began.
        found = yield Statement(self._read, (key,))
        for revision, record, age in found:
            return Stored(str(revision), bytes(record), age if age >= 0 else None)
        return None

    def _write(self, key: str, expected: str | None, write: Write) -> Asking[Rows]:
        due_at, purge_at = _bounded(write.due_at), _bounded(write.purge_at)
        if expected is None:
            # Not from 1: a record that was deleted does not come again.
            first = secrets.randbits(48)
            return (yield Statement(self._create, (key, first, write.record, due_at, due_at, purge_at)))
        if expected.isascii() and expected.isdecimal() and len(expected) < 19:
            values = (write.record, due_at, purge_at, due_at, due_at, due_at, key, int(expected))
            return (yield Statement(self._update, values))
        return []  # No revision of this store.

    def list(self, prefix: str, after: str, limit: int) -> Asking[Entries]:
        """As `Index.list`."""
        # Keys are printable ASCII, and 0x7F comes after it.
        rows = yield Statement(self._list, (after, prefix, prefix + "\x7f", limit))
        return [Entry(*row) for row in rows]

    def claim_due(self, limit: int, hold_ms: int, prefix: str) -> Asking[Keys]:
        """As `Index.claim_due`."""
        rows = yield Statement(self.claim_text, (prefix, prefix, limit, hold_ms))
        return [key for (key,) in rows]

    def purge(self, limit: int) -> Asking[int]:
        """As `Index.purge`."""
        rows = yield Statement(self._purge, (limit,))
        return len(rows)


def _bounded(time: int | None) -> int | None:
    return None if time is None else min(time, LARGEST)
