"""API keys and companies over real HTTP."""

import pytest
from driver import Clock, Driver, Failed, Store
from evergrant.machine import (
    ApiKeyKind,
    Cause,
    Client,
    ClientConfig,
    CompanyBinding,
    Connection,
    Disconnect,
    Input,
    IssPolicy,
    Method,
    Output,
    Provider,
    ProviderConfig,
    Sealing,
    Secret,
    Status,
    TokenEndpointAuthMethod,
)

SOUTH = "urn:pleo:company:00000000-0000-8000-8000-00000000000c"
NORTH = "urn:pleo:company:00000000-0000-8000-8000-00000000000a"


def provider(base):
    binding = CompanyBinding(
        url=f"{base}/v1/introspect",
        subject="/data/subjectURN",
        scope="/data/scope",
        company_prefix="urn:pleo:company:",
        organisation_prefix="urn:pleo:organisation:",
    )
    return Provider(
        ProviderConfig(
            environment="keys",
            iss=IssPolicy.IF_PRESENT,
            authorization_endpoint=f"{base}/oauth/authorize",
            token_endpoint=f"{base}/oauth/token",
            disconnect=Disconnect.API_REQUEST(
                method=Method.DELETE, url=f"{base}/v1/installations/me", spares_others=True
            ),
            company=binding,
            api_keys=binding,
            api_origin=base,
            token_endpoint_auth_method=TokenEndpointAuthMethod.CLIENT_SECRET_BASIC,
            loopback_http=True,
        )
    )


@pytest.fixture
def driver(authority, tmp_path):
    config = ClientConfig(
        client_id="demo client+1",
        client_secret=Secret("s3cret/%:+é"),
        redirect_uris=["http://127.0.0.1/callback"],
        scopes=["expenses:read"],
        sealing=Sealing.PLAIN,
    )
    client = Client(provider(authority.base), config)
    return Driver(Connection(client, "tenant"), Store(str(tmp_path / "store.db")), Clock())


def make(authority, company):
    made = authority.control("api-keys", kind="standalone", subject=company, scopes=["expenses:read"])
    return made["id"], made["key"]


def enter(driver, key):
    (said,) = driver.run(
        Input.KEY_ENTERED(key=Secret(key), kind=ApiKeyKind.STANDALONE, company=None, scopes=["expenses:read"])
    )
    return said


def test_a_key_is_entered_refused_replaced_and_given_up(authority, driver):
    url = f"{authority.base}/v1/expenses"
    number, key = make(authority, SOUTH)
    assert enter(driver, "nobody's").failure.code == "denied_key_invalid"
    said = enter(driver, key)
    assert isinstance(said, Output.KEY_ACCEPTED) and said.company == SOUTH
    assert driver.connection.company() == SOUTH
    assert driver.connection.missing_scopes("expenses:read users:read") == "users:read"
    assert driver.get(url)[0] == 200

    # Revoked at the provider: the next call says so, and another key is asked for.
    authority.control("api-keys/state", id=number, state="revoked")
    with pytest.raises(Failed) as refused:
        driver.get(url)
    assert refused.value.failure.code == "reauthenticate_key_rejected"
    assert driver.step.status == Status.REAUTHENTICATION_REQUIRED(cause=Cause.KEY_REJECTED)

    foreign = enter(driver, make(authority, NORTH)[1])
    assert (foreign.failure.code, foreign.failure.company) == ("company_mismatch", NORTH)
    assert isinstance(enter(driver, make(authority, SOUTH)[1]), Output.KEY_ACCEPTED)
    assert driver.get(url)[0] == 200
    assert key not in repr(driver.step) + repr(driver.connection) + repr(driver.notices)

    driver.run(Input.REVOKE())
    assert driver.step.status == Status.DISCONNECTED()
