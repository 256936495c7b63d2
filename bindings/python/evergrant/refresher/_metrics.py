"""What a refresher tells a monitor, in the text format of Prometheus."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server, write_to_textfile

__all__ = ["Metrics"]


class Metrics:
    """The numbers of one refresher."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.claimed = Counter("evergrant_refresher_claimed", "Connections that were claimed", registry=registry)
        self.dropped = Counter(
            "evergrant_refresher_dropped",
            "Claimed connections that were left for later, by why",
            ["reason"],
            registry=registry,
        )
        self.turns = Counter(
            "evergrant_refresher_turns", "Turns of connections, by what came of them", ["code"], registry=registry
        )
        self.in_flight = Gauge("evergrant_refresher_in_flight", "Turns under way", registry=registry)
        self.seconds = Histogram("evergrant_refresher_turn_seconds", "How long a turn took", registry=registry)
        self.breaker_open = Gauge(
            "evergrant_refresher_breaker_open",
            "1: at most one connection of this issuer is tried",
            ["issuer"],
            registry=registry,
        )
        self.stopped = Gauge(
            "evergrant_refresher_client_stopped",
            "1: the issuer refuses this client, and an operator is needed",
            ["client_id"],
            registry=registry,
        )
        self.index_errors = Counter(
            "evergrant_refresher_index_errors", "Claims and purges that the store did not answer", registry=registry
        )
        self.last_claim = Gauge(
            "evergrant_refresher_last_claim_seconds", "UNIX time of the last claim that was answered", registry=registry
        )
        self.purged = Counter("evergrant_refresher_purged", "Records that were over", registry=registry)

    def serve(self, port: int) -> int:
        """Answers on this port of the loopback address, or any if it is 0; which one."""
        server, _ = start_http_server(port, addr="127.0.0.1", registry=self.registry)
        return int(server.server_port)

    def write(self, path: Path) -> None:
        """Replaces a file, for the textfile collector of a node exporter."""
        write_to_textfile(str(path), self.registry)
