"""What can be typed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import NoReturn

from . import _commands, _connect, _doctor, _refresher, _register
from ._console import Console
from ._errors import UsageError
from .verdict import OTHERS, VERDICTS

__all__ = ["parse", "parser"]

_DESCRIPTION = """\
Keeps OAuth grants good: connects in a browser, hands out tokens that are valid, and
says what is wrong. Profiles stand in ~/.config/evergrant/config.toml (--config or
EVERGRANT_CONFIG name another file); secrets come from the environment or the keyring.
Answers go to standard output, progress to standard error."""


class _Parser(argparse.ArgumentParser):
    """Its errors are told as all others are."""

    def error(self, message: str) -> NoReturn:
        raise _Mistyped(self, message)


class _Mistyped(Exception):
    pass


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was typed; ends the process where that cannot be."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return _parsed(words)
    except _Mistyped as mistyped:
        typed, message = mistyped.args
    if "--json" in words:
        Console(as_json=True).failed(UsageError("arguments_invalid", message))
    else:
        typed.print_usage(sys.stderr)
        print(f"{typed.prog}: error: {message}", file=sys.stderr)
    sys.exit(VERDICTS[UsageError].exit)


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    typed = parser()
    for number, word in enumerate(words, 1):
        # What is no UTF-8 can be neither sent nor written out.
        if not word.isascii() and any("\ud800" <= char <= "\udfff" for char in word):
            typed.error(f"argument {number} is not UTF-8")
    asked, rest = typed.parse_known_args(words)
    if rest and asked.run is not _refresher.run:
        # Values may be secrets that came the wrong way.
        named = " ".join(_name(word) for word in rest if word.startswith("-"))
        typed.error(f"not known: {named}" if named else "too many arguments; secrets come from standard input")
    asked.rest = rest
    return asked


def _name(option: str) -> str:
    return option.partition("=")[0] if option.startswith("--") else option[:2]


def parser() -> argparse.ArgumentParser:
    """The parser; `run` of what it yields is the command."""
    top = _Parser(
        prog="evergrant",
        allow_abbrev=False,
        description=_DESCRIPTION,
        epilog=_exit_codes(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.set_defaults(config=None, profile=None, json=False, verbose=False, timeout=None, tenant=None)
    top.add_argument("--version", action="version", version=f"evergrant {version('evergrant')}")
    _common(top)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def add(
        name: str, run: Callable[..., int], help: str, *, tenant: bool = True, shows_help: bool = True
    ) -> argparse.ArgumentParser:
        text = f"{help[0].upper()}{help[1:]}."
        made = commands.add_parser(name, help=help, description=text, allow_abbrev=False, add_help=shows_help)
        made.set_defaults(run=run)
        _common(made)
        if tenant:
            made.add_argument(
                "-t", "--tenant", metavar="NAME", default=argparse.SUPPRESS, help="whose connection [the profile's]"
            )
        return made

    connect = add("connect", _connect.connect, "get a grant: opens the browser and waits for it to come back")
    connect.add_argument("--no-browser", action="store_true", help="print the address to open instead")
    connect.add_argument("--scope", action="append", default=[], help="ask for this scope only; may be repeated")
    connect.add_argument("--company", metavar="URN", help="the company that it must be")

    add("token", _commands.token, "print the Authorization header with a valid token")

    call = add("call", _commands.call, "call the API with the token; after a 401 once more with a new one")
    call.add_argument("url", metavar="URL", help="of the API; or a path of it, from / on")
    call.add_argument("-X", "--request", metavar="METHOD", help="[GET; POST with --data]")
    call.add_argument("-d", "--data", metavar="DATA", help="the body; @FILE or @- for standard input; JSON unless told")
    call.add_argument("-H", "--header", metavar="LINE", action="append", default=[], help="NAME: VALUE; may be repeated")
    call.add_argument("-i", "--include", action="store_true", help="show status and headers too")

    add("status", _commands.status, "say where the connection stands")

    listed = add("list", _commands.list_all, "list the connections in the store", tenant=False)
    listed.add_argument("--limit", type=_count, default=1000, metavar="N", help="at most so many [1000]")
    listed.add_argument("--after", metavar="TENANT", help="go on after this one")

    refresh = add("refresh", _commands.refresh, "do what is due for the connection")
    refresh.add_argument("--early", action="store_true", help="refresh when half of the token's life is over")

    disconnect = add("disconnect", _commands.disconnect, "end the grant, here and at the server")
    disconnect.add_argument("-y", "--yes", action="store_true", help="do not ask")

    key = add("key", _commands.key, "take an API key from the terminal, or from standard input")
    key.add_argument("what", choices=["add", "replace"], help="add where there is no grant; replace where there is one")
    key.add_argument("--standalone", action="store_true", help="it belongs to no registered client")
    key.add_argument("--company", metavar="URN", help="the company that it must be of")
    key.add_argument("--scope", action="append", default=[], help="it must have this scope; may be repeated")

    doctor = add("doctor", _doctor.doctor, "look for what is wrong, and say what to do")
    doctor.add_argument("--offline", action="store_true", help="send nothing")

    register = add("register", _register.register, "check a registration for Pleo and print its form", tenant=False)
    register.add_argument("file", metavar="FILE", help="TOML or JSON; docs/registration.md has the members")
    register.add_argument("--environment", choices=["staging", "production"], default="production", help="[production]")

    keeps = "keep all connections of the store fresh, until SIGTERM"
    refresher = add("refresher", _refresher.run, keeps, tenant=False, shows_help=False)
    refresher.add_argument("-h", "--help", action=_refresher.Help, nargs=0, help="show this, and exit")
    return top


def _common(made: argparse.ArgumentParser) -> None:
    """What may stand before the command and after it."""
    suppressed = argparse.SUPPRESS
    made.add_argument("--config", metavar="FILE", default=suppressed, help="the file of profiles")
    made.add_argument("--profile", metavar="NAME", default=suppressed, help="[EVERGRANT_PROFILE, or the file's default]")
    made.add_argument("--json", action="store_true", default=suppressed, help="answer, or error, as one JSON value")
    waits = "seconds to wait [30; `connect` as long as it may take]"
    made.add_argument("--timeout", type=_seconds, metavar="S", default=suppressed, help=waits)
    made.add_argument("-v", "--verbose", action="store_true", default=suppressed, help="log what happens")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError("a number of seconds, 3600 at most")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= 1_000_000):
        raise argparse.ArgumentTypeError("a number, from 1 on")
    return int(text)


def _exit_codes() -> str:
    rows = dict(OTHERS)
    for verdict in VERDICTS.values():
        rows.setdefault(verdict.exit, f"{verdict.name}: {verdict.advice}")
    return "exit codes:\n" + "\n".join(f"  {code:>3}  {rows[code]}" for code in sorted(rows))
