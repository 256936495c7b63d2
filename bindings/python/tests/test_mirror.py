"""What the bindings say twice is the same as in core."""

import pytest
from evergrant.machine import (
    Disconnect,
    Env,
    IssPolicy,
    Pleo,
    Provider,
    ProviderConfig,
    RefreshPolicy,
    Refusal,
    TokenEndpointAuthMethod,
    pleo_config,
)


def least():
    return ProviderConfig(
        environment="test",
        iss=IssPolicy.IF_PRESENT,
        authorization_endpoint="https://as.example/authorize",
        token_endpoint="https://as.example/token",
        disconnect=Disconnect.FORGET(),
        api_origin="https://api.example",
        token_endpoint_auth_method=TokenEndpointAuthMethod.CLIENT_SECRET_BASIC,
    )


def test_defaults_are_those_of_core():
    # Pleo's presets take these from core's own defaults.
    preset = pleo_config(Pleo.PRODUCTION)
    names = ("issuer", "iss", "resource", "authorize_parameters", "loopback_http")
    for name in (*names, "token_endpoint_auth_method", "refresh", "authorization_lifetime", "answer_limit"):
        assert getattr(least(), name) == getattr(preset, name), name
    assert least().refresh == RefreshPolicy()


def test_presets():
    for environment in Pleo:
        assert repr(Provider(pleo_config(environment))) == repr(Provider.pleo(environment))
    assert pleo_config(Pleo.STAGING) != pleo_config(Pleo.PRODUCTION)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("environment", "", "misuse_environment_invalid"),
        ("token_endpoint", "http://as.example/token", "misuse_endpoint_invalid"),
        ("iss", IssPolicy.REQUIRED, "misuse_issuer_missing"),
        ("authorization_lifetime", 0, "misuse_timing_invalid"),
    ],
)
def test_a_misuse_names_the_field(name, value, code):
    config = least()
    Provider(config)
    setattr(config, name, value)
    with pytest.raises(Refusal.Misuse, match=f"^{code}$"):
        Provider(config)


@pytest.mark.parametrize(("boot_id", "entropy"), [(None, 31), (None, 33), (None, 0), (15, 32), (17, 32)])
def test_an_env_of_the_wrong_size(boot_id, entropy):
    with pytest.raises(Refusal.Misuse, match="^misuse_env_invalid$"):
        Env(now=1, uptime=1, boot_id=boot_id and bytes(boot_id), entropy=b"x" * entropy)


def test_an_env_shows_no_entropy():
    shown = repr(Env(now=1, uptime=2, boot_id=b"\x03" * 16, entropy=b"\x77" * 32))
    assert "now: 1" in shown
    assert "119" not in shown
