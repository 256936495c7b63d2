"""Processes that end while the store is away: what only they have is stored, or told of."""

import subprocess
import sys
from concurrent.futures import TimeoutError
from pathlib import Path

import pytest
from evergrant import StoreUnavailable, TryLater
from evergrant.machine import RefreshPolicy, Timing
from evergrant.stores import SqliteStore
from forked import forks
from world import World

SHORT = Timing(
    send_within=1_000, listen_for=4_000, start_within=3_000, save_within=1_500, takeover_after=10_000
)

PROGRAM = """
import os, subprocess, sys, time, multiprocessing
sys.path[:0] = {paths!r}
from conftest import Authority
from test_ends import Deaf, world_of
from world import CALLBACK, browse
from evergrant import EvergrantError

world = world_of(Authority({base!r}), Deaf({store!r}, {deaf}))
connection = world.connection
engine = connection._operations._engine

def refresh(timeout):
    world.clock.ahead = 900
    try:
        connection.token(timeout=timeout)
    except EvergrantError as error:
        print(error.code, flush=True)

{body}
"""


class Deaf:
    """Refuses so often to take what came from the server. After the third time those who
    wait are told."""

    def __init__(self, path, times):
        self.inner, self.times, self.refused = SqliteStore(path), times, 0

    def swap(self, key, expected, write):
        is_of_server = write and not (b'"intent"' in write.record or b'"exchanging"' in write.record)
        if is_of_server and key.startswith("connection/") and self.refused < self.times:
            self.refused += 1
            raise StoreUnavailable("it is away")
        return self.inner.swap(key, expected, write)


def world_of(authority, store):
    return World(authority, store, provider={"refresh": RefreshPolicy(timing=SHORT)})


@pytest.fixture
def world(authority, tmp_path):
    world = world_of(authority, SqliteStore(tmp_path / "store.db"))
    world.connect()
    world.first = world.connection.token().generation
    return world


def ends(world, tmp_path, body, deaf=3):
    """What a program says that ends so, on both ways."""
    paths = [str(Path(__file__).parent), *[path for path in sys.path if path]]
    store = str(tmp_path / "store.db")
    program = PROGRAM.format(paths=paths, base=world.authority.base, store=store, deaf=deaf, body=body)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended


def refreshed_once(world):
    world.authority.control("advance", seconds=900)
    world.clock.ahead += 900
    world.restart()
    assert world.store.swap(world.connection._operations.store_key, None, None)
    assert world.connection.status().code == "authorized"
    world.connection.token()
    stats = world.authority.stats()
    assert (stats["refreshes_refused"], stats["replayed_refresh_tokens"]) == (0, 0)


ENDS = {
    "while the answer is awaited": (2, "refresh(0.05)"),
    "when it was not stored": (3, "refresh(60)\nassert connection._driver.is_unsaved"),
    "when nobody has it any more": (3, "refresh(60)\ndel world, connection, engine"),
    "in a child by multiprocessing": (3, """
child = multiprocessing.get_context("fork").Process(target=refresh, args=(60,))
child.start()
child.join()
assert child.exitcode == 0
"""),
}


@pytest.mark.parametrize(("deaf", "body"), ENDS.values(), ids=ENDS)
def test_tokens_are_stored_before_the_end(world, tmp_path, deaf, body):
    delay = {"path": "/oauth/token", "grant_type": "refresh_token", "fault": {"kind": "delay_reply", "ms": 300}}
    world.authority.control("advance", seconds=900)
    world.authority.control_list("faults", [delay])
    ended = ends(world, tmp_path, body, deaf)
    assert "try_later" in ended.stdout
    assert "the process ends" not in ended.stderr
    refreshed_once(world)


def test_a_new_grant_is_stored_before_the_end(world, tmp_path):
    world.connection.disconnect()
    ended = ends(
        world,
        tmp_path,
        """
begun = connection.authorize(CALLBACK)
try:
    world.connections.callback(browse(begun), begun.cookie.value, timeout=0.3)
except EvergrantError as error:
    print(error.code)
assert connection._driver.is_unsaved
""",
        deaf=2,
    )
    assert ended.stdout == "try_later_busy\n"
    world.restart()
    assert world.connection.token().generation == world.first + 2
    assert world.get()[0] == 200


def test_what_cannot_be_stored_is_told_and_the_process_ends(world, tmp_path):
    world.authority.control("advance", seconds=900)
    ended = ends(world, tmp_path, "refresh(60)", deaf=1_000)
    assert "the process ends, and with it what the store has not taken of 'tenant 42/ü'" in ended.stderr
    assert "canary" not in ended.stderr and "Bearer" not in ended.stderr


@forks
def test_a_child_does_not_do_its_parents_work(world, tmp_path):
    world.authority.control("advance", seconds=900)
    ended = ends(
        world,
        tmp_path,
        """
refresh(60)
store, begun = world.store, time.monotonic()
import atexit
child = os.fork()
if not child:
    refused, key = store.refused, connection._operations.store_key
    revision = store.inner.swap(key, None, None).revision
    @atexit.register
    def look():
        same = store.refused == refused and not engine.driver.is_unsaved
        print("the child has tried nothing" if same else "the child did its parent's work", flush=True)
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
""",
    )
    assert "the child has tried nothing" in ended.stdout
    refreshed_once(world)


def test_what_is_not_stored_is_not_settled(world, tmp_path):
    store = Deaf(tmp_path / "store.db", 3)
    other = world_of(world.authority, store)
    other.clock.ahead = 900
    world.authority.control("advance", seconds=900)
    with pytest.raises(TryLater, match="^try_later_store_slow$"):
        other.connection.token()
    settled = other.connection._operations.settled()
    with pytest.raises(TimeoutError):
        settled.result(0.01)
    settled.result()
    assert store.refused == 3 and not other.connection._driver.is_unsaved
    assert other.codes().count("refreshed") == 1
