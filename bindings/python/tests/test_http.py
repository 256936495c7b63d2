"""HTTP: what makes people's own clients authenticate, and what transports promise."""

import asyncio
import contextlib
import http.server
import socket
import threading

import httpx
import pytest
from evergrant import AsyncConnections, ReauthenticationRequired
from evergrant._clock import Clock
from evergrant.http import NotSent, Request, TooLate
from evergrant.http.httpx import HttpxTransport
from evergrant.http.urllib import UrllibTransport
from world import World


@pytest.fixture
def world(authority):
    world = World(authority)
    world.connect()
    return world


@contextlib.contextmanager
def by_httpx(world):
    with httpx.Client(auth=world.connection.auth(), follow_redirects=True) as client:
        yield client.request


@contextlib.contextmanager
def by_async_httpx(world):
    connection = AsyncConnections(world.client, world.store)["tenant 42/ü"]

    def request(*args, content=None, **named):
        async def asking():
            async with httpx.AsyncClient(auth=connection.auth(), follow_redirects=True) as client:
                if content is not None and not isinstance(content, bytes):
                    named["content"] = each(content)
                elif content is not None:
                    named["content"] = content
                return await client.request(*args, **named)

        return asyncio.run(asking())

    async def each(parts):
        for part in parts:
            yield part

    yield request


@contextlib.contextmanager
def by_requests(world):
    with world.connection.session() as session:

        def request(method, url, content=None, **named):
            return session.request(method, url, data=content, **named)

        yield request


clients = pytest.mark.parametrize("client", [by_httpx, by_async_httpx, by_requests])


@clients
def test_calls_to_the_api(world, client):
    with client(world) as request:
        assert request("GET", world.url()).status_code == 200
        world.authority.control("revoke-access-tokens")
        answer = request("GET", world.url())
        assert answer.status_code == 200
        assert [before.status_code for before in answer.history] == [401]
        assert world.authority.stats()["refreshes_ok"] == 1
        # 403 is told as it is, and nothing is made again.
        assert request("DELETE", world.url("/v1/nothing")).status_code == 404
        world.advance(100)  # A token that has just been renewed would not be renewed again.
        world.authority.control("revoke-grants")
        with pytest.raises(ReauthenticationRequired):
            request("GET", world.url())
    stats = world.authority.stats()
    assert stats["replayed_refresh_tokens"] == 0
    assert stats["credentials_in_query"] == 0


def test_the_other_kind_of_client(world):
    """Is told so, rather than served without a token."""

    async def asking():
        async with httpx.AsyncClient(auth=world.connection.auth()) as client:
            await client.get(world.url())

    with pytest.raises(TypeError, match="AsyncConnection"):
        asyncio.run(asking())
    connection = AsyncConnections(world.client, world.store)["tenant 42/ü"]
    with httpx.Client(auth=connection.auth()) as client, pytest.raises(TypeError, match="a Connection"):
        client.get(world.url())


@clients
def test_a_second_refusal_is_handed_back(world, client):
    """The server refuses what it has just issued: no other token would help."""
    refused = {"kind": "answer", "status": 401}
    world.authority.control_list("faults", [{"path": "/v1/expenses", "times": 3, "fault": refused}])
    with client(world) as request:
        # The first call is made twice, the other one once: its token is fresh.
        assert [request("GET", world.url()).status_code for _ in range(3)] == [401, 401, 200]
    assert world.authority.stats()["refreshes_ok"] == 1


@clients
def test_a_body_is_sent_again_and_a_stream_is_not(world, client):
    with client(world) as request:
        for content, refused in ((b"{}", False), (iter([b"{", b"}"]), True)):
            world.authority.control("revoke-access-tokens")
            answer = request("PUT", world.url("/v1/installations/me"), content=content)
            assert (answer.status_code == 401) == refused
            world.advance(100)
        # Even then the next one has a new token.
        assert request("GET", world.url()).status_code == 200
    assert world.authority.stats()["refreshes_ok"] == 2


@clients
def test_what_was_handled_and_redirected_is_not_made_again(world, client):
    with client(world) as request:
        assert request("GET", world.url()).status_code == 200
        see_other = {"kind": "answer", "status": 303, "headers": {"location": world.url()}}
        world.authority.control_list("faults", [{"path": "/v1/installations/me", "fault": see_other}])
        world.authority.control("revoke-access-tokens")
        answer = request("PUT", world.url("/v1/installations/me"), content=b"{}")
        # httpx has only the first request to make again, requests has the last.
        assert answer.status_code == (200 if client is by_requests else 401)
        assert answer.request.method == "GET"
        assert [before.request.method for before in answer.history][0] == "PUT"
        world.advance(100)
        assert request("GET", world.url()).status_code == 200
    assert world.authority.stats()["refreshes_ok"] == 1


@clients
def test_no_token_for_others(world, client, elsewhere):
    """Neither by an address nor by a redirect of the API."""
    with client(world) as request:
        assert request("GET", elsewhere.url).status_code == 401
        for location in (elsewhere.url, elsewhere.url.replace("127.0.0.1", "localhost")):
            redirect = {"kind": "answer", "status": 302, "headers": {"location": location}}
            world.authority.control_list("faults", [{"path": "/v1/expenses", "fault": redirect}])
            request("GET", world.url())
    assert len(elsewhere.seen) == 3
    assert not any("Authorization" in headers for headers in elsewhere.seen)
    assert world.authority.stats()["refreshes_ok"] == 0


