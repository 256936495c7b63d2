"""The recipes of docs/python-cookbook.md, run as they stand there."""

import asyncio
import sys
import types
from types import SimpleNamespace

import evergrant
import httpx
import pytest
from evergrant.stores import SqliteStore
from test_guide import DOCS, blocks, register
from world import browse

CALLBACK, NOTEBOOK = "https://erp.example/callback", "http://127.0.0.1:8125/callback"


def recipes():
    """Each by the name in its first line."""
    return {block.partition("\n")[0].removeprefix("# "): block for block in blocks(DOCS / "python-cookbook.md")}


@pytest.fixture
def cook(authority, tmp_path, monkeypatch):
    """Runs a recipe; the module that all share is there."""
    monkeypatch.chdir(tmp_path)
    register(authority, monkeypatch, CALLBACK, NOTEBOOK)
    monkeypatch.setenv("DATABASE_URL", "connections.db")
    modules = recipes()
    api = 'api_origin="https://api.example"'

    def run(name, **names):
        module = types.ModuleType(name.removesuffix(".py"))
        vars(module).update(names)
        text = modules[name].replace("https://auth.example", authority.base)
        text = text.replace(api, api + ", loopback_http=True").replace("https://api.example", authority.base)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(text, name, "exec"), vars(module))
        return module

    run("erp.py")
    return run


def connect(tenant="tenant-42"):
    connections = sys.modules["erp"].connections
    begun = connections[tenant].authorize(CALLBACK)
    connections.callback(browse(begun), {begun.cookie.name: begun.cookie.value.expose()})
    return connections[tenant]


def test_every_recipe_is_run():
    assert list(recipes()) == [
        "erp.py", "views.py", "app.py", "tasks.py", "function.py", "first cell", "second cell", "third cell"
    ]  # fmt: skip


def test_django(cook):
    from django.conf import settings
    from django.test import RequestFactory

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["testserver"])
    views, ask = cook("views.py"), RequestFactory()
    assert views.connect(ask.get("/connect"), "tenant-42").status_code == 405
    response = views.connect(ask.post("/connect"), "tenant-42")
    (cookie,) = response.cookies.values()
    assert cookie["httponly"] and cookie["samesite"] == "lax"
    back = browse(SimpleNamespace(url=evergrant.Secret(response["Location"])))
    request = ask.get("/callback?" + back.partition("?")[2])
    refused = views.callback(request)
    assert (refused.status_code, refused.content) == (400, b"Not connected: callback_binding_mismatch")
    request.COOKIES = {cookie.key: cookie.value}
    assert views.callback(request)["Location"] == "/tenants/tenant-42/"
    connection = sys.modules["erp"].connections["tenant-42"]
    assert connection.status().code == "authorized"
    assert views.disconnect(ask.post("/disconnect"), "tenant-42").status_code == 302
    assert connection.status().code == "disconnected"


def test_fastapi(cook):
    app = cook("app.py").app

    async def visit():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://erp.example") as browser:
            answer = await browser.post("/connect/tenant-42")
            assert answer.status_code == 303
            url = evergrant.Secret(answer.headers["location"])
            back = await asyncio.to_thread(browse, SimpleNamespace(url=url))
            path = "/callback?" + back.partition("?")[2]
            refused = await browser.get(path, headers={"cookie": ""})
            assert (refused.status_code, refused.json()) == (400, {"detail": "callback_binding_mismatch"})
            answer = await browser.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/tenants/tenant-42")
            assert len((await browser.get("/expenses/tenant-42")).json()["data"]) == 2

    asyncio.run(visit())


def test_celery(cook, authority):
    tasks = cook("tasks.py")
    connection = connect()
    assert tasks.pull.apply(["tenant-42"]).get() == 2

    # What is to be tried later is left to the queue, with the time.
    class Later:
        def auth(self):
            raise evergrant.TryLater("try_later_unavailable", retry_at=1_800_000_000_000)

    tasks.connections = {"tenant-42": Later()}
    asked = []
    tasks.pull.retry = lambda exc, eta: asked.append((exc.code, eta.timestamp())) or exc
    with pytest.raises(evergrant.TryLater):
        tasks.pull.apply(["tenant-42"], throw=True)
    assert asked == [("try_later_unavailable", 1_800_000_000.0)]

    tasks.connections = {"tenant-42": connection}
    authority.control("revoke-grants")
    assert tasks.pull.apply(["tenant-42"]).get() is None


def test_lambda(cook, monkeypatch):
    stand_in = types.ModuleType("evergrant.stores.postgresql")
    stand_in.PostgresqlStore = SqliteStore
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)
    connect()
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000)
    answer = cook("function.py").handler({"tenant": "tenant-42"}, context)
    assert answer["status"] == 200 and len(answer["expenses"]) == 2


def test_notebooks(cook, monkeypatch, capsys):
    begun = cook("first cell").begun
    assert capsys.readouterr().out == begun.url.expose() + "\n"
    address = browse(begun)
    assert address.startswith(NOTEBOOK)
    monkeypatch.setattr("getpass.getpass", lambda prompt: address)
    cook("second cell", connections=sys.modules["erp"].connections)
    assert len(cook("third cell").data) == 2
