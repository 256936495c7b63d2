"""One customer's grant, for threads."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from .client import Client
from .driver import Headers
from .errors import EvergrantError
from .http import Answer
from .machine import ApiKeyKind, Secret
from .news import Authorized, KeyAccepted
from .operations import MIN_VALIDITY, Authorization, Cookies, Operations, Status, cookie_of, secret
from .store import Store
from .token import Token

if TYPE_CHECKING:
    from requests import Session

    from .http.httpx import Auth

__all__ = ["Connection"]

T = TypeVar("T")


class Connection:
    """One customer's grant. To be kept and shared by threads: it refreshes once for all.

    Every method but `token`, `authorization` and `api_answered` of a valid token looks
    into the store. Whoever has waited for `timeout` seconds (the client's, unless told)
    gets `TryLater`; what was begun goes on. Errors are those of `evergrant.errors`.
    """

    def __init__(self, client: Client, store: Store, tenant: str) -> None:
        if inspect.iscoroutinefunction(store.swap):
            raise TypeError("an asyncio store is for AsyncConnection")
        self._operations = Operations(client, store, tenant)
        self._driver = self._operations.driver
        self._time = client.clock.time
        self.client, self.tenant = client, tenant

    def token(self, min_validity: int | None = None, *, timeout: float | None = None) -> Token:
        """A token that is valid for `min_validity` milliseconds more (30,000 unless told),
        or for half of its life; refreshed if need be. To be asked for before each request."""
        token = self._driver.token
        if token is not None and min_validity is None and self._time() < token.fresh_until:
            return token
        return self._wait(self._operations.token(MIN_VALIDITY if min_validity is None else min_validity), timeout)

    def authorization(self, url: str, *, timeout: float | None = None) -> str | None:
        """The `Authorization` header for a request to this URL: None, and no token is
        asked for, where that is not the API's origin, to which alone tokens go."""
        return self.token(timeout=timeout).expose() if self.may_go_to(url) else None

    def may_go_to(self, url: str) -> bool:
        """Whether the URL is the API's origin's: tokens go nowhere else."""
        return self._operations.is_api_url(url)

    def auth(self) -> Auth:
        """For `httpx.Client(auth=...)`: the token goes in, and after a 401 a new one."""
        from .http.httpx import Auth

        return Auth(self)

    def session(self) -> Session:
        """A session of requests that does the same."""
        from .http.requests import session

        return session(self)

    def api_answered(
        self, token: Token, status: int, headers: Headers = ()
    ) -> EvergrantError | None:
        """To be told of each answer of the API from 400 on; returns what it means: of a
        401 nothing, if the request is to be made once more with the next `token()`."""
        return self._wait(self._operations.api_answered(token, status, headers), None)

    def authorize(
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
        """Begins an authorization: where to send the person's browser, and the cookie to
        set. Without `scopes` those of the last time are asked for, or else all.

        `return_context` comes back with `callback`. `same_process` is for programs whose
        redirect comes to themselves, on the same machine: there is no cookie then.
        """
        asked = self._operations.authorize(redirect_uri, scopes, company, return_context, extra, same_process)
        return self._operations.opened(self._wait(asked, timeout), redirect_uri)

    def callback(
        self, url: str | Secret, cookies: Cookies = None, *, same_process: bool = False, timeout: float | None = None
    ) -> Authorized:
        """Completes an authorization. `url` is the whole URL of the redirect, `cookies`
        those that came with it, or the one cookie's value."""
        url = secret(url)
        cookies = cookie_of(url, cookies)
        return self._wait(self._operations.callback(url, cookies, same_process), timeout)

    def enter_key(
        self,
        key: Secret | str,
        *,
        kind: ApiKeyKind = ApiKeyKind.INTEGRATED,
        company: str | None = None,
        scopes: Sequence[str] = (),
        timeout: float | None = None,
    ) -> KeyAccepted:
        """A person has pasted an API key: it is tried, and kept if it is good."""
        key = secret(key)
        return self._wait(self._operations.enter_key(key, kind, company, scopes), timeout)

    def cancel(self, authorization: str | None = None, *, timeout: float | None = None) -> None:
        """Gives up an authorization by its id, or all that were begun here."""
        self._wait(self._operations.cancel(authorization), timeout)

    def disconnect(self, *, timeout: float | None = None) -> bool:
        """Ends the grant, here and at the server; whether the server confirmed. From
        now on no token is served. After `TryLater` the wish stays, and is tried again."""
        return self._wait(self._operations.disconnect(), timeout)

    def status(self) -> Status:
        """Where the connection stands, by what the store says now."""
        return self._operations.status(self._operations.read())

    def company(self) -> str | None:
        """Which company it belongs to, by what the store says now."""
        return self._operations.company(self._operations.read())

    def missing_scopes(self, needed: str) -> list[str]:
        """Which of these scopes (separated by spaces) the grant has not, as far as the
        server has told: to be asked before a call that would be refused."""
        return self._operations.missing_scopes(self._operations.read(), needed)

    def maintain(self, *, timeout: float | None = None) -> int | None:
        """Does what is due: refreshes, revokes, tells the server. For whoever looks after
        connections that nobody uses. Answers when something is due again, UNIX ms."""
        self._wait(self._operations.maintain(), timeout)
        self._wait(self._operations.settled(), timeout)
        return self._driver.wake_at

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float | None = None,
        answer_limit: int = 16 << 20,
    ) -> Answer:
        """A call to the API without another HTTP library: with the token, and after a
        401 once more with a new one. A second 401 is handed back as it is. Redirects are
        not followed. `Misuse` for what is no URL, as with a blank in it; `ValueError` for
        one that is not the API's; `AnswerTooLarge` for a body of more than `answer_limit`
        bytes (16 MiB unless told); `OSError`, `NotSent` and their like if nobody answers."""
        return self._operations.call(method, url, headers, body, timeout, answer_limit)

    def __repr__(self) -> str:
        return f"Connection({self.tenant!r})"

    def _wait(self, asked: Future[T], timeout: float | None) -> T:
        return self._operations.wait(asked, timeout)
