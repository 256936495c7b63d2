"""The body of an answer: what a server or a proxy compresses unasked is undone, within
the limit at every moment."""

import gzip
import json
import tracemalloc
import zlib

import pytest
from evergrant.http import Answer, BadAnswer
from evergrant.http._body import body_of
from evergrant.http.httpx import HttpxTransport
from evergrant.http.urllib import UrllibTransport
from test_http import Peer, asked
from world import World

TEXT = b'{"access_token":"x"}'


def deflate(data, window=zlib.MAX_WBITS):
    made = zlib.compressobj(wbits=window)
    return made.compress(data) + made.flush()


def bare(data):
    return deflate(data, -zlib.MAX_WBITS)


@pytest.fixture(params=[UrllibTransport, HttpxTransport])
def transport(request):
    transport = request.param()
    yield transport
    getattr(transport, "close", lambda: None)()


def sent(transport, encoding, body, limit=100):
    """What the transport hands on of this, cut into chunks of five bytes."""
    chunks = [body[at : at + 5] for at in range(0, len(body), 5)]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])
    head = f"HTTP/1.1 200 OK\r\n{encoding}Transfer-Encoding: chunked\r\n\r\n".encode()
    with Peer(head + chunked) as peer:
        return transport.send(asked(peer.url, limit=limit)).body


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("X-GZip ", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT) + b"and more"),
        ("deflate", deflate(TEXT)),
        ("deflate", bare(TEXT)),
        # As it came: of a proxy that has undone it, and what is not known here.
        ("gzip", TEXT),
        ("identity", TEXT),
        ("br", TEXT),
        ("gzip, gzip", TEXT),
    ],
)
def test_what_was_compressed_unasked(transport, encoding, body):
    assert sent(transport, f"Content-Encoding: {encoding}\r\n", body) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_no_body(transport, encoding):
    """As an answer to HEAD has none, whatever its head says."""
    assert sent(transport, f"Content-Encoding: {encoding}\r\n", b"") == b""


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT)[:-9]),
        ("gzip", gzip.compress(TEXT)[:-1]),
        ("gzip", gzip.compress(TEXT)[:-8] + b"\0" * 8),
        ("gzip", b"\x1f-hidden-token"),
        ("deflate", deflate(TEXT)[:-1]),
        ("deflate", bare(TEXT)[:-1]),
        ("deflate", b"hidden-token"),
    ],
)
def test_what_cannot_be_undone_is_no_answer(transport, encoding, body):
    with pytest.raises(BadAnswer) as bad:
        sent(transport, f"Content-Encoding: {encoding}\r\n", body)
    assert "hidden-token" not in f"{bad.value!r}"


@pytest.mark.parametrize("compress", [gzip.compress, deflate, bare])
def test_a_bomb_is_cut(compress):
    """16 MB that were sent as 16 KB, in one part."""
    bomb, encoding = compress(bytes(1 << 24)), "gzip" if compress is gzip.compress else "deflate"
    tracemalloc.start()
    try:
        assert body_of([bomb, bomb], encoding, 1_000) == bytes(1_001)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [999, 1_000, 1_001])
def test_the_limit_is_of_what_was_meant(size):
    assert body_of([gzip.compress(bytes(size))], "gzip", 1_000) == bytes(size)
    assert body_of([deflate(bytes(range(256)) * 4, -15)], "deflate", 1_024) == bytes(range(256)) * 4


def test_what_follows_is_not_kept():
    tracemalloc.start()
    try:
        more = (bytes(65_536) for _ in range(100))
        assert body_of((part for parts in ([gzip.compress(TEXT)], more) for part in parts), "gzip", 100) == TEXT
        assert tracemalloc.get_traced_memory()[1] < 400_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [UrllibTransport, HttpxTransport])
def test_a_grant_outlives_a_proxy_that_compresses(authority, kind):
    """A refresh whose answer cannot be read would be the end of it, at a strict server."""

    class Proxy:
        inner = kind()

        def send(self, request):
            answer = self.inner.send(request)
            body = sent(self.inner, "Content-Encoding: gzip\r\n", gzip.compress(answer.body), 65_536)
            return Answer(answer.status, answer.headers, body)

    world = World(authority, transport=Proxy())
    world.connect()
    first = world.connection.token().generation
    world.advance(900)
    assert world.connection.token().generation == first + 1
    assert json.loads(world.connection.call("GET", world.url()).body)
    getattr(Proxy.inner, "close", lambda: None)()
