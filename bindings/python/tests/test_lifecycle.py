"""One life of a connection over real HTTP, from authorize to reauthenticate."""

import json

import pytest
from driver import Clock, Driver, Failed, Store, call
from evergrant.machine import (
    Binding,
    BrowserProof,
    Cause,
    Client,
    ClientConfig,
    Connection,
    Disconnect,
    FailureKind,
    Input,
    IssPolicy,
    Method,
    Output,
    Provider,
    ProviderConfig,
    Refusal,
    Sealing,
    Secret,
    SecretBytes,
    Status,
    Stored,
    TokenEndpointAuthMethod,
    pending_key,
    pending_tenant,
    store_key,
)

TENANT = "tenant 42/ü"
REDIRECT_URI = "http://127.0.0.1:49152/callback"
CLIENTS = {
    "basic": ("demo client+1", "s3cret/%:+é", TokenEndpointAuthMethod.CLIENT_SECRET_BASIC),
    "post": ("demo:client&2", "p0st =&%2B ü+/?", TokenEndpointAuthMethod.CLIENT_SECRET_POST),
    "public": ("demo-public", None, None),
}


class Host:
    """A process of the host: everything but the store is lost when it ends."""

    def __init__(self, authority, path, who, disconnect):
        client_id, secret, method = CLIENTS[who]
        provider = Provider(
            ProviderConfig(
                environment="loopback",
                issuer=authority.base,
                iss=IssPolicy.REQUIRED,
                authorization_endpoint=f"{authority.base}/oauth/authorize",
                token_endpoint=f"{authority.base}/oauth/token",
                disconnect=disconnect(authority.base),
                api_origin=authority.base,
                token_endpoint_auth_method=TokenEndpointAuthMethod.CLIENT_SECRET_BASIC,
                loopback_http=True,
            )
        )
        self.client = Client(
            provider,
            ClientConfig(
                client_id=client_id,
                client_secret=None if secret is None else Secret(secret),
                token_endpoint_auth_method=method,
                redirect_uris=["http://127.0.0.1/callback"],
                scopes=["expenses:read", "users:read"],
                sealing=Sealing.PLAIN,
            ),
        )
        self.authority = authority
        self.clock = Clock()
        self.store = Store(path)
        self.driver = Driver(Connection(self.client, TENANT), self.store, self.clock)

    def restart(self):
        """The same as a new process that restores the connection from its record."""
        key = store_key(self.client, TENANT)
        connection = Connection.restore(self.client, TENANT, self.store.read(key))
        assert connection.store_key() == key
        self.driver = Driver(connection, self.store, self.clock)

    def forget(self):
        """A new process that has read nothing yet."""
        self.driver = Driver(Connection(self.client, TENANT), self.store, self.clock)

    def advance(self, seconds):
        self.clock.ahead += seconds * 1000
        self.authority.control("advance", seconds=seconds)

    def begin(self, binding=Binding.SAME_PROCESS):
        asked = Input.AUTHORIZE(
            redirect_uri=REDIRECT_URI, scopes=[], extra=[], binding=binding, return_context="/settings"
        )
        (opened,) = self.driver.run(asked)
        assert isinstance(opened, Output.OPEN_URL)
        return opened

    def browse(self, opened):
        """The browser, and the person in it: it comes back with the redirect."""
        status, headers, _ = call(opened.url.expose(), "GET", {})
        assert status in (302, 303)
        lines = dict(line.split(": ", 1) for line in headers.expose().splitlines())
        return Secret(lines["location"])

    def authorize(self):
        opened = self.begin()
        redirected = Input.REDIRECTED(url=self.browse(opened), proof=BrowserProof.SAME_PROCESS())
        (authorized,) = self.driver.run(redirected)
        assert isinstance(authorized, Output.AUTHORIZED)
        assert authorized.authorization == opened.authorization
        assert authorized.return_context == "/settings"
        assert authorized.scope == "expenses:read users:read"

    def fetch(self):
        status, body = self.driver.get(f"{self.authority.base}/v1/expenses")
        assert status == 200, body
        return json.loads(body)["data"]

    def is_at(self, status):
        return self.driver.step.status == status


def installation(base):
    return Disconnect.API_REQUEST(
        method=Method.DELETE, url=f"{base}/v1/installations/me", spares_others=True
    )


def revocation(base):
    return Disconnect.REVOCATION(endpoint=f"{base}/oauth/revoke")


