"""Keeps all connections of a store fresh, also those that nobody uses.

    from evergrant.refresher import Refresher

    Refresher(connections).run()

or, where `connections` is a variable of the module `app`:

    python -m evergrant.refresher app:connections --metrics-port 9464

Any number of copies may run side by side, on any number of machines: the index of the
store shares the work out, and safety rests on the connections' records alone. Whoever
needs a token meanwhile refreshes it himself; nobody waits for a refresher.
"""

from ._issuer import Breaker
from ._refresher import Limits, Refresher

__all__ = ["Breaker", "Limits", "Refresher"]
