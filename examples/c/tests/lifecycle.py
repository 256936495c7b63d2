"""A whole life at each of two servers, every command a process of its own.

    lifecycle.py HOST AUTHORITY FOLDER
"""

import json
import os
import pathlib
import subprocess
import sys

import servers

CALLBACK = "http://127.0.0.1:51004/callback"
checks = 0


def check(fine, what):
    global checks
    checks += 1
    assert fine, what


class Host:
    """The program, its settings and its store."""

    def __init__(self, program, store, settings):
        self.program = program
        self.store = store
        key = "0123456789abcdef" * 4
        settings = {"STORE": store, "SEALING_KEY": key, "REDIRECT_URI": CALLBACK, **settings}
        said = {f"EVERGRANT_{name}": value for name, value in settings.items()}
        # A proxy of the machine's must not matter.
        self.environment = os.environ | {"http_proxy": "http://127.0.0.1:9"} | said

    def run(self, *arguments, stdin="", code=0, env={}):
        done = subprocess.run(
            [self.program, *arguments], input=stdin, capture_output=True, text=True,
            env=self.environment | env,
        )
        check(done.returncode == code, f"{arguments}: {done.returncode}\n{done.stderr}")
        return done.stdout.strip() if code == 0 else done.stderr.strip()

    def status(self, wanted):
        seen = self.run("status")
        check(seen == wanted, f"{seen}, not {wanted}")

    def connect(self, scopes):
        """From the wish to the grant, over the browser, in two processes."""
        url, binding = self.run("authorize").split("\n")
        back = servers.browse(url, CALLBACK)
        granted = self.run("redirected", stdin=f"{back}\n{binding}\n")
        check(granted.split() == scopes, granted)
        self.status("authorized")
        return back, binding


def stats(origin):
    return json.loads(servers.request("GET", f"{origin}/control/stats")[2])


def control(origin, what, body):
    headers = {"content-type": "application/json"}
    status = servers.request("POST", f"{origin}/control/{what}", headers, json.dumps(body))[0]
    check(status < 300, f"{what}: {status}")


def fault(origin, path, what, **rule):
    control(origin, "faults", [{"path": path, "fault": what, **rule}])


def with_the_authority(program, authority, folder):
    with servers.authority(authority) as server:
        origin = server.origin
        host = Host(program, str(folder / "authority.db"), {
            "ISSUER": origin,
            "AUTHORIZATION_ENDPOINT": f"{origin}/oauth/authorize",
            "TOKEN_ENDPOINT": f"{origin}/oauth/token",
            "REVOCATION_ENDPOINT": f"{origin}/oauth/revoke",
            "API_ORIGIN": origin,
            "LOOPBACK_HTTP": "yes",
            "CLIENT_ID": "demo client+1",
            "CLIENT_SECRET": "s3cret/%:+é",
            "SCOPES": "expenses:read users:read",
        })
        expenses = f"{origin}/v1/expenses"
        host.status("disconnected")
        check(host.run("get", expenses, code=1) == "denied_not_connected", "before there is a grant")

        back, binding = host.connect(["expenses:read", "users:read"])
        again = host.run("redirected", stdin=f"{back}\n{binding}\n", code=1)
        check(again == "callback_state_used", again)
        mode = os.stat(host.store).st_mode & 0o777
        check(mode == 0o600, f"others can read the store: {mode:o}")
        check(b"refresh" not in pathlib.Path(host.store).read_bytes(), "the store is in clear")

        check("data" in json.loads(host.run("get", expenses)), "expenses")
        check(stats(origin)["refreshes_received"] == 0, "a good token is used")

        # The API refuses the token: one refresh, and the call once more.
        before = stats(origin)
        control(origin, "revoke-access-tokens", {})
        check("data" in json.loads(host.run("get", expenses)), "expenses")
        after = stats(origin)
        check(after["refreshes_received"] == before["refreshes_received"] + 1, (before, after))
        # A URL that is not of the API gets no token.
        host.run("get", "http://127.0.0.1:9/v1/expenses", code=1)

        # The answer is lost: nothing is sent again by itself.
        fault(origin, "/oauth/token", {"kind": "drop_reply", "reset": True})
        control(origin, "revoke-access-tokens", {})
        before = stats(origin)["refreshes_received"]
        failed = host.run("get", expenses, code=1)
        check(failed.startswith(("try_later_", "reauthenticate_")), failed)
        check(stats(origin)["refreshes_received"] - before == 1, "one request reached the server")

        servers.request("DELETE", f"{origin}/control/faults")
        host.run("disconnect")
        host.status("disconnected")
        host.connect(["expenses:read", "users:read"])
        # A redirect of the token endpoint is not followed.
        elsewhere = {"location": f"{origin}/oauth/authorize"}
        fault(origin, "/oauth/token", {"kind": "answer", "status": 307, "headers": elsewhere})
        before = stats(origin)
        control(origin, "revoke-access-tokens", {})
        failed = host.run("get", expenses, code=1)
        check(failed == "misconfigured_redirected", failed)
        check(stats(origin)["authorize"] == before["authorize"], "nobody went there")
        servers.request("DELETE", f"{origin}/control/faults")
        # Another browser brings the redirect.
        url, _ = host.run("authorize").split("\n")
        back = servers.browse(url, CALLBACK)
        failed = host.run("redirected", stdin=f"{back}\nsomebody-else\n", code=1)
        check(failed == "callback_binding_mismatch", failed)
        # Without a key that fits the record stays as it is.
        other = {"EVERGRANT_SEALING_KEY": "f" * 64, "EVERGRANT_SEALING_KEY_ID": "k2"}
        failed = host.run("status", code=1, env=other)
        check(failed == "host_sealing_key_missing", failed)


