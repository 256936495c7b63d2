"""How records are protected in the store."""

from __future__ import annotations

from collections.abc import Sequence

from . import machine
from .errors import error_of
from .machine import Refusal, SealingKey

__all__ = ["Sealing"]


class Sealing(machine.Sealing):
    """What a client does with records before they come to the store."""

    @classmethod
    def plain(cls) -> Sealing:
        """In clear: for a store that is itself encrypted."""
        return cls._of(super().plain())

    @classmethod
    def sealed(cls, active: SealingKey, older: Sequence[SealingKey] = (), accept_plain: bool = False) -> Sealing:
        """Sealed by AES-256-GCM-SIV with the `active` key of 32 bytes, whose id stands in
        clear in each record. What was sealed with an `older` key can still be read, and
        with `accept_plain` what was never sealed. Raises `Misuse`."""
        try:
            return cls._of(super().sealed(active, list(older), accept_plain))
        except Refusal as refusal:
            raise error_of(refusal) from None

    @classmethod
    def _of(cls, made: machine.Sealing) -> Sealing:
        # What a class method of the machine's makes is of the class that it was asked of.
        assert isinstance(made, cls)
        return made
