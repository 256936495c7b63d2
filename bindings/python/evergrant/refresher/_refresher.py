"""The loop: claims what is due, gives each connection its turn, and stops cleanly."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from .. import machine
from ..connections import Connections
from ..errors import StoreUnavailable
from ..machine import Refusal
from ..news import Notice
from ..store import Index
from ._issuer import Breaker, Issuer
from ._metrics import Metrics
from ._turn import Turn
from ._watched import watched

__all__ = ["Limits", "Refresher"]

log = logging.getLogger("evergrant.refresher")

# Which refusals are of the client, and not of one connection.
OF_THE_CLIENT = ("misconfigured_invalid_client", "misconfigured_unauthorized_client")


@dataclass(frozen=True)
class Limits:
    """How hard a refresher works. Times are seconds."""

    concurrency: int = 32
    """How many connections at a time; not more than the client's `threads`."""
    per_minute: int = 1_200
    """How many refreshes each issuer is asked for by this copy."""
    poll: float = 1.0
    """How long to wait when nothing is due."""
    hold: float = 90.0
    """How long a claim keeps others off: the takeover age of the provider's timing."""
    purge_every: float = 60.0
    """How often records that are over are deleted."""
    breaker: Callable[[], Breaker] = Breaker
    """Makes the breaker of an issuer."""


@dataclass
class _Fleet:
    """The connections of one client."""

    connections: Connections
    issuer: Issuer
    prefix: str
    turns: dict[str, Turn] = field(default_factory=dict[str, Turn])
    stopped: str | None = None

    def tenant(self, key: str) -> str | None:
        """Whose record this is, if it is of this client."""
        if not key.startswith(self.prefix):
            return None
        tenant = unquote(key[len(self.prefix) :])
        try:
            same = machine.store_key(self.connections.client.machine, tenant) == key
        except Refusal:
            return None
        return tenant if same else None


