"""The examples of docs/python.md and of the README, run as they stand there."""

import asyncio
from types import SimpleNamespace

import evergrant
import pytest
from test_guide import DOCS, blocks, moved, register
from world import browse

CALLBACK = "https://erp.example/callback"


class Response:
    def set_cookie(self, key, value, **how):
        assert set(how) == {"path", "max_age", "secure", "httponly", "samesite"}
        self.cookies = {key: value}


def test_the_guide(authority, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    register(authority, monkeypatch, CALLBACK)
    names = {"__name__": "guide"}
    for block in blocks(DOCS / "python.md"):
        text = block.replace("https://auth.example", authority.base)
        api = 'api_origin="https://api.example"'
        text = text.replace(api, api + ", loopback_http=True").replace("https://api.example", authority.base)
        exec(compile(text, "python.md", "exec"), names)
    response = Response()
    for tenant in ("tenant-42", "tenant-43"):
        url = names["connect"](tenant, response)
        request_url = browse(SimpleNamespace(url=evergrant.Secret(url)))
        assert request_url.startswith(CALLBACK)
        assert names["callback"](request_url, response.cookies) == (tenant, "/settings")
    assert len(names["expenses"]("tenant-42")) == 2
    assert [len(data) for data in asyncio.run(names["all_of"](["tenant-42", "tenant-43"]))] == [2, 2]
    assert len(names["synchronise"]("tenant-42")) == 2
    names["connections"]["tenant-43"].disconnect()
    with pytest.raises(evergrant.Denied, match="^denied_not_connected$"):
        names["synchronise"]("tenant-43")
    errors = {name for name in evergrant.__all__ if isinstance(getattr(evergrant, name), type)}
    table = (DOCS / "python.md").read_text().partition("## Errors")[2].partition("## Stores")[0]
    named = [name for name in errors if issubclass(getattr(evergrant, name), evergrant.EvergrantError)]
    assert len(named) == 12
    assert not [name for name in named if f"`{name}`" not in table]
    # The store of the example passes the tests of the example.
    contract = names["TestMyStore"]
    tests = [name for name in dir(contract) if name.startswith("test_")]
    assert len(tests) >= 9
    for name in tests:
        fixture = "unreachable" if "out_of_reach" in name else "open_store"
        getattr(contract(), name)(getattr(contract, fixture).__wrapped__(contract()))


def test_the_readme(authority, tmp_path, monkeypatch):
    """Its ten lines; the browser comes back in their midst."""
    monkeypatch.chdir(tmp_path)
    register(authority, monkeypatch, CALLBACK)
    staging = evergrant.Provider.of(moved(authority.base))
    monkeypatch.setattr(evergrant.Provider, "pleo_staging", lambda: staging)
    (block,) = blocks(DOCS.parent / "README.md")
    assert len(block.splitlines()) <= 10
    # The authority has no employees.
    block = block.replace("https://external.staging.pleo.io/v1/employees", f"{authority.base}/v1/expenses")
    before, back, after = block.replace("users:read", "expenses:read").partition("connections.callback")
    names = {}
    exec(before, names)
    names["request_url"] = browse(names["begun"])
    assert names["request_url"].startswith(CALLBACK)
    cookie = names["begun"].cookie
    names["cookies"] = {cookie.name: cookie.value.expose()}
    exec(back + after, names)
    assert names["answer"].status_code == 200
