"""The Python examples of docs/pleo.md, run as they stand there."""

import json
import re
import time
from pathlib import Path

import evergrant
import pytest
from driver import Clock, Driver, Failed, Store, call
from evergrant.machine import CompanyBinding, Connection, Disconnect, Method, Pacer, Pleo, Secret, pleo_config

GUIDE = Path(__file__).resolve().parents[3] / "docs/pleo.md"
CALLBACK = "http://127.0.0.1:49152/callback"
CLIENT_ID, SECRET = "demo client+1", "s3cret/%:+é"
COMPANY = "urn:pleo:company:00000000-0000-8000-8000-00000000000a"


def examples() -> dict:
    """What the guide's examples define, in the order in which they stand there."""
    names = {name: getattr(evergrant, name) for name in evergrant.__all__}
    names |= {"CALLBACK": CALLBACK, "CLIENT_ID": CLIENT_ID, "Failed": Failed, "json": json, "time": time}
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.S)
    assert len(blocks) >= 8
    for block in blocks:
        exec(compile(block, GUIDE.name, "exec"), names)
    return names


def moved(base: str) -> evergrant.ProviderConfig:
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
    store, clock = Store(str(tmp_path / "store.db")), Clock()
    client = guide["client_of"](moved(authority.base), Secret(SECRET), Secret(SECRET))

    def open_driver(tenant: str) -> Driver:
        return Driver(Connection(client, tenant), store, clock)

    authority.control("subject", subject=COMPANY)
    url, cookie = guide["connect"](open_driver("tenant-42"), "/settings/pleo")
    status, headers, _ = call(url.expose(), "GET", {})
    assert status in (302, 303)
    back = Secret(dict(line.split(": ", 1) for line in headers.expose().splitlines())["location"])
    with pytest.raises(Failed) as refused:
        guide["callback"](client, store, open_driver, back, None)
    assert guide["ADVICE"][refused.value.failure.kind].startswith("nobody")
    assert guide["callback"](client, store, open_driver, Secret(f"{CALLBACK}?state=unknown"), None) is None
    assert guide["callback"](client, store, open_driver, back, cookie) == "expenses:read users:read"

    driver = open_driver("tenant-42")
    expenses = f"{authority.base}/v1/expenses"
    assert guide["get"](driver, Pacer(), expenses)["data"][0]["company"] == COMPANY
    guide["disconnect"](driver)
    with pytest.raises(Failed, match="^denied_not_connected$"):
        guide["get"](driver, Pacer(), expenses)

    made = authority.control("api-keys", kind="integrated", subject=COMPANY, scopes=["expenses:read"])
    with pytest.raises(Failed, match="^denied_key_invalid$"):
        guide["enter"](driver, "mistyped")
    assert guide["enter"](driver, made["key"], COMPANY) == COMPANY
    assert guide["get"](driver, Pacer(per_minute=600), expenses)["data"]
    assert set(guide["ADVICE"]) == set(evergrant.FailureKind)
    stats = authority.stats()
    assert stats["installations_deleted"] == 1
    assert stats["credentials_in_query"] == 0
