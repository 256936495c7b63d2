"""The command `evergrant`: connections from a terminal, and in scripts.

What is printed on standard output is the answer, and with `--json` one JSON value;
progress goes to standard error. `verdict.py` has the exit codes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Generator, Sequence
from types import FrameType

from ..errors import EvergrantError
from ._arguments import parse
from ._console import Console
from ._errors import CommandError
from .verdict import INTERNAL, of

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; answers with its exit code."""
    asked = parse(arguments)
    console = Console(as_json=asked.json)
    # SIGTERM ends a command as Ctrl-C does: what it has begun is tidied up.
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        with _logging(asked.verbose):
            code: int = asked.run(asked, console)
        sys.stdout.flush()
        return code
    except (CommandError, EvergrantError) as error:
        console.failed(error)
        return of(error).exit
    except KeyboardInterrupt:
        console.say("interrupted")
        return 128 + signal.SIGINT
    except _Terminated:
        console.say("terminated")
        return 128 + signal.SIGTERM
    except BrokenPipeError:
        # Whoever read has gone; Python is not to try once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:
        # Its text may hold anything, and so may its variables.
        console.say(f"evergrant: a bug: {type(error).__name__}")
        if asked.verbose:
            console.say("".join(traceback.format_tb(error.__traceback__)))
        return INTERNAL.exit
    finally:
        signal.signal(signal.SIGTERM, before)


class _Terminated(BaseException):
    """SIGTERM has come."""


def _terminated(number: int, frame: FrameType | None) -> None:
    raise _Terminated


@contextlib.contextmanager
def _logging(verbose: bool) -> Generator[None, None, None]:
    """The package's log goes to standard error, or nowhere: what goes wrong is told once,
    by the command."""
    log = logging.getLogger("evergrant")
    handler: logging.Handler = logging.StreamHandler() if verbose else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
    level = log.level
    log.addHandler(handler)
    if verbose:
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
