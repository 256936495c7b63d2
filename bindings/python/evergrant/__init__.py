"""Keeps OAuth grants good for ever.

    from evergrant import Client, Connections, Provider, Sealing
    from evergrant.stores import SqliteStore

    client = Client(Provider.pleo_staging(), client_id=..., client_secret=Secret(...), ...)
    connections = Connections(client, SqliteStore("connections.db"))
    connections["tenant-42"].token()

`evergrant.machine` is what all of this rests on: the machine as it is in Rust.
"""

from .aio import AsyncConnection, AsyncConnections
from .client import Client, Provider
from .connection import Connection
from .connections import Connections
from .errors import (
    CallbackRefused,
    CompanyMismatch,
    Denied,
    EvergrantError,
    HostFailed,
    Misconfigured,
    Misuse,
    OutcomeUnknown,
    ReauthenticationRequired,
    ServerMisbehaved,
    StoreUnavailable,
    TryLater,
)
from .machine import (
    ApiKeyKind,
    CompanyBinding,
    Disconnect,
    IssPolicy,
    LogoSize,
    Method,
    Pace,
    Pacer,
    Pleo,
    Quirks,
    RedirectRules,
    RefreshPolicy,
    Registration,
    RegistrationFault,
    Rotation,
    SealingKey,
    Secret,
    SecretBytes,
    Timing,
    TokenEndpointAuthMethod,
)
from .news import Authorized, KeyAccepted, Notice
from .operations import Authorization, Cookie, Status
from .sealing import Sealing
from .token import Token

__all__ = [
    "ApiKeyKind",
    "AsyncConnection",
    "AsyncConnections",
    "Authorization",
    "Authorized",
    "CallbackRefused",
    "Client",
    "CompanyBinding",
    "CompanyMismatch",
    "Connection",
    "Connections",
    "Cookie",
    "Denied",
    "Disconnect",
    "EvergrantError",
    "HostFailed",
    "IssPolicy",
    "KeyAccepted",
    "LogoSize",
    "Method",
    "Misconfigured",
    "Misuse",
    "Notice",
    "OutcomeUnknown",
    "Pace",
    "Pacer",
    "Pleo",
    "Provider",
    "Quirks",
    "ReauthenticationRequired",
    "RedirectRules",
    "RefreshPolicy",
    "Registration",
    "RegistrationFault",
    "Rotation",
    "Sealing",
    "SealingKey",
    "Secret",
    "SecretBytes",
    "ServerMisbehaved",
    "Status",
    "StoreUnavailable",
    "Timing",
    "Token",
    "TokenEndpointAuthMethod",
    "TryLater",
]
