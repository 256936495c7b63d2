"""`evergrant refresher`: the central refresher, for the connections of a profile."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from ._commands import open_session
from ._console import Console
from ._errors import ConfigError

__all__ = ["Help", "run"]


def run(asked: argparse.Namespace, console: Console) -> int:
    """Hands over to the program, which is an extra of its own."""
    program = _program()
    if program is None:
        raise ConfigError("refresher_missing", _MISSING)
    code: int = program.main(asked.rest, [open_session(asked).connections])
    return code


class Help(argparse.Action):
    """`--help`: what every command has, and the program's own."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Sequence[object] | object) -> None:
        """As `argparse.Action`."""
        parser.print_help()
        program = _program()
        print("\nand its own:\n")
        print(program.parser(named=False).format_help() if program else f"It {_MISSING}.")
        parser.exit()


_MISSING = "needs the extra `evergrant[refresher]`"


def _program() -> ModuleType | None:
    try:
        return import_module("evergrant.refresher.__main__")
    except ImportError:
        return None
