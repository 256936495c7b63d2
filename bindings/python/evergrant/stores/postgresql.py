"""A store in a table of PostgreSQL, for any number of machines (`evergrant[postgresql]`).

The table and its indexes are made at the first use, unless `create=False`; what is
made is `PostgresqlStore.schema()`, for those who keep that in migrations.

Needed of the server: the primary, never a replica; `fsync` on; `synchronous_commit`
on (a write sees to that itself where it is off), with a synchronous replica where a
failover must forget nothing; a clock that is slewed, not set.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .._fork import renew_in_child
from ..errors import StoreUnavailable
from ..store import Stored, Write
from ._postgresql import Asking, Entries, Keys, Statement, Statements

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool, ConnectionPool

__all__ = ["AsyncPostgresqlStore", "PostgresqlStore"]

T = TypeVar("T")
Connections = list[psycopg.Connection[Any]]
AsyncConnections = list[psycopg.AsyncConnection[Any]]
DEFAULTS: dict[str, str | int] = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "options": "-c statement_timeout=10000",
    "target_session_attrs": "read-write",
    "application_name": "evergrant",
}


class PostgresqlStore:
    """Records in a table. Used from any number of threads.

    `source` is a connection string, and the store then keeps up to `connections`
    connections of its own; or a `psycopg_pool.ConnectionPool` whose isolation level
    is READ COMMITTED.
    """

    def __init__(
        self,
        source: str | ConnectionPool[Any],
        *,
        table: str = "evergrant_records",
        create: bool = True,
        connections: int = 8,
    ) -> None:
        self._statements = Statements(table)
        self._create = create
        self._connections = connections
        self._pool = None if isinstance(source, str) else source
        self._conninfo = _complete(source) if isinstance(source, str) else ""
        self._prepared = not create
        self._idle: Connections = []
        self._after_fork()
        renew_in_child(self)

    def __repr__(self) -> str:
        return f"PostgresqlStore(table={self._statements.table!r})"

    @staticmethod
    def schema(table: str = "evergrant_records") -> str:
        """The statements that make the table and its indexes."""
        return Statements(table).schema

    def close(self) -> None:
        """Closes the store's own connections; they are opened again when needed."""
        for connection in self._take_idle():
            connection.close()

    def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """As `Store.swap`."""
        return self._run(self._statements.swap(key, expected, write))

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> Entries:
        """As `Index.list`."""
        return self._run(self._statements.list(prefix, after, limit))

    def claim_due(self, limit: int, hold_ms: int = 90_000, prefix: str = "") -> Keys:
        """As `Index.claim_due`."""
        return self._run(self._statements.claim_due(limit, hold_ms, prefix))

    def purge(self, limit: int = 1000) -> int:
        """As `Index.purge`."""
        return self._run(self._statements.purge(limit))

    def _run(self, asking: Asking[T]) -> T:
        try:
            with self._own() if self._pool is None else self._pooled(self._pool) as connection:
                return _run(connection, asking)
        except psycopg.Error as error:
            raise _unavailable(error) from None

    @contextlib.contextmanager
    def _pooled(self, pool: ConnectionPool[Any]) -> Generator[psycopg.Connection[Any], None, None]:
        with pool.connection() as connection:
            if not self._prepared:
                with connection.transaction():
                    _run(connection, self._statements.prepare(self._create))
                self._prepared = True
            yield connection

    @contextlib.contextmanager
    def _own(self) -> Generator[psycopg.Connection[Any], None, None]:
        slots = self._slots
        if not slots.acquire(timeout=10):
            raise StoreUnavailable("PostgreSQL: all connections are in use")
        try:
            idle = self._idle
            try:
                connection = idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                yield connection
            except BaseException:
                # The others are of the same server, which may have been restarted.
                for broken in [connection, *self._take_idle()]:
                    broken.close()
                raise
            idle.append(connection)
        finally:
            slots.release()

    def _connect(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(self._conninfo, autocommit=True)
        try:
            with connection.transaction():
                _run(connection, self._statements.prepare(self._create))
        except BaseException:
            connection.close()
            raise
        return connection

    def _take_idle(self) -> Connections:
        taken, self._idle = self._idle, []
        return taken

    def _after_fork(self) -> None:
        # To close the parent's connections here would close them there.
        _parents.append(self._take_idle())
        self._slots = threading.BoundedSemaphore(self._connections)


class AsyncPostgresqlStore:
    """As `PostgresqlStore`, for asyncio; `source` may be a
    `psycopg_pool.AsyncConnectionPool`. It belongs to one event loop."""

    def __init__(
        self,
        source: str | AsyncConnectionPool[Any],
        *,
        table: str = "evergrant_records",
        create: bool = True,
        connections: int = 8,
    ) -> None:
        self._statements = Statements(table)
        self._create = create
        self._connections = connections
        self._pool = None if isinstance(source, str) else source
        self._conninfo = _complete(source) if isinstance(source, str) else ""
        self._prepared = not create
        self._idle: AsyncConnections = []
        self._after_fork()
        renew_in_child(self)

    def __repr__(self) -> str:
        return f"AsyncPostgresqlStore(table={self._statements.table!r})"

    async def close(self) -> None:
        """As `PostgresqlStore.close`."""
        for connection in self._take_idle():
            await connection.close()

    async def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """As `Store.swap`."""
        return await self._run(self._statements.swap(key, expected, write))

    async def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> Entries:
        """As `Index.list`."""
        return await self._run(self._statements.list(prefix, after, limit))

    async def claim_due(self, limit: int, hold_ms: int = 90_000, prefix: str = "") -> Keys:
        """As `Index.claim_due`."""
        return await self._run(self._statements.claim_due(limit, hold_ms, prefix))

    async def purge(self, limit: int = 1000) -> int:
        """As `Index.purge`."""
        return await self._run(self._statements.purge(limit))

    async def _run(self, asking: Asking[T]) -> T:
        try:
            async with self._own() if self._pool is None else self._pooled(self._pool) as connection:
                return await _run_async(connection, asking)
        except psycopg.Error as error:
            raise _unavailable(error) from None

    @contextlib.asynccontextmanager
    async def _pooled(self, pool: AsyncConnectionPool[Any]) -> AsyncGenerator[psycopg.AsyncConnection[Any], None]:
        async with pool.connection() as connection:
            if not self._prepared:
                async with connection.transaction():
                    await _run_async(connection, self._statements.prepare(self._create))
                self._prepared = True
            yield connection

    @contextlib.asynccontextmanager
    async def _own(self) -> AsyncGenerator[psycopg.AsyncConnection[Any], None]:
        async with self._slots:
            idle = self._idle
            connection = idle.pop() if idle else await self._connect()
            try:
                yield connection
            except BaseException:
                for broken in [connection, *self._take_idle()]:
                    await broken.close()
                raise
            idle.append(connection)

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
        try:
            async with connection.transaction():
                await _run_async(connection, self._statements.prepare(self._create))
        except BaseException:
            await connection.close()
            raise
        return connection

    def _take_idle(self) -> AsyncConnections:
        taken, self._idle = self._idle, []
        return taken

    def _after_fork(self) -> None:
        _parents.append(self._take_idle())
        self._slots = asyncio.Semaphore(self._connections)


def _run(connection: psycopg.Connection[Any], asking: Asking[T]) -> T:
    rows: list[tuple[Any, ...]] | None = None
    try:
        while True:
            statement: Statement = next(asking) if rows is None else asking.send(rows)
            cursor = connection.execute(statement.text, statement.parameters, binary=True)
            rows = cursor.fetchall() if cursor.description else []
    except StopIteration as end:
        result: T = end.value
        return result


async def _run_async(connection: psycopg.AsyncConnection[Any], asking: Asking[T]) -> T:
    rows: list[tuple[Any, ...]] | None = None
    try:
        while True:
            statement: Statement = next(asking) if rows is None else asking.send(rows)
            cursor = await connection.execute(statement.text, statement.parameters, binary=True)
            rows = await cursor.fetchall() if cursor.description else []
    except StopIteration as end:
        result: T = end.value
        return result


def _complete(conninfo: str) -> str:
    try:
        given = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        # Its text quotes the string, and the password in it.
        wanted = "postgresql://HOST/DATABASE or host=HOST dbname=DATABASE"
        raise ValueError(f"not a connection string of PostgreSQL, such as {wanted}") from None
    missing = {name: value for name, value in DEFAULTS.items() if name not in given}
    return make_conninfo(conninfo, **missing)


def _unavailable(error: psycopg.Error) -> StoreUnavailable:
    # Its first line: what follows may quote a row.
    said = error.diag.message_primary or str(error).partition("\n")[0] or type(error).__name__
    return StoreUnavailable(f"PostgreSQL: {said}")


_parents: list[object] = []
