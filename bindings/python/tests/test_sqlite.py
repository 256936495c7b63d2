"""The SQLite file among threads, forks and processes: what was answered stays."""

import subprocess
import sys

import pytest
from evergrant.store import Write
from evergrant.stores import SqliteStore

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
