"""Profiles: a TOML file that says who connects to what, and where the grants are kept."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from ..client import Client, Provider
from ..connection import Connection
from ..connections import Connections
from ..errors import EvergrantError, error_of
from ..machine import Refusal, SealingKey, store_key
from ..news import Notice
from ..sealing import Sealing
from ..store import Index, Store
from ..stores import SqliteStore
from ._errors import ConfigError
from ._provider import provider
from ._readers import fail, flag, key, read, record, secret, strings, table, text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Profile", "Session", "key_of", "load", "load_toml", "path_of"]


class Profile:
    """One of the file's profiles. Its parts are made when they are needed, so that
    `doctor` can say which one is wrong."""

    def __init__(self, path: Path, name: str, value: object) -> None:
        self.path, self.name = path, name
        place = f"profile.{name}"
        self._table = read(value, place, dict.fromkeys(_MEMBERS, _as_it_is))
        for member in ("provider", "client_id", "redirect_uri", "scopes", "store", "sealing"):
            if member not in self._table:
                fail(f"{place}.{member}", "is missing")

    def _member(self, name: str, reader: Callable[[object, str], Any], default: Any = None) -> Any:
        value = self._table.get(name)
        return default if value is None else reader(value, f"profile.{self.name}.{name}")

    @property
    def tenant(self) -> str:
        """Whose connection is meant unless told otherwise."""
        return cast(str, self._member("tenant", text, "default"))

    @property
    def redirect_uri(self) -> str:
        """As it is registered."""
        return cast(str, self._member("redirect_uri", text))

    @property
    def scopes(self) -> list[str]:
        """As they are registered."""
        return cast("list[str]", self._member("scopes", strings))

    @property
    def provider(self) -> Provider:
        """The provider; `Misuse` if its data will not do."""
        return cast(Provider, self._member("provider", provider))

    def client(self, timeout: float, on_notice: Callable[[Notice], None]) -> Client:
        """The client, with its secrets; `Misuse` if its data will not do."""
        return Client(
            self.provider,
            client_id=self._member("client_id", text),
            client_secret=self._member("client_secret", secret),
            previous_client_secret=self._member("previous_client_secret", secret),
            redirect_uris=[self.redirect_uri],
            scopes=self.scopes,
            sealing=self._member("sealing", _sealing),
            timeout=timeout,
            on_notice=on_notice,
        )

    def store(self) -> Store:
        """The store; `StoreUnavailable` if that is told at once."""
        return cast(Store, self._member("store", self._open))

    def _open(self, value: object, place: str) -> Store:
        if isinstance(value, str):
            url = value
            if _password(url, place):
                fail(place, 'a password does not stand in the file: { env = "NAME" }, with the whole URL')
        else:
            url = secret(value, place).expose()
        scheme, _, rest = url.partition(":")
        if scheme == "sqlite" and rest:
            return SqliteStore(self.path.parent / Path(rest).expanduser())
        if scheme in ("postgresql", "postgres"):
            return _optional("postgresql", "PostgresqlStore", url, place)
        if scheme in ("redis", "rediss", "unix"):  # As redis-py has them.
            return _optional("redis", "RedisStore", url, place)
        fail(place, "must be sqlite:PATH, postgresql://... or redis://...")


class Session:
    """A profile in use."""

    def __init__(self, profile: Profile, timeout: float, on_notice: Callable[[Notice], None]) -> None:
        self.profile = profile
        self.client = profile.client(timeout, on_notice)
        self.store = profile.store()
        self.connections = Connections(self.client, self.store)

    def connection(self, tenant: str | None) -> Connection:
        """The tenant's, or the profile's."""
        return self.connections[self.profile.tenant if tenant is None else tenant]

    @property
    def index(self) -> Index:
        """The store's index."""
        if not isinstance(self.store, Index):
            raise ConfigError("config_store_without_index", "the store cannot list what it holds")
        return self.store

    def key(self, tenant: str) -> str:
        """The store's key of a tenant's connection."""
        return key_of(self.client, tenant)

    @property
    def prefix(self) -> str:
        """What those keys begin with."""
        return self.key("x")[:-1]


def key_of(client: Client, tenant: str) -> str:
    """The store's key of a tenant's connection."""
    try:
        return store_key(client.machine, tenant)
    except Refusal as refusal:
        raise error_of(refusal) from None


def path_of(given: str | None) -> Path:
    """The file: the one given, `EVERGRANT_CONFIG`, or the user's own. Never one of the
    folder that somebody happens to be in: it says where secrets go."""
    named = given or os.environ.get("EVERGRANT_CONFIG")
    if named:
        return Path(named).absolute()
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "evergrant" / "config.toml"


def load_toml(path: Path) -> dict[str, Any]:
    """A TOML file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError("config_missing", f"there is no {path}; docs/cli.md shows what stands in it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("config_unreadable", f"{path}: {type(error).__name__}") from None
    except tomllib.TOMLDecodeError as error:
        # Its text tells the place only, but its attributes hold the file.
        where = str(error)
    raise ConfigError("config_no_toml", f"{path}: {where}")


def load(path: Path, name: str | None) -> Profile:
    """The profile of this name, or the file's `default`, or its only one."""
    whole = load_toml(path)
    profiles = table(whole.get("profile", {}), "profile")
    for member in whole:
        if member not in ("default", "profile"):
            fail(member, "is not known; known are default and profile")
    default = text(whole["default"], "default") if "default" in whole else None
    chosen = name or os.environ.get("EVERGRANT_PROFILE") or default
    if chosen is None and len(profiles) == 1:
        (chosen,) = profiles
    if chosen is None or chosen not in profiles:
        which = "no profile is named" if chosen is None else f"there is no profile {chosen!r}"
        raise ConfigError("config_profile_missing", f"{which} in {path}; it has {', '.join(profiles) or 'none'}")
    return Profile(path, chosen, profiles[chosen])


_MEMBERS = (
    "provider",
    "client_id",
    "client_secret",
    "previous_client_secret",
    "redirect_uri",
    "scopes",
    "store",
    "sealing",
    "tenant",
)


def _as_it_is(value: object, place: str) -> object:
    return value


_sealing_key = {"id": text, "key": key}


def _older(value: object, place: str) -> list[SealingKey]:
    items = cast("list[object]", value) if isinstance(value, list) else fail(place, "must be a list of tables")
    made = record(SealingKey, _sealing_key, *_sealing_key)
    return [made(each, f"{place}[{at}]") for at, each in enumerate(items)]


def _sealing(value: object, place: str) -> Sealing:
    if value == "plain":
        return Sealing.plain()
    if not isinstance(value, dict):
        fail(place, 'must be { id = "2026", key = { env = "NAME" } }, or "plain" where the store is encrypted')
    members = read(cast("object", value), place, {**_sealing_key, "older": _older, "accept_plain": flag}, ("id", "key"))
    active = SealingKey(id=members.pop("id"), key=members.pop("key"))
    return Sealing.sealed(active, **members)


def _optional(module: str, name: str, url: str, place: str) -> Store:
    try:
        found = importlib.import_module(f"evergrant.stores.{module}")
    except ImportError:
        fail(place, f"needs the extra `evergrant[{module}]`")
    try:
        return cast(Store, getattr(found, name)(url))
    except EvergrantError:
        raise
    except Exception:
        # Its text may quote the URL, and so a password.
        pass
    fail(place, _NO_URL)


def _password(url: str, place: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        pass  # Its text may, too.
    fail(place, _NO_URL)


_NO_URL = "is no URL that the store understands"
