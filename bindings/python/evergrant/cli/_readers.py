"""Reading a table of the configuration: each member by its reader, and none left over."""

from __future__ import annotations

import base64
import binascii
import enum
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NoReturn, TypeVar, cast

from ..machine import Secret, SecretBytes
from ._errors import ConfigError

__all__ = ["Reader", "fail", "flag", "key", "number", "one_of", "read", "record", "secret", "strings", "table", "text"]

Reader = Callable[[object, str], Any]
"""Given a value and its place in the file; answers with what it means."""
E = TypeVar("E", bound=enum.Enum)


def fail(place: str, advice: str) -> NoReturn:
    """The value at this place will not do."""
    raise ConfigError("config_invalid", f"{place}: {advice}")


def table(value: object, place: str) -> dict[str, object]:
    """A table, as it is."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else fail(place, "must be a table")


def read(value: object, place: str, readers: Mapping[str, Reader], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """A table's members."""
    members = table(value, place)
    for name in members:
        if name not in readers:
            fail(f"{place}.{name}", f"is not known; known are {', '.join(readers)}")
    for name in required:
        if name not in members:
            fail(f"{place}.{name}", "is missing")
    return {name: readers[name](each, f"{place}.{name}") for name, each in members.items()}


def text(value: object, place: str) -> str:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else fail(place, "must be a text")


def strings(value: object, place: str) -> list[str]:
    """A list of texts."""
    items = cast("list[object]", value) if isinstance(value, list) else fail(place, "must be a list of texts")
    return [text(each, f"{place}[{at}]") for at, each in enumerate(items)]


def flag(value: object, place: str) -> bool:
    """true or false."""
    return value if isinstance(value, bool) else fail(place, "must be true or false")


def number(value: object, place: str) -> int:
    """A whole number."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32
    return value if fits and isinstance(value, int) else fail(place, "must be a whole number")


def one_of(kind: type[E]) -> Reader:
    """A member of an enum, in small letters."""

    def reader(value: object, place: str) -> E:
        names = {each.name.lower(): each for each in kind}
        return names[value] if isinstance(value, str) and value in names else fail(place, f"one of {', '.join(names)}")

    return reader


def record(kind: Callable[..., Any], readers: Mapping[str, Reader], *required: str) -> Reader:
    """A table that makes an object."""
    return lambda value, place: kind(**read(value, place, readers, required))


def secret(value: object, place: str) -> Secret:
    """Where a secret is: it does not stand in the file itself."""
    if not isinstance(value, dict):
        fail(place, 'must say where the secret is: { env = "NAME" } or { keyring = "SERVICE", user = "NAME" }')
    where = read(cast("object", value), place, {"env": text, "keyring": text, "user": text})
    if set(where) == {"env"}:
        found = os.environ.get(where["env"])
        missing = f"the environment variable {where['env']} is not set, or empty"
    elif set(where) == {"keyring", "user"}:
        found = _from_keyring(where["keyring"], where["user"], place)
        missing = f"the keyring has nothing for {where['user']} of {where['keyring']}"
    else:
        fail(place, "must have `env`, or `keyring` and `user`")
    if not found:
        raise ConfigError("config_secret_missing", f"{place}: {missing}")
    try:
        return Secret(found)
    except ValueError:
        pass
    fail(place, "the secret is no UTF-8")


def key(value: object, place: str) -> SecretBytes:
    """Where a sealing key is: 32 bytes in Base64."""
    try:
        return SecretBytes(base64.b64decode(secret(value, place).expose(), validate=True))
    except (binascii.Error, ValueError):
        pass
    fail(place, "must be Base64, as `openssl rand -base64 32` makes it")


def _from_keyring(service: str, user: str, place: str) -> str | None:
    try:
        keyring: Any = import_module("keyring")
        errors: Any = import_module("keyring.errors")
    except ImportError:
        fail(place, "needs the extra `evergrant[keyring]`")
    try:
        return cast("str | None", keyring.get_password(service, user))
    except errors.KeyringError as error:
        fail(place, f"the keyring does not answer: {type(error).__name__}")
