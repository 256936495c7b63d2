"""Who is connected to what: a provider, and a client that is registered there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from . import machine
from ._clock import Clock
from ._workers import Workers
from .errors import error_of
from .http import Transport
from .machine import (
    CompanyBinding,
    Disconnect,
    IssPolicy,
    Parameter,
    Pleo,
    ProviderConfig,
    Quirks,
    RedirectRules,
    RefreshPolicy,
    Refusal,
    Secret,
    TokenEndpointAuthMethod,
)
from .news import Notice
from .sealing import Sealing

__all__ = ["Client", "Provider", "log_notice"]

log = logging.getLogger("evergrant")


def log_notice(notice: Notice) -> None:
    """What is done with notices unless the client says otherwise: a line of the log."""
    fields = (f"{name}={value!r}" for name, value in notice._asdict().items() if name != "code" and value is not None)
    log.info("%s %s", notice.code, " ".join(fields), extra={"evergrant": notice._asdict()})


class Provider:
    """An authorization server and its API, as data.

    | | |
    |---|---|
    | `environment` | a name of yours for it, as `"production"`: it is part of each key in the store |
    | `authorization_endpoint`, `token_endpoint`, `revocation_endpoint`, `introspection_endpoint` | `https` URLs (RFC 6749, 7009, 7662); without the last no lost answer can be asked after |
    | `api_origin` | `https://host[:port]`: where tokens may go, and nowhere else |
    | `issuer`, `iss` | RFC 9207: the issuer, and whether each redirect must name it |
    | `disconnect` | how a grant is ended: by revocation where there is an endpoint, else forgotten; or by a request to the API |
    | `company`, `api_keys` | how the API says whose a credential is; None: nobody asks |
    | `resource` | RFC 8707 |
    | `authorize_parameters` | further parameters of each authorization request |
    | `token_endpoint_auth_method` | RFC 6749 §2.3.1; a client may say otherwise |
    | `redirects` | which redirect URIs a client may have |
    | `refresh` | what a refresh does to the token before it, and how long things take, in milliseconds; unless told the worst is thought |
    | `quirks` | where the server departs from the RFCs |
    | `loopback_http` | takes `http://` on the loopback address: for tests |
    | `release_unsaved` | hands out a new token although the store does not take it |
    | `authorization_lifetime` | how long a person may take, milliseconds: at most 30 days |
    | `answer_limit` | how much of a server's answer is read, bytes |

    Raises `Misuse`, whose code says which of them is wrong, and how.
    """

    def __init__(
        self,
        *,
        environment: str,
        authorization_endpoint: str,
        token_endpoint: str,
        api_origin: str,
        issuer: str | None = None,
        iss: IssPolicy = IssPolicy.IF_PRESENT,
        revocation_endpoint: str | None = None,
        introspection_endpoint: str | None = None,
        disconnect: Disconnect | None = None,
        company: CompanyBinding | None = None,
        api_keys: CompanyBinding | None = None,
        resource: str | None = None,
        authorize_parameters: Mapping[str, str] | None = None,
        token_endpoint_auth_method: TokenEndpointAuthMethod = TokenEndpointAuthMethod.CLIENT_SECRET_BASIC,
        redirects: RedirectRules = RedirectRules.NATIVE_APPS,
        refresh: RefreshPolicy | None = None,
        quirks: Quirks | None = None,
        loopback_http: bool = False,
        release_unsaved: bool = False,
        authorization_lifetime: int = 600_000,
        answer_limit: int = 65_536,
    ) -> None:
        if disconnect is None:
            disconnect = Disconnect.FORGET()
            if revocation_endpoint is not None:
                disconnect = Disconnect.REVOCATION(endpoint=revocation_endpoint)
        config = ProviderConfig(
            environment=environment,
            issuer=issuer,
            iss=iss,
            authorization_endpoint=authorization_endpoint,
            token_endpoint=token_endpoint,
            introspection_endpoint=introspection_endpoint,
            disconnect=disconnect,
            api_origin=api_origin,
            company=company,
            api_keys=api_keys,
            resource=resource,
            authorize_parameters=_parameters(authorize_parameters),
            token_endpoint_auth_method=token_endpoint_auth_method,
            redirects=redirects,
            refresh=refresh or RefreshPolicy(),
            quirks=quirks or Quirks(),
            loopback_http=loopback_http,
            release_unsaved=release_unsaved,
            authorization_lifetime=authorization_lifetime,
            answer_limit=answer_limit,
        )
        self._set(config)

    def _set(self, config: ProviderConfig) -> None:
        self.config = config
        """The same as the machine's data."""
        try:
            self.machine = machine.Provider(config)
        except Refusal as refusal:
            raise error_of(refusal) from None

    @classmethod
    def of(cls, config: ProviderConfig) -> Provider:
        """From the machine's data, such as `evergrant.machine.pleo_config`'s."""
        provider = cls.__new__(cls)
        provider._set(config)
        return provider

    @classmethod
    def pleo_staging(cls) -> Provider:
        """Pleo's staging environment."""
        return cls.of(machine.pleo_config(Pleo.STAGING))

    @classmethod
    def pleo_production(cls) -> Provider:
        """Pleo's production environment."""
        return cls.of(machine.pleo_config(Pleo.PRODUCTION))

    def __repr__(self) -> str:
        return f"Provider({self.config.environment!r}, {self.config.api_origin!r})"


