"""The exit codes: one for each verdict, so that scripts know what to do next."""

from __future__ import annotations

from typing import NamedTuple

from .. import errors
from ._errors import ApiRefused, CommandError, ConfigError, Found, NoAnswer, UsageError

__all__ = ["INTERNAL", "OTHERS", "VERDICTS", "Verdict", "advice", "of"]


class Verdict(NamedTuple):
    """What became of a command."""

    exit: int
    name: str
    advice: str


INTERNAL = Verdict(1, "bug", "report it; --verbose tells more")
VERDICTS: dict[type[Exception], Verdict] = {
    UsageError: Verdict(2, "usage", "see --help"),
    ConfigError: Verdict(3, "config", "set the profile right; `evergrant doctor` says what is wrong"),
    errors.Misuse: Verdict(3, "config", "set right what the code names: the profile, or an argument"),
    errors.ReauthenticationRequired: Verdict(10, "reauthentication_required", "the grant is over: `evergrant connect`"),
    errors.TryLater: Verdict(11, "try_later", "nothing is lost: run it again, not before `retry_at`"),
    errors.OutcomeUnknown: Verdict(12, "outcome_unknown", "nobody can know whether it was done: `evergrant connect`"),
    errors.Denied: Verdict(13, "denied", "somebody said no; the code says to what"),
    errors.Misconfigured: Verdict(15, "misconfigured", "client id, secret or scopes are not what the server knows"),
    errors.CompanyMismatch: Verdict(16, "company_mismatch", "the credential is of another company, and is not used"),
    errors.ServerMisbehaved: Verdict(17, "server_misbehaved", "tell the provider: its server broke the protocol"),
    errors.HostFailed: Verdict(18, "host_failed", "mend the store, or what is in it"),
    NoAnswer: Verdict(19, "no_answer", "the API did not answer; it may have got the request"),
    ApiRefused: Verdict(20, "api_refused", "the API answered with 400 or more"),
    Found: Verdict(21, "found", "`doctor` or `register` found something to mend"),
}
OTHERS = {
    0: "done; of `status`: there is a grant",
    INTERNAL.exit: "a bug",
    130: "interrupted (SIGINT); what was begun is tidied up",
    143: "terminated (SIGTERM); the same",
}

# Where the code says more than the verdict.
_ADVICE = {
    "denied_not_connected": "there is no grant: `evergrant connect`",
    "denied_access": "the person said no: `evergrant connect` asks again",
    "denied_key_invalid": "the API does not take this key: get another one, `evergrant key replace`",
    "denied_key_malformed": "this cannot be a key: paste it whole, and nothing else",
    "reauthenticate_key_rejected": "the API takes the key no more: `evergrant key replace`",
    "misconfigured_invalid_client": "the server refuses client_id or client_secret of the profile",
    "misconfigured_invalid_scope": "the server refuses a scope of the profile",
    "host_store_unanswered": "the store of the profile cannot be reached",
    "host_sealing_key_missing": "the record is sealed with a key that the profile does not have: add it to `older`",
    "host_record_sealing": "the record is in clear and the profile seals, or the other way round",
    "host_record_forged": "the record was changed by somebody, or its sealing key is another one of the same id",
    "host_record_newer": "a newer evergrant wrote the record: update this one",
    "misuse_redirect_uri_not_registered": "redirect_uri is not one that the provider takes",
    "misuse_redirect_uri_invalid": "redirect_uri is of a kind that the provider does not take",
    "misuse_scope_not_registered": "a scope that was asked for is not among those of the profile",
    "misuse_url_invalid": "a URL has no blanks and is ASCII: %20 is a blank",
    "misuse_tenant_invalid": "a tenant is a name of 1 to 256 bytes",
    "misuse_api_keys_unsupported": "the provider of the profile has no API keys",
}


def of(error: Exception) -> Verdict:
    """The verdict of an error."""
    return next((VERDICTS[kind] for kind in type(error).__mro__ if kind in VERDICTS), INTERNAL)


def advice(error: CommandError | errors.EvergrantError) -> str:
    """What to do about it."""
    if isinstance(error, CommandError):
        return error.advice
    return _ADVICE.get(error.code, of(error).advice)
