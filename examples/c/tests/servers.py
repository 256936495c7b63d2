"""The two servers, and somebody at a browser."""

import http.client
import http.cookies
import json
import pathlib
import subprocess
from urllib.parse import urljoin, urlsplit

ROOT = pathlib.Path(__file__).resolve().parents[3]
OIDC = ROOT / "examples/rust/tests/servers/oidc-provider"


class Server:
    """A process that serves until its standard input closes."""

    def __init__(self, command, **where):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **where
        )
        self.said = self.process.stdout.readline().strip()
        assert self.said, f"{command[0]} did not start"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def authority(program, *arguments):
    server = Server([program, *arguments])
    server.origin = server.said.removeprefix("listening on ")
    return server


def oidc_provider(client):
    subprocess.run([ROOT / "scripts/oidc-provider"], check=True, capture_output=True)
    asked = json.dumps({"clients": [client], "settings": {}})
    server = Server(["node", "server.js", asked], cwd=OIDC, stderr=subprocess.DEVNULL)
    server.about = json.loads(server.said)
    return server


def request(method, url, headers={}, body=None):
    """One request: no redirect is followed. Answers status, headers and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


def browse(url, callback):
    """Follows redirects up to the one that goes back to the app, and answers with that."""
    jar = {}
    for _ in range(12):
        cookies = "; ".join(f"{name}={value}" for name, value in jar.items())
        status, headers, body = request("GET", url, {"cookie": cookies} if jar else {})
        for line in headers.get_all("set-cookie") or []:
            for morsel in http.cookies.SimpleCookie(line).values():
                jar[morsel.key] = morsel.coded_value
        assert headers["location"], f"{status} at {url}: {body[:200]}"
        url = urljoin(url, headers["location"])
        if url.startswith(callback):
            return url
    raise AssertionError("redirected for ever")
