"""The life of a connection, for threads and for asyncio over both kinds of store."""

import threading
import time

import pytest
from evergrant import (
    CallbackRefused,
    Connections,
    Denied,
    Disconnect,
    HostFailed,
    Method,
    Misconfigured,
    Misuse,
    ReauthenticationRequired,
    Secret,
    ServerMisbehaved,
    StoreUnavailable,
    TryLater,
)
from evergrant.client import log_notice
from evergrant.machine import Cause, InternalError
from evergrant.stores import SqliteStore
from world import CALLBACK, AsyncStore, Loop, World, async_connections, browse


@pytest.fixture(params=["threads", "asyncio", "asyncio and its store"])
def world(request, authority, tmp_path):
    if request.param == "threads":
        yield World(authority, SqliteStore(tmp_path / "store.db"))
        return
    loop = Loop()
    store = AsyncStore() if request.param.endswith("store") else SqliteStore(tmp_path / "store.db")
    yield World(authority, store, async_connections(loop))
    loop.close()
    assert getattr(store, "swaps", 1) > 0


@pytest.fixture
def threads(authority):
    return World(authority)


def test_whole_life(world):
    authority, connection = world.authority, world.connection
    with pytest.raises(Denied, match="^denied_not_connected$"):
        connection.token()
    assert connection.status().code == "disconnected"

    # Authorize, redirect, exchange, API call.
    done = world.connect()
    assert (done.tenant, done.scope, done.return_context) == ("tenant 42/ü", "expenses:read users:read", "/settings")
    assert connection.status().code == "authorized"
    first = connection.token()
    assert connection.token() is first
    assert world.get()[0] == 200

    # Only the API's origin is given the token.
    assert connection.authorization(world.url()) == first.expose()
    for url in ("https://elsewhere.example/", world.authority.base + "0/", world.authority.base + "@evil.example/"):
        assert connection.authorization(url) is None

    # The access token expires: one refresh.
    world.advance(900)
    assert connection.token().generation == first.generation + 1
    assert world.get()[0] == 200
    assert authority.stats()["refreshes_ok"] == 1

    # The API refuses the token: one refresh, one replay.
    authority.control("revoke-access-tokens")
    assert world.get()[0] == 200
    assert connection.token().generation == first.generation + 2
    assert authority.stats()["refreshes_ok"] == 2

    # A new process goes on where the old one stood, without a refresh.
    world.restart()
    connection = world.connection
    assert connection.status().code == "authorized"
    assert connection.token().generation == first.generation + 2
    assert authority.stats()["refreshes_ok"] == 2

    # Disconnect; once more is no error.
    assert connection.disconnect() is True
    assert connection.status().code == "disconnected"
    connection.disconnect()
    # The grant, and its access token after it: not once more for the second time.
    while "token_revoked" not in world.codes():
        time.sleep(0.01)
    assert authority.stats()["revocations"] == 2
    with pytest.raises(Denied, match="^denied_not_connected$"):
        connection.token()

    # Authorize again; then the user ends the grant at the server.
    world.connect()
    authority.control("revoke-grants")
    with pytest.raises(ReauthenticationRequired, match="^reauthenticate_rejected$") as lost:
        world.get()
    assert lost.value.number == 101
    assert connection.status() == ("reauthentication_required", Cause.REJECTED)
    world.connect()
    assert world.get()[0] == 200
    stats = authority.stats()
    assert stats["code_exchanges_ok"] == 3
    assert stats["replayed_refresh_tokens"] == 0
    assert {"authorization_started", "grant_obtained", "refreshed", "disconnected", "grant_lost"} <= set(world.codes())


def test_a_redirect_in_another_process(world):
    begun = world.connection.authorize(CALLBACK)
    assert begun.cookie.arguments() | {"value": None, "max_age": None} == {
        "key": begun.cookie.name,
        "value": None,
        "path": "/callback",
        "max_age": None,
        "secure": False,
        "httponly": True,
        "samesite": "lax",
    }
    redirect = browse(begun)
    world.restart()
    cookies = {begun.cookie.name: begun.cookie.value.expose()}
    for none_of_ours in (None, "", "\udcff", "guessed", {}, {begun.cookie.name: "guessed"}, {"another": begun.cookie.value.expose()}):
        with pytest.raises(CallbackRefused, match="^callback_binding_mismatch$"):
            world.connections.callback(redirect, none_of_ours)
    for url, code in (
        (redirect.replace("state=", "state=x"), "callback_state_unknown"),
        (CALLBACK, "callback_unreadable"),
        (redirect + "\udcff", "callback_unreadable"),
        (CALLBACK + "?code=1", "callback_state_missing"),
    ):
        with pytest.raises(CallbackRefused, match=f"^{code}$"):
            world.connections.callback(url, cookies)
    assert world.connections.callback(redirect, cookies).tenant == "tenant 42/ü"
    with pytest.raises(CallbackRefused, match="^callback_state_used$"):
        world.connections.callback(redirect, cookies)
    assert world.get()[0] == 200
    assert world.authority.stats()["code_exchanges_ok"] == 1


