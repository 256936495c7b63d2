"""Workers that are killed at any moment, over a real store and a server with strict
rotation: `make kill-test`.

Each worker keeps a journal, which outlives it, of the refreshes that it begins and ends.
A refresh that was begun and not ended when its worker was killed is a *crash window*:
whether the server has rotated nobody can know, and if it has, the answer is gone. So
after a window, or where no answer came in time, and only then, a refresh token may be
sent twice; and after a window only when the time of takeover has passed. A host so busy
that it breaks the timing row itself is counted, since no client can help that.
"""

import itertools
import json
import multiprocessing
import os
import random
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import servers
from conftest import running
from evergrant import EvergrantError, ReauthenticationRequired, machine
from kill_worker import TIMING, Setting, connect, connections, tenants, work

WORKERS, TENANTS = 8, 120


class Attempt(NamedTuple):
    """At a refresh. Times are milliseconds of a clock that all processes share."""

    begun: int
    ended: int | None
    """None: its worker was killed."""
    code: str


class Journals:
    """What the workers have written down; a refresh is named by tenant and generation."""

    def __init__(self):
        self.attempts = defaultdict(list)

    def read(self, path):
        """The journal of a worker that is dead."""
        under_way = {}
        for line in path.read_text().splitlines():
            at, tenant, code, generation, detail = line.split(" ")
            if code not in ("refresh_started", "refreshed", "refresh_failed"):
                continue
            # That of what was saved is the next one.
            refresh = (tenant, int(generation) - (code == "refreshed"))
            if code == "refresh_started":
                under_way[refresh] = int(at)
            else:
                # An answer that comes after it was given up is of no attempt that is open.
                begun = under_way.pop(refresh, int(at))
                self.attempts[refresh].append(Attempt(begun, int(at), detail if code == "refresh_failed" else code))
        for refresh, begun in under_way.items():
            self.attempts[refresh].append(Attempt(begun, None, "killed"))

    def count(self, code):
        """Attempts that came to this."""
        return sum(attempt.code == code for each in self.attempts.values() for attempt in each)

    def lost(self):
        """Refreshes whose grant was found to be lost."""
        return {it for it, each in self.attempts.items() if any(x.code.startswith("reauthenticate_") for x in each)}

    def explained(self):
        """Refreshes whose answer may have been lost, or was not stored in time."""
        return {it for it, each in self.attempts.items() if any(_may_be_lost(attempt) for attempt in each)}

    def judge(self):
        """Attempts on top of another: those that the protocol must not make, and those
        that it cannot help, since the one before took longer than the timing row says."""
        doubles = late = 0
        for each in self.attempts.values():
            for before, after in itertools.pairwise(sorted(each, key=lambda attempt: attempt.begun)):
                if before.ended is not None and before.ended <= after.begun:
                    continue
                # The owner's intent was written up to W before it was begun.
                early = after.begun - before.begun < TIMING.takeover_after - TIMING.send_within
                doubles += early
                late += not early and before.code != "killed"
        return doubles, late


def _may_be_lost(attempt):
    if attempt.ended is None:
        return True
    longest = TIMING.takeover_after - TIMING.send_within
    return attempt.code.startswith("try_later_") or attempt.ended - attempt.begun >= longest


class Report(NamedTuple):
    """What came of a run."""

    store: str
    seed: int
    kills: int
    crash_windows: int
    refreshes: int
    refreshes_without_an_answer: int
    replays: int
    grants_lost: int
    double_refreshes_outside: int
    refreshes_slower_than_the_timing_row: int
    grants_lost_outside: int
    grants_honoured: int
    grants_working: int
    seconds: float

    def lines(self):
        """A line for each figure."""
        return [f"{name.replace('_', ' '):38}{value}" for name, value in self._asdict().items()]


