"""The body of an answer: no larger than it may be, and without the compression that
nobody has asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from itertools import chain

from . import BadAnswer

__all__ = ["body_of"]


def body_of(parts: Iterable[bytes], encoding: str, limit: int) -> bytes:
    """What came in these parts, with this `Content-Encoding`: `gzip` and `deflate` are
    undone, anything else is left as it is. Cut where it is larger than `limit`, and never
    larger by more than a part, however small it was sent."""
    body, left = bytearray(), iter(parts)
    first = next(left, b"")
    window = _window(encoding.strip().lower(), first)
    if window is None:
        for part in chain([first], left):
            body += part
            if len(body) > limit:
                break
        return bytes(body)
    inflated = zlib.decompressobj(window)
    try:
        for part in chain([first], left):
            if not inflated.eof:  # Else what follows would be kept there.
                body += inflated.decompress(part, limit + 1 - len(body))
            if len(body) > limit:
                return bytes(body)
    except zlib.error:
        raise BadAnswer("DecodingError") from None
    if not inflated.eof:
        raise BadAnswer("IncompleteRead")
    return bytes(body)


def _window(encoding: str, first: bytes) -> int | None:
    """How zlib is to read what begins like this; None: not at all."""
    if encoding in ("gzip", "x-gzip"):
        # Whoever has undone it on the way may have left the header.
        return 16 + zlib.MAX_WBITS if first[:1] == b"\x1f" else None
    if encoding == "deflate" and first:
        # Some servers leave out the head that zlib gives it.
        return zlib.MAX_WBITS if first[0] & 0x0F == 8 else -zlib.MAX_WBITS
    return None
