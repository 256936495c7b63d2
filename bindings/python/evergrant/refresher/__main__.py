"""The program: `python -m evergrant.refresher MODULE:NAME`."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timezone
from pathlib import Path

from ..connections import Connections
from . import Limits, Refresher
from ._metrics import Metrics

__all__ = ["JsonLines", "main", "parser"]

log = logging.getLogger("evergrant.refresher")
_USUAL = frozenset(vars(logging.makeLogRecord({})))


class JsonLines(logging.Formatter):
    """An object a line. Of an exception only its kind: its text is not ours to show."""

    def format(self, record: logging.LogRecord) -> str:
        """As `logging.Formatter.format`."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _USUAL and name != "message"}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line, default=str)


def main(arguments: Sequence[str] | None = None, connections: Sequence[Connections] = ()) -> int:
    """Runs a refresher until SIGTERM or SIGINT; 2 for what cannot be begun. The
    `connections` are given, or named by the arguments."""
    asked = parser(named=not connections).parse_args(arguments)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=asked.log_level.upper(), handlers=[handler])
    limits = Limits(concurrency=asked.concurrency, per_minute=asked.per_minute, poll=asked.poll)
    try:
        whose = connections or [_named(name) for name in asked.connections]
        refresher = Refresher(*whose, limits=limits, metrics=Metrics(), metrics_file=asked.metrics_file)
        if asked.metrics_port is not None:
            log.info("metrics", extra={"port": refresher.metrics.serve(asked.metrics_port)})
    except (ImportError, AttributeError, TypeError, ValueError, OSError) as error:
        print(f"evergrant.refresher: {error}", file=sys.stderr)
        return 2

    def stop(number: int, frame: object) -> None:
        refresher.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    # Not in this thread: a signal's handler comes between any two steps of it, and must
    # not find a lock of the refresher held.
    with ThreadPoolExecutor(1) as own:
        running = own.submit(refresher.run)
        while not running.done():
            wait([running], timeout=1)
    running.result()
    return 0


def parser(*, named: bool) -> argparse.ArgumentParser:
    """Its options; `named`: and whose connections."""
    made = argparse.ArgumentParser(
        prog="python -m evergrant.refresher" if named else "evergrant refresher",
        description="Keeps all connections of a store fresh. Any number of copies may run side by side. "
        "SIGTERM ends it when what has been sent has been answered and stored: give it 90 seconds. "
        "A second one ends it even if the store does not take what was answered.",
    )
    if named:
        what = "evergrant.Connections in a module; all over one store"
        made.add_argument("connections", nargs="+", metavar="MODULE:NAME", help=what)
    made.add_argument("--concurrency", type=int, default=Limits.concurrency, help="refreshes at a time [%(default)s]")
    made.add_argument(
        "--per-minute", type=int, default=Limits.per_minute, help="refreshes a minute and issuer [%(default)s]"
    )
    made.add_argument("--poll", type=float, default=Limits.poll, help="seconds between looks [%(default)s]")
    made.add_argument("--metrics-port", type=int, help="answer Prometheus on this port of the loopback address")
    made.add_argument("--metrics-file", type=Path, help="write the metrics to this file")
    made.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    return made


def _named(name: str) -> Connections:
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ValueError(f"{name!r} is not MODULE:NAME")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, Connections):
        raise TypeError(f"{name} is a {type(found).__name__}, not evergrant.Connections")
    return found


if __name__ == "__main__":
    sys.exit(main())
