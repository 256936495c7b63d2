"""The command `evergrant`, as processes of their own against the authority."""

import base64
import json
import signal
import time

import psycopg
import pytest
import servers
from shell import COMPANY, Shell, begin_in_browser, get
from world import World

from evergrant import Sealing, SealingKey, SecretBytes
from evergrant.stores import SqliteStore


@pytest.fixture
def shell(authority, tmp_path):
    return Shell(authority, tmp_path)


def an_old_connection(shell, seconds, tenant="default"):
    """A connection made so long ago, by the clock of this machine."""
    world = World(shell.authority, SqliteStore(shell.folder / "connections.db"), sealing=sealing())
    world.clock.ahead = -seconds
    connection = world.connections[tenant]
    world.connect(connection)
    return connection


def sealing():
    return Sealing.sealed(SealingKey(id="2026", key=SecretBytes(b"a sealing key of thirty-two byte")))


def test_a_life(shell):
    assert shell.run("status", "--json") == shell.run("--json", "status")
    assert shell.run("status", "--json").code == 13
    assert shell.run("token").err.startswith("evergrant: denied_not_connected: ")

    done = shell.run("connect", "--json")
    assert (done.code, done.json) == (
        0,
        {"tenant": "default", "scope": "expenses:read users:read", "company": None, "missing_scopes": []},
    )
    assert "Your browser opens http://127.0.0.1:" in done.err and "Ctrl-C" in done.err
    assert shell.run("connect").out == "connected: default\nscopes: expenses:read users:read\n"

    done = shell.run("status", "--json")
    expected = {"tenant": "default", "status": "authorized", "cause": None, "company": None, "missing_scopes": []}
    assert (done.code, done.json) == (0, expected)
    assert shell.run("status").out == "tenant: default\nstatus: authorized\n"

    done = shell.token()
    assert done.json["authorization"].startswith("Bearer ") and done.json["origin"] == shell.authority.base
    assert shell.end(shell.begin("token"), may_show=True).out == done.json["authorization"] + "\n"

    assert shell.run("disconnect", "--json").json == {"tenant": "default", "confirmed": True}
    assert shell.run("status", "--json").json["status"] == "disconnected"
    done = shell.run("token", "--json")
    assert (done.code, done.error) == (13, "denied_not_connected")
    assert shell.run("disconnect").out == "there was no grant\n"


def test_calls(shell):
    shell.run("connect")
    shell.token()
    assert json.loads(shell.run("call", "/v1/expenses").out)["data"]
    done = shell.run("call", f"{shell.authority.base}/v1/expenses", "--json")
    assert done.json["status"] == 200 and done.json["body"]["data"][0]["amount"] and "headers" not in done.json
    done = shell.run("call", "-i", "/v1/expenses")
    assert done.out.startswith("HTTP 200\n") and "\ncontent-type: application/json\n" in done.out
    # The API takes the token no more: a refresh, and once more.
    shell.authority.control("revoke-access-tokens")
    assert json.loads(shell.run("call", "/v1/expenses").out)["data"]
    done = shell.run("call", "/v1/expenses", "-d", "{}", "-H", "x-more: 1", "--json")
    assert (done.code, done.json["status"]) == (20, 405)
    done = shell.run("call", "/v1/expenses", "-X", "put", "-d", "@-", given="{}")
    assert (done.code, done.err) == (20, "evergrant: the API answered with 405\n")
    for arguments, code in (
        (("https://elsewhere.example/",), "call_invalid"),
        (("/v1/expenses", "-H", "Authorization: x"), "header_secret"),
        (("/v1/expenses", "-H", "no header"), "header_invalid"),
        (("/v1/expenses", "-H", "x: 1\r\ny: 2"), "call_invalid"),
        (("/v1/expenses", "-d", "@missing"), "data_unreadable"),
    ):
        done = shell.run("call", "--json", *arguments)
        assert (done.code, done.error) == (2, code)
    for url in ("/v1/a b", "/v1/a\tb", "/v1/ü"):
        done = shell.run("call", "--json", url)
        assert (done.code, done.error) == (3, "misuse_url_invalid")