class Client:
    """A registered OAuth client; all its connections share it.

    `sealing` says how records are protected in the store: `Sealing.sealed(SealingKey(
    id="2026", key=SecretBytes(...)))`, or `Sealing.plain()` where the store itself is
    encrypted. `timeout` is how many seconds callers wait before they get `TryLater`;
    it never ends what has been sent. `on_notice` is given each line of the audit log,
    in worker threads; `threads` is how many of those there are at most.

    Raises `Misuse`, whose code says what is wrong.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        client_id: str,
        redirect_uris: Sequence[str],
        scopes: Sequence[str],
        sealing: Sealing,
        client_secret: Secret | None = None,
        previous_client_secret: Secret | None = None,
        token_endpoint_auth_method: TokenEndpointAuthMethod | None = None,
        transport: Transport | None = None,
        timeout: float = 10.0,
        on_notice: Callable[[Notice], None] = log_notice,
        threads: int = 32,
        clock: Clock | None = None,
    ) -> None:
        config = machine.ClientConfig(
            client_id=client_id,
            client_secret=client_secret,
            previous_client_secret=previous_client_secret,
            token_endpoint_auth_method=token_endpoint_auth_method,
            redirect_uris=texts("redirect_uris", redirect_uris),
            scopes=texts("scopes", scopes),
            sealing=sealing,
        )
        try:
            self.machine = machine.Client(provider.machine, config)
        except Refusal as refusal:
            raise error_of(refusal) from None
        if transport is None:
            from .http.urllib import UrllibTransport

            transport = UrllibTransport()
        self.provider, self.client_id, self.transport = provider, client_id, transport
        self.scopes = tuple(scopes)
        self.timeout = timeout
        self.clock = clock or Clock()
        self.workers = Workers(threads)
        self._on_notice = on_notice

    def notify(self, notice: Notice) -> None:
        """Passes a notice on; whoever gets it cannot stop a connection's work."""
        try:
            self._on_notice(notice)
        except Exception as error:
            log.error("on_notice raised %s", type(error).__name__)

    def __repr__(self) -> str:
        return f"Client({self.provider!r}, client_id={self.client_id!r})"


def texts(name: str, given: Sequence[str]) -> list[str]:
    """A list, which a text is too, of its letters: never meant."""
    if isinstance(given, str):
        raise TypeError(f"{name}: a list of texts, not one text")
    return list(given)


def _parameters(pairs: Mapping[str, str] | None) -> list[Parameter]:
    return [Parameter(name=name, value=value) for name, value in (pairs or {}).items()]
