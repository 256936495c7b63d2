"""The whole lifecycle, evergrant beside its peers: same inputs, same run, no network.

CPU time of one life by `time.process_time_ns`: the candidates take turns, so that a
busy machine is busy for all of them, and the median is taken. `--profile` counts what
crosses the boundary instead.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable

import ours
import package
import peers
from evergrant._native import evergrant as native
from evergrant._packed import crossing

Life = Callable[[], object]

CANDIDATES: list[tuple[str, Life]] = [
    ("evergrant, Connection and its threads, store in memory", package.package()),
    ("evergrant, packed step, records in memory", ours.packed(ours.client(sealed=False))),
    ("evergrant, packed step, records in memory, sealed", ours.packed(ours.client(sealed=True))),
    ("evergrant, generated step, records in memory", ours.generated(ours.client(sealed=False))),
    ("oauthlib, no record, no HTTP client", peers.oauthlib),
    ("authlib on httpx, no record", peers.authlib),
    ("requests-oauthlib, no record", peers.requests_oauthlib),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    if given.profile:
        profile()
    else:
        table(given.rounds)


def table(rounds: int) -> None:
    times = taken_in_turns([life for _, life in CANDIDATES], rounds, lives=10)
    packed = statistics.median(times[1])
    print(f"{'whole lifecycle, CPU time':<56}{'median':>10}{'least':>10}{'ratio':>8}")
    for (name, _), taken in zip(CANDIDATES, times, strict=True):
        median = statistics.median(taken)
        print(f"{name:<56}{median:>7.0f} µs{min(taken):>7.0f} µs{median / packed:>8.2f}")
    (token,) = taken_in_turns([package.valid_token()], rounds, lives=10_000)
    bare, carrying = taken_in_turns([package.request(False), package.request(True)], rounds, lives=100)
    added = [with_token - without for without, with_token in zip(bare, carrying, strict=True)]
    print(f"{'a valid token':<56}{statistics.median(token):>7.2f} µs{min(token):>7.2f} µs")
    print(f"{'what httpx.Auth adds to a request':<56}{statistics.median(added):>7.2f} µs")
    print(f"{'of a request by httpx, which takes':<56}{statistics.median(bare):>7.2f} µs{min(bare):>7.2f} µs")


def taken_in_turns(candidates: list[Life], rounds: int, lives: int) -> list[list[float]]:
    """Microseconds of each candidate, a figure for each round."""
    for life in candidates:
        life()
    times: list[list[float]] = [[] for _ in candidates]
    for _ in range(rounds):
        for life, taken in zip(candidates, times, strict=True):
            taken.append(cpu(life, lives))
    return times


def cpu(life: Life, lives: int) -> float:
    """Microseconds for one life."""
    begun = time.process_time_ns()
    for _ in range(lives):
        life()
    return (time.process_time_ns() - begun) / lives / 1_000


def profile() -> None:
    """Foreign calls of one life, by what they are for."""
    calls: Counter[str] = Counter()

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            calls[function.__name__] += 1
            return function(*arguments)

        return call

    generated = native._uniffi_rust_call_with_error
    native._uniffi_rust_call_with_error = lambda converter, function, *arguments: generated(
        converter, counted(function), *arguments
    )
    for name in ("_clone", "_step", "_free"):
        setattr(crossing, name, counted(getattr(crossing, name)))
    client = ours.client(sealed=False)
    for host in (ours.Generated(client), ours.Packed(client)):
        calls.clear()
        host.live()
        print(f"{type(host).__name__}: {host.steps} steps, {calls.total()} foreign calls")
        for function, count in calls.most_common():
            print(f"{count:6} {function}")


main()