def test_arguments_that_are_no_text(shell):
    shell.run("connect")
    for arguments in (("status", "--tenant", b"a\xff"), ("call", b"/v1/\xff"), (b"\xff",), ("call", "-H", b"x: \xff", "/")):
        done = shell.run(*arguments)
        assert done.code == 2
        assert "is not UTF-8" in done.err and "Traceback" not in done.err


def test_arguments_that_are_not_known_are_not_quoted(shell):
    done = shell.run("key", "add", "a-key-that-is-a-secret")
    assert done.code == 2 and "standard input" in done.err and "a-key" not in done.err
    done = shell.run("status", "--json", "--tenant")
    assert (done.code, done.json["error"]["verdict"], done.error) == (2, "usage", "arguments_invalid")
    for option, name in (("--key=a-key-that-is-a-secret", "--key"), ("-ka-key-that-is-a-secret", "-k")):
        done = shell.run("status", option)
        assert done.code == 2 and f"not known: {name}" in done.err and "a-key-" not in done.err


def test_nobody_comes_back_from_the_browser_in_time(shell):
    process, _ = shell.waiting("--timeout", "0.2", "--json")
    done = shell.end(process)
    assert (done.code, done.error) == (13, "denied_authorization_expired")


@pytest.mark.parametrize("fault", [{"kind": "drop_reply"}, {"kind": "cut", "after_bytes": 9}])
def test_an_api_that_does_not_answer(shell, fault):
    shell.run("connect")
    shell.authority.control_list("faults", [{"path": "/v1/expenses", "fault": fault}])
    done = shell.run("call", "/v1/expenses", "--json")
    assert (done.code, done.error) == (19, "api_no_answer")
    assert "may have got" in done.json["error"]["advice"]


def test_an_answer_that_is_too_large(shell):
    shell.run("connect")
    pad = {"kind": "pad", "bytes": 17 << 20}
    shell.authority.control_list("faults", [{"path": "/v1/expenses", "fault": pad}])
    done = shell.run("call", "/v1/expenses", "--json")
    assert (done.code, done.error) == (19, "api_answer_too_large")
    assert len(done.out) < 1_000


def test_refresh(shell):
    an_old_connection(shell, 0)
    done = shell.run("refresh", "--json")
    assert done.json["refreshed"] is False and done.json["due_at"] > 0
    an_old_connection(shell, 500, "half gone")
    arguments = ("refresh", "--tenant", "half gone", "--json")
    assert shell.run(*arguments).json["refreshed"] is False
    assert shell.run(*arguments, "--early").json["refreshed"] is True
    an_old_connection(shell, 2_000, "old")
    done = shell.run("refresh", "--tenant", "old")
    assert done.out.startswith("refreshed; due: ") and done.code == 0


def test_refresher(shell):
    an_old_connection(shell, 2_000)
    process = shell.begin("refresher", "--poll", "0.1")
    while process.poll() is None and shell.authority.stats()["refreshes_ok"] == 0:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    done = shell.end(process)
    assert done.code == 0 and '"event": "stopped"' in done.err
    assert shell.run("refresh", "--json").json["refreshed"] is False
    done = shell.run("refresher", "--poll", "often")
    assert done.code == 2 and done.err.startswith("usage: evergrant refresher")
    help = shell.run("refresher", "--help").out
    assert "--profile" in help and "--per-minute" in help
    assert shell.run("--version").out.startswith("evergrant ")


def test_a_refresh_that_has_to_wait(shell):
    an_old_connection(shell, 2_000)
    fault = {"kind": "answer", "status": 503}
    shell.authority.control_list("faults", [{"path": "/oauth/token", "times": 9, "fault": fault}])
    done = shell.run("refresh", "--json")
    assert (done.code, done.error) == (11, "try_later_unavailable")
    assert done.json["error"]["retry_at"] > 0
    # The server may have used the token up: another process waits before it asks again.
    done = shell.run("refresh", "--timeout", "1", "--verbose")
    assert done.code == 11 and "evergrant: try_later_busy: nothing is lost" in done.err and "\n  retry_at: 2" in done.err