def test_denied_by_the_person(world):
    world.authority.control("deny-next")
    with pytest.raises(Denied, match="^denied_access$") as denied:
        world.connect()
    told = denied.value
    assert (told.error, told.return_context, told.tenant) == ("access_denied", "/settings", "tenant 42/ü")


def test_cancelled(world):
    begun = world.connection.authorize(CALLBACK)
    assert world.connection.status().code == "authorizing"
    redirect = browse(begun)
    world.connection.cancel(begun.id)
    assert "authorization_cancelled" in world.codes()
    with pytest.raises(CallbackRefused):
        world.connections.callback(redirect, begun.cookie.value)


@pytest.mark.parametrize("of", ["connection", "connections"])
def test_in_the_same_process(world, of):
    """Which may also be another one of the same program: nothing but the store is shared."""
    begun = world.connection.authorize(CALLBACK, same_process=True, scopes=["users:read"])
    assert begun.cookie is None
    redirect = browse(begun)
    world.restart()
    done = getattr(world, of).callback(redirect, same_process=True)
    assert done.scope == "users:read"
    assert world.connection.missing_scopes("users:read expenses:read") == ["expenses:read"]


def test_what_a_caller_does_wrong(world):
    for wrong, code in (
        ({"redirect_uri": "https://elsewhere.example/"}, "misuse_redirect_uri_not_registered"),
        ({"redirect_uri": CALLBACK, "scopes": ["admin"]}, "misuse_scope_not_registered"),
        ({"redirect_uri": CALLBACK, "extra": {"state": "mine"}}, "misuse_parameter_reserved"),
    ):
        with pytest.raises(Misuse, match=f"^{code}$"):
            world.connection.authorize(**wrong)
    # A text is a sequence of texts too.
    with pytest.raises(TypeError, match="^scopes: a list of texts, not one text$"):
        world.connection.authorize(CALLBACK, scopes="expenses:read")
    with pytest.raises(Misuse, match="^misuse_api_keys_unsupported$"):
        world.connection.enter_key("key")
    with pytest.raises(Misuse, match="^misuse_tenant_invalid$"):
        world.connections[""]
    world.connect()  # And nothing is stuck.


