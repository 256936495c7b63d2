"""Values that hold secrets are not written out by accident."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["Hidden"]


class Hidden:
    """Can be neither copied nor pickled: a pickle would hold what `repr` hides."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} can be neither copied nor pickled")
