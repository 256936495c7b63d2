"""What every driver does, without I/O, threads or waiting.

A `Driver` has one connection's machine, its token and those who wait for an answer. It
is told what is wanted and what happened, each by a method that answers with the effects
to be performed; the answer to each goes in by `swapped`, `answered` and their like.
Whoever uses it calls it from one thread at a time.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from . import machine, store
from ._clock import Clock
from ._packed import Machine, inputs, outputs
from ._turns import Turn, Turns
from ._waiter import Waiter, give, tell_error
from .errors import Denied, EvergrantError, Misuse, StoreUnavailable, error_for, error_of
from .http import Answer, Request
from .machine import Activity, FailureKind, HttpFault, Refusal, Secret, SecretBytes
from .news import Authorized, KeyAccepted, Notice, Opened
from .token import Token

__all__ = ["Driver", "Effect", "Headers", "Send", "Swap", "header_block", "stored"]

log = logging.getLogger("evergrant")


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
        self._machine = Machine(machine.Connection(self._client, self.tenant))
        self.token: Token | None = None
        """The token that may be used now."""
        self.wake_at: int | None = None
        """When to tell `Wake`, UNIX milliseconds."""
        self.status: str | None = None
        """Where the connection stood at the last step: the stable name."""
        self.is_unsaved = False
        """Whether the machine has what the store has not taken, and nobody else has."""
        self._tokens: list[Waiter[Token]] = []
        self._maintaining: list[Waiter[Token | None]] = []
        self._demand = -1
        self._turns = Turns()
        self._revokers: list[Waiter[bool]] = []
        self._refused: EvergrantError | None = None
        self._store_error: StoreUnavailable | None = None

    def fail(self, error: BaseException) -> None:
        """The machine has failed, which is a bug in it: tells everybody who waits, and
        begins anew."""
        waiting: list[Waiter[Any]] = [*self._tokens, *self._maintaining, *self._revokers]
        waiting += self._turns.waiters()
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
        return self._queue(Turn(Activity.AUTHORIZATION, waiter, asked))

    def redirected(self, waiter: Waiter[Authorized], url: Secret, proof: Secret | inputs.Proof) -> list[Effect]:
        """The browser came back."""
        try:
            authorization = machine.pending_key(url).partition("/")[2]
        except Refusal as refusal:
            tell_error(waiter, error_of(refusal))
            return []
        told = inputs.Redirected(url.expose(), proof.expose() if isinstance(proof, Secret) else proof)
        return self._queue(Turn(Activity.REDIRECT, waiter, told, authorization))

    def enter_key(self, waiter: Waiter[KeyAccepted], entered: inputs.KeyEntered) -> list[Effect]:
        """A person pasted a key."""
        return self._queue(Turn(Activity.KEY, waiter, entered))

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
        effects = self._step(told)
        give(waiter, None)
        return effects

    def wake(self) -> list[Effect]:
        """The time of `wake_at` may have come."""
        due = self.wake_at is not None and self.wake_at <= self._clock.now()
        return self._step(inputs.Wake()) if due else []

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
        return self._step_once(happened, self._turns.whose(happened)) + self._take_turns()

    def _step_once(self, happened: inputs.Input, turn: Turn | None) -> list[Effect]:
        # Before the step: deadlines count from the earlier moment.
        stepped_at = self._clock.ticks()
        clock = self._clock
        step = self._machine.step(clock.now(), clock.uptime(), clock.boot_id, os.urandom(32), happened)
        self.wake_at, self.status, self.is_unsaved = step.wake_at, step.status, step.is_unsaved
        effects: list[Effect] = []
        for output in step.outputs:
            if isinstance(output, outputs.SendHttp):
                effects.append(Send(output.op, self._request(output, stepped_at)))
            elif isinstance(output, outputs.Swap):
                effects.append(Swap(output.op, output.key, output.expected, output.write))
            else:
                self._news(output, happened, turn)
        if self.token is not None and self.token.generation != step.servable:
            self.token = None
        self._turns.stepped(happened, turn, step.outputs)
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

    def _news(self, output: outputs.Output, happened: inputs.Input, turn: Turn | None) -> None:
        """What is for the app: given to whoever waits for it. It came of what happened,
        which belongs to a turn or to none."""
        if isinstance(output, outputs.TokenReady):
            token = Token(output.generation, output.origin, output.header, output.expires_at)
            self.token = token
            self._tell_tokens(lambda waiter: give(waiter, token))
        elif isinstance(output, outputs.OpenUrl):
            binding = None if output.binding is None else Secret(output.binding)
            opened = Opened(output.authorization, Secret(output.url), binding, output.expires_at)
            if turn is not None:
                give(self._turns.over(turn), opened)
        elif isinstance(output, outputs.Authorized):
            redirect = self._turns.named(output.authorization)
            if redirect is not None:
                give(redirect.waiter, Authorized(self.tenant, output.scope, output.return_context))
        elif isinstance(output, outputs.KeyAccepted):
            key = self._turns.told(Activity.KEY)
            if key is not None:
                give(self._turns.over(key), KeyAccepted(output.company, output.scope))
        elif isinstance(output, outputs.Failed):
            self._failed(output, turn)
        elif isinstance(output, outputs.Notice):
            self._noticed(output, happened, turn)

    def _failed(self, output: outputs.Failed, turn: Turn | None) -> None:
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
            case Activity.AUTHORIZATION | Activity.REDIRECT | Activity.KEY:
                failed = self._whose(output, turn)
                if failed is not None:
                    refuse(self._turns.over(failed))

    def _whose(self, output: outputs.Failed, turn: Turn | None) -> Turn | None:
        """Whose failure it is: perhaps nobody's who waits."""
        match output.activity:
            case Activity.KEY if turn is None or turn.kind is not Activity.KEY:
                return self._turns.told(Activity.KEY)
            case Activity.KEY:
                # Told together with a key: of the one before, if it takes its place.
                return None if output.failure.code == "denied_superseded" else turn
            case Activity.AUTHORIZATION if (named := self._turns.named(output.authorization)) is not None:
                return named
            case Activity.AUTHORIZATION if turn is not None and turn.kind is Activity.REDIRECT:
                return turn if turn.authorization == output.authorization else None
            case _:
                return turn

    def _error(self, output: outputs.Failed) -> EvergrantError:
        error = error_for(output.failure, self.tenant, output.return_context)
        if error.code in ("try_later_store_slow", "host_store_unanswered") and self._store_error:
            error.description = self._store_error.description
            error.__cause__ = self._store_error
        return error

    def _noticed(self, output: outputs.Notice, happened: inputs.Input, turn: Turn | None) -> None:
        begun = self._turns.told(Activity.AUTHORIZATION)
        at_once = isinstance(happened, (inputs.Cancel, inputs.Revoke))
        if output.code == "authorization_cancelled" and at_once and begun is not None:
            # Nobody has seen its URL, and no failure is told.
            superseded = Denied("denied_superseded", number=304, tenant=self.tenant)
            tell_error(self._turns.over(begun), superseded)
        if output.code == "redirect_accepted" and turn is not None:
            self._turns.believe(turn)
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

    def _queue(self, turn: Turn) -> list[Effect]:
        self._turns.add(turn)
        return self._take_turns()

    def _take_turns(self) -> list[Effect]:
        effects: list[Effect] = []
        while (turn := self._turns.next()) is not None:
            try:
                effects += self._step_once(turn.input, turn)
            except Refusal as refusal:
                tell_error(self._turns.over(turn), error_of(refusal))
        return effects


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
