"""The connections of an ERP: the one module that its web app, jobs and commands share.

With `AUTHORITY` (what `cargo run -p evergrant-authority` prints) all goes there; without
it to Pleo's staging environment, which has other scopes and calls: `expenses:read` and
`/v1/expenses` are the authority's own.
"""

import os

from evergrant import Client, CompanyBinding, Connections, IssPolicy, Provider, Sealing, Secret
from evergrant.stores import SqliteStore

CALLBACK = os.environ.get("CALLBACK", "http://127.0.0.1:8000/callback")


def provider() -> Provider:
    base = os.environ.get("AUTHORITY")
    if base is None:
        return Provider.pleo_staging()
    return Provider(
        environment="authority",
        issuer=base,
        iss=IssPolicy.REQUIRED,
        authorization_endpoint=f"{base}/oauth/authorize",
        token_endpoint=f"{base}/oauth/token",
        revocation_endpoint=f"{base}/oauth/revoke",
        api_origin=base,
        company=CompanyBinding(
            url=f"{base}/v1/introspect",
            subject="/data/subjectURN",
            scope="/data/scope",
            company_prefix="urn:pleo:company:",
            organisation_prefix="urn:pleo:organisation:",
        ),
        loopback_http=True,
    )


client = Client(
    provider(),
    client_id=os.environ["CLIENT_ID"],
    client_secret=Secret(os.environ["CLIENT_SECRET"]),
    redirect_uris=[CALLBACK],
    scopes=["expenses:read", "users:read"],
    sealing=Sealing.plain(),  # where the disk is encrypted; else Sealing.sealed(...)
)
connections = Connections(client, SqliteStore(os.environ.get("STORE", "connections.db")))

EXPENSES = f"{client.provider.config.api_origin}/v1/expenses"