class Refresher:
    """Keeps the connections of one store fresh, which may be of several clients.

    `run` goes on until `stop` is called, from a signal handler or another thread.
    """

    def __init__(
        self,
        *connections: Connections,
        limits: Limits | None = None,
        metrics: Metrics | None = None,
        metrics_file: Path | None = None,
    ) -> None:
        if not connections or any(other.store is not connections[0].store for other in connections):
            raise ValueError("the connections of a refresher are over one and the same store")
        store = connections[0].store
        if not isinstance(store, Index):
            raise ValueError(f"{type(store).__name__} has no index of what is due")
        self._store, self._index = store, store
        self.limits = limits or Limits()
        self.metrics = metrics or Metrics()
        self._metrics_file = metrics_file
        self._fleets = self._fleets_of(connections)
        self._resting: dict[str, int] = {}
        self._stop, self._abandon, self._freed = threading.Event(), threading.Event(), threading.Event()
        self._in_flight = 0
        self._lock = threading.Lock()

    def run(self) -> None:
        """Goes on until `stop`, and comes back when all that was under way is done."""
        log.info("started", extra={"clients": len(self._fleets)})
        with ThreadPoolExecutor(self.limits.concurrency, "evergrant-refresher") as threads:
            purge_at = time.monotonic()
            while not self._stop.is_set():
                if time.monotonic() >= purge_at:
                    self._purge()
                    purge_at = time.monotonic() + self.limits.purge_every
                self._freed.clear()
                if not self._claim(threads):
                    self._freed.wait(self.limits.poll)
                self._tell()
            log.info("stopping", extra={"in_flight": self._in_flight})
        self._tell()
        log.info("stopped")

    def stop(self) -> None:
        """Claims no more. Called once more it also gives up what the store does not take."""
        if self._stop.is_set():
            self._abandon.set()
        self._stop.set()
        self._freed.set()

    # Claiming, in the thread of `run`.

    def _claim(self, threads: ThreadPoolExecutor) -> bool:
        """Whether there may be more at once."""
        # None goes first each time: the first one may have work for all threads.
        self._fleets.append(self._fleets.pop(0))
        more = [self._claim_of(fleet, threads) for fleet in self._fleets]
        return any(more)

    def _claim_of(self, fleet: _Fleet, threads: ThreadPoolExecutor) -> bool:
        """As `_claim`, of one client."""
        free = self._free(fleet)
        if free <= 0:
            return False
        try:
            keys = self._index.claim_due(free, round(self.limits.hold * 1000), fleet.prefix)
        except Exception as error:
            self._unanswered(error)
            return False
        self.metrics.last_claim.set(time.time())
        self.metrics.claimed.inc(len(keys))
        kept = 0
        for key in keys:
            reason = self._dispatch(threads, fleet, key)
            if reason is None:
                kept += 1
            else:
                self.metrics.dropped.labels(reason).inc()
        # Where connections are dropped another copy may do better: let it.
        return kept == free

    def _free(self, fleet: _Fleet) -> int:
        """How many of its connections could have their turn now."""
        if fleet.stopped is not None or not fleet.issuer.may_begin(_ticks()):
            return 0
        free = self.limits.concurrency - self._in_flight
        return min(free, 1) if fleet.issuer.is_open else free

    def _dispatch(self, threads: ThreadPoolExecutor, fleet: _Fleet, key: str) -> str | None:
        """Gives the connection its turn, or says why not."""
        tenant = fleet.tenant(key)
        if tenant is None:
            return "not_of_this_client"
        if self._resting.get(key, 0) > fleet.connections.client.clock.now():
            return "resting"
        if tenant in fleet.turns:
            return "under_way"
        phase = fleet.issuer.begin(_ticks())
        if phase is None:
            return "breaker_open"
        self._resting.pop(key, None)
        turn = fleet.turns[tenant] = Turn(key, tenant, phase)
        with self._lock:
            self._in_flight += 1
        threads.submit(self._turn, fleet, turn)
        return None

    def _purge(self) -> None:
        try:
            while not self._stop.is_set() and (purged := self._index.purge()):
                self.metrics.purged.inc(purged)
        except Exception as error:
            self._unanswered(error)
        now = min(fleet.connections.client.clock.now() for fleet in self._fleets)
        self._resting = {key: at for key, at in self._resting.items() if at > now}

    def _unanswered(self, error: Exception) -> None:
        """The index has failed, or has a bug; of that only its kind is told."""
        self.metrics.index_errors.inc()
        why = error.description if isinstance(error, StoreUnavailable) else type(error).__name__
        log.warning("store_unavailable", extra={"why": why})

    def _tell(self) -> None:
        self.metrics.in_flight.set(self._in_flight)
        for fleet in self._fleets:
            self.metrics.breaker_open.labels(fleet.issuer.name).set(fleet.issuer.is_open)
            self.metrics.stopped.labels(fleet.connections.client.client_id).set(fleet.stopped is not None)
        if self._metrics_file is not None:
            try:
                self.metrics.write(self._metrics_file)
            except OSError as error:
                log.warning("metrics_not_written", extra={"why": type(error).__name__})

    # Turns, each in a thread.

    def _turn(self, fleet: _Fleet, turn: Turn) -> None:
        begun = time.monotonic()
        try:
            if self._is_paced(fleet, begun):
                client = fleet.connections.client
                timing = client.provider.config.refresh.timing
                longest = timing.send_within + timing.listen_for + timing.save_within
                turn.take(client, self._store, longest / 1000, self._abandon)
            else:
                turn.code = "not_begun"
        except Exception as error:
            turn.code = "failed"
            log.error("turn_failed", extra={"tenant": turn.tenant, "why": type(error).__name__})
        finally:
            self._ended(fleet, turn, time.monotonic() - begun)

    def _is_paced(self, fleet: _Fleet, begun: float) -> bool:
        """Waits for the issuer's rate, though not for longer than half of the claim."""
        while wait := fleet.issuer.wait(_ticks()):
            left = begun + self.limits.hold / 2 - time.monotonic()
            if wait / 1000 > left or self._stop.wait(wait / 1000):
                return False
        return not self._stop.is_set()

    def _ended(self, fleet: _Fleet, turn: Turn, seconds: float) -> None:
        fleet.issuer.end(_ticks(), turn.phase, turn.outcome())
        now = fleet.connections.client.clock.now()
        if turn.waits_for_operator:
            self._resting[turn.key] = now + 86_400_000
        elif turn.retry_at is not None and turn.code != "try_later_unavailable":
            # Of an outcome that nobody knows the record itself says when to try again.
            self._resting[turn.key] = turn.retry_at
        if turn.code in OF_THE_CLIENT and fleet.stopped is None:
            fleet.stopped = turn.code
            log.error("client_stopped", extra={"client_id": fleet.connections.client.client_id, "code": turn.code})
        self.metrics.turns.labels(turn.code).inc()
        self.metrics.seconds.observe(seconds)
        level = logging.INFO if turn.code in ("refreshed", "nothing_due") else logging.WARNING
        log.log(level, "turn", extra={"tenant": turn.tenant, "code": turn.code, "ms": round(seconds * 1000)})
        del fleet.turns[turn.tenant]
        with self._lock:
            self._in_flight -= 1
        self._freed.set()

    def _fleets_of(self, connections: Sequence[Connections]) -> list[_Fleet]:
        issuers: dict[str, Issuer] = {}
        fleets: list[_Fleet] = []
        for each in connections:
            client = each.client
            endpoint = client.provider.config.token_endpoint
            issuer = issuers.setdefault(endpoint, Issuer(endpoint, self.limits.per_minute, self.limits.breaker()))
            fleet = _Fleet(each, issuer, machine.store_key(client.machine, "x")[:-1])

            def notice(said: Notice, fleet: _Fleet = fleet) -> None:
                turn = fleet.turns.get(said.tenant)
                if turn is not None:
                    turn.see(said)

            def patience(milliseconds: int, issuer: Issuer = issuer) -> None:
                if milliseconds > 0:
                    issuer.slow_down(_ticks(), milliseconds)

            own = watched(client, notice, patience)
            fleet.connections = Connections(own, self._store)
            fleets.append(fleet)
        return fleets


def _ticks() -> int:
    return time.monotonic_ns() // 1_000_000
