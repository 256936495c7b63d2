"""What the stores of fleets see to beside the swap itself."""

import asyncio
import logging
import multiprocessing
import re
import socket
import time
import traceback

import psycopg
import pytest
import servers
from conftest import WORKSPACE
from evergrant.errors import StoreUnavailable
from evergrant.store import Write
from evergrant.stores.postgresql import PostgresqlStore, _run
from evergrant.stores.redis import AsyncRedisStore, RedisStore
from evergrant.testing import Blocking
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool
from redis import Redis, ResponseError
from redis.asyncio import Redis as AsyncRedis

RECORD = b"hidden-record"


@pytest.fixture(scope="module")
def postgresql():
    with servers.postgresql() as conninfo:
        yield conninfo


@pytest.fixture
def redis_url():
    with servers.redis() as url:
        yield url


@pytest.fixture
def redis(redis_url):
    with Redis.from_url(redis_url) as client:
        yield client


def test_postgresql_commits_to_the_disk(postgresql):
    """Also where the user's default is not to; and leaves that as it is, on connections
    that others use as well."""
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("ALTER ROLE evergrant SET synchronous_commit = off")
    with ConnectionPool(postgresql, min_size=2, max_size=2) as pool:
        store = PostgresqlStore(pool, table="committed")
        there = store.swap("connection/a", None, Write(RECORD, None, None))
        with pool.connection() as one, pool.connection() as other:
            for connection in (one, other):
                assert connection.execute("SHOW synchronous_commit").fetchone() == ("off",)
                for key, expected in (("connection/a", there.revision), (f"connection/{id(connection)}", None)):
                    with connection.transaction(force_rollback=True):
                        assert _run(connection, store._statements.swap(key, expected, Write(RECORD, None, None)))
                        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
                    assert connection.execute("SHOW synchronous_commit").fetchone() == ("off",)
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("ALTER ROLE evergrant SET synchronous_commit = local")
    with psycopg.connect(postgresql) as connection:
        _run(connection, store._statements.swap("connection/b", None, Write(RECORD, None, None)))
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("local",)


@pytest.mark.parametrize(("more", "timeout"), [({}, "10s"), ({"options": ""}, "0")])
def test_postgresql_may_have_no_options(postgresql, more, timeout):
    """As a PgBouncer needs it."""
    store = PostgresqlStore(make_conninfo(postgresql, **more))
    with store._own() as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == (timeout,)
    store.close()


@pytest.mark.parametrize("source", ["postgresql+psycopg://erp:hunter2@db/erp", "postgresql://erp:hunter2%zz@db/erp"])
def test_no_error_quotes_the_password_in_a_connection_string(source):
    with pytest.raises(ValueError, match="^not a connection string of PostgreSQL") as raised:
        PostgresqlStore(source)
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))


def test_postgresql_says_that_there_is_no_table(postgresql):
    store = PostgresqlStore(postgresql, table="nowhere", create=False)
    with pytest.raises(StoreUnavailable, match='relation "nowhere" does not exist'):
        store.swap("connection/a", None, None)
    for table in ("", "a; DROP TABLE b", 'a"b', "A", "a.b.c"):
        with pytest.raises(ValueError, match="a table is named"):
            PostgresqlStore(postgresql, table=table)


def test_postgresql_can_have_its_table_made_by_others(postgresql):
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA tenants")
        connection.execute(PostgresqlStore.schema("tenants.grants").encode())
    store = PostgresqlStore(postgresql, table="tenants.grants", create=False)
    assert store.swap("connection/a", None, Write(RECORD, 1, None)).record == RECORD
    assert store.claim_due(1) == ["connection/a"]
    store.close()


def test_an_error_of_postgresql_quotes_no_record(postgresql):
    store = PostgresqlStore(postgresql, table="checked")
    there = store.swap("connection/a", None, Write(b"1", None, None))
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("ALTER TABLE checked ADD CHECK (length(record) < 5)")
    # The server's detail is the whole row.
    with pytest.raises(StoreUnavailable, match="violates check constraint") as caught:
        store.swap("connection/a", there.revision, Write(RECORD, None, None))
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__} {caught.value.description}"
    assert "hidden" not in shown and RECORD.hex() not in shown
    assert caught.value.__suppress_context__
    store.close()


def test_postgresql_that_was_restarted_is_found_again(postgresql):
    store = PostgresqlStore(postgresql, table="restarted")
    store.swap("connection/a", None, Write(b"1", None, None))
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(StoreUnavailable, match="PostgreSQL: "):
        store.swap("connection/a", None, None)
    assert store.swap("connection/a", None, None).record == b"1"
    store.close()


def test_a_child_leaves_its_parents_connection_alone(postgresql):
    store = PostgresqlStore(postgresql, table="forked")
    there = store.swap("connection/a", None, Write(b"1", None, None))
    [connection] = store._idle
    parents = connection.info.backend_pid

    def child(answer):
        store.swap("connection/a", there.revision, Write(b"child", None, None))
        [own] = store._idle
        answer.send(own.info.backend_pid)
        store.close()

    here, answer = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(answer,))
    process.start()
    assert here.recv() != parents
    process.join()
    assert process.exitcode == 0
    assert store.swap("connection/a", None, None).record == b"child"
    assert store._idle[0].info.backend_pid == parents
    store.close()
    for end in (here, answer):
        end.close()


