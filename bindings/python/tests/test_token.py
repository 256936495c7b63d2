"""For how long a token is valid that is handed out."""

import pytest
from conftest import running
from evergrant import Connections
from world import Loop, World, async_connections


@pytest.fixture(params=["threads", "asyncio"])
def connections(request):
    if request.param == "threads":
        yield Connections
        return
    loop = Loop()
    yield async_connections(loop)
    loop.close()


def test_as_long_as_is_wanted(authority, connections):
    """Or half of the life that the server gave it: 15 minutes, of which some were over
    when this process heard of it."""
    world = World(authority, connections=connections)
    world.connect()
    world.advance(500)
    world.restart()
    token = world.connection.token()
    world.advance(100)
    # 300 seconds are left, and nothing is due yet.
    assert world.connection.token() is token
    assert world.connection.token(min_validity=290_000) is token
    assert world.connection.token(min_validity=350_000).generation == token.generation + 1
    # More than half is not to be had, nor is the server asked for it.
    assert world.connection.token(min_validity=1 << 52).generation == token.generation + 1
    assert authority.stats()["refreshes_ok"] == 1


def test_one_that_lives_shortly(authority_program, connections):
    """It is not refreshed for every caller, though never valid for as long as is wanted."""
    with running(authority_program, "--access-token-lifetime", "30") as authority:
        world = World(authority, connections=connections)
        world.connect()
        first = world.connection.token().generation
        world.advance(8)
        assert [world.connection.token().generation for _ in range(3)] == [first] * 3
        world.advance(12)
        assert [world.connection.token().generation for _ in range(3)] == [first + 1] * 3
        assert authority.stats()["refreshes_ok"] == 1