def test_a_grant_that_is_over(shell):
    an_old_connection(shell, 2_000)
    shell.authority.control("revoke-grants")
    assert shell.run("refresh").code == 10
    done = shell.run("status", "--json")
    assert (done.code, done.json["status"], done.json["cause"]) == (10, "reauthentication_required", "rejected")
    done = shell.run("token", "--json")
    assert (done.code, done.json["error"]["advice"]) == (10, "the grant is over: `evergrant connect`")
    assert shell.run("connect").code == 0
    assert shell.run("status").code == 0


def test_verdicts_of_connect(shell):
    shell.authority.control("deny-next")
    done = shell.run("connect", "--json")
    assert (done.code, done.error) == (13, "denied_access")
    fault = {"path": "/oauth/token", "fault": {"kind": "drop_reply"}}
    shell.authority.control_list("faults", [fault])
    done = shell.run("connect", "--json")
    assert (done.code, done.error) == (12, "outcome_unknown")
    fault["fault"] = {"kind": "members", "remove": ["access_token"]}
    shell.authority.control_list("faults", [fault])
    done = shell.run("connect", "--json")
    assert (done.code, done.json["error"]["verdict"]) == (17, "server_misbehaved")
    shell.env["DEMO_SECRET"] = "another one"
    done = shell.run("connect", "--json")
    assert (done.code, done.error) == (15, "misconfigured_invalid_client")
    done = shell.run("connect", "--scope", "not:registered", "--json")
    assert (done.code, done.error) == (3, "misuse_scope_not_registered")


def test_companies(shell):
    shell.with_companies()
    shell.authority.control("subject", subject=f"{COMPANY}a")
    done = shell.run("connect", "--company", f"{COMPANY}b", "--json")
    assert (done.code, done.error, done.json["error"]["company"]) == (16, "company_mismatch", f"{COMPANY}a")
    assert shell.run("connect", "--company", f"{COMPANY}a", "--json").json["company"] == f"{COMPANY}a"
    assert f"company: {COMPANY}a\n" in shell.run("status").out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_connect_is_interrupted(shell, number, code):
    process, start = shell.waiting()
    redirect, cookie = begin_in_browser(start)
    process.send_signal(number)
    done = shell.end(process)
    assert (done.code, done.out) == (code, "")
    store = SqliteStore(shell.folder / "connections.db")
    assert [entry.due_at for entry in store.list("connection/")] == [None] * len(store.list("connection/"))
    # What comes back later is no good any more, and a new one is.
    process, start = shell.waiting()
    port = start.split("/")[2]
    late = redirect.replace(redirect.split("/")[2], port)
    assert get(late, cookie)[0] == 400
    redirect, cookie = begin_in_browser(start)
    assert get(redirect, cookie)[0] == 200
    assert shell.end(process).code == 0
    assert shell.run("status").code == 0


def test_connect_believes_only_its_own_browser(shell):
    process, start = shell.waiting()
    base = start[: start.rindex("/")]
    assert get(f"{base}/another")[0] == get(f"{base[: base.rindex('/')]}/favicon.ico")[0] == 404
    redirect, cookie = begin_in_browser(start)
    assert get(start)[0] == get(start, cookie.partition("=")[0] + "=\xe9")[0] == 403
    assert get(start, cookie)[0] == 303  # The same browser, which reloads.
    for url, sent in ((redirect, None), (redirect, cookie + "x"), (f"{base}?state=x&code=y", cookie)):
        status, headers, page = get(url, sent)
        assert status == 400 and "callback_" in page
        assert headers["referrer-policy"] == "no-referrer" and headers["cache-control"] == "no-store"
    status, _, page = get(redirect, cookie)
    assert status == 200 and "You are connected" in page
    done = shell.end(process)
    assert done.code == 0 and done.err.count("still waiting") == 5


