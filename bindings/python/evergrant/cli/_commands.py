"""The commands that speak to one connection, and the list of all."""

from __future__ import annotations

import argparse
import base64
import getpass
import json
import sys
from pathlib import Path
from urllib.parse import unquote

from ..client import log_notice
from ..connection import Connection
from ..errors import Denied, EvergrantError, ReauthenticationRequired
from ..http import Answer, AnswerTooLarge, NotSent, TooLate
from ..machine import ApiKeyKind, Secret
from ..news import Notice
from ..operations import Status
from ._console import Console, table, when
from ._errors import ApiRefused, NoAnswer, UsageError
from ._profile import Session, load, path_of
from .verdict import VERDICTS

__all__ = ["SECONDS", "call", "disconnect", "key", "list_all", "open_session", "refresh", "status", "token"]

SECONDS = 30.0
"""How long a command waits, unless told."""
# More than any token lives: the machine then gives half of its life.
_AS_LONG_AS_CAN_BE = 1 << 52
_GRANT = ("authorized", "refreshing")


def open_session(asked: argparse.Namespace, notices: list[Notice] | None = None) -> Session:
    """What all commands begin with."""
    profile = load(path_of(asked.config), asked.profile)

    def noticed(notice: Notice) -> None:
        log_notice(notice)
        if notices is not None:
            notices.append(notice)

    return Session(profile, asked.timeout or SECONDS, noticed)


def token(asked: argparse.Namespace, console: Console) -> int:
    """Prints the Authorization header."""
    found = open_session(asked).connection(asked.tenant).token()
    header = found.expose()
    console.answer({"authorization": header, "origin": found.origin, "expires_at": found.expires_at}, header)
    return 0


def call(asked: argparse.Namespace, console: Console) -> int:
    """Calls the API."""
    session = open_session(asked)
    url = asked.url
    if url.startswith("/"):
        url = session.client.provider.config.api_origin + url
    headers = dict(_header(line) for line in asked.header)
    body = _data(asked.data)
    if body and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "application/json"
    method = (asked.request or ("GET" if asked.data is None else "POST")).upper()
    try:
        answer = session.connection(asked.tenant).call(method, url, headers=headers, body=body)
    except ValueError:
        # Not its text, which may quote a header.
        raise UsageError("call_invalid", "the URL is not the API's, or a header cannot be sent") from None
    except AnswerTooLarge as error:
        raise NoAnswer("api_answer_too_large", f"the API answered: {error}") from None
    except NotSent:
        raise NoAnswer("api_not_sent", "the API cannot be reached: nothing was sent") from None
    except (TooLate, OSError) as error:
        raise NoAnswer("api_no_answer", f"{type(error).__name__}: {VERDICTS[NoAnswer].advice}") from None
    _show(answer, asked.include, console)
    return VERDICTS[ApiRefused].exit if answer.status >= 400 else 0


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise UsageError("header_invalid", "a header is NAME: VALUE")
    if name.strip().lower() in ("authorization", "proxy-authorization", "cookie"):
        raise UsageError("header_secret", "credentials do not come by arguments: the token is put in")
    return name.strip(), value.strip()


def _data(given: str | None) -> bytes:
    if given is None:
        return b""
    if given == "@-":
        return sys.stdin.buffer.read()
    if not given.startswith("@"):
        return given.encode()
    try:
        return Path(given[1:]).read_bytes()
    except OSError as error:
        raise UsageError("data_unreadable", f"{given[1:]}: {type(error).__name__}") from None


def _show(answer: Answer, include: bool, console: Console) -> None:
    if console.as_json:
        value: dict[str, object] = {"status": answer.status}
        if include:
            value["headers"] = answer.headers
        try:
            value["body"] = json.loads(answer.body) if answer.body else None
        except ValueError:
            try:
                value["body"] = answer.body.decode()
            except UnicodeDecodeError:
                value["body_base64"] = base64.b64encode(answer.body).decode()
        console.answer(value, "")
        return
    out = sys.stdout.buffer
    if include:
        lines = [f"HTTP {answer.status}", *(f"{name}: {value}" for name, value in answer.headers)]
        out.write("".join(f"{line}\n" for line in [*lines, ""]).encode())
    elif answer.status >= 400:
        console.say(f"evergrant: the API answered with {answer.status}")
    out.write(answer.body)
    if sys.stdout.isatty() and not answer.body.endswith(b"\n"):
        out.write(b"\n")
    out.flush()


