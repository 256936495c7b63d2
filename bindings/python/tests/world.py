"""What the tests of the package need: an authority's client, a clock that can be moved,
and asyncio's connections for callers without asyncio, so that both pass the same tests."""

import asyncio
import functools
import inspect
import threading
import time

from driver import call
from evergrant import AsyncConnections, Client, Connections, Provider, Sealing, Secret
from evergrant._clock import Clock
from evergrant.machine import Disconnect, IssPolicy, Method
from evergrant.stores import MemoryStore

CALLBACK = "http://127.0.0.1:49152/callback"
CLIENT_ID, CLIENT_SECRET = "demo client+1", "s3cret/%:+é"


class MovedClock(Clock):
    """The clock, and what a test has added to it."""

    def __init__(self):
        super().__init__()
        self.ahead = 0.0

    def time(self):
        return time.time() + self.ahead


class World:
    """A host's program, and the authority that it talks to."""

    def __init__(self, authority, store=None, connections=Connections, **client):
        self.authority, self.store, self.clock = authority, store or MemoryStore(), MovedClock()
        self.notices = []
        self.kind = connections
        self.more = client
        self.restart()

    def provider(self, **more):
        base = self.authority.base
        return Provider(
            **{
                "environment": "loopback",
                "issuer": base,
                "iss": IssPolicy.REQUIRED,
                "authorization_endpoint": f"{base}/oauth/authorize",
                "token_endpoint": f"{base}/oauth/token",
                "revocation_endpoint": f"{base}/oauth/revoke",
                "api_origin": base,
                "loopback_http": True,
                **more,
            }
        )

    def restart(self):
        """A new process: everything but the store is lost."""
        more = dict(self.more)
        provider = self.provider(**more.pop("provider", {}))
        self.client = Client(
            provider,
            **{
                "client_id": CLIENT_ID,
                "client_secret": Secret(CLIENT_SECRET),
                "redirect_uris": ["http://127.0.0.1/callback"],
                "scopes": ["expenses:read", "users:read"],
                "sealing": Sealing.plain(),
                "clock": self.clock,
                "timeout": 60,
                "on_notice": self.notices.append,
                **more,
            },
        )
        self.connections = self.kind(self.client, self.store)
        self.connection = self.connections["tenant 42/ü"]

    def url(self, path="/v1/expenses"):
        return self.authority.base + path

    def connect(self, connection=None):
        """A person goes through the browser, and comes back."""
        begun = (connection or self.connection).authorize(CALLBACK, return_context="/settings")
        return self.connections.callback(browse(begun), {begun.cookie.name: begun.cookie.value.expose()})

    def advance(self, seconds):
        self.clock.ahead += seconds
        self.authority.control("advance", seconds=seconds)

    def get(self, connection=None):
        """An API call: with the token, and once more after a 401."""
        connection = connection or self.connection
        token = connection.token()
        for last in (False, True):
            headers = {"authorization": connection.authorization(self.url())}
            status, answered, body = call(self.url(), "GET", headers)
            if status != 401 or last:
                return status, body
            lines = [line.partition(": ")[::2] for line in answered.expose().splitlines()]
            error = connection.api_answered(token, status, lines)
            if error:
                raise error

    def codes(self):
        return [notice.code for notice in self.notices]


def browse(begun):
    """The browser, and the person in it: comes back with the redirect."""
    status, headers, _ = call(begun.url.expose(), "GET", {})
    assert status in (302, 303)
    return dict(line.split(": ", 1) for line in headers.expose().splitlines())["location"]


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        # A connection's timer may have begun something meanwhile.
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            self.loop.run_until_complete(asyncio.wait(left))
        self.loop.close()


class FromLoop:
    """Something of asyncio's, with methods that wait."""

    def __init__(self, loop, inner):
        self._loop, self._inner = loop, inner

    def __getitem__(self, tenant):
        return FromLoop(self._loop, self._inner[tenant])

    def __getattr__(self, name):
        method = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(method):
            return method

        @functools.wraps(method)
        def waiting(*args, **named):
            return self._loop.run(method(*args, **named))

        return waiting


def async_connections(loop):
    return lambda client, store: FromLoop(loop, AsyncConnections(client, store))


class AsyncStore:
    """A store of asyncio's, of which a test can see that it was awaited."""

    def __init__(self):
        self.inner, self.swaps = MemoryStore(), 0

    async def swap(self, key, expected, write):
        await asyncio.sleep(0)
        self.swaps += 1
        return self.inner.swap(key, expected, write)
