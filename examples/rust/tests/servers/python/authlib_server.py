"""Authlib's authorization server in Flask, put together as its documentation does
it, with its tables in memory. Settings: `rotate`, `iss`.
"""

import hmac
import os
import time
from dataclasses import dataclass
from importlib.metadata import version
from urllib.parse import urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import (
    AuthorizationServer,
    ResourceProtector,
    current_token,
)
from authlib.oauth2 import OAuth2Error, rfc6749, rfc6750, rfc7009, rfc7636, rfc9207
from authlib.oauth2.rfc6749 import grants
from flask import Flask, request

from serving import ASKED, serve

ROTATE = ASKED["settings"]["rotate"]
METHODS = ["client_secret_basic", "client_secret_post", "none"]
PAGE = """<form method="post"><input type="submit" value="Cancel">
<input type="submit" name="allow" value="Authorize"></form>"""


@dataclass
class Client(rfc6749.ClientMixin):
    client_id: str
    client_secret: str
    method: str

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        # On loopback any port will do (RFC 8252 §7.3).
        parts = urlsplit(redirect_uri)
        return (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "/callback")

    def check_client_secret(self, client_secret):
        return hmac.compare_digest(self.client_secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in ("authorization_code", "refresh_token")


@dataclass
class Code(rfc6749.AuthorizationCodeMixin):
    code: str
    client_id: str
    redirect_uri: str
    scope: str
    user: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


@dataclass
class Token(rfc6749.TokenMixin):
    client_id: str
    user: str
    token_type: str
    access_token: str
    expires_in: int
    scope: str
    issued_at: float
    refresh_token: str = None
    access_token_revoked: bool = False
    refresh_token_revoked: bool = False

    def check_client(self, client):
        return self.client_id == client.client_id

    def get_scope(self):
        return self.scope

    def get_expires_in(self):
        return self.expires_in

    def is_expired(self):
        return self.issued_at + self.expires_in < time.time()

    def is_revoked(self):
        return self.access_token_revoked

    def get_user(self):
        return self.user


clients = {
    known["id"]: Client(known["id"], known["secret"] or "", known["method"])
    for known in ASKED["clients"]
}
codes = {}
tokens = []


def find(**wanted):
    matching = (t for t in tokens if all(getattr(t, k) == v for k, v in wanted.items()))
    return next(matching, None)


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def save_authorization_code(self, code, request):
        data = request.payload.data
        codes[code] = Code(
            code,
            request.client.client_id,
            request.payload.redirect_uri,
            request.scope,
            request.user,
            data.get("code_challenge"),
            data.get("code_challenge_method"),
        )

    def query_authorization_code(self, code, client):
        found = codes.get(code)
        return found if found and found.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code):
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code):
        return authorization_code.user


class RefreshTokenGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = ROTATE

    def authenticate_refresh_token(self, refresh_token):
        found = find(refresh_token=refresh_token)
        return found if found and not found.refresh_token_revoked else None

    def authenticate_user(self, refresh_token):
        return refresh_token.user

    def revoke_old_credential(self, refresh_token):
        if ROTATE:
            refresh_token.access_token_revoked = refresh_token.refresh_token_revoked = True


class RevocationEndpoint(rfc7009.RevocationEndpoint):
    CLIENT_AUTH_METHODS = METHODS

    def query_token(self, token_string, token_type_hint):
        return find(access_token=token_string) or find(refresh_token=token_string)

    def revoke_token(self, token, request):
        token.access_token_revoked = True
        if request.form.get("token_type_hint") != "access_token":
            token.refresh_token_revoked = True


class BearerTokenValidator(rfc6750.BearerTokenValidator):
    def authenticate_token(self, token_string):
        return find(access_token=token_string)


class Issuer(rfc9207.IssuerParameter):
    def get_issuer(self):
        return request.host_url.rstrip("/")


def save_token(token, request):
    tokens.append(
        Token(client_id=request.client.client_id, user=request.user, issued_at=time.time(), **token)
    )


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
server = AuthorizationServer(app, query_client=clients.get, save_token=save_token)
server.register_grant(AuthorizationCodeGrant, [rfc7636.CodeChallenge(required=True)])
server.register_grant(RefreshTokenGrant)
server.register_endpoint(RevocationEndpoint)
if ASKED["settings"]["iss"]:
    server.register_extension(Issuer())
require_oauth = ResourceProtector()
require_oauth.register_token_validator(BearerTokenValidator())


@app.route("/authorize", methods=["GET", "POST"])
def authorize():
    try:
        grant = server.get_consent_grant(end_user="alice")
    except OAuth2Error as error:
        return server.handle_error_response(server.create_oauth2_request(request), error)
    if request.method == "GET":
        return PAGE
    person = "alice" if "allow" in request.form else None
    return server.create_authorization_response(grant_user=person, grant=grant)


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/revoke")
def revoke():
    return server.create_endpoint_response("revocation")


@app.get("/me")
@require_oauth()
def me():
    return {"sub": current_token.user}


@app.post("/test/lose")
def lose():
    """Makes an access token no good, and nothing else."""
    find(access_token=request.headers["x-token"]).access_token_revoked = True
    return "", 204


ahead = 0
clock = time.time
time.time = lambda: clock() + ahead


@app.post("/test/age")
def age():
    """Sets the clock forward."""
    global ahead
    ahead += int(request.headers["x-seconds"])
    return "", 204


about = {
    "versions": f"Authlib {version('authlib')}, Flask {version('flask')}",
    "places": {
        "issuer": "",
        "authorization_endpoint": "/authorize",
        "token_endpoint": "/token",
        "revocation_endpoint": "/revoke",
        "api": "/me",
        "lose": "/test/lose",
        "age": "/test/age",
    },
}
serve(app, about)
