"""The same life by the libraries that people use today, as their documentation
shows it. None of them keeps a record, and none drives a refresh over processes."""

from __future__ import annotations

import io

import httpx
import requests
from authlib.integrations.httpx_client import OAuth2Client
from inputs import (
    API,
    AUTHORIZATION_ENDPOINT,
    CLIENT_ID,
    CLIENT_SECRET,
    REDIRECT_URI,
    REVOCATION_ENDPOINT,
    SCOPES,
    STATE,
    TOKEN_BODY,
    TOKEN_ENDPOINT,
    answer,
    redirected,
)
from oauthlib.oauth2 import WebApplicationClient
from requests.adapters import BaseAdapter
from requests_oauthlib import OAuth2Session

HEADERS = {"content-type": "application/json"}


def oauthlib() -> None:
    client = WebApplicationClient(CLIENT_ID)
    verifier = client.create_code_verifier(43)
    challenge = client.create_code_challenge(verifier, "S256")
    url, _, _ = client.prepare_authorization_request(
        AUTHORIZATION_ENDPOINT,
        state=STATE,
        redirect_url=REDIRECT_URI,
        scope=SCOPES,
        code_challenge=challenge,
        code_challenge_method="S256",
    )
    assert url
    client.prepare_token_request(
        TOKEN_ENDPOINT,
        authorization_response=redirected(STATE),
        state=STATE,
        redirect_url=REDIRECT_URI,
        client_secret=CLIENT_SECRET,
        code_verifier=verifier,
    )
    client.parse_request_body_response(TOKEN_BODY.decode(), scope=SCOPES)
    client.add_token(API, headers={})
    client.prepare_refresh_token_request(TOKEN_ENDPOINT, client.refresh_token, scope=SCOPES)
    client.parse_request_body_response(TOKEN_BODY.decode(), scope=SCOPES)
    client.add_token(API, headers={})
    client.prepare_token_revocation_request(REVOCATION_ENDPOINT, client.refresh_token, "refresh_token")


TRANSPORT = httpx.MockTransport(lambda request: httpx.Response(200, headers=HEADERS, content=answer(str(request.url))))


def authlib() -> None:
    with OAuth2Client(
        CLIENT_ID,
        CLIENT_SECRET,
        scope=" ".join(SCOPES),
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
        token_endpoint=TOKEN_ENDPOINT,
        transport=TRANSPORT,
    ) as client:
        verifier = "v" * 43
        client.create_authorization_url(AUTHORIZATION_ENDPOINT, state=STATE, code_verifier=verifier)
        client.fetch_token(TOKEN_ENDPOINT, authorization_response=redirected(STATE), state=STATE, code_verifier=verifier)
        client.get(API)
        client.refresh_token(TOKEN_ENDPOINT, refresh_token=client.token["refresh_token"])
        client.get(API)
        client.revoke_token(REVOCATION_ENDPOINT, token=client.token["refresh_token"], token_type_hint="refresh_token")


class Adapter(BaseAdapter):
    """Answers everything at once."""

    def send(self, request: requests.PreparedRequest, **_: object) -> requests.Response:
        response = requests.Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response.headers.update(HEADERS)
        response.raw = io.BytesIO(answer(request.url))
        return response

    def close(self) -> None:
        pass


ADAPTER = Adapter()


def requests_oauthlib() -> None:
    session = OAuth2Session(CLIENT_ID, redirect_uri=REDIRECT_URI, scope=SCOPES, pkce="S256")
    session.mount("https://", ADAPTER)
    session.authorization_url(AUTHORIZATION_ENDPOINT, state=STATE)
    session.fetch_token(TOKEN_ENDPOINT, authorization_response=redirected(STATE), client_secret=CLIENT_SECRET)
    session.get(API)
    session.refresh_token(TOKEN_ENDPOINT, auth=(CLIENT_ID, CLIENT_SECRET))
    session.get(API)
    # It has no revocation: the request by hand.
    session.post(REVOCATION_ENDPOINT, data={"token": session.token["refresh_token"]}, auth=(CLIENT_ID, CLIENT_SECRET))
