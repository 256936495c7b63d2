"""A connection that nobody has any more, while its store is away."""

import gc
import time
import weakref

import pytest
from evergrant import Connection, StoreUnavailable, TryLater
from world import World


class Deaf:
    """Takes that a refresh begins, and not what comes of it, until it is told to."""

    def __init__(self, store):
        self.store, self.deaf = store, True

    def swap(self, key, expected, write):
        if write and self.deaf and b'"intent"' not in write.record:
            raise StoreUnavailable("it is away")
        return self.store.swap(key, expected, write)


def test_tokens_that_the_store_has_not_taken_outlive_their_connection(authority):
    world = World(authority)
    world.connect()
    world.advance(3_600)
    world.restart()
    deaf = Deaf(world.store)
    connection = Connection(world.client, deaf, world.connection.tenant)
    with pytest.raises(TryLater, match="try_later_store_slow"):
        connection.token()
    engine = weakref.ref(connection._operations._engine)
    del connection
    gc.collect()
    assert engine() is not None
    deaf.deaf = False
    while "refreshed" not in world.codes():
        time.sleep(0.01)
    world.restart()
    assert world.get()[0] == 200
    assert authority.stats()["refreshes_received"] == 1
    # And then it is forgotten.
    while engine() is not None:
        gc.collect()
        time.sleep(0.01)