def with_oidc_provider(program, folder):
    client = {"id": "c-host", "secret": "long-enough-for-nobody", "method": "client_secret_basic"}
    with servers.oidc_provider(client) as server:
        about = server.about
        host = Host(program, str(folder / "oidc.db"), {
            "ISSUER": about["issuer"],
            "ISS": "required",
            "AUTHORIZATION_ENDPOINT": about["authorization_endpoint"],
            "TOKEN_ENDPOINT": about["token_endpoint"],
            "REVOCATION_ENDPOINT": about["revocation_endpoint"],
            "API_ORIGIN": about["origin"],
            "LOOPBACK_HTTP": "yes",
            "CLIENT_ID": client["id"],
            "CLIENT_SECRET": client["secret"],
            "AUTH_METHOD": client["method"],
            "SCOPES": "openid offline_access",
            "PROMPT": "consent",
            "SEALING_KEY": "plain",
        })
        host.connect(["openid", "offline_access"])
        check(json.loads(host.run("get", about["api"]))["sub"] == "alice", "whose it is")

        # The access token is lost at the server: one refresh, and the call once more.
        old = stored(host)["access"]
        servers.request("POST", about["lose"], {"x-token": old})
        check(json.loads(host.run("get", about["api"]))["sub"] == "alice", "replayed")
        new = stored(host)
        check(new["access"] != old, "there is a new token")

        host.run("disconnect")
        host.status("disconnected")
        status = servers.request("GET", about["api"], {"authorization": f"Bearer {new['access']}"})[0]
        check(status == 401, f"the server was told: {status}")
        check(host.run("get", about["api"], code=1) == "denied_not_connected", "afterwards")
        host.connect(["openid", "offline_access"])


def stored(host):
    """The tokens in the record, which is in clear here."""
    import sqlite3

    with sqlite3.connect(host.store) as store:
        rows = store.execute("SELECT bytes FROM record WHERE key LIKE 'c%'").fetchall()
    return find(json.loads(rows[0][0]), "access")


def find(value, name):
    """The object that has a member of this name."""
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if isinstance(value, dict):
        if isinstance(value.get(name), str):
            return value
        value = list(value.values())
    for part in value if isinstance(value, list) else []:
        if found := find(part, name):
            return found
    return None


if __name__ == "__main__":
    program, authority, folder = sys.argv[1:]
    with_the_authority(program, authority, pathlib.Path(folder))
    print(f"  {checks} checks hold: host in C with the authority")
    seen = checks
    with_oidc_provider(program, pathlib.Path(folder))
    print(f"  {checks - seen} checks hold: host in C with oidc-provider")
