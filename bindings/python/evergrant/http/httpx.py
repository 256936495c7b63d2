"""httpx: authentication of calls to the API, and a transport. Needs `evergrant[httpx]`.

    httpx.Client(auth=connection.auth()).get("https://api.example/v1/expenses")

| what the transport sees | is told as |
|---|---|
| `ConnectError`, `ConnectTimeout`, `PoolTimeout`, `ProxyError`, `UnsupportedProtocol` | `NotSent` |
| the time to send has passed before or after connecting | `TooLate` |
| anything else: `ReadTimeout`, `WriteError`, `RemoteProtocolError` and the rest | anything else |
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from typing import Any

import httpx

from .._timer import wake_in
from ..aio import AsyncConnection
from ..connection import Connection
from ..token import Token
from . import Answer, NotSent, Request
from ._body import body_of

__all__ = ["AsyncAuth", "Auth", "HttpxTransport"]


class Auth(httpx.Auth):
    """Puts the token in where a request goes to the API's origin, and nowhere else: of
    another one no token is asked for. After a 401 makes it once more with a new token; a
    second 401 is handed back as it is. A body that is a stream is sent once, and so is a
    request that was redirected."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._origin = _origin(httpx.URL(connection.client.provider.config.api_origin))

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """As httpx wants it."""
        url = request.url
        if _origin(url) != self._origin and not self._connection.may_go_to(str(url)):
            yield request
            return
        token = self._connection.token()
        request.headers["Authorization"] = token.expose()
        response = yield request
        if not _is_refused(response, token):
            return
        # Told even where the request cannot be made again: for the next one.
        error = self._connection.api_answered(token, 401, response.headers.multi_items())
        if error is None and _is_replayable(request, response):
            request.headers["Authorization"] = self._connection.token().expose()
            yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Refused: it would stop the event loop."""
        raise TypeError("httpx.AsyncClient needs the auth() of an AsyncConnection")
        yield request


class AsyncAuth(httpx.Auth):
    """`Auth` for `httpx.AsyncClient`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._origin = _origin(httpx.URL(connection.client.provider.config.api_origin))

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """As httpx wants it."""
        url = request.url
        if _origin(url) != self._origin and not self._connection.may_go_to(str(url)):
            yield request
            return
        token = await self._connection.token()
        request.headers["Authorization"] = token.expose()
        response = yield request
        if not _is_refused(response, token):
            return
        error = await self._connection.api_answered(token, 401, response.headers.multi_items())
        if error is None and _is_replayable(request, response):
            request.headers["Authorization"] = (await self._connection.token()).expose()
            yield request

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Refused: it cannot wait."""
        raise TypeError("httpx.Client needs the auth() of a Connection")
        yield request


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None, bytes]:
    # Where httpx will send it: to write the URL out and read it again costs four times as much.
    return url.scheme, url.raw_host, url.port, url.userinfo


def _is_refused(response: httpx.Response, token: Token) -> bool:
    # Of a redirect's answer only where it was asked with this token: httpx takes the
    # header away where a redirect leaves the origin.
    return response.status_code == 401 and response.request.headers.get("Authorization") == token.expose()


def _is_replayable(request: httpx.Request, response: httpx.Response) -> bool:
    # Of a redirect's answer it is not this request that was refused: it was handled.
    return response.request is request and isinstance(request.stream, httpx.ByteStream)


class HttpxTransport:
    """The client's requests by httpx: for its proxies and certificates. What a client of
    yours adds to requests (cookies, headers, credentials, redirects) is not used.

    httpx bounds each wait, not their sum: where an answer's headers come byte by byte the
    connection is shut down in the end, unless a client of yours had kept it from before."""

    def __init__(self, client: httpx.Client | None = None) -> None:
        # No connection is kept: a request may be lost on one that the server had closed.
        self._client = client or httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))

    def close(self) -> None:
        """Closes the client."""
        self._client.close()

    def send(self, request: Request) -> Answer:
        """As `Transport.send`."""
        listen = request.listen_for / 1000
        left = request.time_to_send()
        watch = _Watch(request)

        sent = httpx.Request(
            request.method,
            request.url,
            headers=[*request.headers, ("Accept-Encoding", "identity")],
            content=request.body or None,
            extensions={
                "timeout": {"connect": left, "pool": left, "write": listen, "read": listen},
                "trace": watch.trace,
            },
        )
        try:
            answer = self._client.send(sent, stream=True, auth=httpx.Auth(), follow_redirects=False)
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.ProxyError,
            httpx.UnsupportedProtocol,
        ) as error:
            raise NotSent(type(error).__name__) from error
        try:
            # httpx would undo a compression without an end to how much comes out.
            encoding = answer.headers.get("Content-Encoding", "")
            body = body_of(watch.each(answer.iter_raw()), encoding, request.answer_limit)
            return Answer(answer.status_code, answer.headers.multi_items(), body)
        finally:
            answer.close()


class _Watch:
    """Looks at the whole time of one answer."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._until = request.send_by + request.listen_for
        self._socket: socket.socket | None = None

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """As httpcore tells what it does."""
        if event.endswith(("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
        elif event.endswith("send_request_headers.started"):
            # The last moment before the first byte.
            self._request.time_to_send()
            self._until = self._request.clock.ticks() + self._request.listen_for
            self.wake_up()

    def left(self) -> int:
        """The milliseconds that are left."""
        return self._until - self._request.clock.ticks()

    def each(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        """The parts of the body; raises `TimeoutError` where no time is left."""
        for part in parts:
            yield part
            if self.left() <= 0:
                raise TimeoutError

    def wake_up(self) -> None:
        """Whoever listens for too long is told that nothing more will come."""
        if self.left() > 0:
            wake_in(self.left() / 1000, self)
        elif self._socket is not None:
            with contextlib.suppress(OSError):
                # Of the socket alone: TLS has a farewell of its own.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