def test_what_the_api_says(world):
    """403 and 429 are told by their kind, and no refresh comes of them."""
    world.connect()
    token = world.connection.token()
    assert world.connection.api_answered(token, 404) is None
    forbidden = world.connection.api_answered(token, 403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
    assert isinstance(forbidden, Denied)
    assert forbidden.code == "denied_insufficient_scope"
    later = world.connection.api_answered(token, 429, [("Retry-After", "7")])
    assert isinstance(later, TryLater)
    assert later.retry_at > world.clock.now() + 5_000
    # A token that has been refreshed for being refused is not refreshed once more.
    assert world.connection.api_answered(token, 401) is None
    token = world.connection.token()
    assert isinstance(world.connection.api_answered(token, 401), ServerMisbehaved)
    assert world.authority.stats()["refreshes_ok"] == 1


def test_a_late_401_of_an_older_token(world):
    """Whoever was answered late does not make others refresh again."""
    world.connect()
    old = world.connection.token()
    world.advance(900)
    new = world.connection.token()
    assert world.connection.api_answered(old, 401) is None
    assert world.connection.token().generation == new.generation
    assert world.authority.stats()["refreshes_ok"] == 1


def test_a_wrong_clock(world):
    """The host's clock is set back or forward by hours: tokens go on, at the cost of a
    401 or of a refresh, and nobody has to connect again."""
    world.connect()
    for hours in (-5, 5, 0):
        world.clock.ahead = hours * 3_600
        assert world.get()[0] == 200
    world.authority.control("advance", seconds=900)  # While the host's clock stands still.
    assert world.get()[0] == 200
    assert world.connection.status().code == "authorized"
    assert world.authority.stats()["replayed_refresh_tokens"] == 0


def test_a_wrong_client(world):
    world.connect()
    world.more["client_secret"] = Secret("not the one")
    world.restart()
    world.advance(900)
    with pytest.raises(Misconfigured, match="^misconfigured_invalid_client$"):
        world.connection.token()
    del world.more["client_secret"]
    world.restart()
    assert world.get()[0] == 200


def test_maintain(world):
    """What nobody uses is kept fresh by whoever looks after it."""
    assert world.connection.maintain() is None
    world.connect()
    due = world.connection.maintain()
    assert world.authority.stats()["refreshes_ok"] == 0
    world.restart()
    world.advance((due - world.clock.now()) // 1000 + 1)
    later = world.connection.maintain()
    assert later > due
    assert world.authority.stats()["refreshes_ok"] == 1
    world.authority.control("revoke-grants")
    world.restart()
    world.advance((later - world.clock.now()) // 1000 + 1)
    with pytest.raises(ReauthenticationRequired):
        world.connection.maintain()


def test_the_timer_refreshes(threads):
    """Nobody asks, and a token is renewed when it is due."""
    threads.more["provider"] = {}
    threads.connect()
    threads.advance(890)
    threads.connection.status()  # Nothing of this wakes it.
    threads.connection._operations._engine.wake_up()  # As the timer does, whose minute is not waited for.
    threads.connection._operations.settled().result()
    assert threads.authority.stats()["refreshes_ok"] == 1


def test_a_disconnect_that_the_server_does_not_take(threads):
    threads.connect()
    fault = {"path": "/oauth/revoke", "times": 9, "fault": {"kind": "answer", "status": 400}}
    threads.authority.control_list("faults", [fault])
    assert threads.connection.disconnect() is False
    assert threads.connection.status().code == "disconnected"


def test_a_disconnect_whose_caller_has_gone(threads):
    """The wish stays, though nobody waits for it, and it had not had its turn."""
    threads.connect()
    held, turn = threading.Event(), threads.connection._operations._engine.ask(lambda waiter: held.wait() and [])
    with pytest.raises(TryLater, match="^try_later_busy$"):
        threads.connection.disconnect(timeout=0)
    with pytest.raises(TryLater, match="^try_later_busy$"):
        threads.connection.authorize(CALLBACK, timeout=0)
    held.set()
    turn.cancel()
    threads.connection._operations.settled().result()
    assert threads.connection.status().code == "disconnected"
    assert threads.codes().count("authorization_started") == 1


def test_a_store_out_of_reach(threads, tmp_path):
    class Broken:
        def swap(self, key, expected, write):
            if self.error:
                raise self.error
            return threads.store.swap(key, expected, write)

    broken = Broken()
    broken.error = None
    connections = Connections(threads.client, broken)
    connection = connections["tenant 42/ü"]
    threads.connect(connection)
    token = connection.token()
    for broken.error in (StoreUnavailable("nobody is there"), RuntimeError("a bug of the store, hidden-record")):
        assert connection.token() is token  # What is known goes on.
        with pytest.raises(TryLater, match="^try_later_store_slow$") as slow:
            connection.authorize(CALLBACK)
        assert slow.value.description in ("nobody is there", "RuntimeError")
        assert "hidden-record" not in f"{slow.value!r} {slow.value.description}"
    broken.error = StoreUnavailable("nobody is there")
    for look in (connection.status, lambda: connections.callback(f"{CALLBACK}?state=1&code=2")):
        with pytest.raises(HostFailed, match="nobody is there"):
            look()
    broken.error = None
    connection.authorize(CALLBACK)


def test_a_record_that_is_none(threads):
    from evergrant.store import Write

    key = threads.connection._operations.store_key
    threads.store.swap(key, None, Write(b"not a record", None, None))
    for ask in (threads.connection.token, threads.connection.status, threads.connection.disconnect):
        with pytest.raises(HostFailed, match="^host_record_unreadable$"):
            ask()


def test_an_installation_is_deleted(authority):
    """The provider's own way of ending a grant."""
    url = f"{authority.base}/v1/installations/me"
    ended = Disconnect.API_REQUEST(method=Method.DELETE, url=url, spares_others=True)
    world = World(authority, provider={"disconnect": ended})
    world.connect()
    assert world.connection.disconnect() is True
    assert authority.stats()["installations_deleted"] == 1


def test_one_object_for_each_tenant(threads):
    connections = Connections(threads.client, threads.store, keep=2)
    held = connections["1"]
    assert connections["2"] is connections["2"]
    connections["3"], connections["4"]
    assert connections["1"] is held


def test_a_machine_that_fails(threads, caplog):
    """A panic in it is told to who asked; the next one has another machine."""

    class Failing:
        def step(self, *told):
            raise InternalError("index out of bounds")

    threads.connect()
    threads.advance(900)
    threads.connection._driver._machine = Failing()
    with pytest.raises(HostFailed, match="^panic$"):
        threads.connection.token()
    threads.connection._operations.settled().result()
    assert "the machine of a connection has failed: InternalError" in caplog.text
    assert threads.get()[0] == 200


def test_a_listener_that_fails(authority, caplog):
    """Whoever is given the notices cannot stop the work."""

    def fail(notice):
        raise RuntimeError(notice.code)

    world = World(authority, on_notice=fail)
    world.connect()
    assert world.get()[0] == 200
    assert "on_notice raised RuntimeError" in caplog.text


def test_notices_are_lines_of_the_log(authority, caplog):
    caplog.set_level("INFO", "evergrant")
    world = World(authority, on_notice=log_notice)
    world.connect()
    (line,) = [record for record in caplog.records if record.message.startswith("grant_obtained")]
    assert line.message == "grant_obtained tenant='tenant 42/ü' generation=1"
    assert line.evergrant["code"] == "grant_obtained"
