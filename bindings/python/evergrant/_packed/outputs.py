"""What the host must do: the outputs of a step. No `repr` shows a secret.

Headers are one text, a line for each, `name: value`, as on the wire. What each
output means stands at `evergrant.machine.Output`.
"""

from __future__ import annotations

from binascii import a2b_hex
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import Struct
from typing import Union

from .._hidden import Hidden
from ..machine import Activity, Failure, FailureKind
from ..store import Write

__all__ = [
    "Authorized",
    "Failed",
    "KeyAccepted",
    "Notice",
    "OpenUrl",
    "Output",
    "SendHttp",
    "Step",
    "Swap",
    "TokenReady",
    "unpack_step",
]


@dataclass(slots=True)
class Step(Hidden):
    outputs: list[Output]
    """What the host must do, in this order. Each is said once."""
    wake_at: int | None
    """When the machine wants `Wake`, UNIX ms; restated by every step."""
    status: str
    """Where the connection stands: the stable name."""
    cause: str | None
    """Why the person has to authorize again, if that is where it stands: the stable name."""
    servable: int | None
    """The generation whose token may be used now. A cached token of any other is dropped."""
    is_unsaved: bool
    """As `Connection.is_unsaved` after this step, which so is no crossing of its own."""


@dataclass(slots=True)
class SendHttp(Hidden):
    op: int
    method: str
    url: str
    headers: str = field(repr=False)
    body: bytes = field(repr=False)
    send_within: int
    listen_for: int
    answer_limit: int


@dataclass(slots=True)
class Swap(Hidden):
    op: int
    key: str
    expected: str | None
    write: Write | None


@dataclass(slots=True)
class OpenUrl(Hidden):
    authorization: str
    url: str = field(repr=False)
    binding: str | None = field(repr=False)
    expires_at: int


@dataclass(slots=True)
class TokenReady(Hidden):
    generation: int
    origin: str
    header: str = field(repr=False)
    expires_at: int | None


@dataclass(slots=True)
class Authorized(Hidden):
    authorization: str
    generation: int
    scope: str
    return_context: str | None


@dataclass(slots=True)
class KeyAccepted(Hidden):
    generation: int
    company: str
    scope: str


@dataclass(slots=True)
class Failed(Hidden):
    activity: Activity
    authorization: str | None
    return_context: str | None
    failure: Failure


@dataclass(slots=True)
class Notice(Hidden):
    code: str
    generation: int | None
    attempt: int | None
    authorization: str | None
    detail: str | None


Output = Union[SendHttp, Swap, OpenUrl, TokenReady, Authorized, KeyAccepted, Failed, Notice]

# A head: tag, which fields are there, numbers, lengths of texts.
_STEP = Struct("<xHQQQII")
_1_2 = Struct("<xHQII")
_1_3 = Struct("<xHQIII")
_2_2 = Struct("<xHQQII")
_2_3 = Struct("<xHQQIII")
_2_9 = Struct("<xHQQIIIIIIIII")
_3_3 = Struct("<xHQQQIII")
_4_4 = Struct("<xHQQQQIIII")


def unpack_step(answer: bytes) -> Step:
    """The step that `Connection.step_packed` answered with."""
    # Heads stand behind the texts, and hold no line break.
    heads = a2b_hex(answer[answer.rindex(b"\n") + 1 :])
    present, wake_at, servable, is_unsaved, status, at = _STEP.unpack_from(heads)
    at += status
    step = Step(
        [],
        wake_at if present & 1 else None,
        answer[:status].decode(),
        answer[status:at].decode() if present & 16 else None,
        servable if present & 2 else None,
        is_unsaved == 1,
    )
    head, end = _STEP.size, len(heads)
    while head < end:
        unpack, size = _OUTPUTS[heads[head]]
        output, at = unpack(heads, head, answer, at)
        step.outputs.append(output)
        head += size
    return step


def _send_http(heads: bytes, head: int, texts: bytes, at: int) -> tuple[Output, int]:
    _, op, send_within, listen_for, answer_limit, method, url, headers, body = _4_4.unpack_from(heads, head)
    method += at
    url += method
    headers += url
    body += headers
    return (
        SendHttp(
            op,
            texts[at:method].decode(),
            texts[method:url].decode(),
            texts[url:headers].decode(),
            texts[headers:body],
            send_within,
            listen_for,
            answer_limit,
        ),
        body,
    )


