"""An asyncio store for worker threads, in its bad moments."""

import asyncio

import pytest
from evergrant import AsyncConnections, StoreUnavailable, TryLater
from evergrant._workers import Workers
from evergrant.aio import LoopStore
from world import AsyncStore, World


@pytest.mark.parametrize("kind", [asyncio.TimeoutError, TimeoutError, KeyError])
def test_what_the_store_raises_is_answered(kind):
    """`asyncio.timeout` in a store raises what a thread that waits too long gets too."""

    class Raising:
        async def swap(self, key, expected, write):
            raise kind

    async def main():
        store = LoopStore(Raising())
        store.use(asyncio.get_running_loop())
        with pytest.raises(kind):
            await asyncio.to_thread(store.swap, "key", None, None)

    asyncio.run(main())


def test_a_store_that_times_out_is_one_that_does_not_answer(authority):
    class Late(AsyncStore):
        async def swap(self, key, expected, write):
            if self.swaps == 0:
                self.swaps += 1
                raise asyncio.TimeoutError
            return await super().swap(key, expected, write)

    world = World(authority)

    async def main():
        connection = AsyncConnections(world.client, Late())["tenant 42/ü"]
        with pytest.raises(Exception, match="^denied_not_connected$"):
            await connection.token()

    asyncio.run(main())


def test_the_loop_does_not_wait_for_itself(authority, monkeypatch):
    """Where no thread can be begun the caller does the work, and that is the loop's."""
    world = World(authority)
    monkeypatch.setattr(Workers, "run", lambda workers, work: False)

    async def main():
        connection = AsyncConnections(world.client, AsyncStore())["tenant 42/ü"]
        with pytest.raises(TryLater, match="^try_later_store_slow$") as slow:
            await connection.token()
        assert isinstance(slow.value.__cause__, StoreUnavailable)

    asyncio.run(main())
