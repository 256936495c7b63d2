"""The stores of fleets, on real servers, by the tests that a user's own store has to
pass; and by several processes at once."""

import subprocess
import sys

import psycopg
import pytest
import servers
from evergrant.stores.postgresql import AsyncPostgresqlStore, PostgresqlStore
from evergrant.stores.redis import AsyncRedisStore, RedisStore
from evergrant.testing import Blocking, IndexContract, StoreContract
from psycopg_pool import AsyncConnectionPool, ConnectionPool
from redis import Redis

NOWHERE = "/nowhere/evergrant"


@pytest.fixture(scope="module")
def postgresql():
    with servers.postgresql() as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def redis_url():
    with servers.redis() as url:
        yield url


@pytest.fixture
def empty_postgresql(postgresql):
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS evergrant_records")
    return postgresql


@pytest.fixture
def empty_redis(redis_url):
    with Redis.from_url(redis_url) as client:
        client.flushall()
    return redis_url


@pytest.fixture
def opened():
    """What was opened, to be closed at the end."""
    stores = []
    yield stores
    for store in stores:
        store.close(store.store.close) if isinstance(store, Blocking) else store.close()


class TestPostgresql(StoreContract, IndexContract):
    @pytest.fixture
    def open_store(self, empty_postgresql, opened):
        def open_store():
            opened.append(PostgresqlStore(empty_postgresql))
            return opened[-1]

        return open_store

    @pytest.fixture
    def unreachable(self):
        return PostgresqlStore(f"host={NOWHERE}")


class TestAsyncPostgresql(StoreContract, IndexContract):
    @pytest.fixture
    def open_store(self, empty_postgresql, opened):
        def open_store():
            opened.append(Blocking(lambda: AsyncPostgresqlStore(empty_postgresql)))
            return opened[-1]

        return open_store

    @pytest.fixture
    def unreachable(self, opened):
        opened.append(Blocking(lambda: AsyncPostgresqlStore(f"host={NOWHERE}")))
        return opened[-1]


class TestPostgresqlThroughAPool(StoreContract, IndexContract):
    @pytest.fixture
    def open_store(self, empty_postgresql):
        with ConnectionPool(empty_postgresql, min_size=1, max_size=8, open=True) as pool:
            yield lambda: PostgresqlStore(pool)

    @pytest.fixture
    def unreachable(self):
        with ConnectionPool(f"host={NOWHERE}", min_size=0, max_size=1, open=True, timeout=0.2) as pool:
            yield PostgresqlStore(pool)


class TestRedis(StoreContract, IndexContract):
    @pytest.fixture
    def open_store(self, empty_redis, opened):
        def open_store():
            opened.append(RedisStore(empty_redis))
            return opened[-1]

        return open_store

    @pytest.fixture
    def unreachable(self):
        return RedisStore(f"unix://{NOWHERE}")


class TestAsyncRedis(StoreContract, IndexContract):
    @pytest.fixture
    def open_store(self, empty_redis, opened):
        def open_store():
            opened.append(Blocking(lambda: AsyncRedisStore(empty_redis)))
            return opened[-1]

        return open_store

    @pytest.fixture
    def unreachable(self, opened):
        opened.append(Blocking(lambda: AsyncRedisStore(f"unix://{NOWHERE}")))
        return opened[-1]


CONTENDER = """
import os, sys
from evergrant.store import Write
from evergrant.stores.postgresql import PostgresqlStore
from evergrant.stores.redis import RedisStore
kind, source = sys.argv[1:]
store = {"postgresql": PostgresqlStore, "redis": RedisStore}[kind](source)
for _ in range(120):
    there = store.swap("counter", None, None)
    while True:
        count = int(there.record.split()[0]) if there else 0
        # As the machine does it: what was written is known by what nobody else writes.
        wanted = b"%d %d" % (count + 1, os.getpid())
        there = store.swap("counter", there.revision if there else None, Write(wanted, None, None))
        if there.record == wanted:
            break
store.close()
"""


@pytest.mark.parametrize("kind", ["postgresql", "redis"])
def test_six_processes_lose_no_increment(kind, empty_postgresql, empty_redis, opened):
    source = {"postgresql": empty_postgresql, "redis": empty_redis}[kind]
    processes = [subprocess.Popen([sys.executable, "-c", CONTENDER, kind, source]) for _ in range(6)]
    assert [process.wait() for process in processes] == [0] * 6
    opened.append({"postgresql": PostgresqlStore, "redis": RedisStore}[kind](source))
    there = opened[-1].swap("counter", None, None)
    assert there is not None and there.record.split()[0] == b"720"
