"""requests: authentication of calls to the API. Needs `evergrant[requests]`.

    connection.session().get("https://api.example/v1/expenses")
"""

from __future__ import annotations

from typing import Any

import requests
from requests.auth import AuthBase

from ..connection import Connection

__all__ = ["Auth", "session"]


class Auth(AuthBase):
    """Puts the token in where a request goes to the API's origin, and nowhere else: of
    another one no token is asked for. After a 401 makes it once more with a new token; a
    second 401 is handed back as it is. A body that is a stream is sent once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """As requests wants it."""
        if not self._connection.may_go_to(request.url or ""):
            return request
        token = self._connection.token()
        request.headers["Authorization"] = token.expose()

        def answered(response: requests.Response, **how: Any) -> requests.Response:
            # requests takes the header away where a redirect leaves the origin.
            if response.status_code != 401 or response.request.headers.get("Authorization") != token.expose():
                return response
            body = response.request.body
            again = response.request.copy()
            try:
                error = self._connection.api_answered(token, 401, response.headers)
                if error is not None or not (body is None or type(body) in (bytes, str)):
                    return response
                again.headers["Authorization"] = self._connection.token().expose()
                response.content  # Read, so that its connection is free.
            except BaseException:
                response.close()
                raise
            # The adapter that it came by.
            adapter: Any = response.connection
            second: requests.Response = adapter.send(again, **how)
            second.history.append(response)
            return second

        request.hooks["response"].append(answered)
        return request


def session(connection: Connection) -> requests.Session:
    """A session whose calls to the API carry the connection's token."""
    made = requests.Session()
    made.auth = Auth(connection)
    return made
