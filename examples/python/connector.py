"""A connector: pulls the expenses of two companies on a schedule, for as long as it runs.

    python connector.py --every 900        # or --once, from cron
"""

import argparse
import contextlib
import json
import signal
import sqlite3
import sys
import threading
import time

import httpx
from erp import EXPENSES, connections

from evergrant import EvergrantError, Pace, Pacer, ReauthenticationRequired, TryLater

TENANTS = ("north", "south")
stop = threading.Event()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="pull once; 1 if a company was left out")
    parser.add_argument("--every", type=float, default=900, help="seconds between pulls [900]")
    parser.add_argument("--database", default="expenses.db")
    asked = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    pacer = Pacer()
    while True:
        pulled = [pull(tenant, asked.database, pacer) for tenant in TENANTS]
        if asked.once:
            return 0 if all(pulled) else 1
        if stop.wait(asked.every):
            return 0


def pull(tenant: str, database: str, pacer: Pacer) -> bool:
    """One company: one that cannot be pulled keeps no other waiting."""
    connection = connections[tenant]
    try:
        # The token goes in by itself, and a 401 is one refresh and one more try.
        with httpx.Client(auth=connection.auth(), timeout=30) as api:
            answer = paced(api, EXPENSES, pacer)
        answer.raise_for_status()
    except ReauthenticationRequired:
        print(f"{tenant}: has to connect again", file=sys.stderr)  # Tell the customer, once.
    except TryLater:
        print(f"{tenant}: next time", file=sys.stderr)
    except EvergrantError as error:
        print(f"{tenant}: {error.code}", file=sys.stderr)  # Tell the operator.
    except httpx.HTTPError as error:
        print(f"{tenant}: the API: {type(error).__name__}", file=sys.stderr)
    else:
        count = save(database, tenant, answer.json()["data"])
        print(f"{tenant}: {count} new", flush=True)
        return True
    return False


def paced(api: httpx.Client, url: str, pacer: Pacer) -> httpx.Response:
    """Within the API's rate."""
    while (pace := pacer.ask(milliseconds())) != Pace.NOW():
        if stop.wait(max(0, pace.at - milliseconds()) / 1000):
            raise SystemExit(0)
    return api.get(url)


def milliseconds() -> int:
    return time.monotonic_ns() // 1_000_000


def save(database: str, tenant: str, expenses: list[dict[str, str]]) -> int:
    """Answers how many were not there; a pull that is made twice saves nothing twice."""
    with contextlib.closing(sqlite3.connect(database)) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS expenses (tenant, id, expense, PRIMARY KEY (tenant, id))")
        rows = [(tenant, expense["id"], json.dumps(expense)) for expense in expenses]
        return db.executemany("INSERT OR IGNORE INTO expenses VALUES (?, ?, ?)", rows).rowcount


if __name__ == "__main__":
    sys.exit(main())
