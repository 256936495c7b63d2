"""`evergrant register`: a registration is checked, and printed to be handed in."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..machine import LogoSize, Pleo, Registration
from ._console import Console
from ._errors import ConfigError, Found
from ._profile import load_toml
from ._readers import Reader, flag, number, read, record, strings, text
from .verdict import VERDICTS

__all__ = ["register"]

_REQUIRED: dict[str, Reader] = {
    **dict.fromkeys(("client_name", "client_uri", "tos_uri", "policy_uri", "initiation_uri", "settings_uri"), text),
    **dict.fromkeys(("contacts", "redirect_uris", "scopes"), strings),
}
_MEMBERS: dict[str, Reader] = {
    **_REQUIRED,
    "logo_uri": text,
    "logo_size": record(LogoSize, {"width": number, "height": number}, "width", "height"),
    "pkce": flag,
    "subject_type": text,
}


def register(asked: argparse.Namespace, console: Console) -> int:
    """Prints the form, or everything for which it would be sent back."""
    path = Path(asked.file)
    registration = Registration(**read(_content(path), path.name, _MEMBERS, tuple(_REQUIRED)))
    faults = [
        {"field": fault.field, "item": fault.item, "code": fault.code}
        for fault in registration.faults(Pleo[asked.environment.upper()])
    ]
    if faults:
        lines = [f"{_place(fault)}: {fault['code']}" for fault in faults]
        console.answer({"ok": False, "faults": faults}, "\n".join(lines))
        return VERDICTS[Found].exit
    form = registration.form().rstrip("\n")
    console.answer({"ok": True, "faults": [], "registration": json.loads(registration.to_json())}, form)
    return 0


def _place(fault: dict[str, Any]) -> str:
    return str(fault["field"]) if fault["item"] is None else f"{fault['field']}[{fault['item']}]"


def _content(path: Path) -> object:
    if path.suffix != ".json":
        return load_toml(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError("config_unreadable", f"{path}: {type(error).__name__}") from None
    except ValueError:
        raise ConfigError("config_no_json", f"{path} is no JSON") from None
