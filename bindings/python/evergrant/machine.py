"""The whole client side of an OAuth connection, as a deterministic machine.

Everything here is generated from the Rust crate `evergrant-bindings`; this
module names it and makes its objects safe to have in Python.
"""

from typing import Any, NoReturn

from ._native.evergrant import (
    Activity,
    ApiKeyKind,
    Binding,
    BrowserProof,
    Cause,
    Client,
    ClientConfig,
    CompanyBinding,
    Connection,
    Credential,
    Disconnect,
    Env,
    Failure,
    FailureKind,
    HttpFault,
    Input,
    InternalError,
    IssPolicy,
    LogoSize,
    Method,
    Output,
    Pace,
    Pacer,
    Parameter,
    Pleo,
    Provider,
    ProviderConfig,
    Quirks,
    RedirectRules,
    RefreshPolicy,
    Refusal,
    Registration,
    RegistrationFault,
    Rotation,
    Sealing,
    SealingKey,
    Secret,
    SecretBytes,
    Status,
    Step,
    Stored,
    Timing,
    TokenEndpointAuthMethod,
    Write,
    pending_key,
    pending_tenant,
    pleo_activation_url,
    pleo_config,
    sealing_key_id,
    store_key,
)

__all__ = [
    "Activity",
    "ApiKeyKind",
    "Binding",
    "BrowserProof",
    "Cause",
    "Client",
    "ClientConfig",
    "CompanyBinding",
    "Connection",
    "Credential",
    "Disconnect",
    "Env",
    "Failure",
    "FailureKind",
    "HttpFault",
    "Input",
    "InternalError",
    "IssPolicy",
    "LogoSize",
    "Method",
    "Output",
    "Pace",
    "Pacer",
    "Parameter",
    "Pleo",
    "Provider",
    "ProviderConfig",
    "Quirks",
    "RedirectRules",
    "RefreshPolicy",
    "Refusal",
    "Registration",
    "RegistrationFault",
    "Rotation",
    "Sealing",
    "SealingKey",
    "Secret",
    "SecretBytes",
    "Status",
    "Step",
    "Stored",
    "Timing",
    "TokenEndpointAuthMethod",
    "Write",
    "pending_key",
    "pending_tenant",
    "pleo_activation_url",
    "pleo_config",
    "sealing_key_id",
    "store_key",
]

# One object is enough: it has no state and holds no key.
Sealing.PLAIN = Sealing.plain()  # type: ignore[attr-defined]


def _refuse_to_copy(self: object, protocol: Any) -> NoReturn:
    raise TypeError(f"a {type(self).__name__} can be neither copied nor pickled")


# An object is a handle: a copy of it would free the same memory twice, and a
# pickle of it would mean nothing to another process.
for _object in (Client, Connection, Env, Pacer, Provider, Sealing, Secret, SecretBytes):
    _object.__reduce_ex__ = _refuse_to_copy  # type: ignore[method-assign]
del _object

_secret_init = Secret.__init__


def _init_secret(self: Secret, text: str) -> None:
    # An `UnicodeEncodeError` holds the whole text and shows it in its `repr`.
    # Such texts come: from `os.environ`, where a byte is no UTF-8.
    read = str(text)
    if not read.isascii() and any("\ud800" <= c <= "\udfff" for c in read):
        raise ValueError("a secret that UTF-8 cannot hold")
    _secret_init(self, text)


Secret.__init__ = _init_secret  # type: ignore[method-assign]
