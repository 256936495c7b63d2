"""The Python examples of the guides, run as they stand there."""

import json
import re
import time
from pathlib import Path

import evergrant
import pytest
from driver import call
from evergrant import Client, Connections, Disconnect, Method, Pacer, Provider, Secret
from evergrant.machine import CompanyBinding, Pleo, ProviderConfig, pleo_config
from evergrant.stores import SqliteStore

DOCS = Path(__file__).resolve().parents[3] / "docs"
CALLBACK = "http://127.0.0.1:49152/callback"
CLIENT_ID, SECRET = "demo client+1", "s3cret/%:+é"
COMPANY = "urn:pleo:company:00000000-0000-8000-8000-00000000000a"


def blocks(path: Path) -> list:
    return re.findall(r"```python\n(.*?)```", path.read_text(), re.S)


def examples() -> dict:
    """What the guide's examples define, in the order in which they stand there."""
    names = {name: getattr(evergrant, name) for name in evergrant.__all__}
    names |= {"CALLBACK": CALLBACK, "CLIENT_ID": CLIENT_ID, "json": json, "time": time}
    found = blocks(DOCS / "pleo.md")
    assert len(found) >= 8
    for block in found:
        exec(compile(block, "pleo.md", "exec"), names)
    return names


def register(authority, monkeypatch, *redirect_uris: str) -> None:
    """A client of the authority's, as the examples say that theirs is registered."""
    scopes = ["expenses:read", "users:read"]
    authority.control("clients", id="docs", secret=SECRET, redirect_uris=redirect_uris, scopes=scopes)
    monkeypatch.setenv("CLIENT_ID", "docs")
    monkeypatch.setenv("CLIENT_SECRET", SECRET)


def moved(base: str) -> ProviderConfig:
    """Pleo's own data, but for where its servers are."""

    def to(url: str) -> str:
        return base + url.split("pleo.io", 1)[1]

    def asking(how: CompanyBinding) -> CompanyBinding:
        how.url = to(how.url)
        return how

    config = pleo_config(Pleo.STAGING)
    config.issuer = base  # the authority names itself in its redirects
    config.authorization_endpoint = to(config.authorization_endpoint)
    config.token_endpoint = to(config.token_endpoint)
    config.introspection_endpoint = to(config.introspection_endpoint)
    config.disconnect = Disconnect.API_REQUEST(
        method=Method.DELETE, url=to(config.disconnect.url), spares_others=False
    )
    config.api_origin = base
    config.company, config.api_keys = asking(config.company), asking(config.api_keys)
    config.loopback_http = True
    return config


def test_the_guides_examples_run(authority, tmp_path):
    guide = examples()
    assert guide["faults"] == []
    assert "Example ERP" in guide["form"]
    assert set(guide["ADVICE"]) == set(evergrant.EvergrantError.__subclasses__())
    assert guide["advice"](evergrant.StoreUnavailable()).startswith("operator")
    client = guide["client_of"](Provider.of(moved(authority.base)), Secret(SECRET), Secret(SECRET))
    connections = Connections(client, SqliteStore(tmp_path / "store.db"))

    authority.control("subject", subject=COMPANY)
    url, cookie = guide["connect"](connections["tenant-42"], "/settings/pleo")
    status, headers, _ = call(url, "GET", {})
    assert status in (302, 303)
    back = dict(line.split(": ", 1) for line in headers.expose().splitlines())["location"]
    with pytest.raises(evergrant.CallbackRefused) as refused:
        guide["callback"](connections, back, {})
    assert guide["advice"](refused.value).startswith("nobody")
    with pytest.raises(evergrant.CallbackRefused, match="^callback_state_unknown$"):
        guide["callback"](connections, f"{CALLBACK}?state=unknown", {})
    done = guide["callback"](connections, back, {cookie["key"]: cookie["value"]})
    assert done == ("tenant-42", "/settings/pleo", "expenses:read users:read")

    connection = connections["tenant-42"]
    expenses = f"{authority.base}/v1/expenses"
    assert guide["get"](connection, Pacer(), expenses)["data"][0]["company"] == COMPANY
    assert connection.company() == COMPANY
    later = {"kind": "try_later", "retry_after": {"seconds": 3_600}}
    authority.control_list("faults", [{"path": "/v1/expenses", "fault": later}])
    pacer = Pacer()
    with pytest.raises(evergrant.TryLater) as limited:
        guide["get"](connection, pacer, expenses)
    assert pacer.ask(guide["milliseconds"]()) == evergrant.Pace.AT(limited.value.retry_at)
    guide["disconnect"](connection)
    with pytest.raises(evergrant.Denied, match="^denied_not_connected$"):
        guide["get"](connection, Pacer(), expenses)

    made = authority.control("api-keys", kind="integrated", subject=COMPANY, scopes=["expenses:read"])
    with pytest.raises(evergrant.Denied, match="^denied_key_invalid$"):
        guide["enter"](connection, "mistyped")
    assert guide["enter"](connection, made["key"], COMPANY) == COMPANY
    assert guide["get"](connection, Pacer(per_minute=600), expenses)["data"]
    stats = authority.stats()
    assert stats["installations_deleted"] == 1
    assert stats["credentials_in_query"] == 0