def test_connect_at_a_registered_port(shell):
    other = Shell(shell.authority, shell.folder)
    process, start = other.waiting()
    port = start.split(":")[2].split("/")[0]
    shell.profile = shell.profile.replace("127.0.0.1/callback", f"127.0.0.1:{port}/callback")
    shell.profile = shell.profile.replace('iss = "required"', 'iss = "required"\nredirects = "https_or_own_machine"')
    done = shell.run("connect", "--json")
    assert (done.code, done.error) == (3, "config_port_taken")
    process.send_signal(signal.SIGINT)
    assert other.end(process).code == 130
    assert shell.run("connect", "--json").code == 0


def test_keys(shell):
    shell.with_companies()
    make = {"kind": "integrated", "scopes": ["expenses:read"]}
    first = shell.authority.control("api-keys", subject=f"{COMPANY}a", **make)["key"]
    second = shell.authority.control("api-keys", subject=f"{COMPANY}a", **make)["key"]
    shell.secrets |= {first, second}

    done = shell.run("key", "replace", "--json", given=first)
    assert (done.code, done.error) == (13, "denied_not_connected")
    for bad, code in (("", "denied_key_malformed"), ("two words", "denied_key_malformed"), ("nokey", "denied_key_invalid")):
        done = shell.run("key", "add", "--json", given=bad)
        assert (done.code, done.error) == (13, code)
    done = shell.run("key", "add", "--json", given=f" {first}\n")
    assert done.json == {"tenant": "default", "company": f"{COMPANY}a", "scope": "expenses:read"}
    done = shell.run("key", "add", "--json", given=second)
    assert (done.code, done.error) == (2, "already_connected")
    assert shell.run("key", "replace", given=second).out == f"the key is good: {COMPANY}a, expenses:read\n"
    assert shell.run("call", "/v1/expenses").code == 0


def test_list(shell):
    for tenant in ("a b", "ä/1", "c"):
        assert shell.run("connect", "-t", tenant).code == 0
    done = shell.run("list", "--json")
    rows = done.json["connections"]
    assert [row["tenant"] for row in rows] == ["ä/1", "a b", "c"]
    assert {row["status"] for row in rows} == {"authorized"} and all(row["due_at"] for row in rows)
    assert [row["tenant"] for row in shell.run("list", "--json", "--limit", "1", "--after", "ä/1").json["connections"]] == [
        "a b"
    ]
    lines = shell.run("list").out.splitlines()
    assert lines[0].split() == ["tenant", "status", "cause", "company", "due_at"] and len(lines) == 4
    # With another sealing key nothing can be read, and each line says so.
    shell.env["DEMO_KEY"] = base64.b64encode(bytes(range(32))).decode()
    assert {row["status"] for row in shell.run("list", "--json").json["connections"]} == {"host_record_forged"}


@pytest.mark.parametrize("server", [servers.postgresql, servers.redis])
def test_stores_of_several_machines(shell, server):
    with server() as url:
        if "://" not in url:  # A connection string of PostgreSQL's, in its other form.
            parts = psycopg.conninfo.conninfo_to_dict(url)
            url = "postgresql:///{dbname}?host={host}&user={user}".format(**parts)
        shell.profile = shell.profile.replace('"sqlite:connections.db"', '{ env = "STORE_URL" }')
        shell.env["STORE_URL"] = url
        assert shell.run("connect").code == 0
        assert [row["status"] for row in shell.run("list", "--json").json["connections"]] == ["authorized"]
        assert shell.run("doctor").code == 0
    done = shell.run("status", "--json")
    assert (done.code, done.error) == (18, "host_store_unanswered")


def test_a_store_that_is_not_there(shell):
    shell.profile = shell.profile.replace("sqlite:connections.db", "sqlite:missing/connections.db")
    done = shell.run("status", "--json")
    assert (done.code, done.error) == (18, "host_store_unanswered")
    assert "unable to open" in done.json["error"]["description"] or "No such file" in done.json["error"]["description"]
