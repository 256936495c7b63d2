"""HTTP by the standard library alone: what is used unless told otherwise.

| what happens | is told as |
|---|---|
| the name cannot be resolved; nobody listens; TLS or its certificate fails; a proxy refuses the tunnel, or is not an `http://` one | `NotSent` |
| the time to send has passed before or after connecting | `TooLate` |
| after the first byte may have left: an answer that is cut short, cannot be decompressed or is no HTTP | `BadAnswer` |
| anything else after that: reset, timeout | another `OSError` |

Each request has a connection of its own, so that none is lost on one that the server
had closed. `https_proxy` and `no_proxy` of the environment are honoured.
"""

from __future__ import annotations

import base64
import http.client
import io
import logging
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from . import Answer, BadAnswer, NotSent, Request
from ._body import body_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["BadAnswer", "UrllibTransport"]

log = logging.getLogger("evergrant")


class UrllibTransport:
    """Sends requests by `http.client`. `context` is for certificates of one's own."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context or ssl.create_default_context()

    def send(self, request: Request) -> Answer:
        """As `Transport.send`."""
        connection = self._open(request.url, request.time_to_send())
        try:
            try:
                connection.connect()
            except (OSError, http.client.HTTPException) as error:
                raise NotSent(type(error).__name__) from error
            request.time_to_send()
            connection.sock = timed = _Timed(connection.sock, request)
            url = urlsplit(request.url)
            path = url._replace(scheme="", netloc="", fragment="").geturl() or "/"
            connection.request(request.method, path, request.body or None, dict(request.headers))
            try:
                answer = connection.getresponse()
                timed.answer.is_head = False
                encoding = answer.getheader("Content-Encoding", "")
                parts = iter(lambda: answer.read1(65_536), b"")
                body = body_of(parts, encoding, request.answer_limit)
            except http.client.HTTPException as error:
                raise BadAnswer(type(error).__name__) from None
            if answer.length and len(body) <= request.answer_limit:
                raise BadAnswer("IncompleteRead")
            return Answer(answer.status, answer.getheaders(), body)
        finally:
            connection.close()

    def _open(self, url: str, timeout: float) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        if parts.scheme != "https":
            # Only a loopback address of a test, which no proxy can reach.
            return http.client.HTTPConnection(host, port, timeout=timeout)
        proxy = None if proxy_bypass(host) else getproxies().get("https")
        if not proxy:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._context)
        through, there = _proxy(proxy)
        connection = http.client.HTTPSConnection(*there, timeout=timeout, context=self._context)
        connection.set_tunnel(host, port or 443, _proxy_headers(through.username, through.password))
        return connection


class _Timed:
    """A socket for `http.client` that has so long for all that it sends and receives: a
    socket's own timeout begins anew with each part."""

    def __init__(self, inner: socket.socket, request: Request) -> None:
        self._inner, self._ticks = inner, request.clock.ticks
        self._until = self._ticks() + request.listen_for
        self.close = inner.close

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            self.wait()
            left = left[self._inner.send(left) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        self.answer = _Answer(_Incoming(self))
        return self.answer

    def open(self) -> socket.SocketIO:
        """What comes, without a buffer."""
        return self._inner.makefile("rb", buffering=0)

    def wait(self) -> None:
        """Before each part; raises `TimeoutError` where no time is left."""
        left = self._until - self._ticks()
        if left <= 0:
            raise TimeoutError
        self._inner.settimeout(left / 1000)


class _Answer(io.BufferedReader):
    """What `http.client` reads. It takes a head for whole that ends with the connection."""

    is_head = True

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if self.is_head and not line.endswith(b"\n") and len(line) != size:
            raise http.client.IncompleteRead(b"")
        return line


class _Incoming(io.RawIOBase):
    def __init__(self, timed: _Timed) -> None:
        self._timed, self._inner = timed, timed.open()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._timed.wait()
        return self._inner.readinto(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


def _proxy(proxy: str) -> tuple[SplitResult, tuple[str, int]]:
    """What the environment says, and where that is."""
    try:
        through = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        there = through.hostname or "", through.port or 80
    except ValueError:
        through, there = SplitResult("", "", "", "", ""), ("", 0)
    if through.scheme.lower() != "http" or not there[0]:
        # One that is spoken to in TLS or SOCKS: not in clear, then, nor without it.
        log.error("https_proxy is not of the form http://HOST:PORT: nothing is sent")
        raise NotSent("ProxyUnknown")
    return through, there


def _proxy_headers(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}
