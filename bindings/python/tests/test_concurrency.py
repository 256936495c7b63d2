"""Threads, tasks, processes and their ends: one refresh for all, and none is lost."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from evergrant import AsyncConnections, Connections, StoreUnavailable, TryLater
from evergrant._workers import Workers
from evergrant.stores import MemoryStore, SqliteStore
from forked import child, forks
from world import CALLBACK, World, browse


@pytest.fixture
def world(authority, tmp_path):
    world = World(authority, SqliteStore(tmp_path / "store.db"))
    world.connect()
    world.first = world.connection.token().generation
    return world


def slow_refresh(world, ms=300):
    """The next refresh is due, and its answer takes a while."""
    world.advance(900)
    delay = {"kind": "delay_reply", "ms": ms}
    fault = {"path": "/oauth/token", "grant_type": "refresh_token", "fault": delay}
    world.authority.control_list("faults", [fault])


def refreshed_once(world):
    """Whoever comes next has the next token, and the server saw nothing odd."""
    world.restart()
    assert world.connection.token().generation == world.first + 1
    assert world.get()[0] == 200
    stats = world.authority.stats()
    assert (stats["refreshes_ok"], stats["refreshes_refused"], stats["replayed_refresh_tokens"]) == (1, 0, 0)


def together(count, work):
    gate = threading.Barrier(count)

    def enter(number):
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return [done.result() for done in [threads.submit(enter, number) for number in range(count)]]


def test_32_threads_refresh_once(world):
    slow_refresh(world)
    tokens = together(32, lambda _: world.connection.token())
    assert len({id(token) for token in tokens}) == 1
    refreshed_once(world)


def test_32_threads_are_refused_once(world):
    """A 401 for each of them, and one refresh for all."""
    world.authority.control("revoke-access-tokens")
    assert {status for status, _ in together(32, lambda _: world.get())} == {200}
    refreshed_once(world)


def test_as_many_workers_over_one_store(world):
    """As 8 processes have it: each with a machine of its own."""
    slow_refresh(world)
    workers = [Connections(world.client, world.store)["tenant 42/ü"] for _ in range(8)]
    tokens = together(8, lambda number: workers[number].token())
    assert {token.generation for token in tokens} == {world.first + 1}
    refreshed_once(world)


def test_different_wishes_at_once(world):
    """Each caller gets its own answer, and nobody another's."""
    others = [world.connections[f"tenant {number}"] for number in range(4)]

    def live(number):
        connection = others[number % 4]
        begun = connection.authorize(CALLBACK, return_context=str(number))
        done = world.connections.callback(browse(begun), begun.cookie.value)
        return done.tenant == connection.tenant and done.return_context == str(number)

    assert all(together(12, live))


def test_no_thread_can_be_begun(monkeypatch):
    """The work may be in the queue all the same, and is then not the caller's as well."""
    submit = ThreadPoolExecutor.submit

    def refuse(pool, work):
        submit(pool, work)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", refuse)
    for _ in range(50):
        workers, done = Workers(1), []
        if not workers.run(lambda: done.append("by a worker")):
            done.append("by the caller")
        workers._threads.shutdown(wait=True)
        assert len(done) == 1


def test_no_thread_can_be_begun_for_the_timer(world, monkeypatch):
    """It is woken again, and a wish that came meanwhile is not left behind."""
    run, swap, refused, wishes = Workers.run, world.store.swap, [], []
    operations = world.connection._operations

    def refuse(workers, work):
        if threading.current_thread().name != "evergrant-timer" or len(refused) == 2:
            return run(workers, work)
        refused.append(work)
        wishes.append(operations.settled())
        return False

    def refuse_once(key, expected, write):
        if write and b'"intent"' not in write.record:
            monkeypatch.setattr(world.store, "swap", swap)
            raise StoreUnavailable("it is away")
        return swap(key, expected, write)

    monkeypatch.setattr(Workers, "run", refuse)
    monkeypatch.setattr(world.store, "swap", refuse_once)
    world.advance(900)
    assert operations.token(30_000).result().generation == world.first + 1
    assert len(refused) == 2
    for wish in wishes:
        wish.result()


def test_a_clock_that_was_set(world, monkeypatch):
    """The timer of before is for a time that the clock will not show in time."""
    engine, asked = world.connection._operations._engine, []
    monkeypatch.setattr("evergrant.engine.wake_in", lambda seconds, sleeper: asked.append(round(seconds)) or True)
    world.clock.ahead += 3_600
    for seconds in (5, 7, 3):
        engine.driver.wake_at = world.clock.now() + seconds * 1_000
        assert engine._set_timer()
    assert asked == [5, 3]


def test_a_caller_who_waits_no_longer(world):
    slow_refresh(world)
    with pytest.raises(TryLater, match="^try_later_busy$") as busy:
        world.connection.token(timeout=0.01)
    assert busy.value.retry_at > world.clock.now()
    world.connection._operations.settled().result()
    refreshed_once(world)


