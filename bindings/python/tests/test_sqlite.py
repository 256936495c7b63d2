"""The SQLite file among threads, forks and processes: what was answered stays."""

import os
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from evergrant import StoreUnavailable
from evergrant.store import Write
from evergrant.stores import SqliteStore
from forked import child, forks

# A process of its own, which opens the file, reads, and closes it.
READS = """
import sys
sys.path[:0] = {paths!r}
from evergrant.stores import SqliteStore
store = SqliteStore({path!r})
sys.stdout.buffer.write(store.swap("key", None, None).record)
store.close()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


def another_process_reads(path):
    program = READS.format(paths=[entry for entry in sys.path if entry], path=str(path))
    return subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True).stdout


def write(store, record, revision=None):
    stored = store.swap("key", revision, Write(record, None, None))
    assert stored.record == record
    return stored.revision


def test_two_stores_of_one_process(path):
    """The second one takes nothing from the first: whoever else closes the file is not
    the last one."""
    first = SqliteStore(path)
    revision = write(first, b"1")
    second = SqliteStore(path)
    assert another_process_reads(path) == b"1"
    write(first, b"2", revision)
    assert another_process_reads(path) == b"2"
    assert second.swap("key", None, None).record == b"2"
    first.close(), second.close()


def test_two_stores_that_make_the_file(path, monkeypatch):
    """The second one waits until the first has closed what it made."""
    made, close = threading.Event(), os.close

    def slow_close(file):
        if threading.current_thread() is not threading.main_thread():
            made.set()
            time.sleep(0.2)
        close(file)

    monkeypatch.setattr(os, "close", slow_close)
    others = []
    other = threading.Thread(target=lambda: others.append(SqliteStore(path)))
    other.start()
    made.wait()
    store = SqliteStore(path)
    revision = write(store, b"1")
    other.join()
    others.pop().close()
    assert another_process_reads(path) == b"1"
    write(store, b"2", revision)
    assert another_process_reads(path) == b"2"
    store.close()


@pytest.mark.parametrize("linked", [False, True])
def test_only_the_owner_may_read(path, linked):
    """Of a link that leads to nothing yet, too."""
    opened = path.with_name("link.db") if linked else path
    if linked:
        opened.symlink_to(path)
    store = SqliteStore(opened)
    write(store, b"1")
    assert {file.stat().st_mode & 0o777 for file in path.parent.glob("store.db*")} == {0o600}
    store.close()


@forks
def test_a_child_has_locks_of_its_own(path):
    """Where its parent has gone, whoever else closes the file is not the last one."""
    store = SqliteStore(path)
    revision = write(store, b"1")
    read, gone = os.pipe()
    with child() as is_child:
        if is_child:
            os.read(read, 1)
            assert store.swap("key", None, None).record == b"1"
            assert another_process_reads(path) == b"1"
            write(store, b"2", revision)
            assert another_process_reads(path) == b"2"
        else:
            store.close()
            os.write(gone, b".")
    os.close(read), os.close(gone)
    assert store.swap("key", None, None).record == b"2"
    store.close()


@forks
@pytest.mark.parametrize("doing", ["opens", "uses", "closes", "frees"])
def test_a_fork_waits_for_who_is_in_sqlite(path, monkeypatch, doing):
    """A child would find SQLite's own locks held, by threads that it does not have."""
    inside, left = threading.Event(), threading.Event()

    class Slow(sqlite3.Connection):
        """One that takes its time for what is done."""

        def execute(self, *args):
            return self.slowly("uses", super().execute, *args)

        def close(self):
            self.slowly("closes", super().close)

        def slowly(self, what, call, *args):
            if what != slow or threading.current_thread() is threading.main_thread():
                return call(*args)
            inside.set()
            time.sleep(0.2)
            called = call(*args)
            left.set()
            return called

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Slow, **options))
    slow = {"opens": "uses", "frees": "closes"}.get(doing, doing)
    theirs = [] if doing == "opens" else [SqliteStore(path)]
    do = {
        "opens": lambda: SqliteStore(path).close(),
        "uses": lambda: theirs[0].swap("key", None, None),
        "closes": lambda: theirs[0].close(),
        "frees": theirs.clear,
    }
    other = threading.Thread(target=do[doing])
    mine = SqliteStore(path.with_name("mine.db"))
    other.start()
    inside.wait()
    with child() as is_child:
        if is_child:
            assert left.is_set()
            assert mine.swap("key", None, None) is None
            write(SqliteStore(path), b"1")
    other.join()
    assert another_process_reads(path) == b"1"
    mine.close()


def begun(path):
    """A new file in which another one writes, before it has been switched to WAL."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute("BEGIN IMMEDIATE")
    return db


def test_a_first_start_waits_for_another_one(path, monkeypatch):
    other, slept, sleep = begun(path), [], time.sleep

    def ends(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            other.execute("COMMIT")
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", ends)
    # SQLite's own waiting does not come to an end here.
    store = SqliteStore(path, busy_ms=60_000)
    assert len(slept) >= 3
    write(store, b"1")
    store.close(), other.close()


def test_a_first_start_waits_no_longer_than_it_may(path):
    other = begun(path)
    with pytest.raises(StoreUnavailable, match="SQLite: database is locked"):
        SqliteStore(path, busy_ms=50)
    other.close()
    SqliteStore(path).close()