def test_redis_that_may_delete_records_is_refused(redis, redis_url):
    redis.config_set("maxmemory", "100mb")
    redis.config_set("maxmemory-policy", "allkeys-lru")
    store = RedisStore(redis_url)
    with pytest.raises(StoreUnavailable, match="maxmemory-policy allkeys-lru records may be deleted"):
        store.swap("connection/a", None, Write(RECORD, None, None))
    redis.config_set("maxmemory-policy", "noeviction")
    assert store.swap("connection/a", None, Write(RECORD, None, None)).record == RECORD
    store.close()


def test_redis_before_7_is_asked_too(redis, redis_url):
    """It knows `INFO` of one section only."""

    def before_7(kind):
        class Before7(kind):
            def execute_command(self, *command, **options):
                if command[0] == "INFO" and len(command) > 2:
                    raise ResponseError("syntax error")
                return super().execute_command(*command, **options)

        return Before7.from_url(redis_url)

    redis.config_set("maxmemory", "100mb")
    redis.config_set("maxmemory-policy", "allkeys-lru")
    with before_7(Redis) as client, pytest.raises(StoreUnavailable, match="allkeys-lru"):
        RedisStore(client).swap("connection/a", None, None)

    async def asynchronous():
        async with before_7(AsyncRedis) as client:
            await AsyncRedisStore(client).swap("connection/a", None, None)

    with pytest.raises(StoreUnavailable, match="allkeys-lru"):
        asyncio.run(asynchronous())


def test_redis_without_an_append_only_file_is_warned_of(redis, redis_url, caplog):
    redis.config_set("appendonly", "no")
    store = RedisStore(redis_url)
    with caplog.at_level(logging.WARNING, "evergrant"):
        store.swap("connection/a", None, None)
        store.swap("connection/a", None, None)
    assert [record.message for record in caplog.records].count(
        "Redis writes no append-only file: what it has answered may be lost with it"
    ) == 1
    store.close()


@pytest.fixture(params=[RedisStore, AsyncRedisStore])
def replicated(request, redis_url):
    """A store that waits for one replica, hardly."""
    if request.param is RedisStore:
        store = RedisStore(redis_url, replicas=1, replicas_ms=10)
        yield store
        store.close()
    else:
        blocking = Blocking(lambda: AsyncRedisStore(redis_url, replicas=1, replicas_ms=10))
        yield blocking
        blocking.close(blocking.store.close)


def test_redis_waits_for_replicas(replicated, redis_url):
    """Also where it was written before, and by others: a failover would forget it."""
    others = RedisStore(redis_url)
    for answer in (
        lambda: replicated.swap("connection/a", None, Write(RECORD, None, None)),
        lambda: replicated.swap("connection/a", None, None),
        lambda: replicated.swap("connection/a", "7", Write(b"no", None, None)),
        lambda: replicated.swap("connection/nothing", None, None),
    ):
        with pytest.raises(StoreUnavailable, match="0 of 1 replicas"):
            answer()
    # It has taken place all the same.
    assert others.swap("connection/a", None, None).record == RECORD
    others.close()


def test_redis_answers_what_its_replica_has(redis, replicated):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    redis.config_set("port", port)
    with servers.redis() as url, Redis.from_url(url) as replica:
        replica.config_set("appendonly", "no")  # It would not end while it begins a new file.
        replica.replicaof("127.0.0.1", port)
        while redis.info("replication").get("slave0", {}).get("state") != "online":
            time.sleep(0.02)
        replicated_ms(replicated, 60_000)
        written = replicated.swap("connection/a", None, Write(RECORD, None, None))
        assert replica.hget("{evergrant}:record:connection/a", "record") == RECORD
        assert replicated.swap("connection/a", None, None).revision == written.revision
        conflict = replicated.swap("connection/a", "7", Write(b"no", None, None))
        assert (conflict.revision, conflict.record) == (written.revision, RECORD)


def replicated_ms(store, milliseconds):
    getattr(store, "store", store)._layout.replicas_ms = milliseconds


def test_redis_that_decodes_is_refused(redis_url):
    with Redis.from_url(redis_url, decode_responses=True) as client:
        with pytest.raises(ValueError, match="decodes"):
            RedisStore(client)


def test_a_store_in_redis_leaves_others_keys_alone(redis, redis_url):
    redis.set("other", "1")
    one, two = RedisStore(redis_url, prefix="one"), RedisStore(redis_url, prefix="two")
    one.swap("connection/a", None, Write(b"1", 1, 1))
    assert two.swap("connection/a", None, None) is None
    assert (two.list(), two.claim_due(9), two.purge()) == ([], [], 0)
    assert one.claim_due(9) == ["connection/a"]
    assert one.purge() == 1
    assert redis.keys() == [b"other"]
    for store in (one, two):
        store.close()


def test_the_examples_of_the_guide_stand():
    guide = (WORKSPACE / "docs/fleet.md").read_text()
    examples = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    names = {"pool": ConnectionPool("host=/nowhere", open=False)}
    for example in examples:
        exec(example, names)
    assert len(examples) == 2 and "replicas" in examples[1]
