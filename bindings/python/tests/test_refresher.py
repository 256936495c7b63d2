"""The central refresher, on a real store and against a real authority."""

import json
import logging
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import running
from evergrant import Client, Connections, Misconfigured, Sealing, Secret, StoreUnavailable
from evergrant.machine import RefreshPolicy, Timing
from evergrant.refresher import Breaker, Limits, Refresher
from evergrant.refresher.__main__ import JsonLines, main
from evergrant.refresher._issuer import Outcome
from evergrant.refresher._watched import retry_after
from evergrant.stores import MemoryStore, SqliteStore
from world import CLIENT_ID, CLIENT_SECRET, World

QUICK = Timing(send_within=500, listen_for=1_500, start_within=1_000, save_within=500, takeover_after=2_600)
POLICY = {"provider": {"refresh": RefreshPolicy(timing=QUICK)}}


@pytest.fixture
def world(authority, tmp_path):
    return World(authority, SqliteStore(tmp_path / "store.db"), **POLICY)


def tenants(world, count):
    """So many tenants who connected long ago: each is due for a refresh, once."""
    names = [f"tenant/{number} ü" for number in range(count)]
    world.clock.ahead = -10_000
    for name in names:
        world.connect(world.connections[name])
    world.clock.ahead = 0
    world.restart()
    world.notices.clear()
    return names


