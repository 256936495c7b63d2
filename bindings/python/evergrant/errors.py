"""Everything that can go wrong, named by what to do about it.

Each error has a `code`, stable and the same in every language; `str()` is the
code. No error holds a secret.
"""

from __future__ import annotations

from .machine import Failure, FailureKind, InternalError, Refusal

__all__ = [
    "CallbackRefused",
    "CompanyMismatch",
    "Denied",
    "EvergrantError",
    "HostFailed",
    "Misconfigured",
    "Misuse",
    "OutcomeUnknown",
    "ReauthenticationRequired",
    "ServerMisbehaved",
    "StoreUnavailable",
    "TryLater",
    "error_for",
    "error_of",
    "told",
]


class EvergrantError(Exception):
    """The base of all of them; raised as one of its subclasses."""

    def __init__(
        self,
        code: str,
        *,
        number: int | None = None,
        retry_at: int | None = None,
        company: str | None = None,
        error: str | None = None,
        description: str | None = None,
        sealing_key: str | None = None,
        tenant: str | None = None,
        return_context: str | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        """The stable name."""
        self.number = number
        """The stable number, where the machine gave one."""
        self.retry_at = retry_at
        """When another try makes sense, UNIX milliseconds, if time is all that it takes."""
        self.company = company
        """Whose a credential is that is another's, where that is known."""
        self.error = error
        """The server's own error code, redacted."""
        self.description = description
        """An explanation for developers, redacted."""
        self.sealing_key = sealing_key
        """The id of the sealing key that is missing, if that is what is wrong."""
        self.tenant = tenant
        """Whose connection it is."""
        self.return_context = return_context
        """What `authorize` was given, if this speaks of an authorization."""

    def __reduce__(self) -> tuple[object, ...]:
        # Queues of jobs pickle what a job raised.
        return type(self), (self.code,), self.__dict__


class ReauthenticationRequired(EvergrantError):
    """The grant is over: ask the person to connect again. Nothing else is lost."""


class TryLater(EvergrantError):
    """Nothing is lost; try again at `retry_at`."""


class OutcomeUnknown(EvergrantError):
    """It may have been done, and nobody can know: begin a new authorization."""


class Denied(EvergrantError):
    """Somebody said no; tell the person."""


class CallbackRefused(EvergrantError):
    """A redirect was not believed, and nothing has changed: the true one may still come."""


class Misconfigured(EvergrantError):
    """Tell the operator: client id, secret or scopes are wrong."""


class CompanyMismatch(EvergrantError):
    """The new credential is not of the right company, and is not used."""


class ServerMisbehaved(EvergrantError):
    """Tell the provider: its server broke the protocol."""


class HostFailed(EvergrantError):
    """Tell the operator: the store, or what is in it."""


class StoreUnavailable(HostFailed):
    """Raised by stores: it cannot be told whether a swap has taken place."""

    def __init__(self, description: str | None = None) -> None:
        super().__init__("host_store_unanswered", number=705, description=description)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.description,)

    def __str__(self) -> str:
        return f"{self.code}: {self.description}" if self.description else self.code


class Misuse(EvergrantError):
    """A bug of the caller, to be mended by reading code."""


def error_for(
    failure: Failure, tenant: str | None = None, return_context: str | None = None
) -> EvergrantError:
    """The error that a failure of the machine is raised as."""
    return _OF_KIND[failure.kind](
        failure.code,
        number=failure.number,
        retry_at=failure.retry_at,
        company=failure.company,
        error=failure.error,
        description=failure.description,
        sealing_key=failure.sealing_key,
        tenant=tenant,
        return_context=return_context,
    )


def error_of(refusal: Refusal) -> EvergrantError:
    """The error that a refusal of the machine's functions is raised as."""
    code = str(refusal)
    if not isinstance(refusal, Refusal.Failed):
        return Misuse(code)
    # All that is there is its code, which begins as the kind is named.
    return _OF_PREFIX.get(code.partition("_")[0], EvergrantError)(code)


def told(error: BaseException) -> BaseException:
    """What callers are told of it: the text of a panic is not known, and so not shown."""
    return HostFailed("panic") if isinstance(error, InternalError) else error


_OF_KIND: dict[FailureKind, type[EvergrantError]] = {
    FailureKind.REAUTHENTICATION_REQUIRED: ReauthenticationRequired,
    FailureKind.TRY_LATER: TryLater,
    FailureKind.OUTCOME_UNKNOWN: OutcomeUnknown,
    FailureKind.DENIED: Denied,
    FailureKind.CALLBACK_REFUSED: CallbackRefused,
    FailureKind.MISCONFIGURED: Misconfigured,
    FailureKind.COMPANY_MISMATCH: CompanyMismatch,
    FailureKind.SERVER_MISBEHAVED: ServerMisbehaved,
    FailureKind.HOST_FAILED: HostFailed,
}
_OF_PREFIX: dict[str, type[EvergrantError]] = {
    "callback": CallbackRefused,
    "host": HostFailed,
}
