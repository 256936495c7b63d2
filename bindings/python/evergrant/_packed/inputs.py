"""What happened: the inputs of a step. No `repr` shows a secret.

Headers are one text, a line for each, `name: value`, as on the wire. What each
input means stands at `evergrant.machine.Input`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from struct import Struct, error
from typing import TypeVar, Union

from .._hidden import Hidden
from ..errors import Misuse
from ..machine import ApiKeyKind, Binding, HttpFault
from ..store import Stored

__all__ = [
    "ApiAnswered",
    "Authorize",
    "Cancel",
    "HttpDone",
    "HttpFailed",
    "Input",
    "KeyEntered",
    "PeerGone",
    "Proof",
    "Redirected",
    "Revoke",
    "SwapUnanswered",
    "Swapped",
    "TokenWanted",
    "Wake",
    "checked",
    "pack_env",
]

# A head: tag, which fields are there, numbers, lengths of texts; the texts follow.
_ENV = Struct("<BHQQII")
_NONE = Struct("<BH")
_1 = Struct("<BHQ")
_2 = Struct("<BHQQ")
_0_1 = Struct("<BHI")
_1_2 = Struct("<BHQII")
_1_3 = Struct("<BHQIII")
_1_5 = Struct("<BHQIIIII")
_2_1 = Struct("<BHQQI")
_2_2 = Struct("<BHQQII")
_LENGTH = Struct("<I")


def pack_env(now: int, uptime: int | None, boot_id: bytes | None, entropy: bytes) -> bytes:
    """The world as the host sees it, which stands before the input."""
    boot = boot_id or b""
    present = 0b1001 | (uptime is not None) << 1 | (boot_id is not None) << 2
    return _ENV.pack(0, present, now, uptime or 0, len(boot), len(entropy)) + boot + entropy


@dataclass(slots=True)
class Authorize(Hidden):
    redirect_uri: str
    scopes: Sequence[str]
    extra: Sequence[tuple[str, str]]
    binding: Binding
    return_context: str | None = None
    company: str | None = None

    def pack(self) -> bytes:
        uri = _bytes(self.redirect_uri)
        scopes = _list(self.scopes)
        extra = _list(part for pair in self.extra for part in pair)
        context, company = _bytes(self.return_context or ""), _bytes(self.company or "")
        present = 0b1111 | (self.return_context is not None) << 4 | (self.company is not None) << 5
        lengths = len(uri), len(scopes), len(extra), len(context), len(company)
        head = _1_5.pack(1, present, _BINDINGS[self.binding], *lengths)
        return b"".join((head, uri, scopes, extra, context, company))


class Proof(Enum):
    """What came back with a redirect, where it is not the secret of the cookie."""

    SAME_PROCESS = 1
    MISSING = 2


@dataclass(slots=True)
class Redirected(Hidden):
    url: str = field(repr=False)
    proof: str | Proof = field(repr=False)

    def pack(self) -> bytes:
        url = _bytes(self.url)
        if isinstance(self.proof, Proof):
            return _1_2.pack(2, 0b011, self.proof.value, len(url), 0) + url
        secret = _bytes(self.proof)
        return _1_2.pack(2, 0b111, 0, len(url), len(secret)) + url + secret


@dataclass(slots=True)
class TokenWanted(Hidden):
    min_validity: int

    def pack(self) -> bytes:
        return _1.pack(3, 1, self.min_validity)


@dataclass(slots=True)
class ApiAnswered(Hidden):
    generation: int
    status: int
    headers: str = field(repr=False)

    def pack(self) -> bytes:
        headers = _bytes(self.headers)
        return _2_1.pack(4, 0b111, self.generation, self.status, len(headers)) + headers


@dataclass(slots=True)
class KeyEntered(Hidden):
    key: str = field(repr=False)
    kind: ApiKeyKind
    company: str | None = None
    scopes: Sequence[str] = ()

    def pack(self) -> bytes:
        key, company, scopes = _bytes(self.key), _bytes(self.company or ""), _list(self.scopes)
        present = 0b1011 | (self.company is not None) << 2
        head = _1_3.pack(5, present, _KEY_KINDS[self.kind], len(key), len(company), len(scopes))
        return b"".join((head, key, company, scopes))


@dataclass(slots=True)
class Revoke(Hidden):
    def pack(self) -> bytes:
        return _NONE.pack(6, 0)


@dataclass(slots=True)
class Cancel(Hidden):
    authorization: str | None = None

    def pack(self) -> bytes:
        authorization = _bytes(self.authorization or "")
        return _0_1.pack(7, self.authorization is not None, len(authorization)) + authorization


@dataclass(slots=True)
class HttpDone(Hidden):
    op: int
    status: int
    headers: str = field(repr=False)
    body: bytes = field(repr=False)

    def pack(self) -> bytes:
        headers, body = _bytes(self.headers), self.body
        head = _2_2.pack(8, 0b1111, self.op, self.status, len(headers), len(body))
        return b"".join((head, headers, body))


@dataclass(slots=True)
class HttpFailed(Hidden):
    op: int
    why: HttpFault

    def pack(self) -> bytes:
        return _2.pack(9, 0b11, self.op, _FAULTS[self.why])


@dataclass(slots=True)
class Swapped(Hidden):
    op: int
    current: Stored | None

    def pack(self) -> bytes:
        current = self.current
        if current is None:
            return _2_2.pack(10, 0b0001, self.op, 0, 0, 0)
        revision, age = _bytes(current.revision), current.age
        present = 0b1101 | (age is not None) << 1
        head = _2_2.pack(10, present, self.op, age or 0, len(revision), len(current.record))
        return b"".join((head, revision, current.record))


@dataclass(slots=True)
class SwapUnanswered(Hidden):
    op: int

    def pack(self) -> bytes:
        return _1.pack(11, 1, self.op)


@dataclass(slots=True)
class PeerGone(Hidden):
    def pack(self) -> bytes:
        return _NONE.pack(12, 0)


@dataclass(slots=True)
class Wake(Hidden):
    def pack(self) -> bytes:
        return _NONE.pack(13, 0)


Input = Union[
    Authorize,
    Redirected,
    TokenWanted,
    ApiAnswered,
    KeyEntered,
    Revoke,
    Cancel,
    HttpDone,
    HttpFailed,
    Swapped,
    SwapUnanswered,
    PeerGone,
    Wake,
]

I = TypeVar("I", bound=Input)


def checked(input: I) -> I:
    """The same, if it can be packed: to be called where it comes from, before anything
    has changed. Raises `Misuse`, which does not show what it is."""
    try:
        input.pack()
    except (error, AttributeError, KeyError, TypeError) as wrong:
        kind = type(wrong).__name__
    else:
        return input
    raise Misuse("misuse_packed_invalid", description=f"an argument of a wrong type, or out of range: {kind}")


_BINDINGS = {Binding.COOKIE: 0, Binding.SAME_PROCESS: 1}
_KEY_KINDS = {ApiKeyKind.INTEGRATED: 0, ApiKeyKind.STANDALONE: 1}
_FAULTS = {HttpFault.NOT_SENT: 0, HttpFault.TOO_LATE: 1, HttpFault.UNKNOWN: 2}


def _bytes(text: str) -> bytes:
    # An `UnicodeEncodeError` would hold the whole text. Rust refuses what is no UTF-8
    # where the caller wrote it, and replaces it where a peer did.
    return text.encode("utf-8", "surrogatepass")


def _list(texts: Iterable[str]) -> bytes:
    parts = [_bytes(text) for text in texts]
    return b"".join(whole for part in parts for whole in (_LENGTH.pack(len(part)), part))
