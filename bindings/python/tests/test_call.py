"""`Connection.call`: the API without another HTTP library."""

import asyncio

import pytest
from evergrant import AsyncConnections, Misuse, ServerMisbehaved
from evergrant.http import AnswerTooLarge
from evergrant.http.httpx import HttpxTransport
from evergrant.http.urllib import UrllibTransport
from world import World

transports = pytest.mark.parametrize("kind", [UrllibTransport, HttpxTransport])


@pytest.fixture
def world(authority):
    world = World(authority)
    world.connect()
    return world


def test_a_call_and_one_after_a_refusal(world):
    assert world.connection.call("GET", world.url()).status == 200
    world.authority.control("revoke-access-tokens")
    answer = world.connection.call("GET", world.url(), headers={"Accept": "application/json"})
    assert (answer.status, b"data" in answer.body) == (200, True)
    with pytest.raises(ValueError, match="not a URL of the API"):
        world.connection.call("GET", "https://elsewhere.example/")
    for url in ("/v1/a b", "/v1/ü", "/v1/\n", "/v1/\x7f"):
        with pytest.raises(Misuse, match="^misuse_url_invalid$"):
            world.connection.call("GET", world.url(url))
    assert world.authority.stats()["refreshes_ok"] == 1


def test_the_same_for_asyncio(world):
    connection = AsyncConnections(world.client, world.store)[world.connection.tenant]

    async def calls():
        answers = [await connection.call("GET", world.url())]
        world.authority.control("revoke-access-tokens")
        together = (connection.call("GET", world.url()) for _ in range(8))
        return answers + await asyncio.gather(*together)

    answers = asyncio.run(calls())
    assert [answer.status for answer in answers] == [200] * 9
    assert all(b"data" in answer.body for answer in answers)
    with pytest.raises(ValueError, match="not a URL of the API"):
        asyncio.run(connection.call("GET", "https://elsewhere.example/"))
    with pytest.raises(AnswerTooLarge):
        asyncio.run(connection.call("GET", world.url(), answer_limit=1))
    assert world.authority.stats()["refreshes_ok"] == 1


def test_a_second_refusal_is_handed_back(world):
    refused = {"kind": "answer", "status": 401}
    world.authority.control_list("faults", [{"path": "/v1/expenses", "times": 2, "fault": refused}])
    assert world.connection.call("GET", world.url()).status == 401
    error = world.connection.api_answered(world.connection.token(), 401)
    assert type(error) is ServerMisbehaved and error.code == "server_fresh_token_refused"
    assert world.connection.call("GET", world.url()).status == 200
    assert world.authority.stats()["refreshes_ok"] == 1


@transports
def test_it_carries_one_credential(authority, kind):
    """Whatever a caller's headers say, and in whatever capitals."""
    sent, transport = [], kind()

    class Seen:
        def send(self, request):
            sent.append(request)
            return transport.send(request)

    world = World(authority, transport=Seen())
    world.connect()
    theirs = {"authorization": "Bearer a", "Authorization": "Bearer b", "AUTHORIZATION ": "Bearer c", "x-more": "1"}
    assert world.connection.call("GET", world.url(), headers=theirs).status == 200
    token = world.connection.token().expose()
    assert sent[-1].headers == [("x-more", "1"), ("Authorization", token)]


@transports
def test_it_reads_no_more_than_it_is_to(authority, kind):
    world = World(authority, transport=kind())
    world.connect()
    size = len(world.connection.call("GET", world.url()).body)
    assert len(world.connection.call("GET", world.url(), answer_limit=size).body) == size
    with pytest.raises(AnswerTooLarge, match=f"^more than {size - 1} bytes$"):
        world.connection.call("GET", world.url(), answer_limit=size - 1)
    # A refusal is understood, however large: the answer after it counts.
    authority.control("revoke-access-tokens")
    pad = {"path": "/v1/expenses", "fault": {"kind": "pad", "bytes": 100_000}}
    authority.control_list("faults", [pad])
    assert world.connection.call("GET", world.url(), answer_limit=size).status == 200
    # Unless told, what is endless is not read to its end.
    authority.control_list("faults", [{**pad, "fault": {"kind": "pad", "bytes": 17 << 20}}])
    with pytest.raises(AnswerTooLarge):
        world.connection.call("GET", world.url())
