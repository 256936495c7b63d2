"""Requests over TLS, and through a proxy."""

import contextlib
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import trustme
from evergrant.http import NotSent
from evergrant.http.httpx import HttpxTransport
from evergrant.http.urllib import UrllibTransport, _proxy
from test_http import asked

HOST = "authority.test"


class Server(threading.Thread):
    """Answers each connection by a function, and keeps what that returns."""

    def __init__(self, serve):
        super().__init__()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.serve, self.seen = serve, []
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.seen.append(self.serve(connection))
                except OSError as error:
                    self.seen.append(type(error))

    def close(self):
        if self.is_alive():
            self.listener.shutdown(socket.SHUT_RDWR)
            self.join()
        self.listener.close()


def until(connection, end):
    came = b""
    while not came.endswith(end) and (part := connection.recv(65536)):
        came += part
    return came


@pytest.fixture(scope="module")
def authority_of_certificates():
    return trustme.CA()


@pytest.fixture
def trusting(authority_of_certificates):
    context = ssl.create_default_context()
    authority_of_certificates.configure_trust(context)
    return UrllibTransport(context)


@pytest.fixture
def server(authority_of_certificates):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority_of_certificates.issue_cert(HOST, "127.0.0.1").configure_cert(context)

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            came = until(tls, b"grant")
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            return came

    server = Server(serve)
    yield server
    server.close()


@pytest.fixture
def proxy(server, monkeypatch):
    """Takes tunnels for one user, whatever the name, to the server."""

    def serve(connection):
        head = until(connection, b"\r\n\r\n")
        # "user:p@ss" as Basic credentials.
        if b"Proxy-Authorization: Basic dXNlcjpwQHNz" not in head:
            connection.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
            return head
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pipe, args=(onward, connection))
            back.start()
            pipe(connection, onward)
            back.join()
        return head

    def pipe(source, sink):
        while part := source.recv(65536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)

    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    proxy = Server(serve)
    yield proxy
    proxy.close()


def test_tls(trusting, server):
    assert trusting.send(asked(f"https://127.0.0.1:{server.port}/token")).body == b"ok"
    assert server.seen[0].startswith(b"POST /token HTTP/1.1\r\n")


def test_a_certificate_that_nobody_vouches_for(trusting, server):
    for transport, host in ((UrllibTransport(), "127.0.0.1"), (trusting, "localhost")):
        with pytest.raises(NotSent):
            transport.send(asked(f"https://{host}:{server.port}/token"))
    server.close()
    assert not any(isinstance(seen, bytes) and b"grant" in seen for seen in server.seen)


def test_a_proxy(trusting, server, proxy, monkeypatch):
    monkeypatch.setenv("https_proxy", f"http://user:p%40ss@127.0.0.1:{proxy.port}")
    assert trusting.send(asked(f"https://{HOST}/token")).body == b"ok"
    monkeypatch.setenv("https_proxy", f"127.0.0.1:{proxy.port}")
    with pytest.raises(NotSent):
        trusting.send(asked(f"https://{HOST}/token"))
    # Where it is not to be used, the name is looked up, and is none.
    monkeypatch.setenv("no_proxy", HOST)
    with pytest.raises(NotSent):
        trusting.send(asked(f"https://{HOST}/token"))
    proxy.close()
    assert [head.split()[:2] for head in proxy.seen] == [[b"CONNECT", f"{HOST}:443".encode()]] * 2
    assert len(server.seen) == 1


@pytest.mark.parametrize("form", ["https://user:canary@{}", "socks5://{}", "http://{}0000", "http://", "http://[::1"])
def test_a_proxy_of_another_kind_is_told_nothing(trusting, server, proxy, monkeypatch, caplog, form):
    """Least of all a password, in clear."""
    monkeypatch.setenv("https_proxy", form.format(f"127.0.0.1:{proxy.port}"))
    with pytest.raises(NotSent):
        trusting.send(asked(f"https://{HOST}:{server.port}/token"))
    proxy.close()
    assert proxy.seen == []
    assert "https_proxy" in caplog.text and "canary" not in caplog.text


def test_a_proxy_without_a_port():
    assert [_proxy(form)[1] for form in ("http://proxy.test", "proxy.test", "HTTP://proxy.test:3128")] == [
        ("proxy.test", 80),
        ("proxy.test", 80),
        ("proxy.test", 3128),
    ]


@pytest.mark.parametrize("kind", ["http", "https"])
def test_headers_that_trickle_in_to_httpx(kind, authority_of_certificates):
    """Each wait is short, and their sum is bounded all the same."""
    over, context = threading.Event(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority_of_certificates.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority_of_certificates.configure_trust(trusting)

    def serve():
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True) if kind == "https" else connection as peer:
            while not peer.recv(65536).endswith(b"grant"):
                pass
            with contextlib.suppress(OSError):
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ")
                for _ in range(400):
                    peer.sendall(b"1")
                    if over.wait(0.02):
                        break
                peer.sendall(b"\r\n\r\n")

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        httpx.Client(verify=trusting) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        serving = threads.submit(serve)
        url = "%s://127.0.0.1:%d/token" % (kind, listener.getsockname()[1])
        with pytest.raises(httpx.TransportError):
            HttpxTransport(client).send(asked(url, listen_for=200))
        over.set()
        serving.result()