def run(store, kills, seed, program):
    """One run; the same seed kills the same workers after the same pauses."""
    begun = time.monotonic()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kill_worker"])
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evergrant-")))
        authority = stack.enter_context(running(program, "--access-token-lifetime", "1"))
        source = {
            "sqlite": lambda: str(directory / "store.db"),
            "postgresql": lambda: stack.enter_context(servers.postgresql(fsync=True)),
            "redis": lambda: stack.enter_context(servers.redis()),
        }[store]()
        setting = Setting(authority.base, store, source, TENANTS)
        own = connections(setting, lambda notice: None)
        for tenant in tenants(setting):
            connect(own, tenant, 60)
        dice = random.Random(seed)
        for _ in range(kills):
            authority.control_list("faults", [_slow(dice) for _ in range(20)])
        journals, workers = Journals(), {}

        def begin(number):
            journal = directory / f"journal-{len(list(directory.glob('journal-*')))}"
            journal.touch()
            process = context.Process(target=work, args=(setting, str(journal), dice.random()), daemon=True)
            process.start()
            workers[number] = process, journal

        def kill(number):
            process, journal = workers.pop(number)
            process.kill()
            process.join()
            process.close()
            journals.read(journal)

        for number in range(WORKERS):
            begin(number)
        for _ in range(kills):
            time.sleep(dice.uniform(0, 0.2))
            number = dice.randrange(WORKERS)
            kill(number)
            begin(number)
        for number in range(WORKERS):
            kill(number)
        authority.control_list_delete("faults")
        time.sleep(TIMING.takeover_after / 1000)
        stats = authority.stats()
        honoured, working, lost = _count(authority, own, setting, journals.explained())
        doubles, late = journals.judge()
        return Report(
            store,
            seed,
            kills + WORKERS,
            journals.count("killed"),
            journals.count("refreshed"),
            sum(journals.count(code) for code in ("try_later_unavailable", "try_later_not_sent")),
            stats["replayed_refresh_tokens"],
            len(journals.lost()),
            doubles,
            late,
            len(journals.lost() - journals.explained()) + lost,
            honoured,
            working,
            round(time.monotonic() - begun, 1),
        )


def _slow(dice):
    """What befalls a refresh: the server takes its time, before or after it has rotated."""
    kind = dice.choice(["pass", "delay_reply", "delay_reply", "delay_request"])
    fault = {"kind": kind} if kind == "pass" else {"kind": kind, "ms": dice.randrange(20, 200)}
    return {"path": "/oauth/token", "grant_type": "refresh_token", "fault": fault}


def _count(authority, own, setting, explained):
    """Of the grants that the server honours: how many there are, and how many work. And
    how many it does not honour though nothing explains that."""
    honoured = working = unexplained = 0
    for tenant in tenants(setting):
        record = json.loads(own.store.swap(machine.store_key(own.client.machine, tenant), None, None).record)
        refresh = record.get("tokens", {}).get("refresh")
        good = refresh and authority.control("would-honour", refresh_token=refresh)["honoured"]
        honoured += bool(good)
        if good:
            working += _works(own, tenant)
        elif record["status"] == "active" and (tenant, record["gen"]) not in explained:
            unexplained += 1
        # And in any case the customer can go on.
        if not good:
            try:
                own[tenant].token(timeout=60)
            except ReauthenticationRequired:
                connect(own, tenant, 60)
            assert _works(own, tenant)
    return honoured, working, unexplained


def _works(own, tenant):
    try:
        url = own.client.provider.config.api_origin + "/v1/expenses"
        return own[tenant].call("GET", url, timeout=60).status == 200
    except EvergrantError:
        return False


def check(report):
    """What must be so after every run."""
    assert report.double_refreshes_outside == 0, report
    assert report.grants_lost_outside == 0, report
    explained = report.crash_windows + report.refreshes_without_an_answer
    assert report.replays <= explained + report.refreshes_slower_than_the_timing_row, report
    assert report.grants_working == report.grants_honoured, report
    # And it was a test: workers died in mid-refresh, and what they left was taken over.
    assert report.crash_windows > 0, report
    assert report.grants_honoured > 0, report


def main(kills, seed, *stores):
    """Runs, prints and checks. To be called by `python -c`: what a program has of its own
    every process that it begins would load again."""
    for store in stores or ("sqlite", "postgresql", "redis"):
        report = run(store, int(kills), int(seed), os.environ["EVERGRANT_AUTHORITY"])
        print(*report.lines(), "", sep="\n", flush=True)
        check(report)
