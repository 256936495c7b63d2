"""`evergrant connect`: a browser goes out, and comes back to this machine."""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import webbrowser
from urllib.parse import SplitResult, urlsplit

from ..connection import Connection
from ..errors import Denied, EvergrantError
from ..machine import RedirectRules
from ..news import Authorized
from ._commands import open_session
from ._console import Console, when
from ._errors import ConfigError
from ._loopback import Loopback
from ._profile import Profile

__all__ = ["connect"]

_PORT_IS_FREE = (None, RedirectRules.NATIVE_APPS, RedirectRules.NATIVE_APPS_OR_LOCALHOST)


def connect(asked: argparse.Namespace, console: Console) -> int:
    """Gets a grant through the browser."""
    session = open_session(asked)
    connection = session.connection(asked.tenant)
    uri, any_port = _redirect_uri(session.profile)
    with Loopback(uri, any_port=any_port) as loopback:
        begun = connection.authorize(loopback.redirect_uri, scopes=asked.scope, company=asked.company)
        try:
            start = loopback.serve(begun, connection)
            if asked.no_browser or not _opens(start):
                console.say(f"Open this in a browser on this machine:\n  {start}")
            else:
                console.say(f"Your browser opens {start}")
            until = begun.expires_at
            if asked.timeout is not None:
                until = min(until, connection.client.clock.now() + round(asked.timeout * 1000))
            console.say(f"Waiting for it to come back, until {when(until)}. Ctrl-C gives up.")
            done = _wait(loopback, until, connection, console)
        except BaseException:
            # Also where Ctrl-C was pressed: the next one finds nothing half done.
            with contextlib.suppress(EvergrantError):
                connection.cancel(begun.id)
            raise
    company = connection.company()
    asked_for = " ".join(asked.scope or session.profile.scopes)
    missing = connection.missing_scopes(asked_for)
    value = {"tenant": done.tenant, "scope": done.scope, "company": company, "missing_scopes": missing}
    lines = [f"connected: {done.tenant}", f"scopes: {done.scope}"]
    if company:
        lines.append(f"company: {company}")
    if missing:
        lines.append(f"not granted: {' '.join(missing)}")
    console.answer(value, "\n".join(lines))
    return 0


def _opens(url: str) -> bool:
    """Whether there is a browser. What it prints is not the command's answer."""
    out = os.dup(1)
    os.dup2(2, 1)
    try:
        return webbrowser.open(url)
    finally:
        os.dup2(out, 1)
        os.close(out)


def _wait(loopback: Loopback, until: int, connection: Connection, console: Console) -> Authorized:
    clock = connection.client.clock
    while (left := until - clock.now()) > 0:
        try:
            came = loopback.came.get(timeout=min(left / 1000, 3600))
        except queue.Empty:
            continue
        if isinstance(came, Authorized):
            return came
        if isinstance(came, Exception):
            raise came
        console.say(f"{came}; still waiting.")
    raise Denied("denied_authorization_expired", tenant=connection.tenant)


def _redirect_uri(profile: Profile) -> tuple[SplitResult, bool]:
    """Where the browser comes back to, and whether any port will do."""
    place = f"profile.{profile.name}.redirect_uri"
    try:
        uri = urlsplit(profile.redirect_uri)
        port = uri.port
    except ValueError:
        raise ConfigError("config_invalid", f"{place}: is no URI") from None
    if uri.scheme != "http" or uri.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ConfigError(
            "config_redirect_elsewhere",
            f"{place}: `connect` needs one on this machine, such as http://127.0.0.1/callback;"
            " one of a web application is for that application",
        )
    rules = profile.provider.config.redirects
    return uri, port is None and rules in _PORT_IS_FREE and uri.hostname != "localhost"
