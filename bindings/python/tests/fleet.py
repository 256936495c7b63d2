"""How looking for what is due costs with the size of a fleet: `make fleet-test`.

Records are real ones: a connection of the authority's, made once and copied under other
names, so that a machine can take each of them up.
"""

import os
from typing import NamedTuple

import psycopg
import servers
from conftest import running
from evergrant import machine
from evergrant.stores._postgresql import Statements
from kill_worker import Setting, connect, connections

STATEMENTS = Statements("evergrant_records")
NAME, DUE, LIMIT = "tenant-0", 2_000, 200


class Template(NamedTuple):
    """A connection's record, to be copied."""

    key: str
    record: bytes


def template(authority, conninfo):
    """The record of a connection that a person has just made."""
    own = connections(Setting(authority.base, "postgresql", conninfo, 1), lambda notice: None)
    connect(own, NAME, 60)
    key = machine.store_key(own.client.machine, NAME)
    return own, Template(key, own.store.swap(key, None, None).record)


def fill(conninfo, copied, count, due):
    """`count` connections beside the one that is there, `due` of which are due by now,
    and the others within an hour."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO evergrant_records
            SELECT %(head)s || name, 1, convert_to(replace(%(record)s, %(tail)s, name || '"'), 'UTF8'),
                clock_timestamp(), at, at, NULL
            FROM (
                SELECT 'fleet-' || number AS name,
                    (extract(epoch FROM now()) * 1000)::bigint + CASE WHEN number %% %(step)s = 0
                        THEN -1 - number %% 60000 ELSE 60000 + number %% 3600000 END AS at
                FROM generate_series(0, %(count)s - 1) AS number
            ) AS rows
            """,
            {
                "head": copied.key.removesuffix(NAME),
                "record": copied.record.decode(),
                "tail": NAME + '"',
                "count": count,
                "step": count // due,
            },
        )
        connection.execute("VACUUM ANALYZE evergrant_records")


def let_none_be_due(conninfo):
    """All claims hold for hours."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("UPDATE evergrant_records SET claim_at = claim_at + 7200000 WHERE claim_at < %s", (2**53,))
        connection.execute("VACUUM ANALYZE evergrant_records")


def plan(conninfo, limit):
    """What the server does to claim; it is undone."""
    with psycopg.connect(conninfo) as connection:
        explain = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + STATEMENTS.claim_text
        [(found,)] = connection.execute(explain, ("connection/", "connection/", limit, 90_000)).fetchall()
        connection.rollback()
    return found[0]


def nodes(node):
    """A node of a plan and all below it."""
    yield node
    for child in node.get("Plans", []):
        yield from nodes(child)


def scans(found):
    """Of the claim: which scans there are, by which index."""
    return {node["Index Name"]: node for node in nodes(found["Plan"]) if node["Node Type"].endswith("Index Scan")}


def pages(found):
    """How many pages of 8 kB the server looked at."""
    return found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"]


def measure(conninfo):
    """The median time of 20 claims in milliseconds, and the pages of one."""
    found = [plan(conninfo, LIMIT) for _ in range(20)]
    return sorted(each["Execution Time"] for each in found)[10], pages(found[-1])


def print_plan(node, depth=0):
    """The plan, a line for each node."""
    index = f" using {node['Index Name']}" if "Index Name" in node else ""
    figures = f"rows={node['Actual Rows']} pages={node['Shared Hit Blocks'] + node['Shared Read Blocks']}"
    print(f"{'  ' * depth}{node['Node Type']}{index}  {figures}  {node['Actual Total Time']:.2f} ms")
    for child in node.get("Plans", []):
        print_plan(child, depth + 1)


def main():
    """Prints times and pages at three sizes, and the plan at the last."""
    print(f"a claim of {LIMIT} connections where {DUE:,} are due, and where none is\n")
    print("| connections | claim, ms | pages | none due, ms | pages |\n|---|---|---|---|---|")
    for count in (10_000, 100_000, 1_000_000):
        with servers.postgresql(fsync=True) as conninfo, running(os.environ["EVERGRANT_AUTHORITY"]) as authority:
            own, copied = template(authority, conninfo)
            fill(conninfo, copied, count, DUE)
            due, found = measure(conninfo), plan(conninfo, LIMIT)
            let_none_be_due(conninfo)
            none = measure(conninfo)
            own.store.close()
        print(f"| {count:,} | {due[0]:.2f} | {due[1]} | {none[0]:.3f} | {none[1]} |", flush=True)
    print()
    print_plan(found["Plan"])


if __name__ == "__main__":
    main()
