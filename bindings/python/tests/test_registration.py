"""A registration, checked before it is handed in."""

import json

from evergrant.machine import LogoSize, Pleo, Registration, RegistrationFault


def registration(**changes):
    page = "https://erp.example"
    return Registration(
        **{
            "client_name": "Example ERP",
            "client_uri": page,
            "logo_size": LogoSize(width=512, height=512),
            "tos_uri": page,
            "policy_uri": page,
            "contacts": ["api@erp.example"],
            "initiation_uri": page,
            "settings_uri": page,
            "redirect_uris": ["http://localhost/callback"],
            "scopes": ["users:read"],
        }
        | changes
    )


def test_all_faults_at_once():
    assert registration().faults(Pleo.STAGING) == []
    found = registration(client_name="Example for Pleo", contacts=[]).faults(Pleo.PRODUCTION)
    assert found == [
        RegistrationFault(field="client_name", item=None, code="registration_branding"),
        RegistrationFault(field="contacts", item=None, code="registration_missing"),
        RegistrationFault(field="redirect_uris", item=0, code="registration_not_https"),
    ]


def test_the_form():
    assert "Client name:              Example ERP\n" in registration().form()
    assert json.loads(registration().to_json())["scope"] == "users:read"
