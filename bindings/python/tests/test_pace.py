"""The pacer, as a driver uses it."""

import pytest
from evergrant.machine import Pace, Pacer, Refusal

NOW = 1_700_000_000_000


def passes(pacer, now):
    return next(count for count in range(1_000) if pacer.ask(now) != Pace.NOW())


def test_a_burst_then_one_by_one():
    pacer = Pacer()
    assert passes(pacer, NOW) == 50
    assert pacer.ask(NOW) == Pace.AT(at=NOW + 134)
    assert passes(pacer, NOW + 134) == 1
    pacer.slow_down(NOW + 134, NOW + 30_000)
    assert pacer.ask(NOW + 134) == Pace.AT(at=NOW + 30_000)
    assert "Pacer" in repr(pacer)


def test_a_rate_and_a_burst_of_ones_own():
    assert passes(Pacer(per_minute=60, burst=1), NOW) == 1
    assert passes(Pacer(60), NOW) == 6
    for rate, burst in [(0, None), (10, 0), (10, 11)]:
        with pytest.raises(Refusal.Misuse, match="^misuse_pacing_invalid$"):
            Pacer(rate, burst)