def status(asked: argparse.Namespace, console: Console) -> int:
    """Where the connection stands, by the store."""
    session = open_session(asked)
    connection = session.connection(asked.tenant)
    known = _known(connection)
    wanted = " ".join(session.profile.scopes)
    missing = connection.missing_scopes(wanted) if known["status"] in _GRANT else []
    lines = [f"{name}: {value}" for name, value in known.items() if value]
    if missing:
        lines.append(f"not granted: {' '.join(missing)}")
    known["missing_scopes"] = missing
    console.answer(known, "\n".join(lines))
    return _verdict_of(known["status"])


def _verdict_of(code: object) -> int:
    """The exit code for a status: what asking for a token would say."""
    if code in _GRANT:
        return 0
    return VERDICTS[ReauthenticationRequired if code == "reauthentication_required" else Denied].exit


def _known(connection: Connection) -> dict[str, object]:
    stands: Status = connection.status()
    cause = stands.cause.name.lower() if stands.cause else None
    return {"tenant": connection.tenant, "status": stands.code, "cause": cause, "company": connection.company()}


def list_all(asked: argparse.Namespace, console: Console) -> int:
    """Every connection of the profile's client in the store."""
    session = open_session(asked)
    prefix = session.prefix
    after = "" if asked.after is None else session.key(asked.after)
    rows: list[dict[str, object]] = []
    for entry in session.index.list(prefix, after, asked.limit):
        tenant = unquote(entry.key[len(prefix) :])
        # Not kept: there may be many, and each is looked at once.
        connection = Connection(session.client, session.store, tenant)
        row: dict[str, object] = {"tenant": tenant, "status": None, "cause": None, "company": None}
        try:
            row |= _known(connection)
        except EvergrantError as error:
            row["status"] = error.code
        rows.append(row | {"due_at": entry.due_at})
    shown = [row | {"due_at": when(row["due_at"]) if isinstance(row["due_at"], int) else None} for row in rows]
    console.answer({"connections": rows}, table(shown, ("tenant", "status", "cause", "company", "due_at")))
    return 0


def refresh(asked: argparse.Namespace, console: Console) -> int:
    """Does what is due."""
    notices: list[Notice] = []
    connection = open_session(asked, notices).connection(asked.tenant)
    if asked.early:
        connection.token(min_validity=_AS_LONG_AS_CAN_BE)
    due_at = connection.maintain()
    if connection.status().code not in _GRANT:
        connection.token()  # Which says why there is none.
    done = any(notice.code == "refreshed" for notice in notices)
    told = "refreshed" if done else "nothing was due"
    console.answer({"tenant": connection.tenant, "refreshed": done, "due_at": due_at}, f"{told}; due: {when(due_at)}")
    return 0


def disconnect(asked: argparse.Namespace, console: Console) -> int:
    """Ends the grant."""
    connection = open_session(asked).connection(asked.tenant)
    if not asked.yes and sys.stdin.isatty():
        console.say(f"Disconnect {connection.tenant!r}? A person has to connect it again. [y/N]")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise UsageError("not_confirmed", "nothing was done")
    before = connection.status().code
    confirmed = connection.disconnect()
    told = "disconnected" if confirmed else "disconnected here; the server did not confirm"
    if before == "disconnected" and not confirmed:
        told = "there was no grant"
    console.answer({"tenant": connection.tenant, "confirmed": confirmed}, told)
    return 0


def key(asked: argparse.Namespace, console: Console) -> int:
    """Takes an API key."""
    connection = open_session(asked).connection(asked.tenant)
    there = connection.status().code in _GRANT
    if asked.what == "add" and there:
        raise UsageError("already_connected", "there is a grant: `key replace` takes its place")
    if asked.what == "replace" and not there and connection.status().code != "reauthentication_required":
        raise Denied("denied_not_connected", tenant=connection.tenant)
    accepted = connection.enter_key(
        _entered(),
        kind=ApiKeyKind.STANDALONE if asked.standalone else ApiKeyKind.INTEGRATED,
        company=asked.company,
        scopes=asked.scope,
    )
    value = {"tenant": connection.tenant, "company": accepted.company, "scope": accepted.scope}
    console.answer(value, f"the key is good: {accepted.company}, {accepted.scope}")
    return 0


def _entered() -> Secret:
    """From the terminal without an echo, or the first line of standard input."""
    entered = getpass.getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline()
    try:
        return Secret(entered.strip())
    except ValueError:
        raise Denied("denied_key_malformed") from None
