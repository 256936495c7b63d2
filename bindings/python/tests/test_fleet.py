"""That looking for what is due costs by what is due, and that a refresh writes in place."""

import time

import fleet
import psycopg
import pytest
import servers
from evergrant.store import Write
from evergrant.stores.postgresql import PostgresqlStore


@pytest.fixture(scope="module")
def postgresql():
    with servers.postgresql() as conninfo:
        yield conninfo


def test_a_claim_looks_at_what_is_due_alone(postgresql, authority):
    own, copied = fleet.template(authority, postgresql)
    fleet.fill(postgresql, copied, 10_000, 500)
    # A copy is a record like any other.
    assert own["fleet-4711"].status().code == "authorized"
    found = fleet.plan(postgresql, 50)
    scans = fleet.scans(found)
    assert set(scans) == {"evergrant_records_claim", "evergrant_records_pkey"}
    assert scans["evergrant_records_claim"]["Actual Rows"] == 50
    assert not any(node["Node Type"] == "Seq Scan" for node in fleet.nodes(found["Plan"]))
    with psycopg.connect(postgresql) as connection:
        [(size,)] = connection.execute("SELECT pg_relation_size('evergrant_records') / 8192").fetchall()
    assert fleet.pages(found) < size
    # Where nothing is due, nothing is looked at: a page for each level of the index.
    fleet.let_none_be_due(postgresql)
    assert own.store.claim_due(50) == []
    assert fleet.pages(fleet.plan(postgresql, 50)) <= 10
    own.store.close()


def test_the_write_that_begins_a_refresh_touches_no_index(postgresql):
    store = PostgresqlStore(postgresql, table="in_place")
    now = 1_000 * int(_one(postgresql, "SELECT extract(epoch FROM now())::bigint"))
    there = store.swap("connection/a", None, Write(b"1", now - 1_000, None))
    assert store.claim_due(1, 90_000) == ["connection/a"]
    before = _in_place(postgresql, store, 1)
    # The refresh is begun: now it may be taken over 90 seconds from here.
    there = store.swap("connection/a", there.revision, Write(b"2", now + 91_000, None))
    assert _in_place(postgresql, store, 2) == before + 1
    assert store.list() == [("connection/a", now + 91_000)]
    # The next refresh is due in an hour: the index has to know.
    store.swap("connection/a", there.revision, Write(b"3", now + 3_600_000, None))
    assert _in_place(postgresql, store, 3) == before + 1
    assert _one(postgresql, "SELECT claim_at FROM in_place") == now + 3_600_000
    store.close()


def _one(conninfo, statement):
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return connection.execute(statement).fetchone()[0]


def _in_place(conninfo, store, updates):
    """How many of so many updates were made in place."""
    # A server counts what a connection has done when that ends, at the latest.
    store.close()
    while _one(conninfo, "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'in_place'") < updates:
        time.sleep(0.01)
    return _one(conninfo, "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'in_place'")
