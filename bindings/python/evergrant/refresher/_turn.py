"""One connection's turn: what is due is done, and nothing is left in memory only."""

from __future__ import annotations

import threading
import time
from concurrent.futures import TimeoutError
from dataclasses import dataclass

from ..client import Client
from ..errors import EvergrantError
from ..news import Notice
from ..operations import Operations
from ..store import Store
from ._issuer import Outcome

__all__ = ["Turn"]

BAD = ("refresh_started", "try_later_unavailable", "try_later_not_sent", "try_later_rate_limited")
POLL = 0.1


@dataclass
class Turn:
    """A turn of `tenant`, whose record has this `key`."""

    key: str
    tenant: str
    phase: int
    """The issuer's number for it."""
    code: str = "nothing_due"
    """What came of it: `refreshed`, the code of a failure, or that nothing was due."""
    retry_at: int | None = None
    """When another try makes sense, UNIX ms, if it failed."""
    waits_for_operator: bool = False
    """Nothing but another configuration helps."""

    def see(self, notice: Notice) -> None:
        """A notice of this connection."""
        if notice.code in ("refresh_started", "refreshed"):
            self.code = notice.code
        elif notice.code == "refresh_failed":
            self.code = notice.detail or notice.code

    def take(self, client: Client, store: Store, timeout: float, abandon: threading.Event) -> None:
        """Does what is due. Does not come back while there may be tokens that the store
        has not taken, unless told to abandon them."""
        asked = Operations(client, store, self.tenant)
        failure: EvergrantError | None = None
        try:
            asked.maintain().result(timeout)
            asked.settled().result(timeout)
        except EvergrantError as error:
            failure = error
        except TimeoutError:
            pass
        driver = asked.driver
        while driver.is_unsaved and not abandon.is_set():
            time.sleep(POLL)
        self._end(driver.wake_at, failure)

    def _end(self, wake_at: int | None, failure: EvergrantError | None) -> None:
        if self.code == "refreshed" or (failure is None and self.code == "nothing_due"):
            return
        if failure is not None:
            self.code = failure.code
        self.waits_for_operator = self.code.startswith("misconfigured_")
        self.retry_at = failure.retry_at if failure is not None and failure.retry_at else wake_at

    def outcome(self) -> Outcome:
        """What it says of the issuer."""
        if self.code == "refreshed" or self.code.startswith("reauthenticate_"):
            return Outcome.ANSWERED
        if self.code in BAD or self.waits_for_operator:
            return Outcome.FAILED
        return Outcome.NOT_ASKED
