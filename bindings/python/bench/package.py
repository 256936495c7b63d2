"""evergrant as it is imported: `Connection` with its worker threads, a store in memory,
and a transport that answers at once."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
from evergrant import Client, Connections, Provider, Sealing, Secret
from evergrant._clock import Clock
from evergrant.connection import Connection
from evergrant.http import Answer, Request
from evergrant.stores import MemoryStore
from inputs import (
    API,
    AUTHORIZATION_ENDPOINT,
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URI,
    REVOCATION_ENDPOINT,
    SCOPES,
    TOKEN_ENDPOINT,
    answer,
    redirected,
    state_of,
)


class Moved(Clock):
    ahead = 0.0

    def time(self) -> float:  # type: ignore[override]
        return time.time() + self.ahead


class Stub:
    def send(self, request: Request) -> Answer:
        return Answer(200, [], answer(request.url))


def client(clock: Clock | None = None) -> Client:
    return Client(
        Provider(
            environment="bench",
            authorization_endpoint=AUTHORIZATION_ENDPOINT,
            token_endpoint=TOKEN_ENDPOINT,
            revocation_endpoint=REVOCATION_ENDPOINT,
            api_origin="https://api.example",
        ),
        client_id=CLIENT_ID,
        client_secret=Secret(CLIENT_SECRET),
        redirect_uris=[REDIRECT_URI],
        scopes=SCOPES,
        sealing=Sealing.plain(),
        transport=Stub(),
        on_notice=lambda notice: None,
        clock=clock,
    )


def connected(client: Client) -> Connection:
    connection = Connections(client, MemoryStore())["tenant"]
    opened = connection.authorize(REDIRECT_URI, same_process=True)
    connection.callback(redirected(state_of(opened.url.expose())), same_process=True)
    return connection


def package() -> Callable[[], None]:
    clock = Moved()
    moved = client(clock)

    def live() -> None:
        connection = connected(moved)
        first = connection.token()
        clock.ahead += 3_600
        assert connection.token().generation > first.generation
        connection.disconnect()

    return live


# A valid token, and a request that carries it.

OK = httpx.MockTransport(lambda request: httpx.Response(200))


def valid_token() -> Callable[[], object]:
    return connected(client()).token


def request(authorized: bool) -> Callable[[], object]:
    auth = connected(client()).auth() if authorized else None
    session = httpx.Client(auth=auth, transport=OK)
    return lambda: session.get(API)
