"""A terminal in which `evergrant` is run, as processes of their own."""

import base64
import json
import os
import re
import subprocess
import sys
from typing import NamedTuple

from driver import call
from world import CLIENT_ID, CLIENT_SECRET

COMPANY = "urn:pleo:company:00000000-0000-8000-8000-00000000000"
SEALING_KEY = base64.b64encode(b"a sealing key of thirty-two byte").decode()

PROFILE = """
[profile.demo]
client_id = "{client_id}"
client_secret = {{ env = "DEMO_SECRET" }}
redirect_uri = "http://127.0.0.1/callback"
scopes = ["expenses:read", "users:read"]
store = "sqlite:connections.db"
sealing = {{ id = "2026", key = {{ env = "DEMO_KEY" }} }}

[profile.demo.provider]
environment = "loopback"
issuer = "{base}"
iss = "required"
authorization_endpoint = "{base}/oauth/authorize"
token_endpoint = "{base}/oauth/token"
revocation_endpoint = "{base}/oauth/revoke"
api_origin = "{base}"
loopback_http = true
"""
BINDING = """
[profile.demo.provider.{name}]
url = "{base}/v1/introspect"
subject = "/data/subjectURN"
scope = "/data/scope"
company_prefix = "urn:pleo:company:"
organisation_prefix = "urn:pleo:organisation:"
"""

# A browser that asks nobody: it keeps cookies and follows redirects.
BROWSER = """
import http.cookiejar, sys, urllib.error, urllib.request
print("a browser prints this")
jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy()))
try:
    urllib.request.build_opener(urllib.request.ProxyHandler({}), jar).open(sys.argv[1]).read()
except urllib.error.HTTPError:
    pass
"""


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        return self.json["error"]["code"]


class Shell:
    """A user's files and environment."""

    def __init__(self, authority, folder):
        self.authority, self.folder = authority, folder
        self.profile = PROFILE.format(base=authority.base, client_id=CLIENT_ID)
        browser = folder / "browser.py"
        browser.write_text(BROWSER)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "DEMO_SECRET": CLIENT_SECRET,
            "DEMO_KEY": SEALING_KEY,
            "EVERGRANT_CONFIG": str(folder / "config.toml"),
            "BROWSER": f"{sys.executable} {browser} %s",
            "PYTHONUTF8": "1",
        }
        self.secrets = {CLIENT_SECRET, SEALING_KEY}

    def with_companies(self):
        for name in ("company", "api_keys"):
            self.profile += BINDING.format(name=name, base=self.authority.base)

    def begin(self, *arguments):
        """A command that goes on."""
        (self.folder / "config.toml").write_text(self.profile)
        command = [sys.executable, "-m", "evergrant.cli", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8", env=self.env, cwd=self.folder
        )

    def end(self, process, given="", *, may_show=False):
        """Waits for it; what it printed holds no secret, unless that is what it is for."""
        out, err = process.communicate(given)
        shown = err if may_show else out + err
        for hidden in self.secrets:
            assert hidden not in shown
        assert not re.search(r"[?&](code|state)=|Traceback|Bearer", shown), shown
        return Done(process.returncode, out, err)

    def run(self, *arguments, given=""):
        return self.end(self.begin(*arguments), given)

    def token(self):
        done = self.end(self.begin("token", "--json"), may_show=True)
        if done.code == 0:
            self.secrets.add(done.json["authorization"].removeprefix("Bearer "))
        return done

    def waiting(self, *arguments):
        """A `connect` that waits, and the address that it printed."""
        process = self.begin("connect", "--no-browser", *arguments)
        for line in process.stderr:
            if "http://" in line:
                return process, line.strip()
        raise AssertionError(f"no address: {process.communicate()}")


def get(url, cookie=None):
    """One request of a browser: status, headers, text."""
    status, headers, body = call(url, "GET", {"cookie": cookie} if cookie else {})
    lines = [line.partition(": ")[::2] for line in headers.expose().splitlines()]
    return status, {name.lower(): value for name, value in lines}, body.decode()


def begin_in_browser(start):
    """To the provider, whose person consents: the redirect, and the cookie."""
    status, headers, _ = get(start)
    assert status == 303
    cookie = headers["set-cookie"].partition(";")[0]
    _, headers, _ = get(headers["location"])
    return headers["location"], cookie