@contextmanager
def at_work(*refreshers):
    threads = [threading.Thread(target=refresher.run) for refresher in refreshers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for refresher in refreshers:
            refresher.stop()
        for thread in threads:
            thread.join()


def until(condition):
    while not condition():
        time.sleep(0.01)


def refresh_gets(world, fault, times=1):
    rule = {"path": "/oauth/token", "grant_type": "refresh_token", "times": times, "fault": fault}
    world.authority.control_list("faults", [rule])


def limits(**more):
    return Limits(**{"poll": 0.02, "concurrency": 4, "per_minute": 60_000, **more})


def test_two_copies_keep_all_fresh_and_refresh_nothing_twice(world):
    names = tenants(world, 12)
    copies = [Refresher(Connections(world.client, world.store), limits=limits()) for _ in range(2)]
    with at_work(*copies):
        until(lambda: world.codes().count("refreshed") >= 12)
    assert sorted(notice.tenant for notice in world.notices if notice.code == "refreshed") == sorted(names)
    stats = world.authority.stats()
    assert (stats["refreshes_received"], stats["grants_alive"]) == (12, 12)
    claimed = [copy.metrics.registry.get_sample_value("evergrant_refresher_claimed_total") for copy in copies]
    assert sum(claimed) == 12
    world.restart()
    assert [world.get(world.connections[name])[0] for name in names] == [200] * 12
    assert world.authority.stats()["refreshes_received"] == 12


def test_what_is_not_due_is_left_alone(authority, tmp_path):
    world = World(authority, SqliteStore(tmp_path / "store.db"))
    world.connect()
    refresher = Refresher(world.connections, limits=limits())
    with at_work(refresher):
        until(lambda: refresher.metrics.registry.get_sample_value("evergrant_refresher_last_claim_seconds"))
    assert authority.stats()["refreshes_received"] == 0


def test_the_breaker_stops_and_one_connection_tries(world):
    tenants(world, 12)
    refresh_gets(world, {"kind": "answer", "status": 502}, times=5)
    breaker = Breaker(window=6, failures=3, pause=300)
    refresher = Refresher(world.connections, limits=limits(concurrency=1, breaker=lambda: breaker))
    with at_work(refresher):
        until(lambda: breaker.is_open)
        opened = time.monotonic()
        assert world.authority.stats()["refreshes_received"] == 3
        until(lambda: world.authority.stats()["refreshes_received"] > 3)
        assert time.monotonic() - opened > 0.29
        # Two more fail, each after a longer pause; the next one is answered.
        until(lambda: not breaker.is_open)
        until(lambda: world.codes().count("refreshed") >= 12)
    codes = world.codes()
    assert codes.count("refresh_failed") >= 5
    assert codes[: codes.index("refreshed")].count("refresh_started") == 6
    assert world.authority.stats()["replayed_refresh_tokens"] == 0


def test_patience_is_asked_of_all(world):
    tenants(world, 4)
    refresh_gets(world, {"kind": "try_later", "retry_after": {"seconds": 2}})
    refresher = Refresher(world.connections, limits=limits(concurrency=1))
    with at_work(refresher):
        until(lambda: "refresh_failed" in world.codes())
        failed = time.monotonic()
        until(lambda: "refreshed" in world.codes())
        assert time.monotonic() - failed > 1.9
    assert world.notices[[*world.codes()].index("refresh_failed")].detail == "try_later_rate_limited"


def test_a_refused_client_asks_once_and_never_again(world):
    names = tenants(world, 4)
    wrong = World(world.authority, world.store, client_secret=Secret("wrong"), **POLICY)
    refresher = Refresher(wrong.connections, limits=limits(concurrency=1))
    stopped = ("evergrant_refresher_client_stopped", {"client_id": CLIENT_ID})
    with at_work(refresher):
        until(lambda: refresher.metrics.registry.get_sample_value(*stopped) == 1)
        time.sleep(0.5)
    assert world.authority.stats()["refreshes_received"] == 1
    with pytest.raises(Misconfigured, match="misconfigured_invalid_client"):
        wrong.connections[names[0]].token()
    # With the right secret nothing is lost.
    right = Refresher(world.connections, limits=limits(hold=0.1))
    with at_work(right):
        until(lambda: {n.tenant for n in world.notices if n.code == "refreshed"} == set(names))


def test_the_pace_is_kept(world):
    tenants(world, 8)
    begun = time.monotonic()
    refresher = Refresher(world.connections, limits=limits(per_minute=60))
    with at_work(refresher):
        # A burst of 6 at once, and then about one a second.
        until(lambda: world.codes().count("refreshed") == 8)
    assert time.monotonic() - begun > 1.0


def test_what_cannot_be_begun_is_said(world, tmp_path, monkeypatch, capsys):
    class NoIndex:
        def swap(self, key, expected, write):
            return None

    with pytest.raises(ValueError, match="NoIndex has no index"):
        Refresher(Connections(world.client, NoIndex()))
    with pytest.raises(ValueError, match="same store"):
        Refresher(world.connections, Connections(world.client, MemoryStore()))
    monkeypatch.chdir(tmp_path)
    Path("faulty_app.py").write_text("connections = 1\n")
    for name, said in [
        ("faulty_app", "MODULE:NAME"),
        ("faulty_app:nothing", "nothing"),
        ("faulty_app:connections", "is a int, not evergrant.Connections"),
        ("no_such_app:connections", "no_such_app"),
    ]:
        assert main([name]) == 2
        assert said in capsys.readouterr().err


APP = """
from evergrant import *
from evergrant.machine import RefreshPolicy, Timing
from evergrant.stores import SqliteStore
base = {base!r}
provider = Provider(environment="loopback", issuer=base, iss=IssPolicy.REQUIRED, loopback_http=True,
    authorization_endpoint=base + "/oauth/authorize", token_endpoint=base + "/oauth/token",
    revocation_endpoint=base + "/oauth/revoke", api_origin=base, refresh=RefreshPolicy(timing=Timing(
    send_within=500, listen_for=4_000, start_within=3_000, save_within=1_000, takeover_after=6_000)))
client = Client(provider, client_id={id!r}, client_secret=Secret({secret!r}), sealing=Sealing.plain(),
    redirect_uris=["http://127.0.0.1/callback"], scopes=["expenses:read", "users:read"])
connections = Connections(client, SqliteStore({store!r}))
"""


def test_sigterm_is_answered_when_all_is_listened_out(world, tmp_path):
    [name] = tenants(world, 1)
    key = "connection/loopback/demo%20client%2B1/tenant%2F0%20%C3%BC"
    before = json.loads(world.store.swap(key, None, None).record)
    text = APP.format(base=world.authority.base, id=CLIENT_ID, secret=CLIENT_SECRET, store=str(tmp_path / "store.db"))
    (tmp_path / "fleet_app.py").write_text(text)
    refresh_gets(world, {"kind": "delay_reply", "ms": 1_500})
    seen = world.authority.stats()["refreshes_received"]
    command = [sys.executable, "-m", "evergrant.refresher", "fleet_app:connections", "--metrics-port", "0"]
    command += ["--metrics-file", str(tmp_path / "metrics.prom"), "--poll", "0.05"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = [json.loads(process.stderr.readline())]
            with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]['port']}/metrics") as answer:
                assert b"evergrant_refresher_in_flight" in answer.read()
            until(lambda: world.authority.stats()["refreshes_received"] > seen)
            process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()
            lines += [json.loads(line) for line in rest.splitlines()]
            assert process.wait() == 0
        finally:
            process.kill()
    # It was in flight when the signal came, and its answer is in the store.
    events = [line["event"] for line in lines]
    assert events.index("stopping") < events.index("turn") < events.index("stopped")
    [turn] = [line for line in lines if line["event"] == "turn"]
    assert (turn["tenant"], turn["code"]) == (name, "refreshed")
    assert 'evergrant_refresher_turns_total{code="refreshed"} 1.0' in (tmp_path / "metrics.prom").read_text()
    after = json.loads(world.store.swap(key, None, None).record)
    assert after["gen"] == before["gen"] + 1
    tokens = [record["tokens"][name] for record in (before, after) for name in ("access", "refresh")]
    assert not any(secret in rest for secret in [*tokens, CLIENT_SECRET])


