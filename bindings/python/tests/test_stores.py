"""The stores of the package, by the tests that a user's own store has to pass."""

import pytest
from evergrant.stores import MemoryStore, SqliteStore
from evergrant.testing import IndexContract, StoreContract


class TestMemory(StoreContract, IndexContract):
    @pytest.fixture
    def open_store(self):
        store = MemoryStore()
        return lambda: store

    test_a_store_out_of_reach_says_so = None  # It cannot be.


class TestSqlite(StoreContract, IndexContract):
    @pytest.fixture
    def open_store(self, tmp_path):
        stores = []

        def open_store():
            stores.append(SqliteStore(tmp_path / "store.db", busy_ms=60_000))
            return stores[-1]

        yield open_store
        for store in stores:
            store.close()

    @pytest.fixture
    def unreachable(self, tmp_path):
        store = SqliteStore(tmp_path / "store.db")
        store.close()
        (tmp_path / "store.db").unlink()
        (tmp_path / "store.db").mkdir()
        return store
