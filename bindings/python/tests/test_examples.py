"""The examples in Python, each run against the authority."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from driver import call
from shell import COMPANY
from world import CLIENT_ID, CLIENT_SECRET

EXAMPLES = Path(__file__).resolve().parents[3] / "examples/python"


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def env(authority, listening, tmp_path):
    port = listening.getsockname()[1]
    return {
        **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        "AUTHORITY": authority.base,
        "CALLBACK": f"http://127.0.0.1:{port}/callback",
        "CLIENT_ID": CLIENT_ID,
        "CLIENT_SECRET": CLIENT_SECRET,
        "STORE": str(tmp_path / "connections.db"),
        "PYTHONUTF8": "1",
    }


@pytest.fixture
def site(env, listening):
    """The web app, at work."""
    command = [sys.executable, "-m", "uvicorn", "webapp:app", "--no-access-log", "--fd", str(listening.fileno())]
    log = subprocess.PIPE
    process = subprocess.Popen(command, cwd=EXAMPLES, env=env, pass_fds=[listening.fileno()], stdout=log, stderr=log)
    try:
        yield Site(env["CALLBACK"].removesuffix("/callback"))
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        assert CLIENT_SECRET.encode() not in out + err and b"code=" not in out + err and b"Traceback" not in out + err


class Site:
    """The app, as a browser sees it."""

    def __init__(self, base):
        self.base = base

    def get(self, path="/"):
        status, _, body = call(self.base + path, "GET", {})
        return status, body.decode()

    def post(self, path, **headers):
        status, answered, _ = call(self.base + path, "POST", headers)
        lines = [line.partition(": ")[::2] for line in answered.expose().splitlines()]
        return status, {name.lower(): value for name, value in lines}

    def row(self, tenant):
        status, page = self.get()
        assert status == 200
        return re.search(rf'<li id="{tenant}">(.*?)</li>', page, re.S).group(1)

    def press_connect(self, tenant):
        """To the provider and back: the redirect, and the cookie."""
        status, headers = self.post(f"/connect/{tenant}")
        assert status == 303
        cookie = headers["set-cookie"]
        assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
        _, answered, _ = call(headers["location"], "GET", {})
        lines = dict(line.split(": ", 1) for line in answered.expose().splitlines())
        return lines["location"], cookie.partition(";")[0]

    def come_back(self, redirect, cookie):
        status, answered, _ = call(redirect, "GET", {"cookie": cookie} if cookie else {})
        assert status == 303
        return dict(line.split(": ", 1) for line in answered.expose().splitlines())["location"]

    def connect(self, tenant):
        return self.come_back(*self.press_connect(tenant))


def connect_both(site, authority):
    for tenant, letter in (("north", "a"), ("south", "c")):
        authority.control("subject", subject=COMPANY + letter)
        assert site.connect(tenant) == f"/#{tenant}"


def test_the_web_app(site, authority):
    assert "not connected" in site.row("north") and "not connected" in site.row("south")
    connect_both(site, authority)
    assert f"connected: {COMPANY}a" in site.row("north") and "Disconnect" in site.row("north")
    status, headers = site.post("/disconnect/north")
    assert (status, headers["location"]) == (303, "/")
    assert "not connected" in site.row("north") and f"connected: {COMPANY}c" in site.row("south")


def test_the_web_app_refuses(site, authority):
    redirect, cookie = site.press_connect("north")
    assert site.come_back(redirect, None) == "/?code=callback_binding_mismatch"
    assert "(callback_binding_mismatch)" in site.get("/?code=callback_binding_mismatch")[1]
    assert site.come_back(redirect, cookie) == "/#north"
    assert site.come_back(redirect, cookie) == "/?code=callback_state_used"
    authority.control("deny-next")
    assert site.connect("south") == "/?code=denied_access"
    assert "Access was not granted" in site.get("/?code=denied_access")[1]
    assert "<b>" not in site.get("/?code=%3Cb%3E")[1]
    assert site.post("/connect/nobody")[0] == site.post("/disconnect/nobody")[0] == 404
    for path in ("/connect/north", "/disconnect/north"):
        assert site.post(path, **{"sec-fetch-site": "cross-site"})[0] == 403
    assert "connected" in site.row("north") and "not connected" not in site.row("north")


def run(env, *command):
    done = subprocess.run([sys.executable, *command], cwd=EXAMPLES, env=env, capture_output=True, text=True, encoding="utf-8")
    assert CLIENT_SECRET not in done.stdout + done.stderr and "Traceback" not in done.stderr, done.stderr
    return done


def test_the_connector(site, authority, env, tmp_path):
    connect_both(site, authority)
    command = ("connector.py", "--once", "--database", str(tmp_path / "expenses.db"))
    done = run(env, *command)
    assert (done.returncode, done.stdout) == (0, "north: 2 new\nsouth: 2 new\n")
    authority.control("revoke-access-tokens")
    assert run(env, *command).stdout == "north: 0 new\nsouth: 0 new\n"
    with contextlib.closing(sqlite3.connect(tmp_path / "expenses.db")) as db:
        assert db.execute("SELECT tenant, count(*) FROM expenses GROUP BY 1").fetchall() == [("north", 2), ("south", 2)]
    authority.control("revoke-grants", subject=f"{COMPANY}a")
    done = run(env, *command)
    assert (done.returncode, done.stdout, done.stderr) == (1, "south: 0 new\n", "north: has to connect again\n")
    assert "the connection has ended" in site.row("north")


def test_the_connector_stops(site, authority, env, tmp_path):
    connect_both(site, authority)
    command = [sys.executable, "connector.py", "--database", str(tmp_path / "expenses.db")]
    process = subprocess.Popen(command, cwd=EXAMPLES, env=env, stdout=subprocess.PIPE, text=True)
    assert [process.stdout.readline() for _ in "12"] == ["north: 2 new\n", "south: 2 new\n"]
    process.send_signal(signal.SIGTERM)
    assert process.communicate() == ("", None) and process.returncode == 0


def test_the_django_command(site, authority, env):
    connect_both(site, authority)
    command = ("django_erp/manage.py", "pull_expenses", "north", "south")
    done = run(env, *command)
    assert done.returncode == 0
    assert re.fullmatch(r"north: [\d., A-Z]+ DKK, [\d.]+ EUR\nsouth: [\d., A-Z]+\n", done.stdout), done.stdout
    site.post("/disconnect/north")
    done = run(env, *command)
    assert (done.returncode, done.stderr) == (1, "north: denied_not_connected\nCommandError: left out: north\n")
    assert done.stdout.startswith("south: ")