@pytest.fixture
def elsewhere():
    """Another server, which answers 401 to everything and remembers what it was sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.seen.append(self.headers)
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("", 0), Handler)
    server.seen, server.url = [], f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[UrllibTransport, HttpxTransport])
def transport(request):
    transport = request.param()
    yield transport
    getattr(transport, "close", lambda: None)()


class Peer:
    """Answers one connection with these bytes, and keeps what came."""

    def __init__(self, answer, wait=None):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d/token?a=b" % self.listener.getsockname()[1]
        self.answer, self.wait, self.came = answer, wait, b""
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return
        with connection:
            while not self.came.endswith(b"grant"):
                part = connection.recv(65536)
                if not part:
                    return
                self.came += part
            if self.wait:
                self.wait.wait()
            with contextlib.suppress(OSError):
                connection.sendall(self.answer)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        if self.wait:
            self.wait.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def asked(url, listen_for=60_000, send_within=60_000, limit=100, clock=None):
    clock = clock or Clock()
    headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", "Basic eDp5")]
    return Request("POST", url, headers, b"grant", clock.ticks() + send_within, listen_for, limit, clock)


def test_a_request_as_it_is_sent(transport):
    with Peer(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4\r\n\r\nbody") as peer:
        answer = transport.send(asked(peer.url))
    assert (answer.status, answer.body) == (200, b"body")
    assert [value for name, value in answer.headers if name.lower() == "x-a"] == ["1", "2"]
    head, _, body = peer.came.partition(b"\r\n\r\n")
    lines = [line.lower() for line in head.split(b"\r\n")]
    assert (lines[0], body) == (b"post /token?a=b http/1.1", b"grant")
    assert b"content-length: 5" in lines
    assert b"accept-encoding: identity" in lines
    assert b"authorization: basic edp5" in lines
    assert not any(line.startswith(b"cookie") for line in lines)


def test_a_redirect_is_answered_not_followed(transport):
    with Peer(b"HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n") as peer:
        assert transport.send(asked(peer.url)).status == 307


def test_a_large_body_is_cut(transport):
    with Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 200_000) as peer:
        answer = transport.send(asked(peer.url))
    assert len(answer.body) > 100


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
    ],
)
def test_what_may_have_been_handled_is_unknown(transport, answer):
    with Peer(answer) as peer, pytest.raises(Exception) as unknown:
        transport.send(asked(peer.url))
    assert not isinstance(unknown.value, (NotSent, TooLate))
    # As `Connection.call` promises of what is used unless told otherwise.
    assert isinstance(unknown.value, OSError if isinstance(transport, UrllibTransport) else httpx.TransportError)
    assert peer.came.endswith(b"grant")


def test_an_answer_that_does_not_come(transport):
    with Peer(b"", threading.Event()) as peer, pytest.raises(Exception) as unknown:
        transport.send(asked(peer.url, listen_for=50))
    assert not isinstance(unknown.value, (NotSent, TooLate))


@pytest.mark.parametrize(
    ("kind", "begun"),
    [
        (UrllibTransport, b"HTTP/1.1 200 OK\r\nX: "),
        (UrllibTransport, b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"),
        (UrllibTransport, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"),
        (UrllibTransport, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (HttpxTransport, b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n"),
        (HttpxTransport, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"),
    ],
)
def test_an_answer_that_does_not_end(kind, begun):
    """However often a part of it comes: on a clock that goes on by a second with each."""

    class Parts(Clock):
        come = 0

        def ticks(self):
            return 1000 * self.come

    def serve():
        with listener.accept()[0] as connection, contextlib.suppress(OSError):
            while not connection.recv(65536).endswith(b"grant"):
                pass
            connection.sendall(begun)
            while clock.come < 600:
                clock.come += 1
                connection.sendall(b"1")

    clock, transport = Parts(), kind()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        url = "http://127.0.0.1:%d/token" % listener.getsockname()[1]
        with pytest.raises(TimeoutError):
            transport.send(asked(url, limit=80_000, clock=clock))
        server.join()
    getattr(transport, "close", lambda: None)()


def test_a_whole_body_without_the_end_of_its_trailer():
    """Nothing of it is missing but what would have been thrown away."""
    with Peer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n") as peer:
        assert UrllibTransport().send(asked(peer.url)).body == b"body"


def test_what_certainly_did_not_leave(transport):
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", "http://name.invalid/", f"https://127.0.0.1:{port}/"):
        with pytest.raises(NotSent):
            transport.send(asked(url))
    with Peer(b"no TLS") as peer, pytest.raises(NotSent):
        peer.came = b"grant"
        transport.send(asked(peer.url.replace("http:", "https:")))


def test_too_late(transport):
    """Before connecting, and after: then not a byte is sent."""

    class Slow(Clock):
        asked = 0

        def ticks(self):
            self.asked += 1
            return super().ticks() + (0 if self.asked < 3 else 3_600_000)

    with Peer(b"") as peer:
        with pytest.raises(TooLate):
            transport.send(asked(peer.url, send_within=-1))
        with pytest.raises(TooLate):
            transport.send(asked(peer.url, send_within=60_000, clock=Slow()))
    assert peer.came == b""


def test_the_client_works_over_httpx(authority):
    with httpx.Client(cookies={"a": "b"}, auth=("someone", "else"), follow_redirects=True) as client:
        world = World(authority, transport=HttpxTransport(client))
        world.connect()
        world.advance(900)
        assert world.get()[0] == 200
