"""Wrong arguments of one caller, and wrong answers of a store or a transport: nobody
else notices, and what is under way goes on."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from evergrant import AsyncConnections, Connection, Connections, Misuse, Secret, TryLater
from evergrant.http import Answer
from evergrant.store import Stored
from evergrant.stores import MemoryStore
from world import CALLBACK, AsyncStore, World


class Gate:
    """A transport that keeps the next request on its way until it is let through."""

    def __init__(self, transport):
        self.transport = transport
        self.sent, self.let_go = threading.Event(), threading.Event()
        self.let_go.set()

    def send(self, request):
        self.sent.set()
        self.let_go.wait()
        return self.transport.send(request)


WRONG = {
    "a negative validity": lambda connection, token: connection.token(-1),
    "a validity that is no whole number": lambda connection, token: connection.token(2.5e4),
    "a validity that is a text": lambda connection, token: connection.token("30000"),
    "a return context that is a number": lambda connection, token: connection.authorize(CALLBACK, return_context=42),
    "a scope that is none": lambda connection, token: connection.authorize(CALLBACK, scopes=[None]),
    "a scope that UTF-8 cannot hold": lambda connection, token: connection.authorize(CALLBACK, scopes=["\ud800"]),
    "an extra that is a number": lambda connection, token: connection.authorize(CALLBACK, extra={"prompt": 1}),
    "an id that UTF-8 cannot hold": lambda connection, token: connection.cancel("\ud800"),
    "an id that is bytes": lambda connection, token: connection.cancel(b"id"),
    "a status that is none": lambda connection, token: connection.api_answered(token, 1_000_000),
    "a status that is a text": lambda connection, token: connection.api_answered(token, "401"),
    "a company that is a number": lambda connection, token: connection.enter_key(Secret("k"), company=5),
    "a kind of keys that is none": lambda connection, token: connection.enter_key(Secret("k"), kind="integrated"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_its_callers_alone(authority, wrong):
    world = World(authority)
    gate = world.client.transport = Gate(world.client.transport)
    world.connect()
    token = world.connection.token()
    gate.sent.clear()
    gate.let_go.clear()
    world.connection.api_answered(token, 401)
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(world.connection.token)
        gate.sent.wait()
        try:
            with pytest.raises(Misuse):
                wrong(world.connection, token)
        finally:
            gate.let_go.set()
        assert waiting.result().generation == token.generation + 1
    world.restart()
    assert world.connection.token().generation == token.generation + 1
    assert authority.stats()["refreshes_received"] == 1


def test_after_a_wrong_validity_others_are_served(authority):
    world = World(authority)
    world.connect()
    world.restart()
    with pytest.raises(Misuse):
        world.connection.token(1 << 64)
    assert world.connection.token()


@pytest.mark.parametrize("tenant", ["\ud800", "", None, 42])
def test_a_tenant_that_is_none(authority, tenant):
    with pytest.raises(Misuse, match="^misuse_tenant_invalid$"):
        Connection(World(authority).client, MemoryStore(), tenant)


@pytest.mark.parametrize("kind", [Connections, AsyncConnections])
def test_tenants_are_not_counted_through(authority, kind):
    """Python would take whatever can be asked by number for a list that never ends."""
    connections = kind(World(authority).client, MemoryStore())
    with pytest.raises(TypeError, match="not iterable"):
        iter(connections)
    with pytest.raises(TypeError, match="not a container|not iterable"):
        assert "tenant-42" in connections


def test_an_asyncio_store_is_refused_where_nobody_awaits_it(authority):
    with pytest.raises(TypeError, match="AsyncConnection"):
        Connection(World(authority).client, AsyncStore(), "t")


STORED = {
    "an age before its writing": lambda was: Stored(was.revision, was.record, -1),
    "an age in parts": lambda was: Stored(was.revision, was.record, 0.5),
    "an age that is a text": lambda was: Stored(was.revision, was.record, "1"),
    "a revision that is a number": lambda was: Stored(7, was.record),
    "a revision that UTF-8 cannot hold": lambda was: Stored("\ud800", was.record),
    "a record that is a text": lambda was: Stored(was.revision, was.record.decode("latin-1")),
    "a tuple": lambda was: (was.revision, was.record, None),
}


@pytest.mark.parametrize("wrong", STORED.values(), ids=STORED)
def test_a_wrong_answer_of_the_store_is_none(authority, wrong):
    """The tokens have been stored, which the store says wrongly once: they are served."""

    class Wrong(MemoryStore):
        told = 0

        def swap(self, key, expected, write):
            current = super().swap(key, expected, write)
            if self.told == 0 and write and b'"intent"' in write.record:
                self.told = 1
            elif self.told == 1:
                self.told = 2
                return wrong(current)
            return current

    world = World(authority, Wrong())
    world.connect()
    token = world.connection.token()
    world.connection.api_answered(token, 401)
    # Where it is slow to be asked again its callers wait for longer than one try.
    while True:
        try:
            assert world.connection.token().generation == token.generation + 1
            break
        except TryLater:
            pass
    assert world.store.told == 2
    assert authority.stats()["refreshes_received"] == 1


ANSWERS = [None, Answer(1_000_000, [], b""), Answer("200", [], b""), Answer(200, [], "{}"), Answer(200, None, b"")]


@pytest.mark.parametrize("answer", ANSWERS, ids=repr)
def test_a_wrong_answer_of_the_transport_is_none(authority, answer):
    class Wrong:
        def send(self, request):
            return answer

    world = World(authority)
    world.connect()
    token = world.connection.token()
    world.client.transport = Wrong()
    world.connection.api_answered(token, 401)
    with pytest.raises(TryLater, match="^try_later_unavailable$"):
        world.connection.token()