@pytest.mark.parametrize(
    ("who", "disconnect", "ended"),
    [
        ("basic", installation, "installations_deleted"),
        ("post", revocation, "revocations"),
        ("public", revocation, "revocations"),
    ],
)
def test_whole_life(authority, tmp_path, who, disconnect, ended):
    host = Host(authority, str(tmp_path / "store.db"), who, disconnect)
    with pytest.raises(Failed) as nothing_yet:
        host.fetch()
    assert nothing_yet.value.failure.kind is FailureKind.DENIED
    assert host.is_at(Status.DISCONNECTED())

    # Authorize, redirect, exchange, API call.
    host.authorize()
    assert host.is_at(Status.AUTHORIZED())
    first = host.driver.token.generation
    assert len(host.fetch()) == 2

    # Only the API's origin is given the token, and only while it is valid.
    connection, env = host.driver.connection, host.clock.env
    url = f"{authority.base}/v1/expenses"
    now = host.clock.now()
    credential = connection.authorization(now, url, 0)
    assert (credential.generation, credential.header) == (host.driver.token.generation, host.driver.token.header)
    assert connection.authorization(now, "https://elsewhere.example/v1/expenses", 0) is None
    assert connection.authorization(now, url, 10**9) is None

    # The access token expires: one refresh, asked for by the timer.
    host.advance(900)
    host.driver.tick()
    assert host.driver.token.generation == first + 1
    host.fetch()
    assert authority.stats()["refreshes_ok"] == 1

    # The API refuses the token: one refresh, one replay.
    authority.control("revoke-access-tokens")
    host.fetch()
    assert host.driver.token.generation == first + 2
    assert authority.stats()["refreshes_ok"] == 2
    assert authority.stats()["api_calls"]["401"] == 1

    # A new process goes on where the old one stood, without a refresh.
    for restart in (host.restart, host.forget):
        restart()
        host.fetch()
        assert host.driver.token.generation == first + 2
    assert authority.stats()["refreshes_ok"] == 2

    # Disconnect; once more is no error.
    assert host.driver.run(Input.REVOKE()) == []
    assert host.is_at(Status.DISCONNECTED())
    assert host.driver.token is None
    assert host.driver.run(Input.REVOKE()) == []
    assert authority.stats()[ended] == 1
    with pytest.raises(Failed, match="^denied_not_connected$"):
        host.fetch()

    # Authorize again; then the user ends the grant at the server.
    host.authorize()
    host.fetch()
    authority.control("revoke-grants")
    with pytest.raises(Failed) as lost:
        host.fetch()
    assert lost.value.failure.kind is FailureKind.REAUTHENTICATION_REQUIRED
    assert lost.value.failure.code == "reauthenticate_rejected"
    assert host.is_at(Status.REAUTHENTICATION_REQUIRED(cause=Cause.REJECTED))

    # Reauthenticate.
    host.authorize()
    host.fetch()
    assert "grant_lost" in host.driver.notices

    stats = authority.stats()
    assert stats["authorize"] == stats["authorizations_granted"] == stats["code_exchanges_ok"] == 3
    assert stats["authorizations_denied"] == stats["code_exchanges_refused"] == 0
    assert (stats["refreshes_ok"], stats["refreshes_refused"]) == (2, 1)
    assert stats["replayed_refresh_tokens"] == 0
    assert stats["api_calls"]["401"] == 2


def test_redirect_in_another_process(authority, tmp_path):
    """One callback URL for many tenants: the redirect itself tells whose it is."""
    host = Host(authority, str(tmp_path / "store.db"), "basic", revocation)
    opened = host.begin(Binding.COOKIE)
    redirect = host.browse(opened)
    host.forget()
    stored = host.store.read(pending_key(redirect))
    assert pending_tenant(host.client, redirect, stored.record) == TENANT

    # A browser without the cookie, or with another, changes nothing.
    for proof in (
        BrowserProof.MISSING(),
        BrowserProof.SAME_PROCESS(),
        BrowserProof.BINDING(secret=Secret("guessed")),
    ):
        (refused,) = host.driver.run(Input.REDIRECTED(url=redirect, proof=proof))
        assert refused.failure.code == "callback_binding_mismatch"
    proof = BrowserProof.BINDING(secret=opened.binding)
    (authorized,) = host.driver.run(Input.REDIRECTED(url=redirect, proof=proof))
    assert isinstance(authorized, Output.AUTHORIZED)
    host.fetch()

    # And it counts once.
    (again,) = host.driver.run(Input.REDIRECTED(url=redirect, proof=proof))
    assert again.failure.code == "callback_state_used"
    assert authority.stats()["code_exchanges_ok"] == 1


def test_denied(authority, tmp_path):
    host = Host(authority, str(tmp_path / "store.db"), "public", revocation)
    authority.control("deny-next")
    redirect = host.browse(host.begin())
    (failed,) = host.driver.run(Input.REDIRECTED(url=redirect, proof=BrowserProof.SAME_PROCESS()))
    assert failed.failure.kind is FailureKind.DENIED
    assert failed.failure.error == "access_denied"
    assert failed.return_context == "/settings"
    assert host.is_at(Status.DISCONNECTED())


def test_a_record_that_is_none(authority, tmp_path):
    host = Host(authority, str(tmp_path / "store.db"), "public", revocation)
    for record in (b"", b"{}", b"\xff\x00", b'{"v":999}'):
        with pytest.raises(Refusal.Failed, match="^host_record_"):
            Connection.restore(host.client, TENANT, Stored(revision="1", record=SecretBytes(record)))
