"""A worker of the kill test: uses connections until it is killed."""

import os
import random
from typing import NamedTuple

from driver import call
from evergrant import (
    Client,
    Connections,
    EvergrantError,
    IssPolicy,
    Provider,
    ReauthenticationRequired,
    Sealing,
    Secret,
)
from evergrant._clock import Clock
from evergrant.machine import RefreshPolicy, Timing
from evergrant.stores import SqliteStore
from evergrant.stores.postgresql import PostgresqlStore
from evergrant.stores.redis import RedisStore

CALLBACK = "http://127.0.0.1:49152/callback"
TIMING = Timing(send_within=500, listen_for=3_000, start_within=2_500, save_within=800, takeover_after=4_500)
STORES = {"sqlite": SqliteStore, "postgresql": PostgresqlStore, "redis": RedisStore}


class Setting(NamedTuple):
    """Where the run takes place."""

    base: str
    store: str
    source: str
    tenants: int


def tenants(setting):
    return [f"tenant-{number}" for number in range(setting.tenants)]


def connections(setting, on_notice):
    base = setting.base
    provider = Provider(
        environment="loopback",
        issuer=base,
        iss=IssPolicy.REQUIRED,
        authorization_endpoint=f"{base}/oauth/authorize",
        token_endpoint=f"{base}/oauth/token",
        api_origin=base,
        loopback_http=True,
        refresh=RefreshPolicy(timing=TIMING),
    )
    client = Client(
        provider,
        client_id="demo client+1",
        client_secret=Secret("s3cret/%:+é"),
        redirect_uris=["http://127.0.0.1/callback"],
        scopes=["expenses:read", "users:read"],
        sealing=Sealing.plain(),
        # Nobody waits out the time of a dead owner: there is other work.
        timeout=0.25,
        on_notice=on_notice,
    )
    return Connections(client, STORES[setting.store](setting.source))


def connect(own, tenant, timeout=None):
    """A person goes through the browser, and comes back."""
    begun = own[tenant].authorize(CALLBACK, timeout=timeout)
    status, headers, _ = call(begun.url.expose(), "GET", {})
    assert status in (302, 303)
    location = dict(line.split(": ", 1) for line in headers.expose().splitlines())["location"]
    own.callback(location, {begun.cookie.name: begun.cookie.value.expose()}, timeout=timeout)


def work(setting, journal, seed):
    """Writes down, before it happens, all that a killed process can have left behind."""
    file = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(notice):
        line = f"{clock.ticks()} {notice.tenant} {notice.code} {notice.generation} {notice.detail}\n"
        os.write(file, line.encode())

    clock = Clock()
    own, dice, names = connections(setting, note), random.Random(seed), tenants(setting)
    while True:
        tenant = dice.choice(names)
        try:
            own[tenant].token()
        except ReauthenticationRequired:
            try:
                connect(own, tenant)
            except (EvergrantError, OSError):
                pass  # Another worker has connected it meanwhile, or will.
        except EvergrantError:
            pass
