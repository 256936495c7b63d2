"""What comes of things, for the app."""

from __future__ import annotations

from typing import NamedTuple

from .machine import Secret

__all__ = ["Authorized", "KeyAccepted", "Notice", "Opened"]


class Notice(NamedTuple):
    """A line for an audit log; it never holds a secret."""

    tenant: str
    code: str
    """What happened: the same name in every language."""
    generation: int | None
    attempt: int | None
    authorization: str | None
    detail: str | None


class Opened(NamedTuple):
    """A browser is to be sent there."""

    authorization: str
    url: Secret
    binding: Secret | None
    expires_at: int


class Authorized(NamedTuple):
    """A grant is there."""

    tenant: str
    """Whose it is."""
    scope: str
    """The scopes that were granted, separated by spaces."""
    return_context: str | None
    """What `authorize` was given."""


class KeyAccepted(NamedTuple):
    """A key is there."""

    company: str
    """Whose it is: to be shown to the person."""
    scope: str
    """The scopes that the API tells of, separated by spaces."""
