"""`evergrant doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from ..client import Client
from ..connection import Connection
from ..errors import EvergrantError
from ..http import NotSent, Request, TooLate
from ..machine import SecretBytes, sealing_key_id
from ..operations import Status
from ..store import Store
from ._commands import SECONDS
from ._console import Console, described
from ._errors import CommandError, Found
from ._profile import Profile, key_of, load, path_of
from .verdict import VERDICTS

__all__ = ["doctor"]

T = TypeVar("T")
_ALLOWED_SKEW = 60
_ANSWER_LIMIT = 4_096


class Check(NamedTuple):
    """One thing that was looked at."""

    check: str
    ok: bool
    found: str
    advice: str | None = None


def doctor(asked: argparse.Namespace, console: Console) -> int:
    """Looks at everything in the order in which it is needed."""
    checks = _Examination(asked).all()
    well = all(check.ok for check in checks)
    lines: list[str] = []
    for check in checks:
        lines.append(f"{'ok ' if check.ok else 'BAD'} {check.check}: {check.found}")
        if check.advice and not check.ok:
            lines.append(f"    {check.advice}")
    console.answer({"ok": well, "checks": [check._asdict() for check in checks]}, "\n".join(lines))
    return 0 if well else VERDICTS[Found].exit


class _Examination:
    """Goes on as far as it can: what rests on something broken is not looked at."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self._asked = asked
        self._checks: list[Check] = []

    def all(self) -> list[Check]:
        """Everything that could be looked at."""
        asked = self._asked
        profile = self._look("profile", lambda: load(path_of(asked.config), asked.profile), _said_profile)
        if profile is None:
            return self._checks
        client = self._look("client", lambda: profile.client(asked.timeout or SECONDS, lambda notice: None), repr)
        store = self._look("store", lambda: _reached(profile), lambda _: "it answers")
        if client is not None and not asked.offline:
            config = client.provider.config
            self._clock("authorization server", client, config.token_endpoint)
            if urlsplit(config.token_endpoint).netloc != urlsplit(config.api_origin).netloc:
                self._clock("API", client, config.api_origin)
        if client is not None and store is not None:
            tenant = profile.tenant if asked.tenant is None else asked.tenant
            try:
                connection = Connection(client, store, tenant)
            except EvergrantError as error:
                self._bad("tenant", error)
            else:
                self._record(connection, store)
        return self._checks

    def _look(self, name: str, look: Callable[[], T], said: Callable[[T], str]) -> T | None:
        try:
            found = look()
        except (CommandError, EvergrantError) as error:
            self._bad(name, error)
            return None
        self._checks.append(Check(name, True, said(found)))
        return found

    def _bad(self, name: str, error: CommandError | EvergrantError) -> None:
        known = described(error)
        said = [str(known["code"])]
        said += [f"{each}: {known[each]}" for each in ("sealing_key", "company", "error", "description") if each in known]
        self._checks.append(Check(name, False, "; ".join(said), str(known["advice"])))

    def _clock(self, name: str, client: Client, url: str) -> None:
        """Whether somebody answers there, and what the time is there."""
        host = urlsplit(url).netloc
        ticks = client.clock.ticks()
        listen = round(client.timeout * 1000)
        # GET without anything: not a request that does something.
        request = Request("GET", url, [], b"", ticks + listen, listen, _ANSWER_LIMIT, client.clock)
        try:
            answer = client.transport.send(request)
        except (NotSent, TooLate, OSError) as error:
            kind = type(error.__cause__ or error).__name__
            self._checks.append(Check(name, False, f"{host} does not answer: {kind}", "see network, proxy and certificates"))
            return
        except Exception as error:
            self._checks.append(Check(name, False, f"{host} speaks no HTTP: {type(error).__name__}", "see proxy"))
            return
        self._checks.append(Check(name, True, f"{host} answers"))
        date = next((value for header, value in answer.headers if header.lower() == "date"), None)
        try:
            behind = parsedate_to_datetime(date).timestamp() - client.clock.time() if date else 0.0
        except ValueError:
            return
        if abs(behind) > _ALLOWED_SKEW:
            told = f"{abs(behind):.0f} s {'behind' if behind > 0 else 'ahead of'} {host}"
            self._checks.append(Check("clock", False, told, "set this machine's clock (NTP)"))
        elif date:
            self._checks.append(Check("clock", True, f"as at {host}"))

    def _record(self, connection: Connection, store: Store) -> None:
        try:
            current = store.swap(key_of(connection.client, connection.tenant), None, None)
        except EvergrantError as error:
            self._bad("record", error)
            return
        if current is None:
            self._checks.append(Check("connection", False, "there never was one", "`evergrant connect`"))
            return
        sealed_by = sealing_key_id(SecretBytes(current.record))
        said = f"sealed by {sealed_by!r}" if sealed_by else "in clear"

        def read() -> tuple[Status, str | None]:
            try:
                return connection.status(), connection.company()
            except EvergrantError as error:
                error.sealing_key = sealed_by
                raise

        status = self._look("record", read, lambda _: said)
        if status is None:
            return
        (code, cause), company = status
        whose = f" of {company}" if company else ""
        why = f" ({cause.name.lower()})" if cause else ""
        if self._asked.offline:
            well = code in ("authorized", "refreshing")
            self._checks.append(Check("connection", well, f"{code}{why}{whose}", None if well else "`evergrant connect`"))
            return
        # The whole way, as a program would go it: also a refresh, where one is due.
        if self._look("connection", connection.token, lambda token: f"{code}{whose}, and there is a token"):
            missing = connection.missing_scopes(" ".join(connection.client.scopes))
            if missing:
                advice = "`evergrant connect` asks for all of them once more"
                self._checks.append(Check("scopes", False, f"not granted: {' '.join(missing)}", advice))


def _said_profile(profile: Profile) -> str:
    return f"{profile.name} in {profile.path}"


def _reached(profile: Profile) -> Store:
    store = profile.store()
    store.swap("evergrant/doctor", None, None)
    return store