def test_a_line_of_the_log_holds_no_text_of_an_exception():
    try:
        raise RuntimeError("hidden-token")
    except RuntimeError:
        record = logging.LogRecord("evergrant", logging.ERROR, "", 0, "it %s", ("failed",), sys.exc_info())
    record.code = "refreshed"
    line = json.loads(JsonLines().format(record))
    assert (line["event"], line["exception"], line["code"]) == ("it failed", "RuntimeError", "refreshed")
    assert "hidden-token" not in JsonLines().format(record)

def test_a_breaker_by_the_clock():
    breaker = Breaker(window=4, failures=2, pause=100, longest_pause=300)
    failed, answered, not_asked = Outcome.FAILED, Outcome.ANSWERED, Outcome.NOT_ASKED
    turns = [breaker.begin(0) for _ in range(5)]
    assert turns == [1] * 5
    for outcome in (failed, answered, not_asked, answered):
        breaker.end(1, 1, outcome)
    assert not breaker.is_open
    breaker.end(2, 1, failed)
    assert breaker.is_open and breaker.begin(101) is None
    # What began before it opened closes nothing.
    breaker.end(3, 1, answered)
    assert breaker.is_open
    # One tries; another only if that one had nothing to do.
    probe = breaker.begin(102)
    assert probe is not None and breaker.begin(102) is None
    breaker.end(103, probe, not_asked)
    probe = breaker.begin(103)
    breaker.end(104, probe, failed)
    # Each failure doubles the pause, up to the longest.
    for opened, pause in ((104, 200), (304, 300), (604, 300)):
        assert breaker.begin(opened + pause - 1) is None
        probe = breaker.begin(opened + pause)
        breaker.end(opened + pause, probe, answered if pause == 300 and opened == 604 else failed)
    assert not breaker.is_open
    # Old outcomes are forgotten, and the pause is the first again.
    for _ in range(2):
        breaker.end(1_000, breaker.begin(1_000), failed)
    assert breaker.begin(1_099) is None and breaker.begin(1_100) is not None


