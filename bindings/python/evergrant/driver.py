"""What every driver does, without I/O, threads or waiting.

A `Driver` has one connection's machine, its token and those who wait for an answer. It
is told what is wanted and what happened, each by a method that answers with the effects
to be performed; the answer to each goes in by `swapped`, `answered` and their like.
Whoever uses it calls it from one thread at a time.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import InvalidStateError
from typing import Any, NamedTuple, Protocol, TypeVar

from . import machine, store
from ._clock import Clock
from ._packed import Machine, inputs, outputs
from .errors import Denied, EvergrantError, Misuse, StoreUnavailable, error_for, error_of
from .http import Answer, Request
from .machine import Activity, FailureKind, HttpFault, Refusal, Secret, SecretBytes
from .news import Authorized, KeyAccepted, Notice, Opened
from .token import Token

__all__ = ["Driver", "Effect", "Headers", "Send", "Swap", "Waiter", "give", "header_block", "stored", "tell_error"]

T = TypeVar("T")
log = logging.getLogger("evergrant")
T_contra = TypeVar("T_contra", contravariant=True)


class Waiter(Protocol[T_contra]):
    """Somebody who waits: a `concurrent.futures.Future`."""

    def set_result(self, result: T_contra, /) -> None: ...
    def set_exception(self, exception: BaseException, /) -> None: ...
    def done(self) -> bool: ...


class Send(NamedTuple):
    """Send this, and call `answered` or `unanswered`."""

    op: int
    request: Request


class Swap(NamedTuple):
    """Swap this in the store, and call `swapped` or `unswapped`."""

    op: int
    key: str
    expected: str | None
    write: store.Write | None


Effect = Send | Swap


class _Turn(NamedTuple):
    """A wish of a kind of which the machine is told one at a time, because its answer
    does not always name the wish."""

    waiter: Waiter[Any]
    input: inputs.Input
    authorization: str | None


class Driver:
    """One connection's machine and those who wait for it."""

    def __init__(
        self, client: machine.Client, tenant: str, clock: Clock, notify: Callable[[Notice], None]
    ) -> None:
        self._client, self.tenant, self._clock, self._notify = client, tenant, clock, notify
        self.begin()

    def begin(self) -> None:
        """Knows nothing, and looks into the store when it is asked: at the start, and
        in a child process, to which its parent's machine does not belong."""
        self._connection = machine.Connection(self._client, self.tenant)
        self._machine = Machine(self._connection)
        self.token: Token | None = None
        """The token that may be used now."""
        self.wake_at: int | None = None
        """When to tell `Wake`, UNIX milliseconds."""
        self.status: str | None = None
        """Where the connection stood at the last step: the stable name."""
        self._tokens: list[Waiter[Token]] = []
        self._maintaining: list[Waiter[Token | None]] = []
        self._demand = -1
        self._turns: dict[Activity, deque[_Turn]] = {
            kind: deque() for kind in (Activity.AUTHORIZATION, Activity.REDIRECT, Activity.KEY)
        }
        # Authorizations whose beginning nobody waits for any more: the last ones.
        self._begun: deque[str | None] = deque(maxlen=64)
        self._turns_over: list[Activity] = []
        self._revokers: list[Waiter[bool]] = []
        self._refused: EvergrantError | None = None
        self._store_error: StoreUnavailable | None = None

    def fail(self, error: BaseException) -> None:
        """The machine has failed, which is a bug in it: tells everybody who waits, and
        begins anew."""
        waiting: list[Waiter[Any]] = [*self._tokens, *self._maintaining, *self._revokers]
        waiting += [turn.waiter for turns in self._turns.values() for turn in turns]
        self.begin()
        for waiter in waiting:
            tell_error(waiter, error)

    # What is wanted.

    def want_token(self, waiter: Waiter[Token], min_validity: int) -> list[Effect]:
        """A token that is valid for so many milliseconds more."""
        token = self.token
        if token is not None and self._clock.now() < token.good_until(min_validity):
            give(waiter, token)
            return []
        self._tokens.append(waiter)
        return self._demand_token(min_validity)

    def maintain(self, waiter: Waiter[Token | None]) -> list[Effect]:
        """What is due; answered when that is known to be done, or by why it cannot be.
        Of a connection that has no grant to maintain the answer is None."""
        self._maintaining.append(waiter)
        # The machine refreshes what is due before it answers, and reads the record
        # where it does not know that there is a grant.
        return self._demand_token(0)

    def authorize(self, waiter: Waiter[Opened], asked: inputs.Authorize) -> list[Effect]:
        """A new authorization."""
        return self._queue(Activity.AUTHORIZATION, _Turn(waiter, asked, None))

    def redirected(self, waiter: Waiter[Authorized], url: Secret, proof: Secret | inputs.Proof) -> list[Effect]:
        """The browser came back."""
        try:
            authorization = machine.pending_key(url).partition("/")[2]
        except Refusal as refusal:
            tell_error(waiter, error_of(refusal))
            return []
        self._begun.append(authorization)
        told = inputs.Redirected(url.expose(), proof.expose() if isinstance(proof, Secret) else proof)
        return self._queue(Activity.REDIRECT, _Turn(waiter, told, authorization))

    def enter_key(self, waiter: Waiter[KeyAccepted], entered: inputs.KeyEntered) -> list[Effect]:
        """A person pasted a key."""
        return self._queue(Activity.KEY, _Turn(waiter, entered, None))

    def revoke(self, waiter: Waiter[bool]) -> list[Effect]:
        """The end; answered by whether the server confirmed."""
        self._revokers.append(waiter)
        return self._step(inputs.Revoke())

    def api_answered(self, waiter: Waiter[EvergrantError | None], told: inputs.ApiAnswered) -> list[Effect]:
        """The API answered; `waiter` gets what that means for the caller."""
        self._refused = None
        effects = self._step(told)
        give(waiter, self._refused)
        return effects

    def cancel(self, waiter: Waiter[None], told: inputs.Cancel) -> list[Effect]:
        """Nobody is to come back; answered when that is told."""
        if told.authorization is not None:
            self._begun.append(told.authorization)
        effects = self._step(told)
        give(waiter, None)
        return effects

    def wake(self) -> list[Effect]:
        """The time of `wake_at` may have come."""
        due = self.wake_at is not None and self.wake_at <= self._clock.now()
        return self._step(inputs.Wake()) if due else []

    @property
    def is_unsaved(self) -> bool:
        """Whether the machine has what the store has not taken, and nobody else has."""
        return self._connection.is_unsaved()

    def is_api_url(self, url: str) -> bool:
        """Whether a token may go there."""
        return self._connection.authorization(self._clock.now(), url, 0) is not None

    # What came of effects.

    def answered(self, op: int, answer: Answer) -> list[Effect]:
        """The answer to a `Send`."""
        try:
            headers = header_block(answer.headers)
            told = inputs.checked(inputs.HttpDone(op, answer.status, headers, answer.body))
        except (Misuse, AttributeError, TypeError, ValueError):
            log.error("the transport's answer is no Answer")
            return self.unanswered(op, HttpFault.UNKNOWN)
        try:
            return self._step(told)
        except Refusal:
            return self.unanswered(op, HttpFault.UNKNOWN)

    def unanswered(self, op: int, why: HttpFault) -> list[Effect]:
        """There is none."""
        return self._step(inputs.HttpFailed(op, why))

    def swapped(self, op: int, current: store.Stored | None) -> list[Effect]:
        """The answer to a `Swap`."""
        try:
            return self._step(inputs.checked(inputs.Swapped(op, current)))
        except (Refusal, Misuse):
            log.error("the store's answer is no Stored")
            return self.unswapped(op, StoreUnavailable("its answer is no Stored"))

    def unswapped(self, op: int, error: StoreUnavailable | None = None) -> list[Effect]:
        """There is none; `error` is what callers are told if it stays so."""
        self._store_error = error
        return self._step(inputs.SwapUnanswered(op))

    # Within.

    def _demand_token(self, min_validity: int) -> list[Effect]:
        if self._demand >= min_validity:
            return []
        before, self._demand = self._demand, min_validity
        try:
            return self._step(inputs.TokenWanted(min_validity))
        except Refusal:
            self._demand = before
            raise

    def _step(self, happened: inputs.Input) -> list[Effect]:
        # Before the step: deadlines count from the earlier moment.
        stepped_at = self._clock.ticks()
        clock = self._clock
        step = self._machine.step(clock.now(), clock.uptime(), clock.boot_id, os.urandom(32), happened)
        self.wake_at, self.status = step.wake_at, step.status
        effects: list[Effect] = []
        for output in step.outputs:
            if isinstance(output, outputs.SendHttp):
                effects.append(Send(output.op, self._request(output, stepped_at)))
            elif isinstance(output, outputs.Swap):
                effects.append(Swap(output.op, output.key, output.expected, output.write))
            else:
                self._news(output)
        if self.token is not None and self.token.generation != step.servable:
            self.token = None
        while self._turns_over:
            effects += self._take_turn(self._turns_over.pop())
        return effects

    def _request(self, asked: outputs.SendHttp, stepped_at: int) -> Request:
        lines = (line.partition(": ") for line in asked.headers.splitlines())
        return Request(
            method=asked.method,
            url=asked.url,
            headers=[(name, value) for name, _, value in lines],
            body=asked.body,
            send_by=stepped_at + asked.send_within,
            listen_for=asked.listen_for,
            answer_limit=asked.answer_limit,
            clock=self._clock,
        )

    def _news(self, output: outputs.Output) -> None:
        """What is for the app: given to whoever waits for it."""
        if isinstance(output, outputs.TokenReady):
            token = Token(output.generation, output.origin, output.header, output.expires_at, self._clock.now())
            self.token = token
            self._tell_tokens(lambda waiter: give(waiter, token))
        elif isinstance(output, outputs.OpenUrl):
            binding = None if output.binding is None else Secret(output.binding)
            opened = Opened(output.authorization, Secret(output.url), binding, output.expires_at)
            self._begun.append(output.authorization)
            self._turn_over(Activity.AUTHORIZATION, lambda waiter: give(waiter, opened))
        elif isinstance(output, outputs.Authorized):
            done = Authorized(self.tenant, output.scope, output.return_context)
            if self._is_awaited(output.authorization):
                self._turn_over(Activity.REDIRECT, lambda waiter: give(waiter, done))
        elif isinstance(output, outputs.KeyAccepted):
            accepted = KeyAccepted(output.company, output.scope)
            self._turn_over(Activity.KEY, lambda waiter: give(waiter, accepted))
        elif isinstance(output, outputs.Failed):
            self._failed(output)
        elif isinstance(output, outputs.Notice):
            self._noticed(output)

    def _failed(self, output: outputs.Failed) -> None:
        def refuse(waiter: Waiter[Any]) -> None:
            # Each its own: a traceback is of one thread.
            tell_error(waiter, self._error(output))

        match output.activity:
            case Activity.TOKEN:
                if output.failure.code == "denied_not_connected":
                    while self._maintaining:
                        give(self._maintaining.pop(), None)
                self._tell_tokens(refuse)
            case Activity.API_CALL:
                self._refused = self._error(output)
            case Activity.REVOKE:
                # The tombstone comes all the same, and says so: unconfirmed.
                if output.failure.kind != FailureKind.SERVER_MISBEHAVED:
                    self._tell_revokers(refuse)
            case Activity.AUTHORIZATION if self._is_awaited(output.authorization):
                self._turn_over(Activity.REDIRECT, refuse)
            case Activity.AUTHORIZATION if output.authorization in self._begun:
                pass  # One that nobody came back from; a notice told of it.
            case Activity.AUTHORIZATION:
                self._turn_over(Activity.AUTHORIZATION, refuse)
            case Activity.REDIRECT | Activity.KEY:
                self._turn_over(output.activity, refuse)

    def _error(self, output: outputs.Failed) -> EvergrantError:
        error = error_for(output.failure, self.tenant, output.return_context)
        if error.code in ("try_later_store_slow", "host_store_unanswered") and self._store_error:
            error.description = self._store_error.description
            error.__cause__ = self._store_error
        return error

    def _noticed(self, output: outputs.Notice) -> None:
        if output.code == "authorization_cancelled" and output.authorization not in self._begun:
            # Before it had begun: nobody has seen its URL, and no failure is told.
            superseded = Denied("denied_superseded", number=304, tenant=self.tenant)
            self._turn_over(Activity.AUTHORIZATION, lambda waiter: tell_error(waiter, superseded))
        if output.code == "disconnected":
            self._tell_revokers(lambda waiter: give(waiter, output.detail == "confirmed"))
        self._notify(
            Notice(
                self.tenant, output.code, output.generation, output.attempt, output.authorization, output.detail
            )
        )

    def _tell_tokens(self, tell: Callable[[Waiter[Any]], None]) -> None:
        waiting: list[Waiter[Any]] = [*self._tokens, *self._maintaining]
        self._tokens, self._maintaining, self._demand = [], [], -1
        for waiter in waiting:
            tell(waiter)

    def _tell_revokers(self, tell: Callable[[Waiter[bool]], None]) -> None:
        waiting, self._revokers = self._revokers, []
        for waiter in waiting:
            tell(waiter)

    def _queue(self, kind: Activity, turn: _Turn) -> list[Effect]:
        turns = self._turns[kind]
        turns.append(turn)
        if turns[0] is turn:
            return self._take_turn(kind)
        if turns[0].waiter.done():
            # It has waited long enough, and nobody is to wait for it.
            turns.popleft()
            return self._take_turn(kind)
        return []

    def _take_turn(self, kind: Activity) -> list[Effect]:
        turns = self._turns[kind]
        while turns:
            if not turns[0].waiter.done():
                try:
                    return self._step(turns[0].input)
                except Refusal as refusal:
                    tell_error(turns[0].waiter, error_of(refusal))
            turns.popleft()
        return []

    def _turn_over(self, kind: Activity, tell: Callable[[Waiter[Any]], None]) -> None:
        turns = self._turns[kind]
        if turns:
            tell(turns.popleft().waiter)
            self._turns_over.append(kind)

    def _is_awaited(self, authorization: str | None) -> bool:
        """Whether it is the one whose redirect has the turn."""
        turns = self._turns[Activity.REDIRECT]
        return bool(turns) and turns[0].authorization == authorization


def stored(current: store.Stored) -> machine.Stored:
    """As the machine wants to be told of it."""
    record = SecretBytes(current.record)
    return machine.Stored(revision=current.revision, record=record, age=current.age)


Headers = Mapping[str, str] | Iterable[tuple[str, str]]


def header_block(headers: Headers) -> str:
    """A line for each, so neither name nor value may hold a line break."""
    pairs: Iterable[tuple[str, str]] = headers.items() if isinstance(headers, Mapping) else headers  # pyright: ignore
    lines = (f"{name}: {value}".replace("\r", " ").replace("\n", " ") for name, value in pairs)
    return "\n".join(lines)


def give(waiter: Waiter[T], result: T) -> None:
    """Tells whoever waits."""
    # Whoever waits may stop to wait at any moment.
    with contextlib.suppress(InvalidStateError):
        waiter.set_result(result)


def tell_error(waiter: Waiter[Any], error: BaseException) -> None:
    """Tells whoever waits that it came to this."""
    with contextlib.suppress(InvalidStateError):
        waiter.set_exception(error)
