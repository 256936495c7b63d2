"""Many customers' grants over one store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary


from . import machine
from ._fork import renew_in_child
from .client import Client
from .connection import Connection
from .errors import CallbackRefused, error_of
from .machine import Refusal, Secret, SecretBytes
from .news import Authorized
from .operations import Cookies, cookie_of, secret
from .store import Store

__all__ = ["Connections", "Kept"]

C = TypeVar("C")


class Kept(Generic[C]):
    """One object for each tenant: the last ones used are kept, and others for as long as
    somebody has them."""

    def __init__(self, make: Callable[[str], C], keep: int) -> None:
        self._make, self._keep = make, keep
        self._all: WeakValueDictionary[str, C] = WeakValueDictionary()
        self._last: OrderedDict[str, C] = OrderedDict()
        self._after_fork()
        renew_in_child(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()

    def of(self, tenant: str) -> C:
        """The tenant's."""
        with self._lock:
            kept = self._all.get(tenant)
            if kept is None:
                kept = self._all[tenant] = self._make(tenant)
            self._last[tenant] = kept
            self._last.move_to_end(tenant)
            if len(self._last) > self._keep:
                self._last.popitem(last=False)
            return kept


class Connections:
    """Connections by tenant, over one store and one callback URL.

    A tenant is a name of yours, of at most 256 bytes. `connections["tenant-42"]` is the
    same object each time, and costs nothing until it is used; the last `keep` of them
    stay in memory, with their tokens, and are refreshed when that is due.
    """

    def __init__(self, client: Client, store: Store, *, keep: int = 1_000) -> None:
        self.client, self.store = client, store
        self._kept: Kept[Connection] = Kept(lambda tenant: Connection(client, store, tenant), keep)

    def __getitem__(self, tenant: str) -> Connection:
        return self._kept.of(tenant)

    # Which tenants there are, the store's index knows: without these Python would count
    # through `self[0]`, `self[1]` and so on for ever.
    __iter__ = None
    __contains__ = None

    def callback(
        self, url: str | Secret, cookies: Cookies = None, *, same_process: bool = False, timeout: float | None = None
    ) -> Authorized:
        """Completes an authorization: finds out whose it is by what the store says. `url`
        is the whole URL of the redirect, `cookies` those that came with it.

        Whatever goes wrong is raised, with the `tenant` and `return_context` if known.
        """
        url = secret(url)
        cookies = cookie_of(url, cookies)
        current = self.store.swap(pending_key(url), None, None)
        tenant = tenant_of(self.client, url, current.record if current else None)
        return self[tenant].callback(url, cookies, same_process=same_process, timeout=timeout)

    def __repr__(self) -> str:
        return f"Connections({self.client!r}, {self.store!r})"


def pending_key(url: Secret) -> str:
    """Where the store has the authorization that a redirect speaks of."""
    try:
        return machine.pending_key(url)
    except Refusal as refusal:
        raise error_of(refusal) from None


def tenant_of(client: Client, url: Secret, record: bytes | None) -> str:
    """Whose authorization that is."""
    if record is None:
        raise CallbackRefused("callback_state_unknown", number=404)
    try:
        return machine.pending_tenant(client.machine, url, SecretBytes(record))
    except Refusal as refusal:
        raise error_of(refusal) from None
