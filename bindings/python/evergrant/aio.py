"""One customer's grant and many, for asyncio.

The work is done by the same engine as for threads, in worker threads: no event loop's
end and no cancelled task can interrupt a refresh that has been sent. A valid token is
answered without leaving the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, wait
from typing import TYPE_CHECKING, TypeVar, cast

from .client import Client
from .connections import Kept, pending_key, tenant_of
from .driver import Headers
from .errors import EvergrantError, StoreUnavailable
from .http import Answer
from .machine import ApiKeyKind, Secret
from .news import Authorized, KeyAccepted
from .operations import Authorization, Cookies, Operations, Status, cookie_of, secret
from .store import AsyncStore, Store, Stored, Write
from .token import MIN_VALIDITY, Token

if TYPE_CHECKING:
    from .http.httpx import AsyncAuth

__all__ = ["AsyncConnection", "AsyncConnections"]

T = TypeVar("T")


class AsyncConnection:
    """`Connection` for asyncio: the same methods, to be awaited, but for `session`: the
    library requests knows no asyncio.

    The store is a `Store` or an `AsyncStore`. One of the latter belongs to the event loop
    that was running when the connection was last used: before that loop ends, await
    `settled`, or what is to be stored then waits in memory for a loop that has gone.
    """

    def __init__(self, client: Client, store: Store | AsyncStore, tenant: str) -> None:
        self._store = store if isinstance(store, LoopStore) else LoopStore(store)
        self._shared = Operations(client, self._store, tenant)
        self._driver = self._shared.driver
        self._time = client.clock.time
        self.client, self.tenant = client, tenant

    async def token(self, min_validity: int | None = None, *, timeout: float | None = None) -> Token:
        """As `Connection.token`."""
        token = self._driver.token
        if token is not None and min_validity is None and self._time() < token.fresh_until:
            return token
        return await self._wait(self._operations.token(MIN_VALIDITY if min_validity is None else min_validity), timeout)

    async def authorization(self, url: str, *, timeout: float | None = None) -> str | None:
        """As `Connection.authorization`."""
        return (await self.token(timeout=timeout)).expose() if self.may_go_to(url) else None

    def may_go_to(self, url: str) -> bool:
        """As `Connection.may_go_to`."""
        return self._shared.is_api_url(url)

    def auth(self) -> AsyncAuth:
        """For `httpx.AsyncClient(auth=...)`."""
        from .http.httpx import AsyncAuth

        return AsyncAuth(self)

    async def api_answered(
        self, token: Token, status: int, headers: Headers = ()
    ) -> EvergrantError | None:
        """As `Connection.api_answered`."""
        return await self._wait(self._operations.api_answered(token, status, headers), None)

    async def authorize(
        self,
        redirect_uri: str,
        *,
        scopes: Sequence[str] = (),
        company: str | None = None,
        return_context: str | None = None,
        extra: Mapping[str, str] | None = None,
        same_process: bool = False,
        timeout: float | None = None,
    ) -> Authorization:
        """As `Connection.authorize`."""
        asked = self._operations.authorize(redirect_uri, scopes, company, return_context, extra, same_process)
        return self._operations.opened(await self._wait(asked, timeout), redirect_uri)

    async def callback(
        self, url: str | Secret, cookies: Cookies = None, *, same_process: bool = False, timeout: float | None = None
    ) -> Authorized:
        """As `Connection.callback`."""
        url = secret(url)
        cookies = cookie_of(url, cookies)
        return await self._wait(self._operations.callback(url, cookies, same_process), timeout)

    async def enter_key(
        self,
        key: Secret | str,
        *,
        kind: ApiKeyKind = ApiKeyKind.INTEGRATED,
        company: str | None = None,
        scopes: Sequence[str] = (),
        timeout: float | None = None,
    ) -> KeyAccepted:
        """As `Connection.enter_key`."""
        key = secret(key)
        return await self._wait(self._operations.enter_key(key, kind, company, scopes), timeout)

    async def cancel(self, authorization: str | None = None, *, timeout: float | None = None) -> None:
        """As `Connection.cancel`."""
        await self._wait(self._operations.cancel(authorization), timeout)

    async def disconnect(self, *, timeout: float | None = None) -> bool:
        """As `Connection.disconnect`."""
        return await self._wait(self._operations.disconnect(), timeout)

    async def status(self) -> Status:
        """As `Connection.status`."""
        return self._operations.status(await self._store.read(self._operations.store_key))

    async def company(self) -> str | None:
        """As `Connection.company`."""
        return self._operations.company(await self._store.read(self._operations.store_key))

    async def missing_scopes(self, needed: str) -> list[str]:
        """As `Connection.missing_scopes`."""
        return self._operations.missing_scopes(await self._store.read(self._operations.store_key), needed)

    async def maintain(self, *, timeout: float | None = None) -> int | None:
        """As `Connection.maintain`."""
        await self._wait(self._operations.maintain(), timeout)
        await self.settled(timeout=timeout)
        return self._driver.wake_at

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float | None = None,
        answer_limit: int = 16 << 20,
    ) -> Answer:
        """As `Connection.call`, in a thread: whoever is cancelled does not stop it."""
        call = self._operations.call
        return await asyncio.to_thread(call, method, url, headers, body, timeout, answer_limit)

    async def settled(self, *, timeout: float | None = None) -> None:
        """Waits until nothing is under way: all that was sent is answered, and stored."""
        await self._wait(self._operations.settled(), timeout)

    def __repr__(self) -> str:
        return f"AsyncConnection({self.tenant!r})"

    @property
    def _operations(self) -> Operations:
        self._store.use(asyncio.get_running_loop())
        return self._shared

    async def _wait(self, asked: Future[T], timeout: float | None) -> T:
        seconds = self.client.timeout if timeout is None else timeout
        try:
            # A caller's cancellation takes the future away, and nothing else.
            return await asyncio.wait_for(asyncio.wrap_future(asked), seconds)
        except asyncio.TimeoutError:
            # A loop that was busy hears of the time although the answer came within it,
            # and what was done for that, such as a redirect's, is not done twice.
            if asked.done() and not asked.cancelled():
                return asked.result()
            raise self._shared.too_long() from None


class AsyncConnections:
    """`Connections` for asyncio."""

    def __init__(self, client: Client, store: Store | AsyncStore, *, keep: int = 1_000) -> None:
        self.client, self.store = client, store
        self._store = LoopStore(store)
        self._kept: Kept[AsyncConnection] = Kept(lambda tenant: AsyncConnection(client, self._store, tenant), keep)

    def __getitem__(self, tenant: str) -> AsyncConnection:
        return self._kept.of(tenant)

    __iter__ = None
    __contains__ = None

    async def callback(
        self, url: str | Secret, cookies: Cookies = None, *, same_process: bool = False, timeout: float | None = None
    ) -> Authorized:
        """As `Connections.callback`."""
        url = secret(url)
        cookies = cookie_of(url, cookies)
        current = await self._store.read(pending_key(url))
        tenant = tenant_of(self.client, url, current.record if current else None)
        return await self[tenant].callback(url, cookies, same_process=same_process, timeout=timeout)

    def __repr__(self) -> str:
        return f"AsyncConnections({self.client!r}, {self.store!r})"


class LoopStore:
    """A store of either kind, for worker threads and for an event loop."""

    def __init__(self, store: Store | AsyncStore) -> None:
        is_async = inspect.iscoroutinefunction(store.swap)
        self._async = cast("AsyncStore", store) if is_async else None
        self._sync = cast("Store", store)
        self._loop: asyncio.AbstractEventLoop | None = None

    def use(self, loop: asyncio.AbstractEventLoop) -> None:
        """In which event loop an asyncio store is at home."""
        self._loop = loop

    async def read(self, key: str) -> Stored | None:
        """What is there, for the event loop."""
        if self._async is not None:
            return await self._async.swap(key, None, None)
        return await asyncio.to_thread(self._sync.swap, key, None, None)

    def swap(self, key: str, expected: str | None, write: Write | None) -> Stored | None:
        """As `Store.swap`, for worker threads."""
        if self._async is None:
            return self._sync.swap(key, expected, write)
        loop = self._loop
        if loop is None or not loop.is_running():
            raise StoreUnavailable("the event loop of an asyncio store is not running")
        with contextlib.suppress(RuntimeError):
            if asyncio.get_running_loop() is loop:
                # Where no thread can be begun: it would wait for itself.
                raise StoreUnavailable("no thread to wait for an asyncio store in")
        answer = asyncio.run_coroutine_threadsafe(self._async.swap(key, expected, write), loop)
        while not wait([answer], 0.5).done:
            # A loop that has stopped never answers, nor says so.
            if not loop.is_running() and answer.cancel():
                break
        try:
            return answer.result()
        except CancelledError:
            raise StoreUnavailable("the event loop of an asyncio store has ended") from None
