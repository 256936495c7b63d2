"""What makes a connection go: one driver, performed in worker threads.

Whoever wants something leaves it here and waits for a future; the machine's steps and
the store's swaps are made one after the other by one worker, and each HTTP request in a
worker of its own, so that nobody waits behind a server. A caller who stops waiting, or
is killed by a signal's exception, takes nothing along: the work belongs to the engine.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ._end import end
from ._fork import renew_in_child
from ._timer import wake_in
from ._waiter import Waiter, give, tell_error
from .driver import Driver, Effect, Send, Swap
from .errors import StoreUnavailable, error_of, told
from .http import NotSent, TooLate
from .machine import HttpFault, Refusal
from .store import Store

if TYPE_CHECKING:
    from .client import Client

__all__ = ["Engine"]

T = TypeVar("T")
Work = Callable[[], list[Effect]]
log = logging.getLogger("evergrant")


class Engine:
    """One connection at work, for threads and for asyncio alike."""

    def __init__(self, client: Client, store: Store, tenant: str) -> None:
        self.client, self.store, self.tenant = client, store, tenant
        self.driver = Driver(client.machine, tenant, client.clock, client.notify)
        self._begin()
        renew_in_child(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._todo: deque[Work] = deque()
        self._stepping = False
        self._sent = 0
        self._settling: list[Future[None]] = []
        self._timer_at: int | None = None
        self._unsaved_since: float | None = None

    def _after_fork(self) -> None:
        self.driver.begin()
        self._begin()

    def ask(self, wish: Callable[[Waiter[T]], list[Effect]], *, always: bool = False) -> Future[T]:
        """Leaves a wish; the future is what comes of it. If its caller has gone before
        its turn came it is dropped, unless `always`."""
        waiter: Future[T] = Future()
        self._leave(partial(self._ask, wish, waiter, always))
        return waiter

    def stored(self, asked: Future[None]) -> Future[None]:
        """What came of a wish that is answered at once, when all has been swapped that
        came of it."""

        def told(waiter: Waiter[None]) -> list[Effect]:
            error = asked.exception()
            if error is None:
                give(waiter, None)
            else:
                tell_error(waiter, error)
            return []

        return self.ask(told)

    def settled(self) -> Future[None]:
        """Comes when nothing is under way, nothing is due, and the store has it all."""
        waiter: Future[None] = Future()

        def wait() -> list[Effect]:
            self._settling.append(waiter)
            return []

        self._leave(wait)
        return waiter

    def wake_up(self) -> None:
        """The machine's deadline may have come."""
        with self._lock:
            self._timer_at = None
            if self._set_timer():
                return
        self._leave(self.driver.wake, by_timer=True)

    def save(self) -> None:
        """The interpreter is ending: what the store has not taken is not left behind."""
        self._leave(self.driver.wake)

    @staticmethod
    def _ask(wish: Callable[[Waiter[T]], list[Effect]], waiter: Future[T], always: bool) -> list[Effect]:
        if waiter.cancelled() and not always:
            return []
        try:
            return wish(waiter)
        except Refusal as refusal:
            # Of this wish alone: the machine is as it was.
            tell_error(waiter, error_of(refusal))
            return []
        except Exception as error:
            tell_error(waiter, told(error))
            raise

    def _set_timer(self) -> bool:
        """Sets the one timer, for the machine's one deadline. Whether that is to come."""
        if self.driver.wake_at is None:
            return True
        left = self.driver.wake_at - self.client.clock.now()
        # Not at once, lest a machine that always wants to be woken takes a core.
        self._wake_in(max(left, 20))
        return left > 0

    def _wake_in(self, milliseconds: int) -> None:
        # Compared by the clock that is never set. A little earlier, by which two clocks
        # differ, is not worth another timer.
        at = self.client.clock.ticks() + milliseconds
        if self._timer_at is None or at < self._timer_at - 10:
            # Without a thread of the timer's there is none, and the next one is tried.
            self._timer_at = at if wake_in(milliseconds / 1000, self) else None

    def _leave(self, work: Work, *, by_timer: bool = False) -> None:
        with self._lock:
            self._todo.append(work)
            if self._stepping:
                return
            self._stepping = True
        if self.client.workers.run(self._go_on):
            return
        # No thread can be begun: there are too many, or the interpreter is ending.
        if by_timer:
            # The timer's own is not waited for, and nothing may be sent from it.
            with self._lock:
                self._todo.remove(work)
                self._stepping = False
                self._wake_in(1_000)
        else:
            self._go_on()

    # In worker threads.

    def _go_on(self) -> None:
        """Does what there is to do, until nothing is left."""
        while True:
            own = self._do_all()
            if own is not None:
                self._perform(own)
            elif self._is_to_save():
                self._todo.append(self.driver.wake)
            else:
                return
            with self._lock:
                if self._stepping:
                    return
                self._stepping = True

    def _is_to_save(self) -> bool:
        """Where the interpreter is ending, and the timer with it: waits until the store is
        to be tried once more. Whether it is: there is an end to that too."""
        if end.since is None or self._unsaved_since is None:
            return False
        save_within: int = self.client.provider.config.refresh.timing.save_within
        left = max(end.since, self._unsaved_since) + save_within / 1000 - time.monotonic()
        if left <= 0:
            log.error("the process ends, and with it what the store has not taken of %r", self.tenant)
            return False
        wake_at, now = self.driver.wake_at, self.client.clock.now()
        pause = 0 if wake_at is None else (wake_at - now) / 1000
        time.sleep(min(max(pause, 0.02), left))
        return True

    def _do_all(self) -> Send | None:
        """Steps and swaps, until there is nothing to do but at most one request: that
        one is this thread's own, which so needs no other."""
        own: Send | None = None
        while True:
            with self._lock:
                if not self._todo:
                    self._rest()
                    self._stepping = False
                    return own
                work = self._todo.popleft()
            if own is not None:
                self._hand_over(own)
                own = None
            effects = deque(self._make(work))
            while effects:
                if own is not None:
                    # It must not wait for the store.
                    self._hand_over(own)
                    own = None
                effect = effects.popleft()
                if isinstance(effect, Swap):
                    effects += self._make(self._swap(effect))
                else:
                    with self._lock:
                        self._sent += 1
                    own = effect

    def _make(self, work: Work) -> list[Effect]:
        try:
            return work()
        except Exception as error:
            # A panic in the machine, or a bug here: nobody is left waiting for it.
            log.error("the machine of a connection has failed: %s", type(error).__name__)
            self.driver.fail(told(error))
            return []

    def _rest(self) -> None:
        """What to wait for, now that nothing is left to do but what has been sent."""
        nothing_due = self._set_timer()
        unsaved = self.driver.is_unsaved
        if not unsaved:
            end.unsaved.discard(self)
            self._unsaved_since = None
        elif self._unsaved_since is None:
            # The timer alone would not keep it, whoever has forgotten the connection.
            end.unsaved.add(self)
            self._unsaved_since = time.monotonic()
        if self._sent == 0 and nothing_due and not unsaved:
            waiting, self._settling = self._settling, []
            for waiter in waiting:
                give(waiter, None)

    def _hand_over(self, send: Send) -> None:
        work = partial(self._perform_and_go_on, send)
        if not self.client.workers.run(work):
            work()

    def _perform_and_go_on(self, send: Send) -> None:
        self._perform(send)
        with self._lock:
            if self._stepping:
                return
            self._stepping = True
        self._go_on()

    def _perform(self, send: Send) -> None:
        work: Work
        try:
            answer = self.client.transport.send(send.request)
            work = partial(self.driver.answered, send.op, answer)
        except NotSent:
            work = partial(self.driver.unanswered, send.op, HttpFault.NOT_SENT)
        except TooLate:
            work = partial(self.driver.unanswered, send.op, HttpFault.TOO_LATE)
        except Exception as error:
            # Only its kind: its text may quote what was sent.
            log.info("a request was not answered: %s", type(error).__name__)
            work = partial(self.driver.unanswered, send.op, HttpFault.UNKNOWN)
        with self._lock:
            self._sent -= 1
            self._todo.append(work)

    def _swap(self, swap: Swap) -> Work:
        try:
            current = self.store.swap(swap.key, swap.expected, swap.write)
            return partial(self.driver.swapped, swap.op, current)
        except StoreUnavailable as error:
            log.warning("the store did not answer: %s", error.description)
            return partial(self.driver.unswapped, swap.op, error)
        except Exception as error:
            # Only its kind, here too: what a store says of its own bug is not known.
            log.error("the store raised %s, not StoreUnavailable", type(error).__name__)
            return partial(self.driver.unswapped, swap.op, StoreUnavailable(type(error).__name__))
