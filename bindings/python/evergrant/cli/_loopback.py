"""A server on this machine that a browser is sent from, and comes back to.

The browser begins here and not at the provider, so that it gets the cookie by which it
is recognised, and so that nothing secret stands in what a process list shows. The
address that it begins at works for the browser that comes first, and for no other.
"""

from __future__ import annotations

import html
import queue
import secrets
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..connection import Connection
from ..errors import CallbackRefused, EvergrantError
from ..machine import Secret
from ..news import Authorized
from ..operations import Authorization
from ._errors import ConfigError
from .verdict import advice

__all__ = ["Loopback"]


class Loopback:
    """Listens from the start; answers from `serve` on."""

    def __init__(self, uri: SplitResult, *, any_port: bool) -> None:
        port = 0 if any_port else uri.port or 80
        host = uri.hostname or ""
        try:
            self._server = _server(host)(("127.0.0.1" if host == "localhost" else host, port), _Handler)
        except OSError as error:
            raise ConfigError(
                "config_port_taken", f"nothing can listen on {host}, port {port}: {error.strerror}"
            ) from None
        self.redirect_uri = uri.geturl()
        """As it is asked for: with the port, if any will do."""
        if any_port:
            named = f"[{host}]" if ":" in host else host
            self.redirect_uri = uri._replace(netloc=f"{named}:{self._server.server_port}").geturl()
        self.came: queue.SimpleQueue[Authorized | Exception | str] = queue.SimpleQueue()
        """What came of the browser: the end, or a line for whoever waits."""

    def serve(self, begun: Authorization, connection: Connection) -> str:
        """Answers; the address to open is what comes back."""
        self._server.visit = _Visit(self, begun, connection)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self._server.visit.start

    def __enter__(self) -> Loopback:
        return self

    def __exit__(self, *ended: object) -> None:
        if self._server.visit is not None:
            self._server.shutdown()
        self._server.server_close()


class _Visit:
    """One authorization, as the browser sees it."""

    def __init__(self, loopback: Loopback, begun: Authorization, connection: Connection) -> None:
        assert begun.cookie is not None
        self._begun, self._connection, self._cookie = begun, connection, begun.cookie
        self._uri, self._came = urlsplit(loopback.redirect_uri), loopback.came
        self._lock = threading.Lock()
        self._taken = False
        # Below the redirect URI, so that the cookie comes here as well.
        self._path = f"{(self._uri.path or '/').rstrip('/')}/{secrets.token_urlsafe(24)}"
        self.start = self._uri._replace(path=self._path, query="").geturl()

    def answer(self, target: str, cookies: str) -> _Page:
        """What a request gets."""
        try:
            url = urlsplit(target)
        except ValueError:
            return _Page(404, "There is nothing here")
        value = _value(cookies, self._cookie.name)
        if url.path == self._path:
            return self._begin(value)
        if url.path == (self._uri.path or "/"):
            return self._come_back(Secret(self._uri._replace(query=url.query).geturl()), value)
        return _Page(404, "There is nothing here")

    def _begin(self, value: str | None) -> _Page:
        with self._lock:
            first, self._taken = not self._taken, True
        known = secrets.compare_digest((value or "").encode(), self._cookie.value.expose().encode())
        if not first and not known:
            self._came.put("somebody opened the address a second time, from another browser")
            return _Page(403, "Another browser has begun here")
        cookie = f"{self._cookie.name}={self._cookie.value.expose()}; Path={self._cookie.path}; HttpOnly; SameSite=Lax"
        return _Page(303, "To the provider", {"Location": self._begun.url.expose(), "Set-Cookie": cookie})

    def _come_back(self, url: Secret, value: str | None) -> _Page:
        came: Authorized | Exception | str
        try:
            came = self._connection.callback(url, value)
            page = _Page(200, "You are connected", note="You can close this window.")
        except CallbackRefused as error:
            # The true one may still come.
            came = f"a redirect was refused ({error.code})"
            page = _Page(400, "This was not accepted", note=f"{error.code}: nothing has changed.")
        except EvergrantError as error:
            came = error
            page = _Page(400, "You are not connected", note=f"{error.code}: {advice(error)}")
        except Exception as error:
            # A bug: whoever waits is told, and not left waiting.
            came = error
            page = _Page(500, "You are not connected")
        page.then = lambda: self._came.put(came)
        return page


class _Page:
    """An answer to the browser."""

    def __init__(self, status: int, title: str, headers: dict[str, str] | None = None, note: str = "") -> None:
        self.status = status
        self.headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            **(headers or {}),
        }
        self.body = (
            f"<!doctype html><html lang=en><meta name=viewport content='width=device-width'>"
            f"<meta name=color-scheme content='light dark'><title>{html.escape(title)}</title>"
            f"<h1>{html.escape(title)}</h1><p>{html.escape(note)}</p></html>"
        ).encode()
        self.then: Callable[[], None] = lambda: None
        """To be called when the answer has left."""


class _Server(ThreadingHTTPServer):
    """Answers several at once: browsers open connections ahead and leave them idle."""

    daemon_threads = True
    block_on_close = False
    visit: _Visit | None = None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a browser that went away is no news, and a traceback would be."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server(host: str) -> type[_Server]:
    return _Server6 if ":" in host else _Server


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version = "evergrant", ""
    timeout = 60

    def do_GET(self) -> None:
        """Every request of a browser that matters here."""
        assert isinstance(self.server, _Server)
        visit = self.server.visit
        page = visit.answer(self.path, self.headers.get("Cookie", "")) if visit else _Page(404, "There is nothing here")
        try:
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)
            self.wfile.flush()
        finally:
            # Only now: the process may end at once.
            page.then()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what is asked for holds codes."""


def _value(cookies: str, name: str) -> str | None:
    pairs = (each.strip().partition("=") for each in cookies.split(";"))
    return next((value for found, _, value in pairs if found == name), None)
