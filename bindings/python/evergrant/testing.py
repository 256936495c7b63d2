"""Tests that a store has to pass, for pytest:

    from evergrant.testing import IndexContract, StoreContract

    class TestMyStore(StoreContract, IndexContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda: MyStore(tmp_path / "store")     # all of them the same store

        @pytest.fixture
        def unreachable(self):
            return MyStore("where nothing answers")

The store begins empty in each test. An asyncio store is tested through `Blocking`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from .errors import StoreUnavailable
from .store import AsyncIndex, AsyncStore, Entries, Index, Keys, Store, Stored, Write

__all__ = ["Blocking", "IndexContract", "StoreContract"]

T = TypeVar("T")


class Blocking:
    """An asyncio store for callers without asyncio: with an event loop of its own."""

    def __init__(self, make: Callable[[], AsyncStore]) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

        async def made() -> AsyncStore:
            return make()

        self.store = self._run(made())
        """The store itself."""

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self, *closing: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Runs what closes the store, then ends the event loop."""
        for close in closing:
            self._run(close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """As `Store.swap`."""
        return self._run(self.store.swap(key, expected, write))

    def list(self, prefix: str = "", after: str = "", limit: int = 1000) -> Entries:
        """As `Index.list`."""
        return self._run(self._index.list(prefix, after, limit))

    def claim_due(self, limit: int, hold_ms: int = 90_000, prefix: str = "") -> Keys:
        """As `Index.claim_due`."""
        return self._run(self._index.claim_due(limit, hold_ms, prefix))

    def purge(self, limit: int = 1000) -> int:
        """As `Index.purge`."""
        return self._run(self._index.purge(limit))

    @property
    def _index(self) -> AsyncIndex:
        assert isinstance(self.store, AsyncIndex), "the store has no index"
        return self.store


KEY = "connection/prod/client%2B1/tenant-42"
OpenStore = Callable[[], Store]


def _write(record: bytes, due_at: int | None = None, purge_at: int | None = None) -> Write:
    return Write(record, due_at, purge_at)


def _put(store: Store, key: str, write: Write) -> Stored:
    before = store.swap(key, None, None)
    after = store.swap(key, before.revision if before else None, write)
    assert after is not None and after.record == write.record
    return after


class StoreContract:
    """What safety rests on. Needs the fixtures `open_store` and `unreachable`."""

    def test_nothing_is_there(self, open_store: OpenStore) -> None:
        """A read of what is not there, and a swap that expects something there."""
        store = open_store()
        assert store.swap(KEY, None, None) is None
        for revision in ("0", "1", "never given", "", "9" * 40):
            assert store.swap(KEY, revision, _write(b"no")) is None
        assert store.swap(KEY, None, None) is None

    def test_a_write_is_answered_and_read(self, open_store: OpenStore) -> None:
        """By the same handle and by another."""
        store = open_store()
        first = store.swap(KEY, None, _write(b"1"))
        assert first is not None and first.record == b"1"
        for handle in (store, open_store()):
            read = handle.swap(KEY, None, None)
            assert read is not None and (read.revision, read.record) == (first.revision, b"1")
            assert read.age is None or read.age >= 0
        second = open_store().swap(KEY, first.revision, _write(b"2"))
        assert second is not None and second.record == b"2"
        assert second.revision != first.revision

    def test_a_conflict_writes_nothing_and_tells_what_is_there(self, open_store: OpenStore) -> None:
        """Create over a record, an older revision, and one that was never given."""
        store = open_store()
        first = store.swap(KEY, None, _write(b"1"))
        assert first is not None
        second = store.swap(KEY, first.revision, _write(b"2"))
        assert second is not None
        for expected in (None, first.revision, "never given", second.revision + "0"):
            there = store.swap(KEY, expected, _write(b"no"))
            assert there is not None
            assert (there.revision, there.record) == (second.revision, b"2")

    def test_the_same_bytes_are_a_new_revision(self, open_store: OpenStore) -> None:
        """A revision is never used twice, whatever is written."""
        store, expected = open_store(), None
        revisions: set[str] = set()
        for _ in range(20):
            there = store.swap(KEY, expected, _write(b"same"))
            assert there is not None
            revisions.add(expected := there.revision)
        assert len(revisions) == 20

    def test_keys_are_apart(self, open_store: OpenStore) -> None:
        """Those that differ in case, by an escape, by a wildcard of SQL or by length."""
        store = open_store()
        keys = [KEY, KEY.upper(), KEY.replace("%2B", "%2b"), "connection/%", "connection/_", "connection/" + "x" * 600]
        for key in keys:
            assert store.swap(key, None, _write(key.encode())) is not None
        for key in keys:
            read = store.swap(key, None, None)
            assert read is not None and read.record == key.encode()

    def test_records_are_any_bytes(self, open_store: OpenStore) -> None:
        """Empty, zeros, no UTF-8, and large."""
        store, expected = open_store(), None
        for record in (b"\0", bytes(range(256)), b"\xff\0'\"\\\r\n", b"x" * 200_000):
            there = store.swap(KEY, expected, _write(record, due_at=1, purge_at=2**52))
            assert there is not None
            expected = there.revision
            read = store.swap(KEY, None, None)
            assert read is not None and read.record == record and isinstance(read.record, bytes)

    def test_times_may_be_larger_than_a_column(self, open_store: OpenStore) -> None:
        """Up to 2**64 - 1, as a provider's data may have them: the largest that fits will do."""
        store, expected = open_store(), None
        for due_at, purge_at in ((2**64 - 1, 2**64 - 1), (2**63, 2**63), (2**64 - 1, None), (None, 2**64 - 1)):
            there = store.swap(KEY, expected, _write(b"%d" % (due_at or 0), due_at, purge_at))
            assert there is not None and there.record == b"%d" % (due_at or 0)
            expected = there.revision

    def test_nobody_is_overwritten(self, open_store: OpenStore) -> None:
        """Eight writers add 15 lines each, and no line is lost."""
        open_store().swap(KEY, None, _write(b""))

        def add(number: int) -> None:
            store = open_store()
            for turn in range(15):
                line = b"%d %d\n" % (number, turn)
                there = store.swap(KEY, None, None)
                while there is not None and line not in there.record:
                    there = store.swap(KEY, there.revision, _write(there.record + line))

        _together(add)
        last = open_store().swap(KEY, None, None)
        lines = last.record.splitlines() if last else []
        assert sorted(lines) == sorted(b"%d %d" % (number, turn) for number in range(8) for turn in range(15))

    def test_one_of_many_creates(self, open_store: OpenStore) -> None:
        """Eight create the same record at once; each is told whose it is."""

        def create(number: int) -> bytes:
            there = open_store().swap(KEY, None, _write(b"%d" % number))
            assert there is not None
            return there.record

        assert len(set(_together(create))) == 1

    def test_a_store_out_of_reach_says_so(self, unreachable: Store) -> None:
        """By an error that names no record, for reads and for writes."""
        for write in (None, _write(b"hidden-record")):
            try:
                unreachable.swap(KEY, None, write)
            except StoreUnavailable as error:
                assert "hidden-record" not in f"{error} {error!r}"
            else:
                raise AssertionError("no StoreUnavailable")

class IndexContract:
    """What fleets need. Needs the fixture `open_store`."""

    def test_list_goes_through_all(self, open_store: OpenStore) -> None:
        """In byte order, page by page, with the prefix taken as it is."""
        store = self._index(open_store)
        keys = sorted(["connection/a", "connection/b%2F", "connection/B", "connection/b_", "pending/1", "x%"])
        for due_at, key in enumerate(keys):
            _put(store, key, _write(b"-", due_at=due_at or None))
        assert [entry.key for entry in store.list()] == keys
        assert [entry.due_at for entry in store.list()] == [None, 1, 2, 3, 4, 5]
        assert [entry.key for entry in store.list("connection/", keys[1], 2)] == keys[2:4]
        assert [entry.key for entry in store.list("connection/b")] == [k for k in keys if k.startswith("connection/b")]
        assert store.list("connection/%") == store.list("nothing") == store.list(after="z") == []

    def test_what_is_due_is_claimed_once(self, open_store: OpenStore) -> None:
        """The longest due first; not what is due later or never; not what is held."""
        store, now = self._index(open_store), time.time_ns() // 1_000_000
        for key, due_at in (("a", now - 1_000), ("b", now - 3_000), ("c", now - 2_000), ("d", now + 3_600_000), ("e", None)):
            _put(store, key, _write(b"-", due_at=due_at))
        assert store.claim_due(2) == ["b", "c"]
        assert store.claim_due(9, hold_ms=3_600_000) == ["a"]
        assert store.claim_due(9) == []

    def test_what_is_due_of_a_prefix_is_claimed(self, open_store: OpenStore) -> None:
        """Taken as it is; what is due of others is neither answered nor held."""
        store = self._index(open_store)
        for due_at, key in enumerate(["b/%/1", "a_1", "b/%/2", "B/%/1", "ab1", "b/x/1", "b/%/3"], 1):
            _put(store, key, _write(b"-", due_at=due_at))
        for number in range(300):
            _put(store, f"others/{number}", _write(b"-", due_at=1))
        assert store.claim_due(2, 3_600_000, "b/%/") == ["b/%/1", "b/%/2"]
        assert store.claim_due(9, 3_600_000, prefix="b/%/") == ["b/%/3"]
        assert store.claim_due(9, 3_600_000, prefix="b/%/") == store.claim_due(9, prefix="nothing") == []
        assert store.claim_due(9, 3_600_000, prefix="a_") == ["a_1"]
        rest = store.claim_due(999, 3_600_000)
        assert [key for key in rest if not key.startswith("others/")] == ["B/%/1", "ab1", "b/x/1"]
        assert len(rest) == 303

    def test_a_hold_ends(self, open_store: OpenStore) -> None:
        """A claim whose worker has died comes again, and moved no revision."""
        store = self._index(open_store)
        before = _put(store, KEY, _write(b"-", due_at=1))
        assert store.claim_due(1, hold_ms=0) == [KEY]
        assert store.claim_due(1, hold_ms=0) == [KEY]
        after = store.swap(KEY, None, None)
        assert after is not None and after.revision == before.revision
        _put(store, KEY, _write(b"-", due_at=None))
        assert store.claim_due(1) == []

    def test_many_claim_apart(self, open_store: OpenStore) -> None:
        """Eight claim at once, and no key goes to two of them."""
        store = self._index(open_store)
        for number in range(100):
            _put(store, f"connection/{number}", _write(b"-", due_at=number))

        def claim(_: int) -> list[str]:
            own = self._index(open_store)
            mine: Keys = []
            while claimed := own.claim_due(7):
                mine += claimed
            return mine

        claimed = [key for keys in _together(claim) for key in keys]
        assert len(claimed) == len(set(claimed)) == 100

    def test_what_is_over_is_purged(self, open_store: OpenStore) -> None:
        """And nothing else, ever."""
        store, now = self._index(open_store), time.time_ns() // 1_000_000
        for key, purge_at in (("a", 1), ("b", now - 1), ("c", now + 3_600_000), ("d", None)):
            _put(store, key, _write(b"-", purge_at=purge_at))
        assert store.purge(1) == 1
        assert store.purge() == 1
        assert store.purge() == 0
        assert [entry.key for entry in store.list()] == ["c", "d"]

    def test_what_never_comes_is_neither_due_nor_over(self, open_store: OpenStore) -> None:
        """A time that is larger than any clock's, and perhaps than what the index can hold."""
        store = self._index(open_store)
        for _ in range(2):
            for key, at in (("a", 2**53), ("b", 2**63), ("c", 2**64 - 1)):
                _put(store, key, _write(b"-", due_at=at, purge_at=at))
        assert store.claim_due(9) == []
        assert store.purge() == 0
        assert [entry.key for entry in store.list() if (entry.due_at or 0) >= 2**53] == ["a", "b", "c"]

    @staticmethod
    def _index(open_store: OpenStore) -> Any:
        store = open_store()
        assert isinstance(store, Index), "the store has no index"
        return store


def _together(work: Callable[[int], T]) -> list[T]:
    with ThreadPoolExecutor(8) as threads:
        return [done.result() for done in [threads.submit(work, number) for number in range(8)]]
