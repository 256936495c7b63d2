"""A provider as it stands in the configuration: a preset's name, or a table."""

from __future__ import annotations

from typing import Any, cast

from ..client import Provider
from ..machine import (
    CompanyBinding,
    Disconnect,
    IssPolicy,
    Method,
    Quirks,
    RedirectRules,
    RefreshPolicy,
    Rotation,
    Timing,
    TokenEndpointAuthMethod,
)
from ._readers import Reader, fail, flag, number, one_of, read, record, strings, text

__all__ = ["PRESETS", "provider"]

PRESETS = {"pleo-staging": Provider.pleo_staging, "pleo-production": Provider.pleo_production}


def provider(value: object, place: str) -> Provider:
    """A provider; `Misuse` if its data will not do."""
    if isinstance(value, str):
        if value not in PRESETS:
            fail(place, f"one of {', '.join(PRESETS)}, or a table")
        return PRESETS[value]()
    return Provider(**read(value, place, _MEMBERS, _REQUIRED))


def _pairs(value: object, place: str) -> dict[str, str]:
    if not isinstance(value, dict):
        fail(place, "must be a table")
    return {name: text(each, f"{place}.{name}") for name, each in cast("dict[str, object]", value).items()}


def _disconnect(value: object, place: str) -> Any:
    """`"forget"`, `{ revocation = URL }` or `{ method, url, spares_others }`."""
    if value == "forget":
        return Disconnect.FORGET()
    if isinstance(value, dict) and "revocation" in value:
        return Disconnect.REVOCATION(endpoint=read(cast("object", value), place, {"revocation": text})["revocation"])
    request: dict[str, Reader] = {"method": one_of(Method), "url": text, "spares_others": flag}
    return Disconnect.API_REQUEST(**read(cast("dict[str, object]", value), place, request, tuple(request)))


_company = record(
    CompanyBinding,
    dict.fromkeys(("url", "subject", "scope", "company_prefix", "organisation_prefix"), text),
    "url",
    "subject",
    "company_prefix",
)
_timing = record(
    Timing, dict.fromkeys(("send_within", "listen_for", "start_within", "save_within", "takeover_after"), number)
)
_REQUIRED = ("environment", "authorization_endpoint", "token_endpoint", "api_origin")
_MEMBERS: dict[str, Reader] = {
    **dict.fromkeys(_REQUIRED, text),
    "issuer": text,
    "iss": one_of(IssPolicy),
    "revocation_endpoint": text,
    "introspection_endpoint": text,
    "disconnect": _disconnect,
    "company": _company,
    "api_keys": _company,
    "resource": text,
    "authorize_parameters": _pairs,
    "token_endpoint_auth_method": one_of(TokenEndpointAuthMethod),
    "redirects": one_of(RedirectRules),
    "refresh": record(
        RefreshPolicy,
        {"rotation": one_of(Rotation), "family_per_user": flag, "access_dies": flag, "timing": _timing},
    ),
    "quirks": record(
        Quirks,
        {
            "token_type_optional": flag,
            "form_encoded_answers": flag,
            "comma_separated_scopes": flag,
            "invalid_grant_errors": strings,
        },
    ),
    "loopback_http": flag,
    "release_unsaved": flag,
    "authorization_lifetime": number,
    "answer_limit": number,
}
