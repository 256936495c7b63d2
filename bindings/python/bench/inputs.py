"""What all candidates are given: the inputs of `core/benches/lifecycle.rs`."""

import json
from urllib.parse import parse_qs, urlsplit

CLIENT_ID, CLIENT_SECRET = "client", "secret"
AUTHORIZATION_ENDPOINT = "https://as.example/authorize"
TOKEN_ENDPOINT = "https://as.example/token"
REVOCATION_ENDPOINT = "https://as.example/revoke"
REDIRECT_URI = "https://client.example/callback"
API = "https://api.example/v1/expenses"
SCOPES = ["expenses:read", "accounts:read", "users:read"]
CODE = "SplxlOBeZQQYbYS6WxSbIASplxlOBeZQQYbYS6WxSbI"
STATE = "tGV0ZmFyc3RhdGVvZmZvcnR5dGhyZWVjaGFyYWN0ZXI"

TOKEN_BODY = json.dumps(
    {
        "access_token": "a" * 900,
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": "r" * 180,
        "scope": " ".join(SCOPES),
    }
).encode()


def redirected(state: str) -> str:
    return f"{REDIRECT_URI}?code={CODE}&state={state}"


def state_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["state"][0]


def answer(url: str) -> bytes:
    """The body of what the stubbed server and API answer."""
    if url == TOKEN_ENDPOINT:
        return TOKEN_BODY
    return b"{}" if url == API else b""
