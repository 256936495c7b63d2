"""`evergrant refresher`: the central refresher, for the connections of a profile."""

from __future__ import annotations

import argparse
from importlib import import_module

from ._commands import open_session
from ._console import Console
from ._errors import ConfigError

__all__ = ["run"]


def run(asked: argparse.Namespace, console: Console) -> int:
    """Hands over to the program, which is an extra of its own."""
    try:
        program = import_module("evergrant.refresher.__main__")
    except ImportError:
        raise ConfigError("refresher_missing", "needs the extra `evergrant[refresher]`") from None
    code: int = program.main(asked.rest, [open_session(asked).connections])
    return code