def test_retry_after_as_servers_write_it():
    now = 1_700_000_000_000
    assert retry_after("7", now) == 7_000
    assert retry_after(" 120 ", now) == 120_000
    assert retry_after("Tue, 14 Nov 2023 22:13:30 GMT", now) == 10_000
    assert retry_after("Tue, 14 Nov 2023 22:13:10 GMT", now) == 0
    assert retry_after("Tuesday, 14-Nov-23 22:13:30 GMT", now) == 10_000
    for nonsense in ("", "soon", "-1", "1.5", "٧", "9" * 30, "Tue, 99 Nov 2023 22:13:30 GMT"):
        assert retry_after(nonsense, now) in (0, 999_999_999_000)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="a zone cannot be set")
@pytest.mark.parametrize("zone", ["America/Los_Angeles", "JST-9"])
def test_a_date_without_a_zone_is_gmt(monkeypatch, zone):
    """As all dates of HTTP are, wherever this machine stands."""
    try:
        with monkeypatch.context() as here:
            here.setenv("TZ", zone)
            time.tzset()
            assert retry_after("Tue Nov 14 22:13:30 2023", 1_700_000_000_000) == 10_000
            assert retry_after("Tue Nov 14 22:13:10 2023", 1_700_000_000_000) == 0
    finally:
        time.tzset()


def test_an_index_that_fails_is_asked_again(world):
    tenants(world, 1)
    store = world.store

    class Failing:
        def __init__(self):
            self.left = [StoreUnavailable("it is away"), RuntimeError("hidden-token")]

        def swap(self, *arguments):
            return store.swap(*arguments)

        def list(self, *arguments):
            return store.list(*arguments)

        def purge(self, limit=1000):
            return store.purge(limit)

        def claim_due(self, *arguments):
            if self.left:
                raise self.left.pop()
            return store.claim_due(*arguments)

    refresher = Refresher(Connections(world.client, Failing()), limits=limits())
    with at_work(refresher):
        until(lambda: "refreshed" in world.codes())
    assert refresher.metrics.registry.get_sample_value("evergrant_refresher_index_errors_total") == 2


def test_what_the_store_does_not_take_is_kept_until_it_does(world):
    [name] = tenants(world, 1)
    store = world.store

    class Deaf:
        """Takes no tokens, from the answer on."""

        def __init__(self):
            self.deaf, self.refused = True, 0
            self.list, self.claim_due, self.purge = store.list, store.claim_due, store.purge

        def swap(self, key, expected, write):
            if write and self.deaf and world.authority.stats()["refreshes_ok"]:
                self.refused += 1
                raise StoreUnavailable("it is away")
            return store.swap(key, expected, write)

    deaf = Deaf()
    refresher = Refresher(Connections(world.client, deaf), limits=limits())
    with at_work(refresher):
        # Longer than the machine lets anybody wait for the store.
        until(lambda: deaf.refused >= 4)
        # It is told to stop, and then the store comes back.
        threading.Timer(0.5, lambda: setattr(deaf, "deaf", False)).start()
    assert world.codes().count("refreshed") == 1
    world.restart()
    assert world.get(world.connections[name])[0] == 200
    assert world.authority.stats()["refreshes_received"] == 1


def test_what_is_anothers_is_not_claimed(world):
    """Not even for a moment: its own refresher finds it due."""
    [name] = tenants(world, 1)
    other = Client(
        world.provider(),
        client_id="another",
        redirect_uris=["http://127.0.0.1/callback"],
        scopes=["users:read"],
        sealing=Sealing.plain(),
        client_secret=Secret("x"),
    )
    alone = Refresher(Connections(other, world.store), limits=limits())
    with at_work(alone):
        until(lambda: alone.metrics.registry.get_sample_value("evergrant_refresher_last_claim_seconds"))
    assert alone.metrics.registry.get_sample_value("evergrant_refresher_claimed_total") == 0
    both = Refresher(Connections(other, world.store), Connections(world.client, world.store), limits=limits())
    with at_work(both):
        until(lambda: "refreshed" in world.codes())
    assert [notice.tenant for notice in world.notices if notice.code == "refreshed"] == [name]