@pytest.mark.parametrize("error", [None, StoreUnavailable("it is away"), TimeoutError("theirs")])
def test_an_answer_in_time_while_the_event_loop_was_busy(world, error):
    """It is what came of the wish, which may have used something up."""
    connection, asked = AsyncConnections(world.client, world.store)["tenant 42/ü"], Future()

    async def main():
        waiting = asyncio.create_task(connection._wait(asked, 0.1))
        await asyncio.sleep(0)
        if error:
            asked.set_exception(error)
        else:
            asked.set_result("the answer")
        time.sleep(0.3)  # The loop is busy for longer than the answer was waited for.
        return await waiting

    if error:
        with pytest.raises(type(error)) as raised:
            asyncio.run(main())
        assert raised.value is error
    else:
        assert asyncio.run(main()) == "the answer"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no signals")
def test_a_caller_who_is_interrupted(world):
    """As Ctrl-C does, or a queue's time limit."""

    class Interrupted(BaseException):
        pass

    def interrupt(*_):
        raise Interrupted

    slow_refresh(world)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Interrupted):
            world.connection.token()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    world.connection._operations.settled().result()
    refreshed_once(world)


def test_a_task_that_is_cancelled(world):
    connection = AsyncConnections(world.client, world.store)["tenant 42/ü"]

    async def main():
        tasks = [asyncio.create_task(connection.token()) for _ in range(3)]
        await asyncio.sleep(0.1)  # On its way: the answer takes longer.
        for task in tasks[:2]:
            task.cancel()
        for task in tasks[:2]:
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (await tasks[2]).generation == world.first + 1

    slow_refresh(world)
    asyncio.run(main())
    refreshed_once(world)


def test_an_event_loop_that_ends(world):
    """It is gone before the answer comes; the store gets it all the same."""
    connection = AsyncConnections(world.client, world.store)["tenant 42/ü"]

    async def main():
        asyncio.create_task(connection.token())
        await asyncio.sleep(0.1)

    slow_refresh(world)
    asyncio.run(main())
    connection._shared.settled().result()
    refreshed_once(world)


PROGRAM = """
import sys, threading
sys.path[:0] = {paths!r}
from conftest import Authority
from world import World
from evergrant import TryLater
from evergrant.stores import SqliteStore

world = World(Authority({base!r}), SqliteStore({store!r}))
world.clock.ahead = 900
try:
    world.connection.token(timeout=0.1)
except TryLater:
    print("ends before the answer has come", flush=True)
{end}
"""


FORKS = """
import os
child = os.fork()
assert world.connection.token().generation == {generation}
if child:
    assert os.waitpid(child, 0)[1] == 0
"""


@forks
def test_a_fork_that_ends_well(world, tmp_path):
    """Parent and child both leave by the interpreter's own end."""
    slow_refresh(world, ms=700)
    assert "before the answer" in ends(world, tmp_path, FORKS.format(generation=world.first + 1))
    refreshed_once(world)


def ends(world, tmp_path, end):
    """Runs a program that waits too shortly for a token, then ends like this."""
    paths = [str(Path(__file__).parent), *[path for path in sys.path if path]]
    program = PROGRAM.format(paths=paths, base=world.authority.base, store=str(tmp_path / "store.db"), end=end)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.stdout.startswith("ends before the answer has come\n"), ended.stderr
    assert "Traceback" not in ended.stderr or "it failed" in ended.stderr, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise RuntimeError('it failed')", "", "del world"])
def test_a_process_that_ends(world, tmp_path, end):
    """The interpreter listens the refresh out, and stores it."""
    slow_refresh(world, ms=700)
    ends(world, tmp_path, end)
    refreshed_once(world)


@forks
def test_a_child_begins_anew(world):
    """It uses nothing of its parent's, and has the same grant."""
    read, write = os.pipe()
    begun = world.connection.authorize(CALLBACK)
    with child() as is_child:
        if is_child:
            assert world.connection._driver.token is None
            assert world.connection.token().generation == world.first
            other = world.connection.authorize(CALLBACK)
            os.write(write, other.url.expose().encode())
    theirs = os.read(read, 65536).decode()
    os.close(read), os.close(write)
    mine = world.connection.authorize(CALLBACK).url.expose()
    assert len({theirs, mine, begun.url.expose()}) == 3
    assert world.connection.token().generation == world.first


@forks
def test_a_fork_in_the_midst_of_a_refresh(world):
    """Eight children while their parent waits for the server: one refresh for all."""
    slow_refresh(world)
    asked = world.connection._operations.token(30_000)
    with contextlib.ExitStack() as children:
        for _ in range(8):
            if children.enter_context(child()):
                assert world.connection.token().generation == world.first + 1
                os._exit(0)
        assert asked.result().generation == world.first + 1
    refreshed_once(world)


@forks
def test_locks_that_others_held_at_the_fork(world):
    """Of the engine, a store and the timer: a child has its own."""
    memory = MemoryStore()
    held = [world.connection._operations._engine._lock, memory._lock, world.client.workers._lock]
    with contextlib.ExitStack() as locked:
        for lock in held:
            locked.enter_context(lock)
        with child() as is_child:
            if is_child:
                assert world.connection.token().generation == world.first
                assert memory.swap("key", None, None) is None