def _swap(heads: bytes, head: int, texts: bytes, at: int) -> tuple[Output, int]:
    present, op, due_at, purge_at, key, expected, record = _3_3.unpack_from(heads, head)
    key += at
    expected += key
    record += expected
    write = None
    if present & 32:
        write = Write(texts[expected:record], due_at if present & 2 else None, purge_at if present & 4 else None)
    return (
        Swap(op, texts[at:key].decode(), texts[key:expected].decode() if present & 16 else None, write),
        record,
    )


def _open_url(heads: bytes, head: int, texts: bytes, at: int) -> tuple[Output, int]:
    present, expires_at, authorization, url, binding = _1_3.unpack_from(heads, head)
    authorization += at
    url += authorization
    binding += url
    return (
        OpenUrl(
            texts[at:authorization].decode(),
            texts[authorization:url].decode(),
            texts[url:binding].decode() if present & 8 else None,
            expires_at,
        ),
        binding,
    )


def _token_ready(heads: bytes, head: int, texts: bytes, at: int) -> tuple[Output, int]:
    present, generation, expires_at, origin, header = _2_2.unpack_from(heads, head)
    origin += at
    header += origin
    return (
        TokenReady(
            generation,
            texts[at:origin].decode(),
            texts[origin:header].decode(),
            expires_at if present & 2 else None,
        ),
        header,
    )


def _authorized(heads: bytes, head: int, texts: bytes, at: int) -> tuple[Output, int]:
    present, generation, authorization, scope, context = _1_3.unpack_from(heads, head)
    authorization += at
    scope += authorization
    context += scope
    return (
        Authorized(
            texts[at:authorization].decode(),
            generation,
            texts[authorization:scope].decode(),
            texts[scope:context].decode() if present & 8 else None,
        ),
        context,
    )


def _key_accepted(heads: bytes, head: int, texts: bytes, at: int) -> tuple[Output, int]:
    _, generation, company, scope = _1_2.unpack_from(heads, head)
    company += at
    scope += company
    return KeyAccepted(generation, texts[at:company].decode(), texts[company:scope].decode()), scope


def _failed(heads: bytes, head: int, texts: bytes, at: int) -> tuple[Output, int]:
    present, number, retry_at, *lengths = _2_9.unpack_from(heads, head)
    said: list[str | None] = []
    for bit, length in enumerate(lengths, start=2):
        said.append(texts[at : at + length].decode() if present >> bit & 1 else None)
        at += length
    activity, authorization, return_context, kind, code, company, error, description, sealing_key = said
    assert activity is not None and kind is not None and code is not None
    failure = Failure(
        kind=FailureKind[kind.upper()],
        code=code,
        number=number,
        retry_at=retry_at if present & 2 else None,
        company=company,
        error=error,
        description=description,
        sealing_key=sealing_key,
    )
    return Failed(Activity[activity.upper()], authorization, return_context, failure), at


def _notice(heads: bytes, head: int, texts: bytes, at: int) -> tuple[Output, int]:
    present, generation, attempt, code, authorization, detail = _2_3.unpack_from(heads, head)
    code += at
    authorization += code
    detail += authorization
    return (
        Notice(
            texts[at:code].decode(),
            generation if present & 1 else None,
            attempt if present & 2 else None,
            texts[code:authorization].decode() if present & 8 else None,
            texts[authorization:detail].decode() if present & 16 else None,
        ),
        detail,
    )


# By tag: how a message is read, and how long its head is.
_OUTPUTS: dict[int, tuple[Callable[[bytes, int, bytes, int], tuple[Output, int]], int]] = {
    1: (_send_http, _4_4.size),
    2: (_swap, _3_3.size),
    3: (_open_url, _1_3.size),
    4: (_token_ready, _2_2.size),
    5: (_authorized, _1_3.size),
    6: (_key_accepted, _1_2.size),
    7: (_failed, _2_9.size),
    8: (_notice, _2_3.size),
}
