"""The package shows no secret: neither by what it hands out, nor in logs, errors and
tracebacks that show variables."""

import json
import logging
import pickle
import traceback
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from evergrant import AsyncConnections, Connections, EvergrantError, Secret, StoreUnavailable
from evergrant.http.httpx import HttpxTransport
from evergrant.http.urllib import UrllibTransport
from evergrant.store import Stored, Write
from test_canaries import shown
from world import CALLBACK, CLIENT_SECRET, World, browse


class Spying:
    """A transport and a store that remember every secret that passes."""

    def __init__(self, transport):
        self.transport, self.inner, self.secrets, self.broken = transport, {}, {CLIENT_SECRET}, False
        self.values = []

    def send(self, request):
        answer = self.transport.send(request)
        self.values += [request, answer]
        if b"token" in answer.body:
            members = json.loads(answer.body)
            self.secrets |= {members[name] for name in ("access_token", "refresh_token") if name in members}
        self.secrets |= {value for name, value in request.headers if name == "authorization"}
        return answer

    def swap(self, key, expected, write):
        if self.broken:
            raise StoreUnavailable("out of order")
        there = self.inner.get(key)
        if write is not None and (there and there.revision) == expected:
            self.inner[key] = there = Stored(str(int(expected or 0) + 1), write.record)
            self.secrets.add(write.record.decode())
        self.values += [write, there]
        return there


@pytest.fixture(params=[UrllibTransport, HttpxTransport])
def spying(request):
    transport = request.param()
    yield Spying(transport)
    getattr(transport, "close", lambda: None)()


def test_a_whole_life_in_the_open(authority, spying, caplog):
    caplog.set_level(logging.DEBUG)
    world = World(authority, spying, transport=spying)
    connection, values = world.connection, spying.values

    def fail(work):
        """What a tool for crashes reports of an error: every frame's variables."""
        with pytest.raises(EvergrantError) as failed:
            work()
        error = failed.value
        values.append(error)
        values.append(pickle.loads(pickle.dumps(error)).__dict__)
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(report.format())

    begun = connection.authorize(CALLBACK)
    redirect = Secret(browse(begun))
    query = parse_qs(urlsplit(redirect.expose()).query)
    spying.secrets |= {query["code"][0], query["state"][0], begun.cookie.value.expose()}
    given = {"url": redirect.expose(), "cookies": begun.cookie.value.expose()}
    pasted = ["canary", "of a key"]
    spying.secrets.add("-".join(pasted))
    reports = [
        fail(lambda: world.connections.callback(given["url"], "guessed")),
        fail(lambda: connection.callback(given["url"], {begun.cookie.name: "guessed"})),
        fail(lambda: connection.enter_key("-".join(pasted))),
    ]
    world.connections.callback(**given)
    reports.append(fail(lambda: world.connections.callback(**given)))
    token = connection.token()
    assert connection.call("GET", world.url()).status == 200
    with httpx.Client(auth=connection.auth()) as client:
        assert client.get(world.url()).status_code == 200
    with connection.session() as session:
        assert session.get(world.url()).status_code == 200
    values += [world.client, world.client.provider, world.connections, connection, begun, begun.cookie, token]
    values += [connection._driver, connection._operations, connection._operations._engine, connection.status()]
    values += [AsyncConnections(world.client, spying)["a"], Connections(world.client, spying), client.auth, session.auth]
    world.advance(900)
    connection.token()
    spying.broken = True
    world.advance(900)
    reports.append(fail(connection.token))
    reports.append(fail(lambda: world.connections.callback(**given)))
    spying.broken = False
    world.restart()
    with world.connection.session() as session:
        assert session.get(world.url()).status_code == 200
        world.advance(100)  # A token that has just been renewed would not be renewed again.
        authority.control("revoke-grants")
        reports.append(fail(lambda: session.get(world.url())))
    world.restart()
    reports.append(fail(world.connection.token))
    values += world.notices

    assert len(spying.secrets) > 12
    # A report shows the frames of this test too, and these hold what a browser sent.
    told = "\n".join([*reports, *(shown(value) for value in values), caplog.text])
    told = told.replace(repr(given), "given")
    found = [secret for secret in spying.secrets if secret in told or repr(secret)[1:-1] in told]
    assert not found, [told[max(told.find(one) - 200, 0) :][:260] for one in found]
    assert {"httpcore", "evergrant"} & {record.name.partition(".")[0] for record in caplog.records}


def test_what_shows_something_shows_no_more():
    assert repr(Write(b"canary", 1, None)) == "Write(due_at=1, purge_at=None)"
    assert repr(Stored("7", b"canary")) == "Stored(revision='7', age=None)"
