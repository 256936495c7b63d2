"""Where a token may go: decided by the provider's data alone, as in Rust."""

import asyncio

import httpx
import pytest
import requests
from evergrant import AsyncConnection, AsyncConnections, Client, Connections, Denied, Provider, Sealing
from evergrant.machine import TokenEndpointAuthMethod
from evergrant.stores import MemoryStore
from evergrant.token import Token

ORIGIN = "https://api.example"


@pytest.fixture(params=[Connections, AsyncConnections])
def connection(request):
    """One that has never been used: its machine knows of no token."""
    provider = Provider(
        environment="test",
        authorization_endpoint="https://auth.example/authorize",
        token_endpoint="https://auth.example/token",
        api_origin=ORIGIN,
        token_endpoint_auth_method=TokenEndpointAuthMethod.NONE,
    )
    client = Client(
        provider, client_id="c", redirect_uris=["http://127.0.0.1/c"], scopes=["a"], sealing=Sealing.plain()
    )
    return request.param(client, MemoryStore())["t"]


def goes(connection, url):
    return connection.may_go_to(url)


def carried(connection, url, monkeypatch):
    """The header that httpx sends there."""
    token = Token(1, ORIGIN, "Bearer canary", None)
    request = httpx.Request("GET", url)
    if isinstance(connection, AsyncConnection):

        async def ready():
            return token

        monkeypatch.setattr(connection, "token", ready)
        sent = asyncio.run(anext(connection.auth().async_auth_flow(request)))
    else:
        monkeypatch.setattr(connection, "token", lambda: token)
        sent = next(connection.auth().sync_auth_flow(request))
    return sent.headers.get("Authorization")


@pytest.mark.parametrize("origin", [ORIGIN, "HTTPS://API.example", "https://api.example:443"])
@pytest.mark.parametrize("rest", ["", "/", "/v1/a?b=c#d", "?x=[|]", "#x", "/@evil.test", "/\u00e9"])
def test_the_origin_in_other_words(connection, origin, rest):
    assert goes(connection, origin + rest)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/",
        "https://api.example:444/",
        "https://api.example:/",
        "https://user@api.example/",
        "https://api.example@evil.test/",
        "https://api.example.evil.test/",
        "https://api.example\\@evil.test/",
        "https://api.example/a\\b",
        "https://api.example/x\r\ny: z",
        "https://api.example/a b",
        "https://api.example/\x7f",
        "https://api.example/\ud800",
        " https://api.example/",
        "//api.example/",
        "api.example",
        "",
    ],
)
def test_elsewhere(connection, url):
    assert not goes(connection, url)


@pytest.mark.parametrize("url", [ORIGIN, "HTTPS://API.example:443/a b", "https://api.example/\u00e9?x=1#y"])
def test_httpx_carries_it_there(connection, url, monkeypatch):
    assert carried(connection, url, monkeypatch) == "Bearer canary"


elsewhere = pytest.mark.parametrize(
    "url",
    [
        "http://api.example/",
        "https://api.example:444/",
        "https://user@api.example/",
        "https://api.example@evil.test/",
        "https://api.example.evil.test/",
        "https://api.example./",
        "https://evil.test/https://api.example/",
    ],
)


@elsewhere
def test_httpx_carries_it_nowhere_else(connection, url, monkeypatch):
    assert carried(connection, url, monkeypatch) is None


@elsewhere
def test_elsewhere_no_token_is_asked_for(connection, url, monkeypatch):
    """Of a connection that has none, and whose store would have to be looked into."""
    asked = []
    monkeypatch.setattr(MemoryStore, "swap", lambda *_: asked.append(1))
    request = httpx.Request("GET", url)
    if isinstance(connection, AsyncConnection):

        async def use():
            sent = await anext(connection.auth().async_auth_flow(request))
            return sent, await connection.authorization(url)

        sent, header = asyncio.run(use())
    else:
        sent, header = next(connection.auth().sync_auth_flow(request)), connection.authorization(url)
        with connection.session() as session:
            prepared = session.prepare_request(requests.Request("GET", url))
        assert "Authorization" not in prepared.headers
        assert not prepared.hooks["response"]
    assert sent is request and "Authorization" not in sent.headers
    assert header is None
    assert not asked


def test_of_the_origin_a_token_is_asked_for(connection):
    """What the tests above rely on."""
    with pytest.raises(Denied, match="^denied_not_connected$"):
        if isinstance(connection, AsyncConnection):
            asyncio.run(anext(connection.auth().async_auth_flow(httpx.Request("GET", ORIGIN))))
        else:
            connection.session().get(ORIGIN)
