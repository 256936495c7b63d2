"""What can be asked of a connection, as futures: the same for threads and for asyncio."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, TimeoutError
from functools import partial
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from . import machine
from ._packed import inputs
from ._packed.inputs import Proof
from .client import Client, texts
from .driver import Driver, Headers, header_block, stored
from .engine import Engine
from .errors import EvergrantError, Misuse, TryLater, error_of
from .http import Answer, AnswerTooLarge, Request
from .machine import ApiKeyKind, Binding, Cause, Refusal, Secret
from .news import Authorized, KeyAccepted, Opened
from .store import Store, Stored
from .token import MIN_VALIDITY, Token

__all__ = ["MIN_VALIDITY", "Authorization", "Cookie", "Cookies", "Operations", "Status", "cookie_of", "secret"]

# What other parsers strip, take for a slash, or end a line at, and what is no UTF-8.
_MISREAD = re.compile(r"[\x00-\x20\\\x7f\ud800-\udfff]").search
T = TypeVar("T")
Cookies = Mapping[str, str] | Secret | str | None


class Cookie(NamedTuple):
    """What recognises the browser when it comes back. Its `repr` hides the value."""

    name: str
    value: Secret
    path: str
    secure: bool
    max_age: int

    def arguments(self) -> dict[str, str | int | bool]:
        """For `response.set_cookie(**arguments)` of Django, Flask and Starlette."""
        return {
            "key": self.name,
            "value": self.value.expose(),
            "path": self.path,
            "max_age": self.max_age,
            "secure": self.secure,
            "httponly": True,
            "samesite": "lax",
        }


class Authorization(NamedTuple):
    """A browser is to be sent to `url.expose()`."""

    id: str
    """Names it, in notices and for `cancel`."""
    url: Secret
    cookie: Cookie | None
    """To be set by the answer that sends the browser there; None for `same_process`."""
    expires_at: int
    """Until when it can be completed, UNIX milliseconds."""


class Status(NamedTuple):
    """Where a connection stands."""

    code: str
    """`disconnected`, `authorizing`, `exchanging`, `authorized`, `refreshing`,
    `disconnecting` or `reauthentication_required`"""
    cause: Cause | None = None
    """Why a person has to connect again, if it is that."""


class Operations:
    """One connection's engine, and the ways of asking it."""

    def __init__(self, client: Client, store: Store, tenant: str) -> None:
        try:
            self.store_key = machine.store_key(client.machine, tenant)
        except Refusal as refusal:
            raise error_of(refusal) from None
        except (TypeError, UnicodeEncodeError):
            raise Misuse("misuse_tenant_invalid") from None
        self._client, self._store, self._tenant = client, store, tenant
        self._api_origin = client.provider.config.api_origin
        self._engine = Engine(client, store, tenant)
        self.driver: Driver = self._engine.driver
        self.settled = self._engine.settled

    def token(self, min_validity: int) -> Future[Token]:
        """A token, by the machine."""
        inputs.checked(inputs.TokenWanted(min_validity))
        return self._engine.ask(partial(self.driver.want_token, min_validity=min_validity))

    def is_api_url(self, url: str) -> bool:
        """Whether a token may go there."""
        origin = self._api_origin
        if url.startswith(origin) and url[len(origin) : len(origin) + 1] == "/" and not _MISREAD(url):
            return True
        try:
            # Written otherwise, such as with a port.
            return self._client.provider.machine.is_api_url(url)
        except UnicodeEncodeError:
            return False

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: bytes,
        timeout: float | None,
        answer_limit: int,
    ) -> Answer:
        """A call to the API, and one more after a 401; blocks until it is answered."""

        def once() -> tuple[Token, Answer]:
            token = self.driver.token
            if token is None or self._client.clock.time() >= token.fresh_until:
                token = self.wait(self.token(MIN_VALIDITY), timeout)
            request = self._api_request(token, method, url, headers, body, timeout, answer_limit)
            try:
                return token, self._client.transport.send(request)
            except Exception as error:
                # Without the frames of a library that show what was sent.
                raise error.with_traceback(None) from None

        token, answer = once()
        if answer.status == 401 and self.wait(self.api_answered(token, 401, answer.headers), timeout) is None:
            _, answer = once()
        if len(answer.body) > answer_limit:
            raise AnswerTooLarge(f"more than {answer_limit} bytes")
        return answer

    def _api_request(
        self,
        token: Token,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: bytes,
        timeout: float | None,
        answer_limit: int,
    ) -> Request:
        """A call to the API; `ValueError` if it is not the API's URL, `Misuse` if none."""
        if not url.isascii() or any(char <= " " or char == "\x7f" for char in url):
            raise Misuse("misuse_url_invalid")
        if not self.is_api_url(url):
            raise ValueError("not a URL of the API: no token goes there")
        clock = self._client.clock
        others = [(name, value) for name, value in (headers or {}).items() if name.strip().lower() != "authorization"]
        listen_for = round((self._client.timeout if timeout is None else timeout) * 1000)
        return Request(
            method=method,
            url=url,
            headers=[*others, ("Authorization", token.expose())],
            body=body,
            send_by=clock.ticks() + listen_for,
            listen_for=listen_for,
            answer_limit=answer_limit,
            clock=clock,
        )

    def api_answered(
        self, token: Token, status: int, headers: Headers
    ) -> Future[EvergrantError | None]:
        """What an answer of the API means."""
        told = inputs.checked(inputs.ApiAnswered(token.generation, status, header_block(headers)))
        return self._engine.ask(partial(self.driver.api_answered, told=told))

    def authorize(
        self,
        redirect_uri: str,
        scopes: Sequence[str],
        company: str | None,
        return_context: str | None,
        extra: Mapping[str, str] | None,
        same_process: bool,
    ) -> Future[Opened]:
        """A new authorization."""
        asked = inputs.Authorize(
            redirect_uri=redirect_uri,
            scopes=texts("scopes", scopes),
            extra=list((extra or {}).items()),
            binding=Binding.SAME_PROCESS if same_process else Binding.COOKIE,
            return_context=return_context,
            company=company,
        )
        return self._engine.ask(partial(self.driver.authorize, asked=inputs.checked(asked)))

    def opened(self, opened: Opened, redirect_uri: str) -> Authorization:
        """An authorization, with its cookie."""
        cookie = None
        if opened.binding is not None:
            uri = urlsplit(redirect_uri)
            left = max(opened.expires_at - self._client.clock.now(), 0) // 1000
            name = _cookie_name(opened.authorization)
            cookie = Cookie(name, opened.binding, uri.path or "/", uri.scheme == "https", left)
        return Authorization(opened.authorization, opened.url, cookie, opened.expires_at)

    def callback(self, url: Secret, cookie: Secret | None, same_process: bool) -> Future[Authorized]:
        """A redirect has come."""
        proof = Proof.SAME_PROCESS if same_process else cookie or Proof.MISSING
        return self._engine.ask(partial(self.driver.redirected, url=url, proof=proof))

    def enter_key(
        self, key: Secret, kind: ApiKeyKind, company: str | None, scopes: Sequence[str]
    ) -> Future[KeyAccepted]:
        """A key has been pasted."""
        entered = inputs.KeyEntered(key.expose(), kind, company, texts("scopes", scopes))
        return self._engine.ask(partial(self.driver.enter_key, entered=inputs.checked(entered)))

    def cancel(self, authorization: str | None) -> Future[None]:
        """Nobody is to come back."""
        told = inputs.checked(inputs.Cancel(authorization))
        return self._engine.stored(self._engine.ask(partial(self.driver.cancel, told=told)))

    def disconnect(self) -> Future[bool]:
        """The grant is to end."""
        return self._engine.ask(self.driver.revoke, always=True)

    def maintain(self) -> Future[Token | None]:
        """What is due is to be done."""
        return self._engine.ask(self.driver.maintain)

    def read(self) -> Stored | None:
        """What the store has now."""
        return self._store.swap(self.store_key, None, None)

    def status(self, current: Stored | None) -> Status:
        """What a record says, and what is under way here."""
        status = self._restored(current).status(self._client.clock.now())
        code = status.code()
        here = self.driver.status or ""
        if (code, here) == ("authorized", "refreshing"):
            code = here
        elif here == "authorizing" and code in ("disconnected", "reauthentication_required"):
            return Status(here)
        return Status(code, getattr(status, "cause", None))

    def company(self, current: Stored | None) -> str | None:
        """Whose a record is."""
        return self._restored(current).company()

    def missing_scopes(self, current: Stored | None, needed: str) -> list[str]:
        """What a record's grant lacks."""
        return self._restored(current).missing_scopes(needed).split()

    def _restored(self, current: Stored | None) -> machine.Connection:
        known = stored(current) if current else None
        try:
            return machine.Connection.restore(self._client.machine, self._tenant, known)
        except Refusal as refusal:
            raise error_of(refusal) from None

    def wait(self, asked: Future[T], timeout: float | None) -> T:
        """What a thread waits for, at most `timeout` seconds: the client's, unless told."""
        try:
            return asked.result(self._client.timeout if timeout is None else timeout)
        except TimeoutError:
            # Nobody is to be told any more; what is under way goes on.
            if asked.cancel():
                raise self.too_long() from None
            return asked.result()

    def too_long(self) -> TryLater:
        """What a caller is told who has waited long enough."""
        retry_at = self._client.clock.now() + 1_000
        return TryLater("try_later_busy", number=205, retry_at=retry_at, tenant=self._tenant)


def _cookie_name(authorization: str) -> str:
    # One for each authorization: a browser may have begun several.
    return f"evergrant_{authorization[:16]}"


def secret(text: str | Secret) -> Secret:
    """Hidden, also from a traceback that shows variables. A text that UTF-8 cannot hold
    is none that anybody gave out: it is refused as empty."""
    if isinstance(text, Secret):
        return text
    try:
        return Secret(text)
    except ValueError:
        return Secret("")


def cookie_of(url: Secret, cookies: Cookies) -> Secret | None:
    """The one that goes with this redirect."""
    if isinstance(cookies, Mapping):
        try:
            key = machine.pending_key(url)
        except Refusal:
            return None  # Such a redirect is refused anyway.
        cookies = cookies.get(_cookie_name(key.partition("/")[2]))
    return secret(cookies) if cookies else None
