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
import peers
from evergrant._native import evergrant as native
from evergrant._packed import crossing

Life = Callable[[], None]

CANDIDATES: list[tuple[str, Life]] = [
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
    times: dict[str, list[float]] = {name: [] for name, _ in CANDIDATES}
    for _, life in CANDIDATES:
        life()
    for _ in range(rounds):
        for name, life in CANDIDATES:
            times[name].append(cpu(life))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    first = medians[CANDIDATES[0][0]]
    print(f"{'whole lifecycle, CPU time':<52}{'median':>10}{'least':>10}{'ratio':>8}")
    for name, median in medians.items():
        print(f"{name:<52}{median:>7.0f} µs{min(times[name]):>7.0f} µs{median / first:>8.2f}")


def cpu(life: Life, lives: int = 10) -> float:
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
